"""A websocket that comes back, against servers on loopback."""

import asyncio
import random

from aiohttp import WSMsgType, web
from websockets.asyncio.server import ServerConnection

from orderledger.venues.base.transport import Backoff, Closed, Event, Frame, Opened
from orderledger.venues.base.transport.websocket import _options
from tests.venues.transport.conversations import CUT, Conversations, at, heard, saying, socket


def test_a_connection_that_breaks_is_made_anew_and_greeted_anew() -> None:
    venue = Conversations(saying("a", "b", then="cut"), saying("b", "c"))

    async def run() -> list[Event]:
        async with venue.open():
            return await heard(venue.socket(), 7)

    assert asyncio.run(run()) == [
        Opened(at=at(1)),
        Frame(text="a", at=at(2)),
        Frame(text="b", at=at(3)),
        Closed(at=at(3), reason=CUT),
        Opened(at=at(4)),
        Frame(text="b", at=at(5)),
        Frame(text="c", at=at(6)),
    ]
    assert venue.heard == ["subscribe", "subscribe"]


def test_a_connection_on_which_nothing_was_heard_was_well_when_it_opened() -> None:
    venue = Conversations(saying(then="maintenance in 5 minutes"))

    async def run() -> list[Event]:
        async with venue.open():
            return await heard(venue.socket(), 3)

    assert asyncio.run(run()) == [
        Opened(at=at(1)),
        Closed(at=at(1), reason="1001: maintenance in 5 minutes"),
        Opened(at=at(2)),
    ]


def test_an_outage_is_one_closed_however_often_connecting_fails() -> None:
    venue = Conversations(saying("a"))

    async def run() -> tuple[list[Event], str | None]:
        backoff = Backoff(random.Random(1), first=0.001, most=0.02)
        async with venue.open():
            source = venue.socket(backoff=backoff)
            events = source.events()
            told = [await anext(events), await anext(events)]
        told.append(await anext(events))
        after = asyncio.ensure_future(anext(events))
        while source.fault is None or backoff._bound < 0.02:  # several attempts have failed
            await asyncio.sleep(0.001)
        fault = source.fault
        async with venue.open():
            told.append(await after)
            await source.aclose()
            assert [event async for event in events] == []
        return told, fault

    told, fault = asyncio.run(run())

    assert told == [
        Opened(at=at(1)),
        Frame(text="a", at=at(2)),
        Closed(at=at(2), reason="1001: closed"),
        Opened(at=at(3)),
    ]
    assert fault is not None
    assert "Connect call failed" in fault


def test_a_venue_that_hangs_up_on_every_hello_is_not_stormed() -> None:
    venue = Conversations(*[saying("hello", then="cut")] * 5)
    backoff = Backoff(random.Random(9), first=0.001, most=10.0)

    async def run() -> None:
        async with venue.open():
            await heard(venue.socket(backoff=backoff), 16)

    asyncio.run(run())

    draws = Backoff(random.Random(9), first=0.001, most=10.0)
    # A pause, each longer than the one before, after five hellos and our own goodbye.
    assert [draws.next() for _ in range(7)][6] == backoff.next()


def test_a_connection_that_fell_silent_is_given_up() -> None:
    venue = Conversations(saying("a"), saying("b"))

    async def run() -> list[Event]:
        async with venue.open():
            return await heard(venue.socket(quiet_for=0.05), 5)

    assert asyncio.run(run()) == [
        Opened(at=at(1)),
        Frame(text="a", at=at(2)),
        Closed(at=at(2), reason="no frame for 0.05 s"),
        Opened(at=at(3)),
        Frame(text="b", at=at(4)),
    ]


def test_a_ping_of_the_venues_own_keeps_a_silent_connection() -> None:
    async def pong(connection: ServerConnection) -> None:
        for number in range(10):
            assert await connection.recv() == '{"method":"ping"}'
            await connection.send(f"pong {number}")

    venue = Conversations(pong)

    async def run() -> list[Event]:
        async with venue.open():
            return await heard(
                venue.socket(ping=lambda: '{"method":"ping"}', ping_every=0.02, quiet_for=0.15), 11
            )

    assert asyncio.run(run()) == [
        Opened(at=at(1)),
        *[Frame(text=f"pong {number}", at=at(number + 2)) for number in range(10)],
    ]


def test_without_a_ping_of_its_own_a_venue_gets_pings_of_the_protocol() -> None:
    seen: list[WSMsgType] = []

    async def converse(request: web.Request) -> web.WebSocketResponse:
        response = web.WebSocketResponse(autoping=False)
        await response.prepare(request)
        async for message in response:
            seen.append(message.type)
            if seen.count(WSMsgType.PING) == 2:
                await response.send_str("two pings")
        return response

    async def run() -> list[Event]:
        application = web.Application()
        application.add_routes([web.get("/", converse)])
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            return await heard(
                socket(f"ws://127.0.0.1:{runner.addresses[0][1]}/", ping_every=0.01), 2
            )
        finally:
            await runner.cleanup()

    assert asyncio.run(run()) == [Opened(at=at(1)), Frame(text="two pings", at=at(2))]
    assert seen[:3] == [WSMsgType.TEXT, WSMsgType.PING, WSMsgType.PING]


def test_no_proxy_is_between_us_and_this_machine() -> None:
    for host in ("127.0.0.1:1", "localhost", "[::1]:1"):
        assert _options(f"ws://{host}/x")["proxy"] is None
    assert "proxy" not in _options("wss://venue.example/x")
