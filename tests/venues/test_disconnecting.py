"""Listening that is ended gently: what was heard, and held back, is told first."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.venues.hyperliquid import harness as hyperliquid
from tests.venues.lighter.world import World as Lighter
from tests.venues.tradier.harness import a_harness

TERMS: dict[str, Any] = {
    "instrument": "ETH",
    "side": "buy",
    "quantity": "1.2",
    "limit_price": "2500.5",
}
LONG = replace(hyperliquid.PACE, hold=3600, acknowledge=3600)


async def all_told(harness: hyperliquid.Harness) -> None:
    """Disconnect, and wait until listening ends by itself."""
    await harness.server.push(harness.server.sockets[0], {"channel": "pong"})
    await harness.venue.disconnect()
    await harness.ended()


def test_a_cancel_that_is_held_is_asked_about_when_the_listening_ends() -> None:
    """At Hyperliquid. Nobody waits for the other half of a modify any more, whose frame was lost
    here."""

    async def story() -> None:
        async with hyperliquid.listening(hyperliquid.made_up(), pace=LONG) as harness:
            await harness.until(lambda: "Up" in harness.kinds)
            exchange, server = harness.server.exchange, harness.server
            server.keep("openOrders")
            ended = exchange.place(hyperliquid.ADDRESS, client_id="0x" + "1" * 32, **TERMS)
            modified = exchange.place(hyperliquid.ADDRESS, client_id="0x" + "2" * 32, **TERMS)
            exchange.cancel(ended)
            server.push_status(modified, "canceled")
            await harness.until(lambda: len(harness.ledger.orders()) == 2)
            server.lose("orderUpdates", frames=9)
            leg = exchange.modify(modified, limit_price="2510", with_new_id=True)
            assert {row["status"] for row in harness.ledger.orders()} == {"new"}
            await all_told(harness)
            rows = {row["venue_order_ids"][0]: row for row in harness.ledger.orders()}
            assert rows[str(ended.order_id)]["status"] == "canceled"
            assert (
                rows[str(modified.order_id)]["status"],
                rows[str(modified.order_id)]["limit_price"],
            ) == ("new", Decimal(2510))
            assert rows[str(modified.order_id)]["venue_order_id"] == str(leg.order_id)

    asyncio.run(story())


def test_an_order_whose_cancel_is_held_is_known_though_the_venue_cannot_be_asked() -> None:
    async def story() -> None:
        async with hyperliquid.listening(hyperliquid.made_up(), pace=LONG) as harness:
            await harness.until(lambda: "Up" in harness.kinds)
            exchange, server = harness.server.exchange, harness.server
            server.keep("openOrders")
            server.lose("orderUpdates")
            order = exchange.place(hyperliquid.ADDRESS, client_id=hyperliquid.CLOID, **TERMS)
            exchange.cancel(order)
            server.faults.change(server_error=1.0)
            await all_told(harness)
            assert harness.is_order(
                venue_order_id=str(order.order_id), status="new", limit_price=Decimal("2500.5")
            )

    asyncio.run(story())


@pytest.mark.parametrize("end", ["hung up", "cut"])
def test_what_came_before_an_account_was_up_is_told_when_its_connection_ends(end: str) -> None:
    async def story() -> None:
        server = hyperliquid.made_up()
        server.keep_subscriptions_waiting = True
        async with hyperliquid.listening(server, pace=LONG) as harness:
            await harness.until(lambda: server.sockets and server.sockets[0].sent)
            order = server.exchange.expire(server.exchange.place(hyperliquid.ADDRESS, **TERMS))
            await server.push(
                server.sockets[0], {"channel": "orderUpdates", "data": [server._status(order)]}
            )
            server.cut_all() if end == "cut" else await all_told(harness)
            await harness.until(
                lambda: harness.is_order(venue_order_id=str(order.order_id), status="expired")
            )
            assert "Up" not in harness.kinds

    asyncio.run(story())


def test_lighter_tells_what_it_holds_of_an_account_that_is_not_up() -> None:
    async def story() -> None:
        world = Lighter()
        world.fake.deaf_to.add("account_all_trades")
        placed = world.place("9001")
        async with world.open():
            await world.until(lambda: world.fake.received["subscribe"] >= 3)
            await world.fake.sockets[0].push('{"type":"pong"}')
            await world.venue.disconnect()
            await world.until(lambda: world.kinds == ["acknowledge"])
            assert [row["venue_order_id"] for row in world.ledger.orders()] == [
                str(placed.order_id)
            ]

    asyncio.run(story())


@pytest.mark.parametrize("is_streamed", [True, False])
def test_tradier_ends_with_the_sweep_that_has_begun(is_streamed: bool) -> None:
    async def story() -> None:
        more: dict[str, Any] = {} if is_streamed else {"stream_url": None}
        async with a_harness(poll_seconds=1000.0, idle_seconds=1000.0, **more) as harness:
            harness.book.request()
            harness.place()
            listening = harness.listen_to(harness.venue)
            await harness.until(lambda: bool(harness.fake.requests))
            await harness.venue.disconnect()
            await listening
            assert harness.book.order()["status"] == "new"

    asyncio.run(story())
