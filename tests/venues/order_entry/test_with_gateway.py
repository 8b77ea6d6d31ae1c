"""The gateway sends through each order entry, and the adapter of the venue resolves what was not
answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest

from orderledger import Gateway, Request
from orderledger.simulation.servers.faults import AnswerFault
from orderledger.testing.order_entry import EntryHarness
from orderledger.testing.rules_of_sending import until
from orderledger.venues.reconciliation.book import BookRecords
from tests.venues.order_entry.kinds import KINDS, every_kind

WORKING = ("new", "pending_new")


@asynccontextmanager
async def trading(name: str) -> AsyncIterator[tuple[EntryHarness, Gateway]]:
    async with EntryHarness(KINDS[name]).served() as world:
        venue = world.under_test.query(world.server, world.account, BookRecords(world.ledger))
        entries, venues = {world.account: world.entry}, {world.account: venue}
        try:
            async with Gateway(world.ledger, entries, venues=venues, answer_seconds=5) as gateway:
                yield world, gateway
        finally:
            await venue.aclose()


def request(world: EntryHarness, name: str = "C-1", **terms: Any) -> Request:
    usual = {
        "side": "buy",
        "quantity": world.under_test.quantity,
        "order_type": "limit",
        "limit_price": world.under_test.price,
        "instrument": world.under_test.instrument,
    }
    return Request(
        account=world.account,
        client_order_id=name,
        **{**usual, **terms},
    )


@pytest.mark.slow
@every_kind
def test_an_order_is_sent_and_canceled(name: str) -> None:
    async def story() -> None:
        async with trading(name) as (world, gateway):
            assert (await gateway.submit(request(world))).state in ("acknowledged", "received")
            assert world.ledger.order("C-1")["aliases"] != {}
            await until(lambda: world.the_order().status.value == "open")
            await gateway.cancel("C-1")
            await until(lambda: not world.working())
            assert world.the_order().status.value == "canceled"

    asyncio.run(story())


@pytest.mark.slow
@every_kind
@pytest.mark.parametrize("fault", ["lose_answer", "malformed"])
def test_an_order_without_an_answer_is_found_by_its_alias_and_not_sent_again(
    name: str, fault: AnswerFault
) -> None:
    async def story() -> None:
        async with trading(name) as (world, gateway):
            await world.warm_up()
            world.faults.plan_answers(fault)
            assert (await gateway.submit(request(world))).state == "unresolved"
            await until(lambda: world.ledger.order("C-1")["certainty"] == "confirmed")
            (order,) = world.at_venue()
            row = world.ledger.order("C-1")
            assert (row["venue_order_id"], row["status"] in WORKING) == (str(order.order_id), True)

    asyncio.run(story())


@every_kind
def test_an_order_that_cannot_be_sent_is_denied(name: str) -> None:
    async def story() -> None:
        async with trading(name) as (world, gateway):
            wrong = request(world, order_type="trailing_stop", limit_price=None)
            assert (await gateway.submit(wrong)).state == "denied"
            assert world.at_venue() == []

    asyncio.run(story())


@pytest.mark.slow
def test_a_combination_at_tradier_is_filled_by_whole_units() -> None:
    near, far = "SPY260619P00480000", "SPY260619P00475000"
    legs = [
        {"instrument": near, "side": "buy", "ratio": 1},
        {"instrument": far, "side": "sell", "ratio": 1},
    ]

    async def story() -> None:
        async with trading("tradier") as (world, gateway):
            spread = request(
                world, quantity="2", limit_price="1.05", instrument="SPY-SPREAD", legs=legs
            )
            assert (await gateway.submit(spread)).state == "acknowledged"
            parent = next(one for one in world.at_venue() if one.parent_id is None)
            await until(lambda: len(world.exchange.children(parent.order_id)) == 2)
            first, second = world.exchange.children(parent.order_id)
            await until(lambda: world.exchange.order(second.order_id).status.value == "open")
            world.exchange.fill(first, 2, price="2.60")
            world.exchange.fill(second, 1, price="1.50")
            venue = gateway._resolver._look_ups

            async def filled(units: int) -> dict[str, Any]:
                async with asyncio.timeout(10):
                    while world.ledger.order("C-1")["cum_quantity"] != units:
                        found = await venue.look_up((world.account, "C-1"))
                        world.ledger.record_many(list(found))
                        await asyncio.sleep(0.1)
                return dict(world.ledger.order("C-1"))

            row = await filled(1)
            assert (row["quantity"], row["status"]) == (2, "partially_filled")
            world.exchange.fill(second, 1, price="1.50")
            row = await filled(2)
            assert (row["average_price"], row["status"]) == (Decimal("1.1"), "filled")
            assert row["anomalies"] == []

    asyncio.run(story())
