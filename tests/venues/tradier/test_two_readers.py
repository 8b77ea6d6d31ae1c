"""Two who read the same orders at once, a collector and somebody who reconciles by hand: nothing is
counted twice for good."""

from datetime import timedelta
from typing import Any

from orderledger import Ledger
from orderledger.infrastructure.clock import SystemClock
from orderledger.venues.reconciliation.book import BookRecords
from orderledger.venues.reconciliation.reconciler import Reconciled, Reconciler, Rules
from orderledger.venues.tradier.context import TradierContext, TradierMemory
from orderledger.venues.tradier.translate import translated_orders
from tests.venues.tradier.harness import Harness, a_harness, adapter, run
from tests.venues.tradier.payloads import ACCOUNT, NUMBER


def row(filled: int, at: str) -> dict[str, Any]:
    terms = {
        "id": 90001,
        "type": "limit",
        "symbol": "SPY",
        "side": "buy",
        "duration": "day",
        "class": "equity",
        "price": 500,
    }
    numbers = {
        "quantity": 10,
        "exec_quantity": filled,
        "remaining_quantity": 10 - filled,
        "avg_fill_price": 500,
    }
    last = {
        "last_fill_price": 500,
        "last_fill_quantity": 1,
        "status": "partially_filled" if filled < 10 else "filled",
    }
    return {
        **terms,
        **numbers,
        **last,
        "create_date": "2026-05-04T13:30:00.100Z",
        "transaction_date": at,
    }


def test_a_fill_that_lies_within_another_readers_is_taken_back() -> None:
    with Ledger.open("memory://", update_views=False) as ledger:

        def read(filled: int, at: str) -> list[Any]:
            context = TradierContext(
                account=ACCOUNT, records=BookRecords(ledger), memory=TradierMemory()
            )
            return list(translated_orders([row(filled, at)], context).messages)

        by_collector, by_hand = (
            read(4, "2026-05-04T13:30:01.000Z"),
            read(7, "2026-05-04T13:30:02.000Z"),
        )
        ledger.record_many(by_collector)
        ledger.record_many(by_hand)
        assert ledger.order("90001")["cum_quantity"] == 11
        ledger.record_many(read(10, "2026-05-04T13:30:03.000Z"))
        order = ledger.order("90001")
        assert (order["cum_quantity"], order["status"], order["anomalies"]) == (
            10,
            "filled",
            ["unknown_order"],
        )
        assert {trade["fill_id"]: int(trade["quantity"]) for trade in ledger.trades()} == {
            "90001:7": 7,
            "90001:10": 3,
        }
        before = len(list(ledger.events()))
        ledger.record_many(read(10, "2026-05-04T13:30:03.000Z"))
        assert len(list(ledger.events())) == before


async def reconciled(harness: Harness) -> Reconciled:
    """By somebody who knows nothing but the ledger."""
    rules = Rules(lookback=timedelta(hours=1), grace=timedelta(0), pause=0, opening_pause=0)
    venue = adapter(harness.fake, harness.book)
    try:
        return await Reconciler(
            harness.book.ledger, venue, SystemClock(), rules, records=harness.book.records
        ).run(ACCOUNT)
    finally:
        await venue.aclose()


def test_a_reconciliation_takes_it_back_though_the_order_stands_still() -> None:
    async def told(harness: Harness) -> list[Any]:
        """What another reader makes of the order now, before anything is recorded of it."""
        context = TradierContext(
            account=ACCOUNT, records=harness.book.records, memory=TradierMemory()
        )
        return list(
            translated_orders(await harness.venue._endpoints.orders(NUMBER), context).messages
        )

    async def story() -> None:
        async with a_harness(stream_url=None) as harness:
            order = harness.place(tag=None)
            harness.exchange.fill(order, "4", price="500")
            by_collector = await told(harness)
            harness.exchange.fill(order, "6", price="500")
            for one in (by_collector, await told(harness)):
                harness.record(one)
            assert harness.status("900101")[1] == "14"
            found, again = await reconciled(harness), await reconciled(harness)
            assert [(one.id, one.is_settled) for one in found.breaks] == [
                ("excess_fill:SPY:900101:900101:4", True)
            ]
            assert harness.status("900101") == ("filled", "10", ["unknown_order"])
            assert harness.book.positions() == {"SPY": "10"}
            assert (again.breaks, again.appended) == ([], 0)

    run(story())
