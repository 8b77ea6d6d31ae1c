"""The events of a gateway's accounts for programs that follow them."""

import asyncio
from collections.abc import AsyncIterator

import msgspec

from orderledger.extend.events import Recorded


class Feeds:
    """The readers of a gateway's events, each with its queue."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[Recorded | None]] = set()

    async def events(self) -> AsyncIterator[Recorded]:
        """Every event from now on, until the gateway ends."""
        queue: asyncio.Queue[Recorded | None] = asyncio.Queue()
        self._queues.add(queue)
        try:
            while (recorded := await queue.get()) is not None:
                yield recorded
        finally:
            self._queues.discard(queue)

    def deliver(self, recorded: Recorded) -> None:
        """Hand an event to every reader."""
        for queue in self._queues:
            queue.put_nowait(msgspec.structs.replace(recorded))

    def end(self) -> None:
        """End every reader."""
        for queue in self._queues:
            queue.put_nowait(None)
