"""Two who read the same orders at once, a collector and somebody who reconciles by hand: nothing is counted twice for good."""

from typing import Any

from orderledger import Ledger
from orderledger.infrastructure.venues.tradier.context import Context, Memory
from orderledger.infrastructure.venues.tradier.translate import translated_orders
from tests.venues.tradier.payloads import ACCOUNT, LedgerRecords


def row(filled: int, at: str) -> dict[str, Any]:
    terms = {"id": 90001, "type": "limit", "symbol": "SPY", "side": "buy", "duration": "day", "class": "equity", "price": 500}
    numbers = {"quantity": 10, "exec_quantity": filled, "remaining_quantity": 10 - filled, "avg_fill_price": 500}
    last = {"last_fill_price": 500, "last_fill_quantity": 1, "status": "partially_filled" if filled < 10 else "filled"}
    return {**terms, **numbers, **last, "create_date": "2026-05-04T13:30:00.100Z", "transaction_date": at}


def test_a_fill_that_lies_within_another_readers_is_taken_back() -> None:
    with Ledger.open("memory://", follow=False) as ledger:

        def read(filled: int, at: str) -> list[Any]:
            context = Context(account=ACCOUNT, records=LedgerRecords(ledger), memory=Memory())
            return list(translated_orders([row(filled, at)], context).messages)

        by_collector, by_hand = read(4, "2026-05-04T13:30:01.000Z"), read(7, "2026-05-04T13:30:02.000Z")
        ledger.record_many(by_collector)
        ledger.record_many(by_hand)
        assert ledger.order("90001")["cum_quantity"] == 11
        ledger.record_many(read(10, "2026-05-04T13:30:03.000Z"))
        order = ledger.order("90001")
        assert (order["cum_quantity"], order["status"], order["anomalies"]) == (10, "filled", ["unknown_order"])
        assert {trade["fill_id"]: int(trade["quantity"]) for trade in ledger.trades()} == {"90001:7": 7, "90001:10": 3}
        before = len(list(ledger.events()))
        ledger.record_many(read(10, "2026-05-04T13:30:03.000Z"))
        assert len(list(ledger.events())) == before
