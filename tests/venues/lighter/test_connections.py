"""Connections to a made-up Lighter: pings, confirmations, tokens, and a venue that goes down."""

import asyncio
import logging
from datetime import timedelta

import pytest

from orderledger.venues.base.venue import Down
from tests.venues.lighter.world import START, World


@pytest.mark.slow
def test_pings_are_answered_and_a_silent_account_stays_connected() -> None:
    async def story() -> None:
        world = World(quiet_seconds=0.5, venue={"ping_every": 0.02})
        async with world.open():
            await world.up()
            world.fake.push(world.fake.sockets[0], {"type": "ping"})
            await world.until(
                lambda: world.fake.received["pong"] == 1 and world.fake.received["ping"] >= 40
            )
            assert world.fake.connections == 1

    asyncio.run(story())


def test_a_server_that_goes_down_says_so_and_is_left_at_once() -> None:
    async def story() -> None:
        world = World()
        async with world.open():
            await world.up()
            world.fake.push(world.fake.sockets[0], {"type": "shutdown", "close_in_ms": 60000})
            await world.up(times=2)
            assert [told.reason for told in world.received if isinstance(told, Down)] == [
                "the venue is closing this connection"
            ]

    asyncio.run(story())


def test_a_subscription_that_nobody_confirms_is_not_waited_for_for_ever() -> None:
    async def story() -> None:
        world = World()
        world.fake.deaf_to.add("account_all_trades")
        world.place("9001")
        async with world.open():
            await world.until(lambda: world.fake.received["subscribe"] >= 3)
            assert world.received == []  # orders are confirmed, trades are not: not up
            world.fake.deaf_to.clear()
            world.clock.set(START + timedelta(minutes=1))
            await world.up()
            assert world.kinds[:2] == [
                "acknowledged",
                "Up",
            ]  # first what the connection that was given up had said
            assert world.fake.connections == 2

    asyncio.run(story())


def test_a_token_is_renewed_before_it_ends() -> None:
    async def story() -> None:
        world = World(token_life=timedelta(minutes=10))
        async with world.open():
            await world.up()
            asked = len(world.tokens)
            world.clock.set(START + timedelta(minutes=7))
            await asyncio.sleep(0.15)
            assert world.fake.connections == 1
            world.clock.set(START + timedelta(minutes=8))
            await world.up(times=2)
            assert [told.reason for told in world.received if isinstance(told, Down)] == [
                "the token has to be renewed"
            ]
            assert len(world.tokens) > asked

    asyncio.run(story())


def test_a_token_that_the_venue_refuses_is_asked_for_again() -> None:
    async def story() -> None:
        world = World()
        first = world.token()
        world.tokens.clear()
        world.fake.refused_tokens.add(first)
        async with world.open():
            await world.up()
            assert world.fake.connections == 2

    asyncio.run(story())


def test_without_a_token_there_is_no_connection_and_no_secret_in_the_logs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    secret = "9999999999:1234:2:" + "c0ffee" * 7

    async def story() -> None:
        world = World()
        failures = iter([RuntimeError(secret), ValueError(secret)])

        def token() -> str:
            if (failure := next(failures, None)) is not None:
                raise failure
            return secret

        world.token = token  # type: ignore[method-assign]
        world.fake.faults.plan_answers(None, "server_error")
        async with world.open():
            await world.up()
            world.fake.refused_tokens.add(secret)
            world.fake.cut_all()
            await world.until(lambda: world.fake.connections >= 4)
            assert all("c0ffee" not in repr(told) for told in world.received)

    with caplog.at_level(logging.DEBUG, logger="orderledger"):
        asyncio.run(story())
    assert "c0ffee" not in caplog.text and caplog.text
