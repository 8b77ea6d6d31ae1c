"""A million trades as an Arrow table (`Ledger.tables.read`), and a question in SQL over them.

The floor reads the same columns in the same process and makes nothing of them: on SQLite `fetchall`
of a plain connection, on PostgreSQL COPY in binary form. (ADBC and DuckDB have their own copies of
SQLite; two in one process undo each other's locks.) CPU time is measured, in turns. With
BENCH_LONG=1 there are about a million trades; otherwise a tenth of that.
"""

import sqlite3
import statistics
import time
from collections.abc import Callable

import psycopg
from measuring import Bench, Figure, databases, in_turns, ratio
from workload import documents, to_message

from orderledger import Ledger
from orderledger.projections.trades import TRADES

ORDERS_PER_EVENT = 20_000 / 75_158
EVENTS_PER_TRADE = 2.27
AT_ONCE = 10_000
COLUMNS = ", ".join(TRADES.names)
QUESTION = (
    "SELECT instrument, strategy, sum(notional), count(*) FROM trades GROUP BY ALL ORDER BY ALL"
)


def main() -> None:
    bench = Bench(__doc__)
    trades = 1_000_000 if bench.is_long else 10_000 if bench.is_quick else 100_000
    with databases(bench.stores) as stores:
        for store in bench.stores:
            with stores.empty(store) as url:
                _measure(bench, store, url, _filled(url, int(trades * EVENTS_PER_TRADE)))
    bench.close()


def _filled(url: str, events: int) -> int:
    """Record a log of this size. Returns the number of trades."""
    found = documents(int(events * ORDERS_PER_EVENT), max(1, events // 1_000), milliseconds=2_000)
    with Ledger.open(url, update_views=False) as ledger:
        for start in range(0, len(found), AT_ONCE):
            ledger.record_many(to_message(document) for document in found[start : start + AT_ONCE])
        ledger.views.rebuild()
    return sum(document["type"] == "fill" for document in found)


def _measure(bench: Bench, store: str, url: str, trades: int) -> None:
    raw = (lambda: _sqlite(url)) if store == "sqlite" else (lambda: _postgres(url))
    with Ledger.open(url, update_views=False) as ledger:
        ledger.tables.sql("FROM halts")  # imports the libraries
        for case, ours, target in (
            ("table of trades", lambda: ledger.tables.read("trades"), "<= 2"),
            ("sql, group by over trades", lambda: ledger.tables.sql(QUESTION), ""),
        ):
            if bench.wants(case):
                mine, least = in_turns(bench.rounds, _cpu(ours), _cpu(raw))
                seconds, bottom = statistics.median(mine), statistics.median(least)
                name = f"{case}, {trades:,} trades"
                bench.add(
                    Figure(
                        name,
                        store,
                        seconds,
                        "s CPU",
                        bottom,
                        "raw read (s CPU)",
                        ratio(mine, least),
                        target,
                    )
                )


def _cpu(work: Callable[[], object]) -> Callable[[], float]:
    def measured() -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    return measured


def _sqlite(url: str) -> int:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    try:
        return len(connection.execute(f"SELECT {COLUMNS} FROM trades").fetchall())
    finally:
        connection.close()


def _postgres(url: str) -> int:
    statement = f"COPY (SELECT {COLUMNS} FROM trades) TO STDOUT (FORMAT binary)".encode()
    with (
        psycopg.connect(url) as connection,
        connection.cursor() as cursor,
        cursor.copy(statement) as rows,
    ):
        return sum(len(part) for part in rows)


if __name__ == "__main__":
    main()
