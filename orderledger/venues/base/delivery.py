"""The queue between an adapter's feeds and the listener of the venue."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from orderledger import Message
from orderledger.venues.base.transport import Ended
from orderledger.venues.base.venue import FeedEvent, Messages, UnreadablePayload

Mark = asyncio.Future[None]
Item = FeedEvent | BaseException | Mark

MOST_WAITING = 250
"""Limit in messages. Each account may exceed it by one payload."""


class DeliveryQueue:
    """A queue of limited length. An event is queued at once; a feed that has filled the queue
    then waits for room. Consecutive messages of one account are delivered together.
    """

    def __init__(self, *, most: int = MOST_WAITING) -> None:
        self._line: asyncio.Queue[Item] = asyncio.Queue()
        self._following: Item | None = None
        """Taken from the queue, but not delivered yet."""
        self._most = most
        self._room = asyncio.Event()
        self._room.set()
        self.waiting = 0
        """How many messages have not been delivered yet."""
        self.is_listened_to = False

    async def put_messages(
        self, account: str, messages: Sequence[Message], *, frames: int = 1
    ) -> None:
        if messages:
            await self.put(Messages(account=account, messages=messages, frames=frames))

    async def put(self, event: FeedEvent) -> None:
        """Add an event. It is delivered even if the wait for room is canceled."""
        self._add(event)
        await self._room.wait()

    def put_soon(self, event: FeedEvent) -> None:
        """Add an event without waiting for room: for callbacks of a library."""
        self._add(event)

    async def fail(self, error: BaseException) -> None:
        """Raise an error of this program in the listener."""
        self._add(error)

    async def close(self) -> None:
        """End `events` once everything queued is delivered."""
        if self.is_listened_to:
            self._add(Ended())

    async def wait_delivered(self) -> None:
        """Wait until everything queued before is delivered."""
        if self.is_listened_to:
            mark: Mark = asyncio.get_running_loop().create_future()
            self._add(mark)
            await mark

    async def events(self) -> AsyncGenerator[FeedEvent, None]:
        """Every queued event, until closed or ended."""
        self.is_listened_to = True
        try:
            async with aclosing(self._batches()) as batches:
                async for event in batches:
                    yield event
        finally:
            self.is_listened_to = False

    def keep_undelivered(self) -> None:
        """Keep messages and unreadable rows for the next listener; drop account states and
        errors. Call when no feed runs.
        """
        waiting = [
            self._following,
            *(self._took(self._line.get_nowait()) for _ in range(self._line.qsize())),
        ]
        self._following = None
        for one in waiting:
            if isinstance(one, (Messages, UnreadablePayload)):
                self._add(one)
            elif isinstance(one, asyncio.Future):
                _pass(one)

    def _add(self, one: Item) -> None:
        self._line.put_nowait(one)
        self.waiting += _size(one)
        if self.waiting >= self._most:
            self._room.clear()

    def _took(self, one: Item) -> Item:
        self.waiting -= _size(one)
        if self.waiting < self._most:
            self._room.set()
        return one

    async def _batches(self) -> AsyncGenerator[FeedEvent, None]:
        while True:
            first = (
                self._following
                if self._following is not None
                else self._took(await self._line.get())
            )
            self._following = None
            if isinstance(first, Messages):
                yield self._joined(first)
            elif isinstance(first, Ended):
                return
            elif isinstance(first, BaseException):
                raise first
            elif isinstance(first, asyncio.Future):
                _pass(first)
            else:
                yield first

    def _joined(self, first: Messages) -> Messages:
        """The messages, with those that directly follow for the same account."""
        messages, frames = list(first.messages), first.frames
        while not self._line.empty():
            following = self._took(self._line.get_nowait())
            if not isinstance(following, Messages) or following.account != first.account:
                self._following = following
                break
            messages += following.messages
            frames += following.frames
        return Messages(account=first.account, messages=messages, frames=frames)


def _size(one: Item) -> int:
    return len(one.messages) if isinstance(one, Messages) else 1


def _pass(mark: Mark) -> None:
    if not mark.done():
        mark.set_result(None)
