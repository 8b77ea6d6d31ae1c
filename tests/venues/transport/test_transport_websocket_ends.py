"""How a websocket ends: by what is too much, on demand, by a greeting that fails, and when nobody
listens any more."""

import asyncio
import random

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from orderledger.venues import VenueUnavailable
from orderledger.venues.base.transport import (
    Backoff,
    Closed,
    Event,
    Frame,
    Opened,
    Send,
)
from tests.venues.transport.conversations import Conversations, at, heard, saying, socket


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

    assert told == [
        Opened(at=at(1)),
        Closed(at=at(1), reason="the token has expired"),
        Opened(at=at(2)),
    ]
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
        async with (
            venue.open(),
            await asyncio.start_server(
                lambda reader, writer: greeting.set(), "127.0.0.1", 0
            ) as mute,
        ):
            source = {
                "connecting": lambda: socket(f"ws://127.0.0.1:{mute.sockets[0].getsockname()[1]}"),
                "greeting": lambda: venue.socket(greet=hang),
                "listening": lambda: venue.socket(),
                "pausing": lambda: socket(
                    "ws://127.0.0.1:1", backoff=Backoff(random.Random(1), first=600, most=600)
                ),
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
