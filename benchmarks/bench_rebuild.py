"""Rebuilding the views, by one process and by two, and building views that are empty: CPU time per
event, beside the least work.

The floor is the Decimal fold of the log (`floors.decimal_fold`) and inserting the finished rows of
orders and trades into empty tables of the same shape, without indexes. The CPU time of PostgreSQL's
own processes is not counted.
"""

import gc
import os
import resource
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from floors import decimal_fold
from measuring import Bench, Figure, databases, in_turns, ratio

from orderledger import Ledger
from orderledger.projections.orders import ORDERS
from orderledger.projections.tables import TABLES
from orderledger.projections.trades import TRADES

ORDERS_PER_EVENT = 20_000 / 75_158
OPEN_ORDERS = 1_000
ROWS_PER_STATEMENT = 500


def main() -> None:
    bench = Bench(__doc__)
    size = 10_000 if bench.is_quick else 1_000_000 if bench.is_long else 100_000
    with databases(bench.stores) as stores:
        for store in bench.stores:
            with stores.empty(store) as url:
                size = _recorded(url, size)
                _measure(bench, store, url, size)
    bench.close()


def _recorded(url: str, size: int) -> int:
    """Record a log of about this size, with its views. Returns the number of events."""
    from workload import (
        documents,
        to_message,
    )  # not above: the processes of a rebuild import this module, and no messages

    with Ledger.open(url, update_views=False) as ledger:
        ledger.record_many(
            to_message(each)
            for each in documents(int(size * ORDERS_PER_EVENT), min(OPEN_ORDERS, size // 100))
        )
        ledger.views.catch_up()
        return ledger._store.recorder.last_position()


def _measure(bench: Bench, store: str, url: str, size: int) -> None:
    def floor() -> float:
        return _cpu(lambda: (decimal_fold(url), _insert_rows(url)))

    cases: dict[str, Callable[[], object]] = {
        "rebuild, 1 job": lambda: _rebuild(url, 1),
        "rebuild, 2 jobs": lambda: _rebuild(url, 2),
        "empty views built": lambda: _build_empty(url),
    }
    walls: dict[str, list[float]] = {}
    for case, call in cases.items():
        if bench.wants(case):

            def ours(case: str = case, call: Callable[[], object] = call) -> float:
                began = time.perf_counter()
                used = _cpu(call)
                walls.setdefault(case, []).append(time.perf_counter() - began)
                return used

            mine, least = in_turns(bench.rounds, ours, floor)
            note = f"{size / min(walls[case]):,.0f} events/s by the clock"
            if case == "rebuild, 2 jobs" and "rebuild, 1 job" in walls:
                note += f", {min(walls['rebuild, 1 job']) / min(walls[case]):.2f} x one job"
            us, bottom = (min(values) / size * 1e6 for values in (mine, least))
            bench.add(
                Figure(
                    f"{case}, {size:,} events",
                    store,
                    us,
                    "us",
                    bottom,
                    "floor (us)",
                    ratio(mine, least),
                    note=note,
                )
            )


def _rebuild(url: str, jobs: int) -> None:
    with Ledger.open(url, update_views=False) as ledger:
        assert ledger.views.rebuild(jobs=jobs).is_equal


def _build_empty(url: str) -> None:
    with Ledger.open(url, update_views=False) as ledger:
        with ledger._store.database.writing() as session:
            for table in TABLES:
                session.execute(f"DELETE FROM {table.name}")
            session.execute("UPDATE view_positions SET position = 0")
        ledger.views.catch_up()


def _insert_rows(url: str) -> None:
    """Insert the finished rows into tables without indexes."""
    if not url.startswith("sqlite"):
        import psycopg

        with psycopg.connect(url) as connection_:
            for table in (ORDERS, TRADES):
                connection_.execute(
                    f"CREATE TEMPORARY TABLE floor_{table.name} AS SELECT * FROM "
                    f"{table.name}".encode()
                )
        return
    made = Path(url.removeprefix("sqlite://") + "-floor")
    with (
        sqlite3.connect(Path(url.removeprefix("sqlite://"))) as stored,
        sqlite3.connect(made) as connection,
    ):
        connection.execute("PRAGMA journal_mode=OFF")
        for table in (ORDERS, TRADES):
            connection.execute(f"CREATE TABLE {table.name} ({', '.join(table.names)})")
            rows = stored.execute(f"SELECT * FROM {table.name}")
            marks = f"({','.join('?' * len(table.names))})"
            while chunk := rows.fetchmany(ROWS_PER_STATEMENT):
                values = [value for row in chunk for value in row]
                connection.execute(
                    f"INSERT INTO {table.name} VALUES {','.join([marks] * len(chunk))}", values
                )
    connection.close()
    stored.close()
    os.remove(made)


def _cpu(call: Callable[[], object]) -> float:
    """Seconds of CPU time, of this process and of those that it has waited for."""
    gc.collect()
    before = _used()
    call()
    return _used() - before


def _used() -> float:
    own, children = (
        resource.getrusage(resource.RUSAGE_SELF),
        resource.getrusage(resource.RUSAGE_CHILDREN),
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    main()
