"""When a websocket was well for the last time: by what its consumer has caught up with."""

import asyncio
import random

import pytest
from websockets.asyncio.server import ServerConnection

from orderledger.venues.base.transport import Closed, Event, Frame, Opened
from tests.venues.transport.conversations import CUT, Conversations, at, saying


def test_frames_that_lay_there_do_not_move_the_last_good_moment() -> None:
    venue = Conversations(saying("a", "b", "c", then="cut"))

    async def run() -> list[Event]:
        events = []
        async with venue.open():
            source = venue.socket()
            async for event in source.events():
                events.append(event)
                if isinstance(event, Frame):
                    await asyncio.sleep(
                        0.2
                    )  # a consumer with much to do, while the rest arrives and the venue goes
                if isinstance(event, Closed):
                    await source.aclose()
        return events

    assert asyncio.run(run()) == [
        Opened(at=at(1)),
        Frame(text="a", at=at(2)),
        Frame(text="b", at=at(3)),
        Frame(text="c", at=at(4)),
        Closed(
            at=at(2), reason=CUT
        ),  # nobody knows when the venue said b and c, and what it said after them
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


@pytest.mark.slow
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
