"""Archiving the log, restoring it, and building the views from the archive, by one process and by
two: CPU time per event.

Beside it the least work: pyarrow writing the same columns from memory; sqlite3 inserting the same
rows into an empty table without names and facts; the Decimal fold of the log
(`floors.decimal_fold`).
"""

import gc
import resource
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from floors import decimal_fold
from measuring import Bench, Figure, databases, in_turns, ratio

from orderledger import Ledger
from orderledger.analytics.archive.manifest import needed_manifest
from orderledger.analytics.archive.place import Place
from orderledger.analytics.archive.processes import in_processes
from orderledger.analytics.archive.rebuilding import rebuild
from orderledger.analytics.archive.restoring import restore
from orderledger.analytics.archive.verifying import verified
from orderledger.analytics.archive.writing import archive

ORDERS_PER_EVENT = 20_000 / 75_158
OPEN_ORDERS = 1_000


def main() -> None:
    bench = Bench(__doc__)
    size = 10_000 if bench.is_quick else 1_000_000 if bench.is_long else 100_000
    with databases(bench.stores) as stores, tempfile.TemporaryDirectory() as folder:
        for store in bench.stores:
            with stores.empty(store) as url:
                size = _recorded(url, size)
                _Measured(bench, store, url, size, Path(folder) / store).measure()
    bench.close()


def _recorded(url: str, size: int) -> int:
    """Record a log of about this size. Returns the number of events."""
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
        return ledger.internals.store.recorder.last_position()


class _Measured:
    """The cases of one store."""

    def __init__(self, bench: Bench, store: str, url: str, size: int, folder: Path) -> None:
        self._bench, self._store, self._url, self._size, self._folder = (
            bench,
            store,
            url,
            size,
            folder,
        )
        self._numbers = count()
        self._place = Place(str(folder / "archive"))
        with Ledger.open(url, update_views=False) as ledger:
            archive(ledger.internals.store, self._place, has_views=False)
        self._walls: dict[str, list[float]] = {}

    def measure(self) -> None:
        self._case("archive of the log", self._archive, self._write, "pyarrow writing (us)")
        self._case("restore, without views", self._restore, self._insert, "inserting (us)")
        for jobs in (1, 2):
            self._case(
                f"archive-rebuild, {jobs} job{'s' * (jobs > 1)}",
                lambda jobs=jobs: self._rebuild(jobs),
                self._fold,
                "floor (us)",
            )

    def _case(
        self, case: str, call: Callable[[], object], floor: Callable[[], object], name: str
    ) -> None:
        if not self._bench.wants(case):
            return

        def ours() -> float:
            began = time.perf_counter()
            used = _cpu(call)
            self._walls.setdefault(case, []).append(time.perf_counter() - began)
            return used

        mine, least = in_turns(self._bench.rounds, ours, lambda: _cpu(floor))
        seconds = min(self._walls[case])
        note = f"{self._size / seconds:,.0f} events/s by the clock"
        if case == "archive-rebuild, 2 jobs" and "archive-rebuild, 1 job" in self._walls:
            note += f", {min(self._walls['archive-rebuild, 1 job']) / seconds:.2f} x one job"
            note += (
                f", {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024} MB at most in "
                "a process"
            )
        us, bottom = (min(values) / self._size * 1e6 for values in (mine, least))
        self._bench.add(
            Figure(
                f"{case}, {self._size:,} events",
                self._store,
                us,
                "us",
                bottom,
                name,
                ratio(mine, least),
                note=note,
            )
        )

    def _new(self) -> Path:
        shutil.rmtree(self._folder / "new", ignore_errors=True)
        return self._folder / "new" / str(next(self._numbers))

    def _archive(self) -> None:
        with Ledger.open(self._url, update_views=False) as ledger:
            assert (
                archive(ledger.internals.store, Place(str(self._new())), has_views=False).events
                == self._size
            )

    def _write(self) -> None:
        import pyarrow.parquet as pq

        folder = self._new()
        folder.mkdir(parents=True)
        for number, table in enumerate(self._tables()):
            pq.write_table(table, folder / f"{number}.parquet", compression="zstd")

    def _tables(self) -> list[Any]:
        """The archived columns. Read once, before anything is measured."""
        import pyarrow.parquet as pq

        if not hasattr(self, "_read"):
            self._read = [
                pq.read_table(self._place.path_of(file.path))
                for file in needed_manifest(self._place).events
            ]
        return self._read

    def _restore(self) -> None:
        path = self._new()
        path.parent.mkdir(parents=True)
        with Ledger.open(str(path), update_views=False) as ledger:
            assert restore(self._place, verified(self._place), ledger.internals.store) == self._size

    def _insert(self) -> None:
        path = self._new()
        path.parent.mkdir(parents=True)
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(
                "CREATE TABLE events (stream TEXT NOT NULL, version INTEGER NOT NULL, name TEXT "
                "NOT NULL, state BLOB NOT NULL, position INTEGER PRIMARY KEY AUTOINCREMENT, UNIQUE "
                "(stream, version))"
            )
            for table in self._tables():
                columns = (
                    table[name].to_pylist()
                    for name in ("stream", "version", "name", "state", "position")
                )
                connection.executemany(
                    "INSERT INTO events VALUES (?, ?, ?, ?, ?)", zip(*columns, strict=True)
                )
        connection.close()

    def _rebuild(self, jobs: int) -> None:
        with in_processes(jobs) as run:
            assert rebuild(self._place, Place(str(self._new())), run).events == self._size

    def _fold(self) -> None:
        decimal_fold(self._url)


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
