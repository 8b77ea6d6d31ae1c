"""Marks: the venue's prices, recorded so that collars and loss limits have something to compare
with."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

import orderledger
from orderledger import Desk
from tests.gateway.connecting.harness import buy, served

COLLAR = 'mark_seconds = 0.05\n[[gateway.limits]]\nname = "collar"\nprice_collar = "0.05"'


@pytest.mark.parametrize("venue", ["ccxt", "hyperliquid", "lighter", "tradier"])
def test_a_collar_holds_from_the_first_order_on(venue: str, tmp_path: Path) -> None:
    account = f"{venue}:fake"

    async def trade() -> list[tuple[str, str | None]]:
        async with (
            served(venue, tmp_path, COLLAR) as (made, path),
            orderledger.connect(path) as desk,
        ):
            price = made.instruments[0].price
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
