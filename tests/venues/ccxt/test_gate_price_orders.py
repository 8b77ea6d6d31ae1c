"""Stop orders at Gate contracts are price orders, which make ordinary orders with other ids.

Source: gate.com, API v4, `FuturesPriceTriggeredOrder`: `trade_id` is the "ID of the newly created
order on condition triggered", `finish_as` is `succeeded`. The further fields of the rows are those
in the source of ccxt 4.5.90 (gate.py, `parse_order`, `parse_trade`). A price order is named by its
own id only ("Query single auto order details", "Cancel single auto order").
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from orderledger import Acknowledged, Ledger, Request
from orderledger.infrastructure.clock import SystemClock
from orderledger.venues.base.transport import Backoff
from orderledger.venues.ccxt.order_entry import CcxtOrderEntry
from orderledger.venues.ccxt.venue import CcxtVenue
from orderledger.venues.ccxt.vocabulary import CLIENT_ID
from orderledger.venues.reconciliation.book import BookRecords
from tests.venues.ccxt.offline import ACCOUNT, SYMBOLS, entry

PRICE, MADE, SENT = "2007047737421336576", "82241928192", "t-led1"
SECONDS = 1_763_458_576
"""The time of the rows. They are answered as of the present second."""
TRIGGER = {"strategy_type": 0, "price_type": 0, "price": "2400", "rule": 2, "expiration": 0}
PRICE_ORDER: dict[str, Any] = {
    "user": 1, "id": int(PRICE), "id_string": PRICE, "status": "open", "reason": "",
    "trade_id": 0, "trade_id_string": "", "create_time": SECONDS - 1, "finish_time": 0,
    "trigger": TRIGGER, "order_type": "",
    "initial": {"contract": "ETH_USDT", "size": -2, "price": "0", "tif": "ioc", "text": "",
                "is_reduce_only": False},
}  # fmt: skip
SUCCEEDED = {"status": "finished", "finish_as": "succeeded", "finish_time": SECONDS}
TRIGGERED: dict[str, Any] = {
    **PRICE_ORDER, **SUCCEEDED, "trade_id": int(MADE), "trade_id_string": MADE,
}  # fmt: skip
CANCELED = {**PRICE_ORDER, "status": "finished", "finish_as": "cancelled"}
ORDER: dict[str, Any] = {
    "id": MADE, "contract": "ETH_USDT", "tif": "gtc", "create_time": SECONDS, "price": "2390",
    "size": -2, "left": -2, "text": "api", "fill_price": "0", "status": "open", "user": 1,
}  # fmt: skip
FILLED = {
    **ORDER, "left": 0, "fill_price": "2389", "status": "finished", "finish_as": "filled",
    "finish_time": SECONDS,
}  # fmt: skip
CANCELED_ORDER = {**ORDER, "status": "finished", "finish_as": "cancelled", "finish_time": SECONDS}
TRADE = {
    "trade_id": "9001", "create_time": SECONDS, "contract": "ETH_USDT", "order_id": MADE,
    "size": -2, "price": "2389", "role": "taker", "text": "api", "fee": "0.1",
}  # fmt: skip
LABELS = ("ORDER_NOT_FOUND", "AUTO_ORDER_NOT_FOUND")


class Exchange:
    """Gate's answers. `price_order` and `made`: the rows of both orders; None: not there.
    `cancel`: the answer to the cancel of the price order. `open`: the list of price orders.
    `label`: of an unknown order."""

    def __init__(self, price_order: Any, made: Any = None, trades: Any = ()) -> None:
        self.trades = list(trades)
        self.rows = {f"price_orders/{PRICE}": price_order, f"orders/{MADE}": made}
        self.cancel: Any = CANCELED
        self.open: list[Any] = []
        self.label = LABELS[0]
        self.asked: list[str] = []

    def answers(self, sender: CcxtOrderEntry) -> None:
        """Answer the requests of this entry, in place of the class that sends nothing."""

        async def fetch(
            exchange: Any, url: str, method: str = "GET", headers: Any = None, body: Any = None
        ) -> Any:
            path = url.partition("/futures/usdt/")[2].partition("?")[0]
            self.asked.append(f"{method} {path}")
            found = self.answer(method, path)
            unknown = {"label": self.label, "message": "Order not found"}
            status, answer = (400, unknown) if found is None else (200, dated(found))
            exchange.handle_errors(
                status, "", url, method, {}, json.dumps(answer), answer, headers, body
            )
            return answer

        type(sender._exchange).__bases__[0].fetch = fetch  # type: ignore[attr-defined]

    def answer(self, method: str, path: str) -> Any:
        if path.startswith("my_trades"):
            return self.trades
        if path in ("orders", "price_orders"):
            return self.open if path == "price_orders" else []
        if method == "DELETE":
            return self.cancel if path.startswith("price_orders") else CANCELED_ORDER
        return self.rows.get(path)


def dated(found: Any) -> Any:
    """The rows with times of the present."""
    if isinstance(found, list):
        return [dated(one) for one in found]
    later = int(time.time()) - SECONDS
    return {
        name: value + later if name in ("create_time", "finish_time") and value else value
        for name, value in found.items()
    }


Story = Callable[[Ledger, CcxtVenue, CcxtOrderEntry, Exchange], Awaitable[None]]


def play(gate: Exchange, story: Story) -> None:
    async def whole() -> None:
        sender = entry("gate", "swap")
        gate.answers(sender)
        with Ledger.open("memory://") as ledger:
            ledger.record(
                Request(
                    account=ACCOUNT, client_order_id="led1", aliases={CLIENT_ID: SENT},
                    instrument=SYMBOLS["swap"], side="sell", order_type="stop", quantity="2",
                    stop_price="2400",
                )
            )  # fmt: skip
            ledger.record(
                Acknowledged(account=ACCOUNT, client_order_id="led1", venue_order_id=PRICE)
            )
            venue = CcxtVenue(
                ACCOUNT,
                exchange=sender._exchange,
                records=BookRecords(ledger),
                now=SystemClock().now,
                backoff=Backoff(Random(1)),
                symbols=[SYMBOLS["swap"]],
            )
            await story(ledger, venue, sender, gate)
        await sender.aclose()

    asyncio.run(whole())


async def queried(ledger: Ledger, venue: CcxtVenue) -> Any:
    """The order after a query about it."""
    found = await venue.order(ACCOUNT, row_of(ledger))
    assert found is not None
    ledger.record_many(found)
    return row_of(ledger)


async def polled(ledger: Ledger, venue: CcxtVenue) -> None:
    rows = await venue.order_rows(ACCOUNT)
    ledger.record_many(venue.translate_orders(ACCOUNT, rows).messages)


def row_of(ledger: Ledger) -> Any:
    ledger.views.catch_up()
    return ledger.order("led1")


def test_a_triggered_price_order_is_not_taken_for_filled() -> None:
    async def story(ledger: Ledger, venue: CcxtVenue, _: Any, gate: Exchange) -> None:
        row = await queried(ledger, venue)
        assert (row["status"], row["cum_quantity"]) == ("new", 0)
        assert row["venue_order_ids"] == [PRICE, MADE]
        assert f"GET price_orders/{MADE}" not in gate.asked
        assert f"GET orders/{PRICE}" not in gate.asked

    play(Exchange(TRIGGERED, ORDER), story)


def test_the_trades_of_the_order_that_it_has_made_are_its_fills() -> None:
    async def story(ledger: Ledger, venue: CcxtVenue, _: Any, gate: Exchange) -> None:
        row = await queried(ledger, venue)
        assert (row["status"], row["cum_quantity"]) == ("filled", 2)
        (trade,) = ledger.trades()
        assert (trade["client_order_id"], trade["price"]) == ("led1", Decimal(2389))
        assert [one["client_order_id"] for one in ledger.orders()] == ["led1"]
        assert ledger.anomalies(open_only=True) == []
        again = await queried(ledger, venue)
        assert (again["status"], len(ledger.trades())) == ("filled", 1)

    play(Exchange(TRIGGERED, FILLED, [TRADE]), story)


def test_a_price_order_that_leaves_the_list_of_open_ones_is_followed() -> None:
    async def story(ledger: Ledger, venue: CcxtVenue, _: Any, gate: Exchange) -> None:
        gate.open = [PRICE_ORDER]
        assert (await venue.open_orders(ACCOUNT)).venue_order_ids == {PRICE}
        await polled(ledger, venue)
        assert row_of(ledger)["status"] == "new"
        gate.open, gate.trades = [], [TRADE]
        await polled(ledger, venue)
        row = row_of(ledger)
        assert (row["status"], row["cum_quantity"]) == ("filled", 2)
        assert [one["client_order_id"] for one in ledger.orders()] == ["led1"]
        assert ledger.anomalies(open_only=True) == []

    play(Exchange(TRIGGERED, FILLED), story)


def test_a_price_order_without_an_order_stays_open() -> None:
    """Nothing says what became of it."""

    async def story(ledger: Ledger, venue: CcxtVenue, _: Any, gate: Exchange) -> None:
        row = await queried(ledger, venue)
        assert (row["is_open"], row["cum_quantity"]) == (True, 0)

    play(Exchange({**PRICE_ORDER, **SUCCEEDED}), story)


def test_a_price_order_that_waits_is_canceled_by_its_own_id() -> None:
    async def story(ledger: Ledger, _: Any, sender: CcxtOrderEntry, gate: Exchange) -> None:
        ledger.record_many(await sender.cancel(row_of(ledger), "R1"))
        assert gate.asked == [f"DELETE price_orders/{PRICE}"]
        assert row_of(ledger)["status"] == "canceled"

    play(Exchange(PRICE_ORDER), story)


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("is_known", [True, False])
def test_a_cancel_reaches_the_order_that_a_price_order_has_made(is_known: bool, label: str) -> None:
    async def story(ledger: Ledger, venue: CcxtVenue, sender: Any, gate: Exchange) -> None:
        if is_known:
            await queried(ledger, venue)
        gate.cancel, gate.label = None, label
        gate.asked.clear()
        ledger.record_many(await sender.cancel(row_of(ledger), "R1"))
        assert (row_of(ledger)["status"] == "canceled") is is_known
        assert gate.asked[-1] == f"DELETE orders/{MADE}"
        assert not any(PRICE in one and one.startswith("DELETE orders") for one in gate.asked)

    play(Exchange(TRIGGERED, ORDER), story)


def test_a_price_order_without_an_answer_is_not_queried_by_its_client_id() -> None:
    """Its page knows the id alone. It is looked for among open price orders."""

    async def story(ledger: Ledger, venue: CcxtVenue, _: Any, gate: Exchange) -> None:
        row = {**row_of(ledger), "venue_order_ids": [], "venue_order_id": None}
        await venue.order(ACCOUNT, row)
        assert "GET price_orders" in gate.asked
        assert not any(one.startswith("GET price_orders/") for one in gate.asked)

    play(Exchange(None), story)
