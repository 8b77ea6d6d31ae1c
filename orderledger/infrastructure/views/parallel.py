"""Builds views with several processes: first the orders, divided by stream, then the positions,
divided by instrument."""

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

from orderledger.infrastructure.errors import StoreError
from orderledger.infrastructure.storage.database import Database
from orderledger.infrastructure.storage.store import Store, open_store
from orderledger.infrastructure.views.beside import APART
from orderledger.infrastructure.views.building import (
    Count,
    PositionKey,
    build_orders,
    build_others,
    build_positions,
    finish_orders,
    position_ranges,
)
from orderledger.infrastructure.views.plan import BY_STREAM, OF_POSITIONS, OTHERS, Plan
from orderledger.projections.names import ORDER_NAMES
from orderledger.projections.position_tables import POSITIONS
from orderledger.projections.view import AnyTable

LOOK_SECONDS = 0.1
"""Pause between two reports of progress."""

Paths = list[str]
Result = TypeVar("Result")


def build_in_parallel(
    store: Store, plan: Plan, jobs: int, folder: Path | None, counted: Count
) -> tuple[int, Paths]:
    """Build the tables of a plan. Returns the number of events, and the files with the tables, if
    there is a folder for them.

    Raises StoreError if one of the processes ends early.
    """

    def path_of(name: object) -> str | None:
        return None if folder is None else str(folder / f"{APART}{name}")

    assert store.url is not None
    with processes(jobs) as (pool, progress):
        ranges = _ranges(store, jobs)
        parts, others = [path_of(number) for number in range(len(ranges))], path_of("others")
        building = submitted(
            pool,
            _build_range,
            [(store.url, plan, path, *ends) for path, ends in zip(parts, ranges, strict=True)],
        )
        with _side(store, plan, others, OTHERS) as side:
            count = build_others(store, side, plan)
        count += sum(results(building, lambda: counted(progress.value)))
        counted(count)
        with _side(store, plan, parts[0], (ORDER_NAMES,)) as side:
            _unite(side, parts, plan, BY_STREAM)
            finish_orders(side, plan)
            keys = position_ranges(side, plan, jobs)
        beside = [path for path in (parts[0], others) if path is not None]
        places = [path_of(f"positions{number}") for number in range(len(keys))]
        placing = submitted(
            pool,
            _build_positions,
            [
                (store.url, plan, path, beside, *ends)
                for path, ends in zip(places, keys, strict=True)
            ],
        )
        results(placing, lambda: None)
        with _side(store, plan, places[0], ()) as side:
            _unite(side, places, plan, OF_POSITIONS)
    return count, [*beside, *(path for path in places[:1] if path is not None)]


def _ranges(store: Store, jobs: int) -> list[tuple[str, str | None]]:
    """Ranges of streams with about as many events: each begins with a stream, and ends before
    another."""
    with store.database.reading() as session:
        bounds = session.streams_dividing(jobs)
    return list(zip(["", *bounds], [*bounds, None], strict=True))


@contextmanager
def _side(
    store: Store, plan: Plan, path: str | None, tables: Sequence[AnyTable]
) -> Iterator[Database]:
    """A file in which to build these tables, which it gets. Without a path the database itself,
    which has them."""
    with store.database.side_database(path) as side:
        if path is not None and tables:
            with side.writing() as session:
                plan.create(session, tables)
        yield side


def _unite(
    side: Database, paths: Sequence[str | None], plan: Plan, tables: Sequence[AnyTable]
) -> None:
    """Add the rows in the other files to those in the first, which is open."""
    names = [f"{table.name}{plan.suffix}" for table in tables if plan.wants(table)]
    for path in paths[1:]:
        if path is not None:
            side.take_in(path, names)
            Path(path).unlink()


def _build_range(url: str, plan: Plan, path: str | None, first: str, before: str | None) -> int:
    """Build the orders of a range of streams. Runs in a process of its own. Returns the number of
    events."""
    gc.disable()  # a short-lived process that creates no cycles
    with closing(open_store(url)) as store, _side(store, plan, path, BY_STREAM) as side:
        return build_orders(store, side, plan, first, before, _Counter())


def _build_positions(
    url: str,
    plan: Plan,
    path: str | None,
    beside: Sequence[str],
    first: PositionKey | None,
    before: PositionKey | None,
) -> int:
    """Build a range of positions from the trades in the rebuild's files. Runs in a process of its
    own."""
    gc.disable()
    with closing(open_store(url)) as store, store.database.side_database(path, beside) as side:
        if path is not None:
            with side.writing() as session:
                plan.create(session, OF_POSITIONS)
        if plan.wants(POSITIONS):
            build_positions(side, plan, first, before)
    return 0


class _Counter:
    """Adds the events of one process to the number that all share."""

    def __init__(self) -> None:
        self._before = 0

    def __call__(self, count: int) -> None:
        with shared_count.get_lock():
            shared_count.value += count - self._before
        self._before = count


shared_count: Any = None
"""In a process of the pool: the number of events that all processes have read."""


def submitted(
    pool: ProcessPoolExecutor, call: Callable[..., Result], arguments: Sequence[tuple[Any, ...]]
) -> list[Future[Result]]:
    """Start these calls in the processes of the pool."""
    with _deaf():
        return [pool.submit(call, *each) for each in arguments]


def results(futures: Sequence[Future[Result]], look: Callable[[], object]) -> list[Result]:
    """The results of the processes. `look` is called while they work."""
    while wait(futures, LOOK_SECONDS).not_done:
        look()
        for future in futures:
            if future.done():
                future.result()  # raises at once if one failed
    return [future.result() for future in futures]


@contextmanager
def processes(jobs: int) -> Iterator[tuple[ProcessPoolExecutor, Any]]:
    """Processes that end when this one ends or gives up: a pipe closes then. And the number of
    events that they have read."""
    context = get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    progress = context.Value("q", 0)
    with theirs, ours, ProcessPoolExecutor(jobs, context, _begin, (theirs, progress)) as pool:
        try:
            yield pool, progress
        except BrokenProcessPool as error:
            raise StoreError(
                "a process of the rebuild was killed, perhaps for lack of memory: the views are "
                "unchanged"
            ) from error
        except BaseException:
            ours.close()
            raise


@contextmanager
def _deaf() -> Iterator[None]:
    """Block keyboard interrupts in processes that are started here, from their first moment. This
    process handles them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(parent: Connection, progress: Any) -> None:
    """Prepare a process of the pool."""
    global shared_count
    shared_count = progress

    def end_with_parent() -> None:
        parent.poll(None)  # returns when the pipe closes: nothing is ever sent
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()
