"""A server on loopback that holds conversations as they were written down, and what a websocket
hears of them."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from orderledger.infrastructure.clock import SteppingClock
from orderledger.venues.base.transport import Backoff, Event, Send, Socket

START = datetime(2026, 5, 4, tzinfo=UTC)
CUT = "1006: cut without a reason"
Conversation = Callable[[ServerConnection], Awaitable[None]]


def at(milliseconds: int) -> datetime:
    """The clock moves on by a millisecond whenever it is read."""
    return START + timedelta(milliseconds=milliseconds)


class Conversations:
    """A server that holds one conversation after the other, one per connection; after the last it
    only listens."""

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
