"""What many connections and polls have heard, in one line for whoever listens."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime

from orderledger.infrastructure.venues.translation import Fault
from orderledger.infrastructure.venues.transport import Ended
from orderledger.infrastructure.venues.venue import Garbled, Heard, Told
from orderledger.infrastructure.wire.messages import Message

Mark = asyncio.Future[None]

MOST_WAITING = 1_000
BATCH = 1_000


class Outbox:
    """A line of limited length: who adds to a full one waits. Neighbours about one account leave together, in batches."""

    def __init__(self, *, batch: int = BATCH) -> None:
        self._waiting: asyncio.Queue[Told | BaseException | Mark] = asyncio.Queue(MOST_WAITING)
        self._following: Told | BaseException | Mark | None = None
        """Taken from the line, and not told yet."""
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

    async def taken(self) -> None:
        """Wait until whoever listens has taken all that was added before."""
        if self.is_heard:
            mark: Mark = asyncio.get_running_loop().create_future()
            await self._waiting.put(mark)
            await mark

    async def told(self) -> AsyncGenerator[Told, None]:
        """All that comes, until closed or ended."""
        self.is_heard = True
        try:
            async with aclosing(self._batches()) as batches:
                async for told in batches:
                    yield told
        finally:
            self.is_heard = False
            self._pass_marks()

    def _pass_marks(self) -> None:
        """Nobody takes anything any more. What waits is for whoever listens next."""
        left = [self._waiting.get_nowait() for _ in range(self._waiting.qsize())]
        for one in left:
            if not isinstance(one, asyncio.Future):
                self._waiting.put_nowait(one)
        for mark in (self._following, *left):
            if isinstance(mark, asyncio.Future):
                _pass(mark)

    async def _batches(self) -> AsyncGenerator[Told, None]:
        while True:
            first = self._following if self._following is not None else await self._waiting.get()
            self._following = None
            while isinstance(first, Heard) and not self._waiting.empty():
                following = self._waiting.get_nowait()
                if not self._goes_with(first, following):
                    self._following = following
                    break
                first = _joined(first, following)
            if isinstance(first, Ended):
                return
            if isinstance(first, BaseException):
                raise first
            if isinstance(first, asyncio.Future):
                _pass(first)
            else:
                yield first

    def _goes_with(self, first: Heard, following: object) -> bool:
        return (
            isinstance(following, Heard)
            and following.account == first.account
            and len(first.messages) + len(following.messages) <= self._batch
        )


def _pass(mark: Mark) -> None:
    if not mark.done():
        mark.set_result(None)


def _joined(first: Heard, following: object) -> Heard:
    assert isinstance(following, Heard)
    messages = [*first.messages, *following.messages]
    return Heard(account=first.account, messages=messages, frames=first.frames + following.frames)
