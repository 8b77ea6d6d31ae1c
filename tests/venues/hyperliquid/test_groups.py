"""Entries whose exits Hyperliquid holds: one action, and each order is an order of the ledger."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from orderledger import Gateway, Request
from orderledger.extend.values import SystemClock
from orderledger.gateway import GatewaySettings
from orderledger.simulation.hyperliquid.groups import MARGIN
from orderledger.simulation.servers.faults import AnswerFault
from orderledger.testing.order_entry import EntryHarness
from orderledger.testing.rules_of_sending import until
from orderledger.venues.errors import VenueUnavailable
from orderledger.venues.hyperliquid.order_entry import ABSENCE, HyperliquidOrderEntry
from orderledger.venues.reconciliation.book import BookRecords
from orderledger.venues.reconciliation.reconciler import Reconciler, Rules
from tests.venues.order_entry.kinds import HYPERLIQUID

NAMES = ("E-1", "E-1-tp", "E-1-sl")
FAST = dataclasses.replace(ABSENCE, expires_seconds=1.0, margin_seconds=0.5, pause_seconds=0.5)


class Desk:
    """A gateway that sends groups to a simulated Hyperliquid."""

    def __init__(self, world: EntryHarness, gateway: Gateway, venue: Any) -> None:
        self.world, self.gateway, self.ledger = world, gateway, world.ledger
        self.exchange, self.venue = world.exchange, venue

    async def send(self, **terms: Any) -> list[tuple[str, str | None]]:
        sent = await self.gateway.submit_many(self.bracket(**terms))
        return [(one.state, one.reason) for one in sent]

    def bracket(self, **terms: Any) -> list[Request]:
        """`terms`: of the exits."""
        links = {"group": "G-1", "kind": "bracket", "parent": "E-1"}
        usual: dict[str, Any] = {"side": "sell", "reduce_only": True, "links": links, **terms}
        stops = {"order_type": "take_profit_limit", "stop_price": "2600", "limit_price": "2590"}
        loss = {"order_type": "stop_limit", "stop_price": "2400", "limit_price": "2390"}
        return [
            self._request("E-1", links={"group": "G-1", "kind": "bracket"}),
            self._request("E-1-tp", **{**stops, **usual}),
            self._request("E-1-sl", **{**loss, **usual}),
        ]

    def _request(self, name: str, **terms: Any) -> Request:
        usual = {"instrument": "ETH", "side": "buy", "quantity": "0.5", "order_type": "limit"}
        usual |= {"limit_price": "2500.5"}
        return Request(account=self.world.account, client_order_id=name, **{**usual, **terms})

    async def hear(self) -> None:
        """Record what the venue lists, and what it answers about orders that it does not list."""
        account, since = self.world.account, SystemClock().now() - timedelta(hours=1)
        fills = await self.venue.fills_since(account, since)
        listing = await self.venue.open_orders(account)
        self.ledger.record_many([*fills.messages, *listing.messages])
        for row in self.ledger.open_orders():
            self.ledger.record_many(await self.venue.order(account, row) or ())

    def orders(self) -> list[Any]:
        return self.world.at_venue()

    def state(self) -> list[str]:
        return [self.ledger.order(name)["status"] for name in NAMES]

    def ids(self) -> list[str | None]:
        return [self.ledger.order(name)["venue_order_id"] for name in NAMES]

    def is_bound(self) -> bool:
        return self.ids() == [str(one.order_id) for one in self.orders()]


@asynccontextmanager
async def desk_with(**options: Any) -> AsyncIterator[Desk]:
    async with EntryHarness(HYPERLIQUID).served() as world:
        entry = world.entry
        assert isinstance(entry, HyperliquidOrderEntry)
        entry.abilities = dataclasses.replace(
            entry.abilities, groups=entry.abilities.groups_by_setting, absence=FAST
        )
        venue = HYPERLIQUID.query(world.server, world.account, BookRecords(world.ledger))
        settings = GatewaySettings.model_validate({"lease_seconds": 2.0})
        entries, venues = {world.account: entry}, {world.account: venue}
        try:
            async with Gateway(world.ledger, entries, limits=settings, venues=venues) as gateway:
                await world.warm_up()
                yield Desk(world, gateway, venue)
        finally:
            await venue.aclose()


def played(story: Callable[[Desk], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with desk_with() as desk:
            await story(desk)

    asyncio.run(whole())


def test_the_exits_are_placed_when_the_entry_is_filled_and_one_ends_the_other() -> None:
    async def story(desk: Desk) -> None:
        assert await desk.send() == [("acknowledged", None)] * 3
        entry, take_profit, stop = desk.orders()
        assert {entry.order_id} == {take_profit.parent_id, stop.parent_id}
        desk.exchange.fill(entry, "0.2", price="2500")
        await desk.hear()
        assert (desk.state(), desk.is_bound()) == (
            ["partially_filled", "pending_new", "pending_new"],
            True,
        )
        desk.exchange.fill(entry, "0.3", price="2500")
        await desk.hear()
        assert desk.state() == ["filled", "new", "new"]
        desk.exchange.trigger(stop)
        desk.exchange.fill(desk.exchange.order(stop.order_id), price="2395")
        await desk.hear()
        assert desk.state() == ["filled", "canceled", "filled"]
        assert (desk.ledger.anomalies(), desk.gateway.held()) == ([], [])

    played(story)


@pytest.mark.parametrize("filled", ["0", "0.2"])
def test_a_cancel_of_the_entry_ends_its_exits(filled: str) -> None:
    async def story(desk: Desk) -> None:
        await desk.send()
        if filled != "0":
            desk.exchange.fill(desk.orders()[0], filled, price="2500")
        await desk.gateway.cancel("E-1")
        await desk.hear()
        assert desk.state() == ["canceled"] * 3
        assert desk.ledger.order("E-1-sl")["reason"] == "parent_canceled"
        assert desk.ledger.anomalies() == []

    played(story)


def test_an_entry_that_loses_its_margin_keeps_its_exits() -> None:
    async def story(desk: Desk) -> None:
        await desk.send()
        entry = desk.orders()[0]
        desk.exchange.fill(entry, "0.2", price="2500")
        desk.exchange.cancel(desk.exchange.order(entry.order_id), reason=MARGIN)
        await desk.hear()
        assert desk.state() == ["canceled", "new", "new"]

    played(story)


@pytest.mark.parametrize("fault", ["lose_answer", "malformed"])
@pytest.mark.parametrize("filled", ["0", "0.2", "0.5"])
def test_a_group_without_an_answer_is_found_and_not_denied(fault: AnswerFault, filled: str) -> None:
    async def story(desk: Desk) -> None:
        desk.world.faults.plan_answers(fault)
        assert [state for state, _ in await desk.send()] == ["unresolved"] * 3
        if filled != "0":
            desk.exchange.fill(desk.orders()[0], filled, price="2500")
        await until(desk.is_bound)
        await until(lambda: {row["certainty"] for row in desk.ledger.orders()} == {"confirmed"})
        assert len(desk.orders()) == 3

    played(story)


@pytest.mark.slow
def test_a_group_that_never_arrived_is_proved_absent_and_never_sent_again() -> None:
    async def story(desk: Desk) -> None:
        desk.world.faults.plan_answers("lose_request")
        assert [state for state, _ in await desk.send()] == ["unresolved"] * 3
        await until(lambda: desk.state() == ["denied"] * 3)
        assert (await desk.gateway.resend("E-1")).reason == "native_group"
        assert desk.orders() == []

    played(story)


def test_an_unlisted_exit_of_a_known_entry_is_never_called_absent() -> None:
    async def story(desk: Desk) -> None:
        desk.world.faults.plan_answers("lose_answer")
        await desk.send()
        entry, take_profit, stop = desk.orders()
        desk.exchange.fill(entry, price="2500")
        for exit_ in (take_profit, stop):
            desk.world.server.forget(exit_)  # type: ignore[attr-defined]
            desk.exchange.cancel(desk.exchange.order(exit_.order_id))
        for name in NAMES[1:]:
            with pytest.raises(VenueUnavailable, match="its entry is filled"):
                await desk.venue.order(desk.world.account, desk.ledger.order(name))

    played(story)


def test_a_refused_entry_rejects_the_group() -> None:
    async def story(desk: Desk) -> None:
        HYPERLIQUID.refuse(desk.world)
        assert await desk.send() == [("rejected", "insufficient_margin")] * 3

    played(story)


@pytest.mark.parametrize(
    "terms",
    [
        {"reduce_only": False},
        {"quantity": "0.4"},
        {"side": "buy"},
        {"order_type": "limit", "stop_price": None},
    ],
)
def test_exits_that_the_page_does_not_describe_are_denied(terms: dict[str, Any]) -> None:
    async def story(desk: Desk) -> None:
        assert await desk.send(**terms) == [("denied", "unsupported_group")] * 3
        assert (desk.orders(), desk.gateway.held()) == ([], [])

    played(story)


@pytest.mark.parametrize("filled", ["0", "0.2"])
def test_a_reconciliation_ends_the_exits_of_a_canceled_entry(filled: str) -> None:
    async def story(desk: Desk) -> None:
        await desk.send()
        if filled != "0":
            desk.exchange.fill(desk.orders()[0], filled, price="2500")
        await desk.gateway.cancel("E-1")
        rules = Rules(lookback=timedelta(hours=1), grace=timedelta(0), pause=0, opening_pause=0)
        account, clock = desk.world.account, SystemClock()
        reconciler = Reconciler(desk.ledger, desk.venue, clock, rules)
        await asyncio.wait_for(reconciler.run(account), 10)
        assert desk.state() == ["canceled"] * 3
        again = await asyncio.wait_for(reconciler.run(account), 10)
        assert again.breaks == []

    played(story)


@pytest.mark.parametrize("filled", ["0", "0.2"])
def test_the_gateway_asks_at_once_for_the_exits_of_a_canceled_entry(filled: str) -> None:
    async def story(desk: Desk) -> None:
        await desk.send()
        if filled != "0":
            desk.exchange.fill(desk.orders()[0], filled, price="2500")
        await desk.gateway.cancel("E-1")
        await until(lambda: desk.state() == ["canceled"] * 3)

    played(story)
