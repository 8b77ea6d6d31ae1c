"""What the venue asks of websockets: pings, and its limits."""

import asyncio
import json
from dataclasses import replace
from functools import partial

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from orderledger.venues.hyperliquid.limits import HyperliquidLimits
from tests.venues.hyperliquid.harness import PACE, TERMS, listening, made_up, some, up


@pytest.mark.slow
def test_the_venue_hangs_up_on_silence_and_a_ping_keeps_the_line() -> None:
    async def story(ping: float, is_kept: bool) -> None:
        async with listening(made_up(silence=0.3), pace=replace(PACE, ping=ping)) as harness:
            server = await up(harness)
            if is_kept:
                await asyncio.sleep(0.8)
                assert (server.connections, "Down" in harness.kinds) == (1, False)
            else:
                await harness.until(lambda: harness.kinds[:3] == ["Up", "Down", "Up"])

    asyncio.run(story(0.1, is_kept=True))
    asyncio.run(story(5.0, is_kept=False))


def test_a_line_on_which_nothing_is_answered_is_given_up() -> None:
    async def story() -> None:
        server = made_up()
        server.keep_subscriptions_waiting = True
        async with listening(server, pace=replace(PACE, acknowledge=0.2)) as harness:
            await harness.until(lambda: server.connections >= 2)
            assert harness.kinds == []
            server.keep_subscriptions_waiting = False
            await up(harness)

    asyncio.run(story())


def test_an_invalid_coin_closes_the_socket() -> None:
    async def story() -> None:
        async with made_up(coins=["BTC"]) as server, connect(server.websocket_url) as socket:
            assert await socket.recv() == "Websocket connection established."
            await socket.send(
                json.dumps(
                    {"method": "subscribe", "subscription": {"type": "trades", "coin": "BTC"}}
                )
            )
            assert json.loads(await socket.recv())["channel"] == "subscriptionResponse"
            await socket.send(
                json.dumps(
                    {"method": "subscribe", "subscription": {"type": "trades", "coin": "NONE"}}
                )
            )
            with pytest.raises(ConnectionClosedError):
                await socket.recv()
            assert socket.close_code == 1006

    asyncio.run(story())


def test_more_accounts_than_the_venue_streams_are_looked_at_in_turn() -> None:
    async def story() -> None:
        server, accounts = made_up(users=3), some(5)
        async with listening(
            server, accounts=accounts, limits=HyperliquidLimits(users=3)
        ) as harness:
            assert (len(harness.venue.streamed), len(harness.venue.polled)) == (3, 2)
            for address in accounts.values():
                server.exchange.place(address, **TERMS)
            await harness.until(
                lambda: {order["account"] for order in harness.ledger.orders()} == set(accounts)
            )
            assert (server.violations.total(), server.connections, harness.kinds.count("Up")) == (
                0,
                3,
                5,
            )

    asyncio.run(story())


def test_an_account_that_the_venue_will_not_stream_is_looked_at_in_turn() -> None:
    async def story() -> None:
        server, accounts = made_up(users=2), some(3)
        async with listening(
            server, accounts=accounts, limits=HyperliquidLimits(users=3)
        ) as harness:
            await harness.until(lambda: harness.kinds.count("Up") == 3)
            for address in accounts.values():
                server.exchange.place(address, **TERMS)
            await harness.until(
                lambda: {order["account"] for order in harness.ledger.orders()} == set(accounts)
            )
            assert (len(harness.venue.streamed), len(harness.venue.polled)) == (2, 1)
            assert server.violations["users"] > 0
            assert len(server.sockets) == 2

    asyncio.run(story())


@pytest.mark.slow
def test_new_connections_wait_for_their_minute() -> None:
    async def story() -> None:
        server = made_up(connections_per_minute=6, minute=0.4)
        accounts, limits = (
            some(3),
            HyperliquidLimits(connections_per_minute=6, minute=1.0),
        )  # what is sent in time may arrive late
        async with listening(server, accounts=accounts, limits=limits) as harness:
            for times in range(1, 4):
                await harness.until(
                    partial(lambda times: harness.kinds.count("Up") == 3 * times, times)
                )
                server.cut_all()
            await harness.until(lambda: harness.kinds.count("Up") == 12)
            assert server.violations.total() == 0

    asyncio.run(story())
