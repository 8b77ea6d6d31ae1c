"""Stop orders at OKX: algo orders in a space of their own, which make ordinary orders without a
client id. The simulated exchange is the judge."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from orderledger import Gateway, Ledger
from orderledger.simulation.ccxt.okx import OkxServer
from orderledger.simulation.ccxt.okx_algo import AlgoOrders
from orderledger.venues.base.venue import Messages
from tests.venues.ccxt.braked import ACCOUNT, SYMBOLS, entry, order, server, venue
from tests.venues.ccxt.test_absence import until

NAME = "okx"
SYMBOL = SYMBOLS[NAME]
STOP: dict[str, Any] = {
    "side": "sell",
    "order_type": "stop",
    "stop_price": "2400",
    "limit_price": None,
    "quantity": "1",
}
STOP_LIMIT = {**STOP, "order_type": "stop_limit", "limit_price": "2390"}
KINDS: dict[str, dict[str, Any]] = {
    "stop": STOP,
    "stop_limit": STOP_LIMIT,
    "take_profit": {**STOP, "order_type": "take_profit", "stop_price": "2600"},
    "trailing_stop": {
        **STOP,
        "order_type": "trailing_stop",
        "stop_price": None,
        "trail_offset": "10",
        "trail_offset_type": "amount",
    },
}


ENDS = ("filled", "canceled", "denied")


class Desk:
    def __init__(self, server: Any, ledger: Ledger, gateway: Gateway, venue: Any) -> None:
        self.server, self.ledger, self.gateway, self.venue = server, ledger, gateway, venue

    def others(self, side: str, price: str, quantity: str = "5") -> None:
        terms = {"instrument": SYMBOL, "quantity": quantity, "limit_price": price}
        self.server.exchange.submit("others", side=side, **terms)

    def trade_at(self, price: str) -> None:
        self.others("buy", price, "0.01")
        terms = {"instrument": SYMBOL, "quantity": "0.01", "limit_price": price}
        self.server.exchange.submit("some", side="sell", **terms)

    def row(self, name: str) -> Any:
        self.ledger.views.catch_up()
        return self.ledger.order(name)

    def is_in(self, status: str, name: str = "C1") -> Callable[[], bool]:
        return lambda: self.row(name)["status"] == status


Story = Callable[[Desk], Awaitable[None]]


async def record_reports(venue: Any, ledger: Ledger) -> None:
    """Record what the venue's feeds deliver."""
    async for event in venue.listen():
        if isinstance(event, Messages):
            ledger.record_many(event.messages)


@pytest.fixture
def play() -> Callable[[Story], None]:
    def playing(story: Story) -> None:
        async def whole() -> None:
            fake = server(NAME)
            async with fake:
                with Ledger.open("memory://") as ledger:
                    own = venue(NAME, fake.http_url, ledger)
                    own.poll_seconds = own.idle_seconds = 0.1
                    sender = entry(NAME, fake.http_url)
                    listening = asyncio.create_task(record_reports(own, ledger))
                    try:
                        async with Gateway(
                            ledger, {ACCOUNT: sender}, venues={ACCOUNT: own}, answer_seconds=2
                        ) as gateway:
                            await story(Desk(fake, ledger, gateway, own))
                    finally:
                        listening.cancel()
                        await asyncio.gather(listening, return_exceptions=True)
                        await own.aclose()
                        await sender.aclose()

        asyncio.run(whole())

    return playing


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_stop_is_placed_listed_and_canceled_in_its_own_space(
    kind: str, play: Callable[[Story], None]
) -> None:
    async def story(desk: Desk) -> None:
        sent = await desk.gateway.submit(order(NAME, 1, **KINDS[kind]))
        assert sent.state in ("acknowledged", "received"), sent
        (algo,) = desk.server.algo.orders
        listing = await desk.venue.open_orders(ACCOUNT)
        assert listing.venue_order_ids == {str(algo.algo_id)}
        await desk.gateway.cancel("C1")
        await until(desk.is_in("canceled"))
        assert algo.state == "canceled"

    play(story)


