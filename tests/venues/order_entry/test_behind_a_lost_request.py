"""Orders at Lighter that wait in this process behind a request without an answer: nothing of them
has left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from orderledger import Gateway
from orderledger.gateway import GatewaySettings
from orderledger.simulation.lighter.server import LighterServer
from orderledger.testing.order_entry import EntryHarness
from orderledger.venues.lighter.order_entry import LighterOrderEntry
from tests.venues.order_entry.kinds import LIGHTER
from tests.venues.order_entry.test_with_gateway import request

ANSWER_SECONDS = 1.0


@asynccontextmanager
async def gateway_of(world: EntryHarness, patience_seconds: float = 30.0) -> AsyncIterator[Gateway]:
    """A gateway without look-ups, which gives up an answer before the entry does."""
    settings = GatewaySettings(patience_seconds=patience_seconds, unresolved="allow")
    async with Gateway(
        world.ledger, {world.account: world.entry}, limits=settings, answer_seconds=ANSWER_SECONDS
    ) as gateway:
        yield gateway


@asynccontextmanager
async def served() -> AsyncIterator[tuple[EntryHarness, LighterServer]]:
    async with EntryHarness(LIGHTER).served() as world:
        assert isinstance(world.server, LighterServer)
        await world.warm_up()
        yield world, world.server


def outcomes(found: list[Any]) -> list[tuple[str, str | None]]:
    return [(one.state, one.reason) for one in found]


@pytest.mark.slow
def test_orders_behind_a_lost_one_are_sent_after_it() -> None:
    async def story() -> None:
        async with served() as (world, server), gateway_of(world) as gateway:
            server.hanging["sendTx"] = 1
            orders = [gateway.submit_soon(request(world, f"C-{one}")) for one in range(1, 5)]
            found = await asyncio.gather(*orders)
            lost, *others = outcomes(found)
            assert (lost, set(others)) == (("unresolved", "timeout"), {("received", None)})
            assert len(world.at_venue()) == 3

    asyncio.run(story())


@pytest.mark.slow
def test_an_order_whose_patience_ends_behind_lost_ones_is_denied_as_not_sent() -> None:
    async def story() -> None:
        async with served() as (world, server), gateway_of(world, 0.5) as gateway:
            server.hanging["sendTx"] = 1
            first = gateway.submit_soon(request(world))
            await asyncio.sleep(0.2)
            second = await gateway.submit(request(world, "C-2"))
            assert (second.state, second.reason) == ("denied", "not_sent_in_time")
            assert (await first).state == "unresolved"
            assert world.ledger.order("C-2")["status"] == "denied"
            assert world.at_venue() == []

    asyncio.run(story())


@pytest.mark.slow
def test_an_order_whose_nonce_is_not_answered_is_denied_as_not_sent() -> None:
    async def story() -> None:
        async with served() as (world, server), gateway_of(world) as gateway:
            assert isinstance(world.entry, LighterOrderEntry)
            world.faults.plan_answers("lose_answer")  # so that the next nonce is queried
            assert (await gateway.submit(request(world))).state == "unresolved"
            server.hanging["nextNonce"] = 100
            denied = await gateway.submit(request(world, "C-2"))
            assert (denied.state, denied.reason) == ("denied", "not_sent_in_time")
            server.hanging.clear()
            assert (await gateway.submit(request(world, "C-3"))).state == "received"
            assert len(world.at_venue()) == 2

    asyncio.run(story())


@pytest.mark.slow
def test_a_cancel_of_an_order_that_waits_behind_a_lost_one_keeps_it_here() -> None:
    async def story() -> None:
        async with served() as (world, server), gateway_of(world) as gateway:
            server.hanging["sendTx"] = 1
            first = gateway.submit_soon(request(world))
            await asyncio.sleep(0.2)
            second = gateway.submit_soon(request(world, "C-2"))
            await asyncio.sleep(0.2)
            assert (await gateway.cancel("C-2")).reason == "withdrawn"
            assert ((await second).state, (await first).state) == ("denied", "unresolved")
            assert world.at_venue() == []

    asyncio.run(story())


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["sendTx", "lose_answer"])
def test_a_request_that_was_handed_over_is_never_called_not_sent(fault: Any) -> None:
    async def story() -> None:
        async with served() as (world, server), gateway_of(world) as gateway:
            if fault == "sendTx":
                server.hanging["sendTx"] = 1
            else:
                world.faults.plan_answers(fault)
            assert (await gateway.submit(request(world))).state == "unresolved"
            assert world.ledger.order("C-1")["certainty"] == "unresolved"

    asyncio.run(story())
