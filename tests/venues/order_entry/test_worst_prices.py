"""The worst price of a stop or take-profit at Lighter: what is sent, recorded and read back."""

import asyncio
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from orderledger import Gateway
from orderledger.simulation.lighter.server import LighterServer
from orderledger.testing.order_entry import EntryHarness
from orderledger.testing.rules_of_sending import until
from tests.venues.order_entry.test_with_gateway import request, trading

TERMS = ("quantity", "limit_price", "stop_price")


def at_venue(world: EntryHarness) -> list[Decimal]:
    """The terms that the venue works."""
    assert isinstance(world.server, LighterServer)
    (order,) = world.at_venue()
    worst = world.server.transactions.worst_price(order)
    assert worst is not None and order.stop_price is not None
    return [order.quantity, worst, order.stop_price]


def recorded(world: EntryHarness) -> list[Any]:
    row = dict(world.ledger.order("C-1"))
    return [*(row[name] for name in TERMS), row["pending"], row["anomalies"]]


def is_recorded(world: EntryHarness, numbers: list[Decimal]) -> bool:
    return recorded(world) == [*numbers, None, []]


async def shown(world: EntryHarness, gateway: Gateway) -> None:
    """Record what the venue shows of the order."""
    found = await gateway._resolver._look_ups.look_up((world.account, "C-1"))
    world.ledger.record_many(list(found))


@pytest.mark.slow
@pytest.mark.parametrize("order_type", ["stop", "take_profit"])
def test_a_changed_worst_price_is_recorded_and_not_taken_back_by_the_next_change(
    order_type: str,
) -> None:
    async def story() -> None:
        async with trading("lighter") as (world, gateway):
            terms = {"order_type": order_type, "stop_price": "2600", "limit_price": "2650"}
            await gateway.submit(request(world, **terms))
            await shown(world, gateway)
            assert recorded(world) == [Decimal("0.5"), Decimal(2650), Decimal(2600), None, []]
            steps: list[tuple[dict[str, Any], list[str]]] = [
                ({"limit_price": "2660"}, ["0.5", "2660", "2600"]),
                ({"quantity": "0.7", "limit_price": "2670"}, ["0.7", "2670", "2600"]),
                ({"stop_price": "2610"}, ["0.7", "2670", "2610"]),
            ]
            for changes, expected in steps:
                assert (await gateway.replace("C-1", **changes)).state == "received"
                numbers = [Decimal(one) for one in expected]
                assert at_venue(world) == numbers
                await until(partial(is_recorded, world, numbers))

    asyncio.run(story())


@pytest.mark.slow
def test_a_change_keeps_the_terms_of_the_one_before_it_that_awaits_its_answer() -> None:
    async def story() -> None:
        async with trading("lighter") as (world, gateway):
            terms = {"order_type": "stop", "stop_price": "2600", "limit_price": "2650"}
            await gateway.submit(request(world, **terms))
            await shown(world, gateway)
            await world.replace(limit_price="2660")
            await world.replace(stop_price="2610")
            assert at_venue(world) == [Decimal("0.5"), Decimal(2660), Decimal(2610)]

    asyncio.run(story())