@pytest.mark.parametrize("names_its_maker", [True, False])
def test_the_order_that_a_stop_has_made_is_the_stop(
    names_its_maker: bool, play: Callable[[Story], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page gives the ids of the algo order, and both lists of it name the order: either is
    enough."""
    nobody = {"algoId": "", "algoClOrdId": ""}
    if not names_its_maker:
        monkeypatch.setattr(AlgoOrders, "maker_of", lambda *_: nobody)

    async def story(desk: Desk) -> None:
        await desk.gateway.submit(order(NAME, 1, **STOP))
        (algo,) = desk.server.algo.orders
        await until(lambda: desk.venue._open)  # a poll has shown it
        desk.others("buy", "2399")
        desk.trade_at("2400")
        await until(desk.is_in("filled"))
        row = desk.row("C1")
        assert row["venue_order_ids"] == [str(algo.algo_id), str(algo.made)]
        assert row["cum_quantity"] == 1
        (trade,) = desk.ledger.trades()
        assert trade["client_order_id"] == "C1"
        assert [one["client_order_id"] for one in desk.ledger.orders()] == ["C1"]
        assert desk.ledger.anomalies(open_only=True) == []

    play(story)


@pytest.mark.parametrize("is_known", [True, False])
def test_a_cancel_reaches_the_order_that_a_stop_has_made(
    is_known: bool, play: Callable[[Story], None]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.gateway.submit(order(NAME, 1, **STOP_LIMIT))
        if not is_known:
            desk.venue.poll_seconds = desk.venue.idle_seconds = 3600.0
            await asyncio.sleep(0.5)  # the wait that has begun ends
        desk.trade_at("2400")
        await until(lambda: desk.server.algo.orders[0].made)
        if is_known:
            await until(lambda: len(desk.row("C1")["venue_order_ids"]) == 2)
        sent = await desk.gateway.cancel("C1")
        assert sent.state != "rejected"
        assert desk.server.exchange.open_orders("main") == []
        if is_known:
            await until(desk.is_in("canceled"))
        else:
            desk.ledger.record_many(await desk.venue.order(ACCOUNT, desk.row("C1")))
        row = desk.row("C1")
        assert (row["status"], len(row["venue_order_ids"])) == ("canceled", 2)
        assert desk.ledger.anomalies(open_only=True) == []

    play(story)


def test_a_stop_of_a_bracket_ends_its_take_profit(play: Callable[[Story], None]) -> None:
    async def story(desk: Desk) -> None:
        entered = order(NAME, 1, quantity="1", limit_price="2500")
        await desk.gateway.submit_bracket(entered, take_profit="2600", stop_loss="2400")
        desk.others("sell", "2500", "1")
        await until(desk.is_in("filled"))
        await until(lambda: len(desk.server.algo.orders) == 1)
        desk.others("buy", "2399")
        desk.trade_at("2400")
        await until(lambda: desk.server.algo.orders[0].made)
        await until(lambda: all(one["status"] in ENDS for one in desk.ledger.orders()))
        assert desk.server.exchange.open_orders("main") == []
        assert {one["status"] for one in desk.ledger.orders()} == {"filled", "canceled"}
        assert not any(one["position_quantity"] for one in desk.ledger.positions())

    play(story)


def test_a_stop_of_a_bracket_shrinks_with_its_take_profit(play: Callable[[Story], None]) -> None:
    """OKX changes algo orders by a request that ccxt does not use: the stop is canceled, and
    another one is sent."""

    async def story(desk: Desk) -> None:
        entered = order(NAME, 1, quantity="1", limit_price="2500")
        await desk.gateway.submit_bracket(entered, take_profit="2600", stop_loss="2400")
        desk.others("sell", "2500", "1")
        await until(lambda: len(desk.server.algo.orders) == 1)
        await until(lambda: len(desk.server.exchange.open_orders("main")) == 1)
        desk.others("buy", "2600", "0.7")
        await until(lambda: len(desk.server.algo.orders) == 2)
        first, second = desk.server.algo.orders
        await until(lambda: (first.state, second.state) == ("canceled", "live"))
        assert second.asked["sz"] == "0.3"
        await asyncio.sleep(1.5)
        assert len(desk.server.algo.orders) == 2
        assert not [one for one in desk.ledger.events() if one["name"] == "replace_requested"]
        assert [one["cum_quantity"] for one in desk.ledger.orders()].count(Decimal(0)) == 2

    play(story)


def test_a_stop_without_an_answer_that_was_triggered_is_found(
    play: Callable[[Story], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = AlgoOrders.place

    async def place_and_be_silent(self: AlgoOrders, asked: Any) -> Any:
        answer = await place(self, asked)
        await asyncio.sleep(4)
        return answer

    monkeypatch.setattr(AlgoOrders, "place", place_and_be_silent)

    async def story(desk: Desk) -> None:
        desk.others("buy", "2399")
        submitting = asyncio.create_task(desk.gateway.submit(order(NAME, 1, **STOP)))
        await until(lambda: desk.server.algo.orders)
        desk.trade_at("2400")
        assert (await submitting).state == "unresolved"
        await until(desk.is_in("filled"))
        assert [one["client_order_id"] for one in desk.ledger.orders()] == ["C1"]
        assert desk.ledger.anomalies(open_only=True) == []

    play(story)


def test_a_stop_beyond_the_market_waits_for_no_return(play: Callable[[Story], None]) -> None:
    """A stop to sell above the last price has been passed. A trigger order would wait for a rise
    to its price (page "Place algo order"); a stop-loss is refused ("Error Code": 51278, 51280)."""

    async def story(desk: Desk) -> None:
        desk.others("buy", "2399")
        desk.trade_at("2400")
        sold = await desk.gateway.submit(order(NAME, 1, **{**STOP, "stop_price": "2450"}))
        bought = await desk.gateway.submit(
            order(NAME, 2, **{**STOP, "side": "buy", "stop_price": "2350"})
        )
        found = [(one.state, one.reason) for one in (sold, bought)]
        assert found == [("rejected", "would_trigger")] * 2
        assert not desk.server.algo.orders

    play(story)


def test_an_exit_that_the_market_has_passed_leaves_at_once(play: Callable[[Story], None]) -> None:
    """The price falls through the stop while the entry fills: OKX refuses the stop (51280), and
    the position is sold at the market, after its take-profit is canceled."""

    async def story(desk: Desk) -> None:
        desk.others("buy", "2390")
        entered = order(NAME, 1, quantity="1", limit_price="2500")
        await desk.gateway.submit_bracket(entered, take_profit="2600", stop_loss="2400")
        desk.others("sell", "2500", "1")
        desk.trade_at("2391")
        await until(lambda: [one["status"] for one in desk.ledger.orders()].count("filled") == 2)
        ended = (*ENDS, "rejected")
        await until(lambda: all(one["status"] in ended for one in desk.ledger.orders()))
        refused, sold = desk.row("C1-sl"), desk.row("C1-sl.1")
        assert (refused["status"], refused["reason"]) == ("rejected", "would_trigger")
        assert (sold["order_type"], sold["stop_price"], sold["quantity"]) == ("market", None, 1)
        assert desk.row("C1-tp")["cum_quantity"] == 0
        assert not any(one["position_quantity"] for one in desk.ledger.positions())
        assert len(desk.ledger.orders()) == 4

    play(story)


def test_an_exit_without_an_answer_is_found_by_its_name_at_the_exchange(
    play: Callable[[Story], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """OKX takes no `C1-sl.1` (clOrdId: letters and digits): the order has another name there, which
    is recorded before it is sent, also for an order that was held."""
    place = OkxServer._place_many

    async def place_and_fail(self: OkxServer, asked: Any) -> Any:
        answer = await place(self, asked)
        if asked["orders"][0]["ordType"] == "market":
            raise ConnectionResetError
        return answer

    monkeypatch.setattr(OkxServer, "_place_many", place_and_fail)

    async def story(desk: Desk) -> None:
        desk.others("buy", "2390")
        entered = order(NAME, 1, quantity="1", limit_price="2500")
        await desk.gateway.submit_bracket(entered, take_profit="2600", stop_loss="2400")
        desk.others("sell", "2500", "1")
        desk.trade_at("2391")
        await until(lambda: len(desk.ledger.orders()) == 4)
        await until(desk.is_in("filled", "C1-sl.1"))
        assert desk.ledger.anomalies(open_only=True) == []

    play(story)


def test_a_trigger_order_of_an_earlier_version_is_read_and_canceled(
    play: Callable[[Story], None],
) -> None:
    async def story(desk: Desk) -> None:
        await desk.gateway.submit(order(NAME, 1, **STOP))
        (algo,) = desk.server.algo.orders
        algo.asked = {
            **{name: one for name, one in algo.asked.items() if not name.startswith("sl")},
            "ordType": "trigger", "triggerPx": "2400", "orderPx": "-1", "triggerPxType": "last",
        }  # fmt: skip
        listing = await desk.venue.open_orders(ACCOUNT)
        assert listing.venue_order_ids == {str(algo.algo_id)}
        desk.ledger.record_many(await desk.venue.order(ACCOUNT, desk.row("C1")))
        assert desk.row("C1")["status"] == "new"
        assert desk.ledger.anomalies(open_only=True) == []
        await desk.gateway.cancel("C1")
        await until(desk.is_in("canceled"))

    play(story)
