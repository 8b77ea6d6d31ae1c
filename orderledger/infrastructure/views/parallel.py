"""Builds views with several processes: first the orders, divided by stream, then the positions,
divided by instrument."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from orderledger.infrastructure import process_pool
from orderledger.infrastructure.storage.database import Database
from orderledger.infrastructure.storage.store import Store, open_store
from orderledger.infrastructure.views.beside import APART
from orderledger.infrastructure.views.building import (
    Count,
    PositionKey,
    build_orders,
    build_others,
    build_positions,
    build_premiums,
    finish_names,
    finish_orders,
    position_ranges,
)
from orderledger.infrastructure.views.plan import BY_STREAM, OF_POSITIONS, OTHERS, Plan
from orderledger.projections.names import ORDER_NAMES
from orderledger.projections.position_tables import POSITIONS
from orderledger.projections.view import AnyTable

Paths = list[str]


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
    with process_pool.processes(jobs) as (pool, progress):
        ranges = _ranges(store, jobs)
        parts, others = [path_of(number) for number in range(len(ranges))], path_of("others")
        building = process_pool.submitted(
            pool,
            _build_range,
            [(store.url, plan, path, *ends) for path, ends in zip(parts, ranges, strict=True)],
        )
        with _side(store, plan, others, OTHERS) as side:
            count = build_others(store, side, plan)
        count += sum(process_pool.results(building, lambda: counted(progress.value)))
        counted(count)
        with _side(store, plan, parts[0], (ORDER_NAMES,)) as side:
            _unite(side, parts, plan, BY_STREAM)
            finish_orders(side, plan)
        beside_orders = [path for path in (others,) if path is not None]
        with store.database.side_database(parts[0], beside_orders) as side:
            finish_names(side, plan)
            keys = position_ranges(side, plan, jobs)
        if plan.wants(POSITIONS):
            beside_others = [path for path in parts[:1] if path is not None]
            with store.database.side_database(others, beside_others) as side:
                build_premiums(side, plan)
        beside = [path for path in (parts[0], others) if path is not None]
        places = [path_of(f"positions{number}") for number in range(len(keys))]
        placing = process_pool.submitted(
            pool,
            _build_positions,
            [
                (store.url, plan, path, beside, *ends)
                for path, ends in zip(places, keys, strict=True)
            ],
        )
        process_pool.results(placing, lambda: None)
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
        with process_pool.shared_count.get_lock():
            process_pool.shared_count.value += count - self._before
        self._before = count
