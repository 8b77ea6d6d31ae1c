"""Builds views with several processes: first orders and trades, divided by stream, then positions, divided by instrument."""

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
    """Fill the tables with this suffix. Returns the log position that they reach, and the number of events.

    The name index is folded here, because orders of any two streams may share a name. Raises StoreError if one of the processes
    ends early.
    """
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
        raise StoreError(f"{folder} is in the way of a rebuild with several processes, and no rebuild made it") from None


@contextmanager
def _processes(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that end when this one ends or gives up: a pipe closes then."""
    context = get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    with theirs, ours, ProcessPoolExecutor(jobs, context, _end_with, (theirs,)) as pool:
        try:
            yield pool
        except BrokenProcessPool as error:
            raise StoreError(
                "a process of the rebuild was killed, perhaps for lack of memory: the views are unchanged"
            ) from error
        except BaseException:
            ours.close()
            raise


@contextmanager
def _deaf() -> Iterator[None]:
    """Block keyboard interrupts in processes that are started here, from their first moment. This process handles them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with(parent: Connection) -> None:
    def wait() -> None:
        parent.poll(None)  # returns when the pipe closes: nothing is ever sent
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _build_share(url: str, suffix: str, path: str, share: int, jobs: int, up_to: int) -> int:
    """Build everything except the positions from one share of the streams. Runs in a process of its own."""
    gc.disable()  # a short-lived process that creates no cycles
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
    """Stored events, in groups for one transaction each."""
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
    """The share of a stream. Share 0 has all streams that are not orders, because several of them write to one row."""
    return 0 if "#" in stream and not is_order_stream(stream) else crc32(stream.encode()) % jobs


def _held(store: Store, suffix: str) -> list[Key]:
    """The instruments of each account with trades, adjustments or funding."""
    statements = (
        f"SELECT DISTINCT account, instrument FROM {table.name}{suffix} WHERE instrument IS NOT NULL"
        for table in (TRADES, ACCOUNT_EVENTS)
    )
    with store.database.reading() as session:
        return list(dict.fromkeys((row[0], row[1]) for statement in statements for row in session.execute(statement)))


def _build_positions(url: str, suffix: str, keys: Sequence[Key]) -> None:
    """Build the positions of some instruments from their trades. Runs in a process of its own."""
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
