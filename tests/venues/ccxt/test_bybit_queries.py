"""Orders of unknown outcome at a simulated Bybit: queried by client id, among all pages, also after
its restart."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from orderledger import Gateway, Ledger
from orderledger.simulation.ccxt.bybit import BybitServer
from orderledger.venues.ccxt.venue import CcxtVenue
from orderledger.venues.errors import VenueUnavailable
from tests.gateway.desk import until
from tests.venues.ccxt.braked import ACCOUNT, entry, order, server, venue

FAST: dict[str, Any] = {"expires_seconds": 1.6, "margin_seconds": 0.4, "pause_seconds": 0.3}
PROVED = 12.0
"""Seconds until an absence is surely proved."""


@dataclasses.dataclass(slots=True)
class Desk:
    """A gateway at a simulated Bybit."""

    server: BybitServer
    ledger: Ledger
    gateway: Gateway
    venue: CcxtVenue

    def row(self, name: str = "C1") -> Any:
        return self.ledger.order(name)

    def state(self, name: str = "C1") -> tuple[str, str]:
        row = self.row(name)
        return row["status"], row["certainty"]

    @property
    def queries(self) -> list[dict[str, Any]]:
        return [asked for _, asked in self.server.lists.asked]


@asynccontextmanager
async def trading(
    simulated: BybitServer, ledger: Ledger, answer_seconds: float = 1.0
) -> AsyncIterator[Desk]:
    sending, reading = (
        entry("bybit", simulated.http_url),
        venue("bybit", simulated.http_url, ledger),
    )
    rule = sending.abilities.absence
    assert rule is not None
    sending.abilities = dataclasses.replace(
        sending.abilities, absence=dataclasses.replace(rule, **FAST)
    )
    try:
        async with Gateway(
            ledger, {ACCOUNT: sending}, venues={ACCOUNT: reading}, answer_seconds=answer_seconds
        ) as gateway:
            yield Desk(simulated, ledger, gateway, reading)
    finally:
        await reading.aclose()
        await sending.aclose()


def play(story: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orderledger.venues.ccxt.absence.WINDOW_MILLISECONDS", 1_000)
    monkeypatch.setattr("orderledger.venues.ccxt.order_entry.WINDOW_MILLISECONDS", 1_000)

    async def whole() -> None:
        with Ledger.open("memory://") as ledger:
            async with (
                asyncio.timeout(90),
                server("bybit") as simulated,
                trading(simulated, ledger) as desk,
            ):
                await story(desk)

    asyncio.run(whole())


async def lose(desk: Desk, fault: Any, **terms: Any) -> None:
    """Send C1, without an answer."""
    assert (await desk.gateway.submit(order("bybit", 0))).state == "acknowledged"
    desk.server.faults.plan_answers(fault)
    assert (await desk.gateway.submit(order("bybit", 1, **terms))).state == "unresolved"


def others(desk: Desk, count: int) -> None:
    """Other open orders of the account, which are newer."""
    for number in range(count):
        desk.server.exchange.submit(
            "main",
            instrument="ETH/USDT:USDT",
            side="buy",
            quantity="0.01",
            limit_price="1000",
            client_id=f"other-{number}",
        )


def test_a_lost_order_is_queried_by_its_client_id(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(desk: Desk) -> None:
        await lose(desk, "lose_answer")
        others(desk, 60)
        await until(lambda: desk.state() == ("new", "confirmed"), PROVED)
        assert {"category": "linear", "symbol": "ETHUSDT", "orderLinkId": "C1"} in desk.queries

    play(story, monkeypatch)


@pytest.mark.slow
def test_an_order_that_works_behind_sixty_others_is_never_denied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its client id comes back cut: no query shows for certain that it is this order."""

    async def story(desk: Desk) -> None:
        await lose(desk, "lose_answer")
        desk.server.failings.ids = "cut"
        monkeypatch.setattr("orderledger.simulation.ccxt.failings.CUT_TO", 1)
        others(desk, 60)
        await asyncio.sleep(6.0)
        assert desk.state() == ("pending_new", "unresolved")

    play(story, monkeypatch)


