"""Asking: recovery, open orders and history in logs of growing size; recovery with the views gone;
rebuilding the views.

A cold recovery and a rebuild are measured beside the Decimal fold (`floors.decimal_fold`): read all
rows, decode them, sum each order's fills, keep average-cost P&L. History is measured beside the one
SELECT that it needs.
"""

import gc
import random
import sqlite3
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from floors import decimal_fold
from measuring import Bench, Databases, Figure, databases, in_turns, ratio

from orderledger import Ledger
from orderledger.projections.tables import TABLES

ACCOUNT = "sim:main"
ORDERS_PER_EVENT = 20_000 / 75_158
OPEN_ORDERS = 1_000
HISTORIES = 300
RESTARTS = 15


def main() -> None:
    bench = Bench(__doc__)
    sizes = [10_000 if bench.is_quick else 100_000] + ([1_000_000] if bench.is_long else [])
    with databases(bench.stores) as stores:
        for store in bench.stores:
            recovered: list[float] = []
            for size in sizes:
                with stores.empty(store) as url:
                    seconds = _filled(url, size)
                    bench.add(
                        Figure(
                            f"views caught up, {size:,} events", store, size / seconds, "events/s"
                        )
                    )
                    recovered.append(_ask(bench, store, url, size))
                    _cold(bench, stores, store, url, size)
                    _rebuild(bench, store, url, size)
            if len(recovered) > 1:
                growth = recovered[-1] / recovered[0]
                bench.add(Figure("recover, 1M to 100k events", store, growth, "x", target="<= 1.3"))
    bench.close()


def _filled(url: str, size: int) -> float:
    """Record a log of this size, and bring the views up to it. Returns the seconds that the views
    took."""
    from workload import (
        documents,
        to_message,
    )  # not above: the processes of a rebuild import this module, and no messages

    with Ledger.open(url, update_views=False) as ledger:
        found = documents(
            int(size * ORDERS_PER_EVENT), OPEN_ORDERS if size >= 100_000 else OPEN_ORDERS // 10
        )
        ledger.record_many(to_message(document) for document in found)
        del found
        gc.collect()
        began = time.perf_counter()
        ledger.views.catch_up()
        return time.perf_counter() - began


def _ask(bench: Bench, store: str, url: str, size: int) -> float:
    opened, recovering = [], []
    for _ in range(RESTARTS):
        began = time.perf_counter()
        with Ledger.open(url) as ledger:
            opened.append(time.perf_counter() - began)
            began = time.perf_counter()
            found = ledger.recover()
            recovering.append(time.perf_counter() - began)
    count = len(found.open)
    with Ledger.open(url) as ledger:
        asking = [_timed(ledger.open_orders) for _ in range(7)]
        names = [row["client_order_id"] for row in ledger.orders()]
        _histories(
            bench,
            store,
            url,
            ledger,
            size,
            random.Random(1).sample(names, min(HISTORIES, len(names))),
        )
    ours = statistics.median(recovering)
    bench.add(Figure(f"Ledger.open, {size:,} events", store, statistics.median(opened) * 1e3, "ms"))
    bench.add(
        Figure(
            f"recover, {size:,} events",
            store,
            ours * 1e3,
            "ms",
            target="<= 50 ms",
            note=f"{count} open",
        )
    )
    bench.add(
        Figure(
            f"open_orders, {count} rows",
            store,
            statistics.median(asking) * 1e3,
            "ms",
            target="<= 7 ms",
        )
    )
    return ours


def _histories(
    bench: Bench, store: str, url: str, ledger: Ledger, size: int, names: list[str]
) -> None:
    if not bench.wants("history"):
        return
    with _selecting(url) as select:
        for name in names[:50]:
            ledger.history(name, account=ACCOUNT)
            select(f"{ACCOUNT}/{name}")
        ours, floor = [], []
        for name in names:
            ours.append(_timed(lambda name=name: ledger.history(name, account=ACCOUNT)))  # type: ignore[misc]
            floor.append(_timed(lambda name=name: select(f"{ACCOUNT}/{name}")))  # type: ignore[misc]
    target = "<= 60 us" if store == "sqlite" else "<= 200 us"
    mine, bottom = statistics.median(ours) * 1e6, statistics.median(floor) * 1e6
    bench.add(
        Figure(
            f"history, {size:,} events: p50",
            store,
            mine,
            "us",
            bottom,
            "one raw SELECT (us)",
            mine / bottom,
            target,
        )
    )


class _selecting:
    """One prepared query for the rows of a stream, on a connection of its own."""

    STATEMENT = (
        "SELECT originator_version, topic, state, notification_id FROM orderledger_events WHERE "
        "originator_id = "
    )

    def __init__(self, url: str) -> None:
        self._connection: Any
        if url.startswith("sqlite"):
            self._connection = sqlite3.connect(Path(url.removeprefix("sqlite://")))
            self._mark, self._more = "?", {}
        else:
            import psycopg

            self._connection = psycopg.connect(url, autocommit=True)
            self._mark, self._more = "%s", {"prepare": True, "binary": True}

    def __enter__(self) -> Callable[[str], Any]:
        statement = f"{self.STATEMENT}{self._mark} ORDER BY originator_version"
        return lambda stream: self._connection.execute(
            statement, (stream,), **self._more
        ).fetchall()

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def _cold(bench: Bench, stores: Databases, store: str, url: str, size: int) -> None:
    """A restart with the tables of the views emptied."""
    if not bench.wants("cold recovery"):
        return

    def ours() -> float:
        _delete_views(url)
        gc.collect()
        began = time.perf_counter()
        with Ledger.open(url, update_views=False) as ledger:
            ledger.recover()
            return time.perf_counter() - began

    def floor() -> float:
        gc.collect()
        return _timed(lambda: decimal_fold(url))

    mine, bottom = in_turns(1 if bench.is_quick else 2, ours, floor)
    seconds = statistics.median(mine)
    note = f"{size / seconds:,.0f} events/s (>= 250,000)"
    case, least, share = (
        f"cold recovery, {size:,} events",
        statistics.median(bottom),
        ratio(mine, bottom),
    )
    bench.add(Figure(case, store, seconds, "s", least, "Decimal fold (s)", share, "<= 2 x", note))


def _rebuild(bench: Bench, store: str, url: str, size: int) -> None:
    rates = []
    for count in (1, 4):
        if not bench.wants(f"rebuild, {count} job"):
            continue
        with Ledger.open(url, update_views=False) as ledger:
            ledger.views.catch_up()  # a recovery does not
            gc.collect()
            floor = size / _timed(lambda: decimal_fold(url))
            rebuilt = ledger.views.rebuild(jobs=count)
        rates.append(size / rebuilt.seconds)
        note = "equal" if rebuilt.is_equal else "NOT EQUAL"
        target = ">= 40 % of the floor" if count == 1 else ">= 2.5 x one job"
        if count > 1 and len(rates) > 1:
            note += f"; {rates[-1] / rates[0]:.1f} x one job"
        case, rate = f"rebuild, {count} job, {size:,} events", rates[-1]
        bench.add(
            Figure(case, store, rate, "events/s", floor, "Decimal fold", rate / floor, target, note)
        )


def _delete_views(url: str) -> None:
    with (
        Ledger.open(url, update_views=False) as ledger,
        ledger._store.database.writing() as session,
    ):
        for table in TABLES:
            session.execute(f"DELETE FROM {table.name}")
        session.execute("UPDATE view_positions SET position = 0")


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
