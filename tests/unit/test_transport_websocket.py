"""A websocket that comes back, against servers on loopback."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from orderledger.infrastructure.clock import SteppingClock
from orderledger.infrastructure.errors import VenueUnavailable
from orderledger.infrastructure.venues.transport import Backoff, Closed, Event, Frame, Opened, Send, Socket

START = datetime(2026, 5, 4, tzinfo=UTC)
CUT = "1006: cut without a word"

Conversation = Callable[[ServerConnection], Awaitable[None]]


def at(milliseconds: int) -> datetime:
    """The clock moves on by a millisecond whenever it is read."""
    return START + timedelta(milliseconds=milliseconds)


class Conversations:
    """A server that holds one conversation after the other, one per connection; after the last it only listens."""

    def __init__(self, *conversations: Conversation) -> None:
        self.heard: list[str] = []
        self.port = 0
        self._conversations = list(conversations)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Server]:
        async with serve(self._converse, "127.0.0.1", self.port, ping_interval=None) as server:
            self.port = next(iter(server.sockets)).getsockname()[1]
            yield server

    def socket(self, **options: Any) -> Socket:
        return socket(f"ws://127.0.0.1:{self.port}", **options)

    async def _converse(self, connection: ServerConnection) -> None:
        self.heard.append(str(await connection.recv()))
        if self._conversations:
            await self._conversations.pop(0)(connection)
        with suppress(ConnectionClosed):
            async for text in connection:
                self.heard.append(str(text))


def socket(url: str, **options: Any) -> Socket:
    async def greet(send: Send) -> None:
        await send("subscribe")

    backoff = Backoff(random.Random(1), first=0.001, most=0.02)
    defaults: dict[str, Any] = {"greet": greet, "backoff": backoff, "now": SteppingClock(START).now}
    return Socket(url, **defaults | options)


def saying(*texts: str, then: str = "") -> Conversation:
    async def converse(connection: ServerConnection) -> None:
        for text in texts:
            await connection.send(text)
        if then == "cut":
            cut(connection)
        elif then:
            await connection.close(1001, then)

    return converse


def cut(connection: ServerConnection) -> None:
    connection.transport.close()  # what was sent before still arrives; there is no goodbye


async def heard(source: Socket, count: int) -> list[Event]:
    events: list[Event] = []
    async for event in source.events():
        events.append(event)
        if len(events) == count:
            await source.aclose()
    return events


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
        Closed(at=at(2), reason="nothing heard for 0.05 s"),
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
            return await heard(venue.socket(ping=lambda: '{"method":"ping"}', ping_every=0.02, quiet_for=0.15), 11)

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
            return await heard(socket(f"ws://127.0.0.1:{runner.addresses[0][1]}/", ping_every=0.01), 2)
        finally:
            await runner.cleanup()

    assert asyncio.run(run()) == [Opened(at=at(1)), Frame(text="two pings", at=at(2))]
    assert seen[:3] == [WSMsgType.TEXT, WSMsgType.PING, WSMsgType.PING]


def test_frames_that_lay_there_do_not_move_the_last_good_moment() -> None:
    venue = Conversations(saying("a", "b", "c", then="cut"))

    async def run() -> list[Event]:
        events = []
        async with venue.open():
            source = venue.socket()
            async for event in source.events():
                events.append(event)
                if isinstance(event, Frame):
                    await asyncio.sleep(0.2)  # a consumer with much to do, while the rest arrives and the venue goes
                if isinstance(event, Closed):
                    await source.aclose()
        return events

    assert asyncio.run(run()) == [
        Opened(at=at(1)),
        Frame(text="a", at=at(2)),
        Frame(text="b", at=at(3)),
        Frame(text="c", at=at(4)),
        Closed(at=at(2), reason=CUT),  # nobody knows when the venue said b and c, and what it said after them
    ]


def test_who_has_caught_up_moves_the_last_good_moment_again() -> None:
    consumed = asyncio.Event()

    async def converse(connection: ServerConnection) -> None:
        await saying("a", "b")(connection)
        await consumed.wait()
        await asyncio.sleep(0.05)
        await saying("c", then="cut")(connection)

    venue = Conversations(converse)

    async def run() -> Event:
        async with venue.open():
            source = venue.socket()
            async for event in source.events():
                if isinstance(event, Frame) and event.text == "a":
                    await asyncio.sleep(0.2)
                if isinstance(event, Frame) and event.text == "b":
                    consumed.set()
                if isinstance(event, Closed):
                    await source.aclose()
                    last = event
        return last

    assert asyncio.run(run()) == Closed(at=at(4), reason=CUT)


def test_a_slow_consumer_holds_back_the_venue_and_loses_nothing() -> None:
    sent: list[int] = []

    async def flood(connection: ServerConnection) -> None:
        for number in range(300):
            await connection.send(f"{number} " + random.Random(number).randbytes(50_000).hex())
            sent.append(number)

    venue = Conversations(flood)

    async def run() -> list[int]:
        async with venue.open():
            source = venue.socket()
            events = source.events()
            assert await anext(events) == Opened(at=at(1))
            before = -1
            while before != len(sent):
                before = len(sent)
                await asyncio.sleep(0.1)
            assert 0 < len(sent) < 300  # the venue could not go on
            numbers = []
            async for event in events:
                assert isinstance(event, Frame)
                numbers.append(int(event.text.split(" ")[0]))
                if numbers[-1] == 299:
                    await source.aclose()
            return numbers

    assert asyncio.run(run()) == list(range(300))


def test_a_frame_beyond_all_bounds_ends_the_connection_and_not_the_program() -> None:
    async def much(connection: ServerConnection) -> None:
        await connection.send("x" * (16 * 1024 * 1024 + 1))

    venue = Conversations(much, saying("a"))

    async def run() -> list[Event]:
        async with venue.open():
            return await heard(venue.socket(), 4)

    opened, closed, *rest = asyncio.run(run())

    assert opened == Opened(at=at(1))
    assert isinstance(closed, Closed)
    assert closed.reason.startswith("1009: ")
    assert rest == [Opened(at=at(2)), Frame(text="a", at=at(3))]


def test_a_connection_can_be_given_up_on_demand_and_spoken_on() -> None:
    venue = Conversations()

    async def run() -> tuple[list[Event], list[bool]]:
        async with venue.open():
            source = venue.socket()
            events, told, sent = source.events(), [], [await source.send("too early")]
            told.append(await anext(events))
            sent.append(await source.send("token"))
            source.renew("the token has expired")
            told += [await anext(events), await anext(events)]
            await source.aclose()
            return told, [*sent, await source.send("too late")]

    told, sent = asyncio.run(run())

    assert told == [Opened(at=at(1)), Closed(at=at(1), reason="the token has expired"), Opened(at=at(2))]
    assert sent == [False, True, False]


def test_a_greeting_that_fails_is_a_connection_that_failed() -> None:
    venue = Conversations(saying("a"))
    attempts: list[int] = []

    async def greet(send: Send) -> None:
        attempts.append(len(attempts))
        if len(attempts) < 3:
            raise VenueUnavailable("no session for KEY-0123")
        await send("session 3")

    async def run() -> tuple[list[Event], str | None]:
        async with venue.open():
            source = venue.socket(greet=greet, secrets=["KEY-0123"])
            events = source.events()
            first = asyncio.ensure_future(anext(events))
            while source.fault is None:
                await asyncio.sleep(0)
            fault = source.fault
            told = [await first, await anext(events)]
            await source.aclose()
            return told, fault

    told, fault = asyncio.run(run())

    assert told == [Opened(at=at(1)), Frame(text="a", at=at(2))]
    assert fault == "VenueUnavailable: no session for ***"
    assert venue.heard == ["session 3"]


def test_a_greeting_with_a_fault_of_ours_is_not_tried_again() -> None:
    async def greet(send: Send) -> None:
        raise KeyError("channel")

    async def run() -> None:
        venue = Conversations()
        async with venue.open():
            await heard(venue.socket(greet=greet), 1)

    with pytest.raises(KeyError):
        asyncio.run(run())


@pytest.mark.parametrize("moment", ["connecting", "greeting", "listening", "pausing"])
def test_closing_ends_the_listening_at_any_moment(moment: str) -> None:
    greeting = asyncio.Event()

    async def hang(send: Send) -> None:
        greeting.set()
        await asyncio.Event().wait()

    async def run() -> list[Event]:
        venue = Conversations()
        async with venue.open(), await asyncio.start_server(lambda reader, writer: greeting.set(), "127.0.0.1", 0) as mute:
            source = {
                "connecting": lambda: socket(f"ws://127.0.0.1:{mute.sockets[0].getsockname()[1]}"),
                "greeting": lambda: venue.socket(greet=hang),
                "listening": lambda: venue.socket(),
                "pausing": lambda: socket("ws://127.0.0.1:1", backoff=Backoff(random.Random(1), first=600, most=600)),
            }[moment]()
            events: list[Event] = []

            async def listen() -> None:
                events.extend([event async for event in source.events()])

            listening = asyncio.create_task(listen())
            while not (greeting.is_set() or source.fault or venue.heard):
                await asyncio.sleep(0.001)
            await source.aclose()
            await listening
            return events

    assert asyncio.run(run()) == ([Opened(at=at(1))] if moment == "listening" else [])


def test_a_listener_that_is_canceled_leaves_no_connection_behind() -> None:
    left: list[str] = []

    async def wait(connection: ServerConnection) -> None:
        try:
            await connection.recv()
        except ConnectionClosed:
            left.append("gone")

    venue = Conversations(wait)

    async def run() -> None:
        async with venue.open():
            source = venue.socket()
            listening = asyncio.create_task(heard(source, 2))
            while not venue.heard:
                await asyncio.sleep(0.001)
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            while not left:
                await asyncio.sleep(0.001)

    asyncio.run(run())

    assert left == ["gone"]
