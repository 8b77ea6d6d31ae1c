"""Builds views with several processes: first orders and trades, apart by stream, then positions, apart by instrument."""

import gc
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from heapq import merge
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from zlib import crc32

from orderledger.domain.values import is_order_stream
from orderledger.infrastructure.errors import StoreError
from orderledger.infrastructure.storage.codec import decode
from orderledger.infrastructure.storage.name_index import NameTable
from orderledger.infrastructure.storage.store import Store, open_store
from orderledger.infrastructure.views.projector import BATCH_FAR_BEHIND
from orderledger.infrastructure.views.rebuild import APART
from orderledger.infrastructure.views.rows import SqlRows
from orderledger.projections.account_events import ACCOUNT_EVENTS
from orderledger.projections.fold import Fold
from orderledger.projections.position_fold import Key, PositionFold
from orderledger.projections.positions import when
from orderledger.projections.tables import TABLES
from orderledger.projections.trades import TRADES

EVENTS_PER_TRANSACTION = 10_000


def build_in_parallel(store: Store, suffix: str, jobs: int, names: NameTable) -> tuple[int, int]:
    """Fill the tables with this suffix; the index of names, in which orders of any two streams may meet, is folded here. Returns
    the position up to which they are built, and the number of events. Raises StoreError where one of the processes ends before
    its work is done."""
    up_to = store.recorder.last_position()
    assert store.url is not None
    folder = store.database.folder
    if folder is not None:
        _make(folder)
    with _processes(jobs) as pool:
        paths = [str(Path(folder or "", f"{APART}{share}")) for share in range(jobs)]
        with _deaf():
            building = [pool.submit(_build_share, store.url, suffix, path, n, jobs, up_to) for n, path in enumerate(paths)]
        _fold_names(store, names, up_to)
        count = sum(future.result() for future in building)
        for path in paths:
            store.database.take_in(path, TABLES, suffix)
        keys = _held(store, suffix)
        placing = [pool.submit(_build_positions, store.url, suffix, keys[share::jobs]) for share in range(jobs)]
        for future in placing:
            future.result()
    return up_to, count


def _fold_names(store: Store, names: NameTable, up_to: int) -> None:
    is_more = True
    while is_more:
        with store.database.writing() as session:
            is_more = names.advance(session, up_to)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        raise StoreError(f"{folder} is in the way of a rebuild with several processes, and was not made by one") from None


@contextmanager
def _processes(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that end when this one does, or gives up: when the other end of a pipe is closed."""
    context = get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    with theirs, ours, ProcessPoolExecutor(jobs, context, _end_with, (theirs,)) as pool:
        try:
            yield pool
        except BrokenProcessPool as error:
            raise StoreError(
                "a process of the rebuild was killed, perhaps for want of memory: the views are as they were"
            ) from error
        except BaseException:
            ours.close()
            raise


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes that are started here hear no interrupt from the keyboard, also not while they begin: that is ours to heed."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with(parent: Connection) -> None:
    def wait() -> None:
        parent.poll(None)  # nothing is ever sent: it is closed
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _build_share(url: str, suffix: str, path: str, share: int, jobs: int, up_to: int) -> int:
    """One process: everything but the positions, of its share of the streams."""
    gc.disable()  # the process lives for this alone, and makes nothing that is in a cycle
    with closing(open_store(url)) as store, store.database.side_database(path, TABLES, suffix) as database:
        rows = SqlRows(suffix)
        fold = Fold(rows, lambda stream: store.events_of([stream])[stream], has_positions=False)
        count = 0
        for stored in _events_of_share(store, share, jobs, up_to):
            with database.writing() as session:
                rows.session = session
                for event in stored:
                    fold.take(decode(*event))
                fold.settle()
                rows.flush()
            fold.evict()
            count += len(stored)
    return count


def _events_of_share(store: Store, share: int, jobs: int, up_to: int) -> Iterator[list[tuple[Any, ...]]]:
    """A transaction's worth of stored events after the other."""
    position = 0
    mine: list[tuple[Any, ...]] = []
    while position < up_to:
        with store.database.reading() as session:
            stored = session.stored_after(position, BATCH_FAR_BEHIND)
        mine += [event for event in stored if event[4] <= up_to and _share_of(event[0], jobs) == share]
        position = stored[-1][4] if stored else up_to
        if len(mine) >= EVENTS_PER_TRANSACTION or position >= up_to:
            yield mine
            mine = []


def _share_of(stream: str, jobs: int) -> int:
    """Whose a stream is. What is not an order's is all one process's: several streams write to one row there."""
    return 0 if "#" in stream and not is_order_stream(stream) else crc32(stream.encode()) % jobs


def _held(store: Store, suffix: str) -> list[Key]:
    """The instruments of each account that have been traded, or adjusted, or funded."""
    statements = (
        f"SELECT DISTINCT account, instrument FROM {table.name}{suffix} WHERE instrument IS NOT NULL"
        for table in (TRADES, ACCOUNT_EVENTS)
    )
    with store.database.reading() as session:
        return list(dict.fromkeys((row[0], row[1]) for statement in statements for row in session.execute(statement)))


def _build_positions(url: str, suffix: str, keys: Sequence[Key]) -> None:
    """One process: the positions of some instruments, from their trades."""
    gc.disable()
    with closing(open_store(url)) as store:
        rows = SqlRows(suffix)
        positions = PositionFold(rows)
        with store.database.reading() as session:
            rows.session = session
            for account, instrument in keys:
                where: dict[str, Any] = {"account": account, "instrument": instrument}
                trades = rows.each(TRADES, **where, state="active")
                for entry in merge(trades, rows.each(ACCOUNT_EVENTS, **where), key=when):
                    positions.take(entry)
            positions.settle()
        with store.database.writing() as session:
            rows.session = session
            rows.flush()