@pytest.mark.slow
def test_an_order_that_never_arrived_is_denied_among_many(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(desk: Desk) -> None:
        await lose(desk, "lose_request")
        others(desk, 60)
        await until(lambda: desk.row()["status"] == "denied", PROVED)
        asked = [
            (name, one["orderLinkId"])
            for name, one in desk.server.lists.asked
            if "orderLinkId" in one
        ]
        assert {("realtime", "C1"), ("history", "C1")} <= set(asked)

    play(story, monkeypatch)


@pytest.mark.slow
def test_a_lost_stop_is_denied_when_no_query_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(desk: Desk) -> None:
        stop = {"side": "sell", "order_type": "stop", "stop_price": "2400", "limit_price": None}
        await lose(desk, "lose_request", **stop)
        await until(lambda: desk.row()["status"] == "denied", PROVED)

    play(story, monkeypatch)


def test_all_pages_of_open_orders_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(desk: Desk) -> None:
        others(desk, 130)
        listing = await desk.venue.open_orders(ACCOUNT)
        assert len(listing.venue_order_ids) == 130

    play(story, monkeypatch)


def test_an_order_that_is_rejected_after_its_acknowledgement_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(desk: Desk) -> None:
        desk.server.rejects = 1
        sent = await desk.gateway.submit(order("bybit", 1))
        assert sent.state == "acknowledged"
        found = await desk.venue.order(ACCOUNT, desk.row())
        assert found is not None
        desk.ledger.record_many(found)
        assert desk.state() == ("rejected", "confirmed")

    play(story, monkeypatch)


def test_an_order_that_ended_before_a_restart_of_bybit_is_found_in_its_history(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(desk: Desk) -> None:
        await desk.gateway.submit(order("bybit", 1))
        (open_order,) = desk.server.exchange.open_orders("main")
        desk.server.exchange.cancel(open_order)
        desk.server.restart()
        found = await desk.venue.order(ACCOUNT, desk.row())
        assert found is not None
        desk.ledger.record_many(found)
        assert desk.state() == ("canceled", "confirmed")

    play(story, monkeypatch)


def test_an_order_is_found_whose_client_id_no_answer_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(desk: Desk) -> None:
        desk.server.has_no_ids = True
        await lose(desk, "lose_answer")
        await until(lambda: desk.state() == ("new", "confirmed"), PROVED)

    play(story, monkeypatch)


def test_ids_in_another_letter_case_change_no_alias(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(desk: Desk) -> None:
        await desk.gateway.submit(order("bybit", 0))
        desk.server.failings.ids = "lower"
        names = ["AbC-1", "abc-1", "ABC-1"]
        for name in names:
            one = order("bybit", 0, client_order_id=name)
            desk.server.faults.plan_answers("lose_answer" if name == "AbC-1" else None)
            await desk.gateway.submit(one)
            await until(lambda: desk.state(name)[1] == "confirmed", PROVED)  # noqa: B023
        listing = await desk.venue.open_orders(ACCOUNT)
        desk.ledger.record_many(listing.messages)
        rows = [desk.row(name) for name in names]
        assert [row["aliases"]["ccxt.clientOrderId"] for row in rows] == names
        assert len({row["venue_order_id"] for row in rows}) == 3
        assert len(desk.ledger.orders()) == 4

    play(story, monkeypatch)


def test_an_id_that_comes_back_cut_names_no_other_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second id is cut to the first one."""
    monkeypatch.setattr("orderledger.simulation.ccxt.failings.CUT_TO", 12)

    async def story(desk: Desk) -> None:
        first, second = (
            order("bybit", 0, client_order_id="order-number", limit_price="1990"),
            order("bybit", 0, client_order_id="order-number-2"),
        )
        assert (await desk.gateway.submit(first)).state == "acknowledged"
        desk.server.failings.ids = "cut"
        desk.server.faults.plan_answers("lose_answer")
        assert (await desk.gateway.submit(second)).state == "unresolved"
        lost = desk.server.exchange.named("main", client_id="order-number-2")
        assert lost is not None
        listing = await desk.venue.open_orders(ACCOUNT)
        desk.ledger.record_many(listing.messages)
        assert desk.row("order-number")["venue_order_ids"] != [str(lost.order_id)]
        assert len(desk.row("order-number")["venue_order_ids"]) == 1
        with pytest.raises(VenueUnavailable, match="other orders"):
            await desk.venue.order(ACCOUNT, desk.row("order-number-2"))
        other = order("bybit", 0, client_order_id="order-numbe", side="sell")
        desk.ledger.record(other)
        monkeypatch.setattr("orderledger.simulation.ccxt.failings.CUT_TO", 11)
        desk.ledger.record_many((await desk.venue.open_orders(ACCOUNT)).messages)
        assert desk.row("order-numbe")["venue_order_ids"] == []
        desk.ledger.resolve("order-number-2", worked_as=str(lost.order_id), actor="anna")
        assert desk.state("order-number-2") == ("new", "confirmed")
        assert desk.row("order-number-2")["limit_price"] == lost.limit_price

    play(story, monkeypatch)
