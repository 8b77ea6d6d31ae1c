"""Feeds of changes: new events are read and encoded once, for all readers.

A feed keeps its last batches. A reader that begins earlier reads the log until it reaches them:
nothing is missed or repeated. Readers at the same place share these bytes. A reader that stays
slower than the feed is dropped. A feed never waits, and its memory is bounded.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from sys import getsizeof
from weakref import WeakValueDictionary

import msgspec

from orderledger import Ledger, LogWentBack
from orderledger.extend.events import codec, judgements
from orderledger.extend.runtime import EventLogger, rows_json
from orderledger.extend.store import LogRow as StoredRow
from orderledger.extend.store import reaching
from orderledger.extend.values import stream_names
from orderledger.extend.views import Row, histories
from orderledger.serve.answers import QueryPools
from orderledger.serve.frames import Frame
from orderledger.serve.signal import Signal

EVENTS_PER_BATCH = 250
BATCHES_KEPT = 800
RETRY_SECONDS = 1.0
WAIT_SECONDS = 5.0
ATTRIBUTED = judgements.OrderAttributed.stored_name


class Item(msgspec.Struct, frozen=True, gc=False):
    """One row of a batch: its bytes, and the values that filters compare, in the order of the
    feed's `filtered`. Unknown values of an order that no longer exists are left out at the end.
    """

    values: tuple[str | None, ...]
    encoded: bytes
    position: int = 0
    is_gone: bool = False

    def size(self) -> int:
        """Its memory in bytes."""
        return (
            getsizeof(self)
            + getsizeof(self.encoded)
            + getsizeof(self.values)
            + sum(map(getsizeof, self.values))
        )


@dataclass(frozen=True, slots=True)
class FeedBatch:
    """The items from the events after `begin` up to `end`. `whole`: for readers without a
    filter.
    """

    begin: int
    end: int
    items: Sequence[Item]
    whole: Frame = field(repr=False)

    def size(self) -> int:
        """Its memory in bytes."""
        return getsizeof(self.whole.piece) + sum(item.size() for item in self.items)


NOTHING = Frame(b"")


class Dropped(Exception):
    """A reader was slower than the feed for too long."""


class Feed:
    """A feed of changes. `pause`: seconds between two batches. `filtered`: the columns that filters
    compare. `bytes_kept`: memory of the kept batches with all their contents."""

    pause = 0.05
    filtered: tuple[str, ...]

    def __init__(
        self, ledger: Ledger, answers: QueryPools, signal: Signal, bytes_kept: int
    ) -> None:
        self._ledger = ledger
        self._bytes_kept = bytes_kept
        self._shared: WeakValueDictionary[tuple[int, int, int], Frame] = WeakValueDictionary()
        self._answers = answers
        self._signal = signal
        self._kept: deque[FeedBatch] = deque()
        self._sizes: deque[int] = deque()
        self._first = 0
        self._bytes = 0
        self._readers = 0
        self._task: asyncio.Task[None] | None = None
        self.position = 0
        self._epoch = 0
        """In which the position was read, as `Epoch.number`."""
        self._log = EventLogger("orderledger.serve")

    async def build(self, stored: Sequence[StoredRow]) -> list[Item]:
        """The items for some events."""
        raise NotImplementedError

    def compose(self, items: Sequence[Item], position: int) -> bytes:
        """The bytes that a reader gets for items, up to a log position."""
        raise NotImplementedError

    def cut(self, batch: FeedBatch, position: int) -> FeedBatch:
        """The batch without the part that a reader at the position already has."""
        return batch

    async def read(
        self, after: int | None, keeps: Callable[[Item], bool] | None
    ) -> AsyncIterator[tuple[int, Frame]]:
        """The changes after a log position, or from now on: frames, each with the position that
        it reaches. A frame may be empty. Raises Dropped, and LogWentBack if the log
        goes back meanwhile, or does not have the position.
        """
        self._readers += 1
        epoch = self._ledger.internals.store.epoch
        number = epoch.number
        try:
            await self._begin()
            position = self.position if after is None else after
            if position > self.position and position > await self._answers.ask(
                self._ledger.log.position
            ):
                raise LogWentBack(position)
            yield position, NOTHING
            while (following := self._meet(position)) is None:
                epoch.check(number)
                end = self._end_of_read(position)
                frame = await self._read(number, position, end, keeps)
                position = end
                yield position, frame
            while True:
                epoch.check(number)
                if following < self._first:
                    raise Dropped
                if following == self._first + len(self._kept):
                    yield position, NOTHING
                    continue
                batch = self._kept[following - self._first]
                following += 1
                if batch.end > position:
                    frame, position = self._of(self.cut(batch, position), keeps), batch.end
                    del batch  # a slow reader keeps the frame only
                    yield position, frame
        finally:
            self._leave()

    def _of(self, batch: FeedBatch, keeps: Callable[[Item], bool] | None) -> Frame:
        if keeps is None:
            return batch.whole
        return self._frame([item for item in batch.items if keeps(item)], batch.end)

    def _frame(self, items: Sequence[Item], end: int) -> Frame:
        return Frame(self.compose(items, end)) if items else NOTHING

    def _meet(self, position: int) -> int | None:
        """The number of the batch that follows the position. None if that is before the kept
        ones.
        """
        if position < (self._kept[0].begin if self._kept else self.position):
            return None
        return self._first + sum(batch.end <= position for batch in self._kept)

    def _end_of_read(self, after: int) -> int:
        """Where a batch from the log ends. At a multiple of its size, readers meet. A kept batch
        may begin before."""
        limit = next((batch.begin for batch in self._kept if batch.begin > after), self.position)
        return min(limit, (after // EVENTS_PER_BATCH + 1) * EVENTS_PER_BATCH)

    async def _read(
        self, epoch: int, after: int, end: int, keeps: Callable[[Item], bool] | None
    ) -> Frame:
        """A frame from the log. Readers without a filter share it while one of them sends it."""
        shared = self._shared.get((epoch, after, end)) if keeps is None else None
        if shared is not None:
            return shared
        stored = await self._answers.ask(lambda: self._stored(after))
        items = await self.build([row for row in stored if row.position <= end])
        if keeps is not None:
            return self._frame([item for item in items if keeps(item)], end)
        frame = self._frame(items, end)
        return self._shared.setdefault((epoch, after, end), frame)

    def _stored(self, after: int) -> list[StoredRow]:
        with reaching("the store"):
            return self._ledger.internals.store.recorder.rows_after(after, EVENTS_PER_BATCH)

    async def _begin(self) -> None:
        if self._task is None:
            found = await self._now()
            if self._task is None:  # another reader may have begun meanwhile
                self._epoch, self.position = found
                self._task = asyncio.ensure_future(self._run())

    def _leave(self) -> None:
        self._readers -= 1
        if not self._readers and self._task is not None:
            self._task.cancel()
            self._task = None
            self._drop_kept()

    def _drop_kept(self) -> None:
        self._first += len(self._kept)
        self._kept.clear()
        self._sizes.clear()
        self._bytes = 0

    async def _run(self) -> None:
        while True:
            try:
                await self._next()
            except LogWentBack:
                self._epoch, self.position = await self._now()
                self._drop_kept()
                self._signal.wake_all()
            except Exception as error:  # the store may become reachable again
                self._log.warning("feed_failed", why=str(error) or type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    async def _now(self) -> tuple[int, int]:
        """The epoch, and the last position of the log."""
        epoch = self._ledger.internals.store.epoch.number
        return epoch, await self._answers.ask(self._ledger.log.position)

    async def _next(self) -> None:
        """Wait for events, and keep the next batch. Raises LogWentBack."""
        internals, begin, epoch = self._ledger.internals, self.position, self._epoch
        await internals.following.await_events(begin, WAIT_SECONDS, epoch=epoch)
        stored = await self._answers.ask(lambda: self._stored(begin))
        internals.store.epoch.check(epoch)
        if not stored:
            return
        items, end = await self.build(stored), stored[-1].position
        self._keep(FeedBatch(begin, end, items, self._frame(items, end)))
        if len(stored) < EVENTS_PER_BATCH:
            await asyncio.sleep(self.pause)

    def _keep(self, batch: FeedBatch) -> None:
        self._kept.append(batch)
        self._sizes.append(batch.size())
        self._bytes += self._sizes[-1]
        self.position = batch.end
        while len(self._kept) > 1 and (
            len(self._kept) > BATCHES_KEPT or self._bytes > self._bytes_kept
        ):
            self._kept.popleft()
            self._bytes -= self._sizes.popleft()
            self._first += 1
        self._signal.wake_all()


class EventFeed(Feed):
    """Each new event of the log."""

    filtered = ("account", "stream", "name", "actor", "source", "correlation_id")

    async def build(self, stored: Sequence[StoredRow]) -> list[Item]:
        return await self._answers.ask(lambda: self._items_of(stored))

    def _items_of(self, stored: Sequence[StoredRow]) -> list[Item]:
        rows, error = histories.stored_event_rows(self._ledger.internals.store, stored)
        if error is not None:
            raise error
        return list(map(self._item, rows))

    def _item(self, row: Row) -> Item:
        encoded = b"id: %d\nevent: event\ndata: %b\n\n" % (row["position"], rows_json.row_json(row))
        return Item(itemgetter(*self.filtered)(row), encoded, row["position"])

    def compose(self, items: Sequence[Item], position: int) -> bytes:
        return b"".join(item.encoded for item in items)

    def cut(self, batch: FeedBatch, position: int) -> FeedBatch:
        if position <= batch.begin:
            return batch
        items = [item for item in batch.items if item.position > position]
        return FeedBatch(position, batch.end, items, self._frame(items, batch.end))


class OrderFeed(Feed):
    """The orders that new events changed, in their current state."""

    pause = 0.1
    filtered = ("account", "stream", "instrument", "strategy")

    async def build(self, stored: Sequence[StoredRow]) -> list[Item]:
        streams = touched(stored)
        return await self._answers.ask(lambda: self._items(streams)) if streams else []

    def _items(self, streams: Sequence[str]) -> list[Item]:
        rows = self._ledger.views.changed_orders(streams)
        there = {row["stream"] for row in rows}
        gone = [
            {
                "account": stream_names.account_of(stream),
                "client_order_id": stream_names.client_order_id_of(stream),
                "stream": stream,
            }
            for stream in streams
            if stream not in there
        ]
        values_of = itemgetter(*self.filtered)
        changed = [Item(values_of(row), rows_json.row_json(row)) for row in rows]
        return [
            *changed,
            *(
                Item((row["account"], row["stream"]), rows_json.row_json(row), is_gone=True)
                for row in gone
            ),
        ]

    def compose(self, items: Sequence[Item], position: int) -> bytes:
        rows = b",".join(item.encoded for item in items if not item.is_gone)
        gone = b",".join(item.encoded for item in items if item.is_gone)
        head = b'id: %d\nevent: rows\ndata: {"view":"orders","position":%d' % (position, position)
        return b'%b,"rows":[%b],"gone":[%b]}\n\n' % (head, rows, gone)


def touched(stored: Sequence[StoredRow]) -> list[str]:
    """The streams of orders that these events may have changed: their own, and those to which
    they were attributed.
    """
    streams: dict[str, None] = {}
    for row in stored:
        if stream_names.is_order_stream(row.stream):
            streams[row.stream] = None
        if row.name == ATTRIBUTED:
            event = codec.decode(*row).event
            assert isinstance(event, judgements.OrderAttributed)
            streams[event.to] = None
    return list(streams)
