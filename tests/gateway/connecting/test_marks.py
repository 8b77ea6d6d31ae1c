"""Marks: the venue's prices, recorded so that collars and loss limits have something to compare
with."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

import orderledger
from orderledger import Desk
from orderledger.simulation.servers.polled import PolledServer
from orderledger.simulation.servers.simulated import SimulatedVenue
from tests.gateway.connecting.harness import buy, served

COLLAR = 'mark_seconds = 0.05\n[[gateway.limits]]\nname = "collar"\nprice_collar = "0.05"'


VENUES = ("ccxt", "hyperliquid", "lighter", "tradier", "nobitex", "wallex", "invex")


@pytest.mark.parametrize("venue", VENUES)
def test_a_collar_holds_from_the_first_order_on(venue: str, tmp_path: Path) -> None:
    account = f"{venue}:fake"

    async def trade() -> list[tuple[str, str | None]]:
        async with (
            served(venue, tmp_path, COLLAR) as (made, path),
            orderledger.connect(path) as desk,
        ):
            price = made.instruments[0].price
            rest_around(made)
            sent = [
                await desk.gateway.submit(
                    buy(made, account, f"C-{index}", limit_price=str(price * part))
                )
                for index, part in enumerate((Decimal("1.1"), Decimal("1.04")))
            ]
            (mark,) = await desk.ledger.marks()
            assert (mark["account"], mark["instrument"]) == (account, made.instruments[0].name)
            assert mark["price"] == price
            return [(one.state, one.reason) for one in sent]

    taken = "received" if venue == "lighter" else "acknowledged"
    assert asyncio.run(trade()) == [("denied", "price_collar"), (taken, None)]


def rest_around(made: SimulatedVenue, ticks: int = 0) -> None:
    """Let others rest around the price, at venues that state nothing but order books."""
    if isinstance(made.server, PolledServer):
        traded = made.instruments[0]
        for side, away in (("buy", ticks - 1), ("sell", ticks + 1)):
            price = traded.price + away * traded.tick
            made.server.exchange.submit(
                "others",
                instrument=traded.name,
                side=side,
                quantity=traded.lot,
                limit_price=price,
            )


def test_a_new_price_is_recorded_and_an_equal_one_is_not(tmp_path: Path) -> None:
    async def trade() -> list[Decimal]:
        async with (
            served("ccxt", tmp_path, COLLAR) as (made, path),
            orderledger.connect(path) as desk,
        ):
            name = made.instruments[0].name
            await desk.gateway.submit(buy(made, "ccxt:fake", "C-1"))
            await asyncio.sleep(0.3)
            made.server.marks[name] = Decimal(2600)
            return await until_marked(desk, 2)

    assert asyncio.run(trade()) == [Decimal(2500), Decimal(2600)]


async def until_marked(desk: Desk, count: int) -> list[Decimal]:
    async with asyncio.timeout(20):
        while len(rows := await desk.ledger.marks()) < count:
            await asyncio.sleep(0.02)
    return [row["price"] for row in rows]


def test_without_a_limit_that_needs_them_no_marks_are_recorded(tmp_path: Path) -> None:
    async def trade() -> int:
        async with served("tradier", tmp_path) as (made, path), orderledger.connect(path) as desk:
            await desk.gateway.submit(buy(made, "tradier:fake", "C-1"))
            return len(await desk.ledger.marks())

    assert asyncio.run(trade()) == 0


def test_a_held_stop_turns_marks_on_and_a_restart_watches_it_again(tmp_path: Path) -> None:
    """Invex has no stops. No setting asks for marks."""

    async def trade() -> list[str]:
        async with served("invex", tmp_path, "mark_seconds = 1") as (made, path):
            rest_around(made)
            traded = made.instruments[0]
            async with orderledger.connect(path) as desk:
                terms = {"order_type": "stop", "stop_price": str(traded.price + 5 * traded.tick)}
                stop = buy(made, "invex:fake", "C-1", limit_price=None, **terms)
                assert (await desk.gateway.submit(stop)).state == "held"
                await until_marked(desk, 1)
                await until_held(desk, "trigger")
            async with orderledger.connect(path) as desk:
                await until_marked(desk, 2)
                await until_held(desk, "trigger")
                for order in made.server.exchange.open_orders("others"):
                    made.server.exchange.request_cancel("others", order_id=order.order_id)
                rest_around(made, ticks=6)
                async with asyncio.timeout(20):
                    while not (sent := made.server.exchange.orders("invex:fake")):
                        await asyncio.sleep(0.02)
                return [one.order_type for one in sent]

    assert asyncio.run(trade()) == ["market"]


async def until_held(desk: Desk, reason: str) -> None:
    async with asyncio.timeout(20):
        while [one.reason for one in desk.gateway.held()] != [reason]:
            await asyncio.sleep(0.02)


def test_marks_that_are_turned_off_stay_off(tmp_path: Path) -> None:
    async def trade() -> tuple[str, int]:
        async with (
            served("invex", tmp_path, "marks = false") as (made, path),
            orderledger.connect(path) as desk,
        ):
            rest_around(made)
            stop = {"order_type": "stop", "stop_price": str(made.instruments[0].price * 2)}
            await desk.gateway.submit(buy(made, "invex:fake", "C-1", limit_price=None, **stop))
            await until_held(desk, "no_mark")
            return desk.gateway.held()[0].reason, len(await desk.ledger.marks())

    assert asyncio.run(trade()) == ("no_mark", 0)
