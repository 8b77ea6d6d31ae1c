"""What many connections and polls have heard, in one line for whoever listens."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from orderledger.infrastructure.messages.registry import Message
from orderledger.infrastructure.venues.base.transport import Ended
from orderledger.infrastructure.venues.base.venue import Garbled, Heard, Told

Mark = asyncio.Future[None]

MOST_WAITING = 250
"""Messages. Beyond them each account may have added one payload."""


class Outbox:
    """A line of limited length: what is added stands in it at once, and who has filled it waits until there is room again.
    Neighbours about one account leave together."""

    def __init__(self, *, most: int = MOST_WAITING) -> None:
        self._line: asyncio.Queue[Told | BaseException | Mark] = asyncio.Queue()
        self._following: Told | BaseException | Mark | None = None
        """Taken from the line, and not told yet."""
        self._most = most
        self._room = asyncio.Event()
        self._room.set()
        self.waiting = 0
        """What whoever listens has not taken yet, in messages."""
        self.is_heard = False

    async def hear(self, account: str, messages: Sequence[Message], *, frames: int = 1) -> None:
        if messages:
            await self.tell(Heard(account=account, messages=messages, frames=frames))

    async def tell(self, told: Told) -> None:
        """What is added is told, even if the wait for room is canceled."""
        self._add(told)
        await self._room.wait()

    async def fail(self, error: BaseException) -> None:
        """Whoever listens is to hear of an error in this program."""
        self._add(error)

    async def end(self) -> None:
        """Nothing more comes: whoever listens is told what waits, and no more."""
        if self.is_heard:
            self._add(Ended())

    async def taken(self) -> None:
        """Wait until whoever listens has taken all that was added before."""
        if self.is_heard:
            mark: Mark = asyncio.get_running_loop().create_future()
            self._add(mark)
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

    def end_listening(self) -> None:
        """Nobody adds or takes any more. What was heard is for whoever listens next; who was up, and what failed, is not."""
        waiting = [self._following, *(self._took(self._line.get_nowait()) for _ in range(self._line.qsize()))]
        self._following = None
        for one in waiting:
            if isinstance(one, (Heard, Garbled)):
                self._add(one)
            elif isinstance(one, asyncio.Future):
                _pass(one)

    def _add(self, one: Told | BaseException | Mark) -> None:
        self._line.put_nowait(one)
        self.waiting += _size(one)
        if self.waiting >= self._most:
            self._room.clear()

    def _took(self, one: Told | BaseException | Mark) -> Told | BaseException | Mark:
        self.waiting -= _size(one)
        if self.waiting < self._most:
            self._room.set()
        return one

    async def _batches(self) -> AsyncGenerator[Told, None]:
        while True:
            first = self._following if self._following is not None else self._took(await self._line.get())
            self._following = None
            if isinstance(first, Heard):
                yield self._joined(first)
            elif isinstance(first, Ended):
                return
            elif isinstance(first, BaseException):
                raise first
            elif isinstance(first, asyncio.Future):
                _pass(first)
            else:
                yield first

    def _joined(self, first: Heard) -> Heard:
        """With what stands right behind it about the same account."""
        messages, frames = list(first.messages), first.frames
        while not self._line.empty():
            following = self._took(self._line.get_nowait())
            if not isinstance(following, Heard) or following.account != first.account:
                self._following = following
                break
            messages += following.messages
            frames += following.frames
        return Heard(account=first.account, messages=messages, frames=frames)


def _size(one: Told | BaseException | Mark) -> int:
    return len(one.messages) if isinstance(one, Heard) else 1


def _pass(mark: Mark) -> None:
    if not mark.done():
        mark.set_result(None)
