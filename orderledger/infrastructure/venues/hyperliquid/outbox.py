"""What many connections and polls have heard, in one line for whoever listens."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime

from orderledger.infrastructure.venues.translation import Fault
from orderledger.infrastructure.venues.transport import Ended
from orderledger.infrastructure.venues.venue import Garbled, Heard, Told
from orderledger.infrastructure.wire.messages import Message

MOST_WAITING = 1_000
BATCH = 1_000


class Outbox:
    """A line of limited length: who adds to a full one waits. Neighbours about one account leave together, in batches."""

    def __init__(self, *, batch: int = BATCH) -> None:
        self._waiting: asyncio.Queue[Told | BaseException] = asyncio.Queue(MOST_WAITING)
        self._batch = batch
        self.is_heard = False

    async def hear(self, account: str, messages: Sequence[Message], *, frames: int = 1) -> None:
        if messages:
            await self._waiting.put(Heard(account=account, messages=messages, frames=frames))

    async def garbled(self, account: str, faults: Sequence[Fault], at: datetime) -> None:
        for fault in faults:
            await self._waiting.put(Garbled(accounts=(account,), at=at, fault=fault.fault, payload=fault.payload))

    async def tell(self, told: Told) -> None:
        await self._waiting.put(told)

    async def fail(self, error: BaseException) -> None:
        """Whoever listens is to hear of an error in this program."""
        await self._waiting.put(error)

    async def end(self) -> None:
        """Nothing more comes: whoever listens is told what waits, and no more."""
        if self.is_heard:
            await self._waiting.put(Ended())

    async def told(self) -> AsyncGenerator[Told, None]:
        """All that comes, until closed or ended."""
        self.is_heard = True
        try:
            async with aclosing(self._batches()) as batches:
                async for told in batches:
                    yield told
        finally:
            self.is_heard = False

    async def _batches(self) -> AsyncGenerator[Told, None]:
        following: Told | BaseException | None = None
        while True:
            first = following if following is not None else await self._waiting.get()
            following = None
            while isinstance(first, Heard) and not self._waiting.empty():
                following = self._waiting.get_nowait()
                if not self._goes_with(first, following):
                    break
                first, following = _joined(first, following), None
            if isinstance(first, Ended):
                return
            if isinstance(first, BaseException):
                raise first
            yield first

    def _goes_with(self, first: Heard, following: "Told | BaseException") -> bool:
        return (
            isinstance(following, Heard)
            and following.account == first.account
            and len(first.messages) + len(following.messages) <= self._batch
        )


def _joined(first: Heard, following: "Told | BaseException") -> Heard:
    assert isinstance(following, Heard)
    messages = [*first.messages, *following.messages]
    return Heard(account=first.account, messages=messages, frames=first.frames + following.frames)
