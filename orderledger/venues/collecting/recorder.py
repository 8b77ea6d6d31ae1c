"""Records many feeds into one ledger: in the order of receipt, many messages to a commit, and
with backpressure.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orderledger import Message, Outcome
from orderledger.extend.runtime import threads
from orderledger.venues.collecting.counters import AccountCounters

if TYPE_CHECKING:
    from orderledger import Ledger

GROUP_LIMIT = 700
"""Maximum of messages in a batch: with the last one added, a batch is still one commit, as a
rule (`writer.GROUP_LIMIT`).
"""
QUEUE_LIMIT = 1_000
"""Messages that may wait. A feed that is faster than the disk is held back at its socket. A
longer queue would make recorded messages older and garbage collection slower.
"""


@dataclass(slots=True)
class AccountBatch:
    account: str
    messages: Sequence[Message]
    received_at: float


class FeedRecorder:
    """`put` waits while too much is queued; `drained` waits until all earlier messages are
    durable.
    """

    def __init__(self, book: "Ledger", counters: defaultdict[str, AccountCounters]) -> None:
        self._book = book
        self._counters = counters
        self._queue: asyncio.Queue[AccountBatch | asyncio.Future[None]] = asyncio.Queue()
        self._room = asyncio.Event()
        self.waiting = 0
        """Messages whose recording has not begun."""
        self.unrecorded: Counter[str] = Counter()
        """By account: received messages that are not known to be durable."""

    async def put(self, account: str, messages: Sequence[Message]) -> None:
        """Messages are recorded even if the wait for room is canceled."""
        if messages:
            self.waiting += len(messages)
            self.unrecorded[account] += len(messages)
            self._queue.put_nowait(AccountBatch(account, messages, time.monotonic()))
            while self.waiting >= QUEUE_LIMIT:
                self._room.clear()
                await self._room.wait()

    async def drained(self) -> None:
        mark: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait(mark)
        await mark

    async def run(self) -> None:
        """Record for ever. Ends if the store fails: no unrecorded message was acknowledged."""
        while True:
            batches, marks = await self._gathered()
            if batches:
                messages = [message for batch in batches for message in batch.messages]
                self._count(batches, await threads.to_thread(self._book.record_many, messages))
            for mark in marks:
                if not mark.done():
                    mark.set_result(None)

    async def _gathered(self) -> tuple[list[AccountBatch], list["asyncio.Future[None]"]]:
        batches: list[AccountBatch] = []
        marks: list[asyncio.Future[None]] = []
        size = 0
        while (not batches and not marks) or (size < GROUP_LIMIT and not self._queue.empty()):
            item = await self._queue.get()
            if isinstance(item, AccountBatch):
                batches.append(item)
                size += len(item.messages)
            else:
                marks.append(item)
        self.waiting -= size
        self._room.set()
        return batches, marks

    def _count(self, batches: Sequence[AccountBatch], outcomes: Sequence[Outcome]) -> None:
        start, now = 0, time.monotonic()
        for batch in batches:
            end = start + len(batch.messages)
            self._counters[batch.account].count(outcomes[start:end], now - batch.received_at)
            self.unrecorded[batch.account] -= len(batch.messages)
            start = end
