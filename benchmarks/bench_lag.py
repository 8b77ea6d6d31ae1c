"""How far the tables of the views lie behind what has been acknowledged, while messages arrive.

A producer offers 20,000 messages a second in small batches, or what the ledger takes. A second
connection, as a person with SQL would have, asks every few milliseconds how far the views are.
(Questions to the ledger itself never lag: each brings the views up to date first.)
"""

import gc
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from measuring import Bench, Databases, Figure, databases, followed, percentile
from workload import documents, to_message

from orderledger import Ledger
from orderledger.infrastructure.messages.registry import Message
from orderledger.infrastructure.views.follower import Follow

OFFERED = 20_000
BATCH = 100
SECONDS = 2
CATCH_UP_SECONDS_MAX = 60.0
FOLLOWING: dict[str, Follow] = {"": True, ", by a process": "process"}


def main() -> None:
    bench = Bench(__doc__)
    messages = [
        to_message(document)
        for document in documents()[: OFFERED * SECONDS // (4 if bench.is_quick else 1)]
    ]
    with databases(bench.stores) as stores:
        for store in bench.stores:
            for how, update_views in FOLLOWING.items():
                _lag(bench, stores, store, messages, how, update_views)
    bench.close()


def _lag(
    bench: Bench,
    stores: Databases,
    store: str,
    messages: list[Message],
    how: str,
    update_views: Follow,
) -> None:
    seen: list[tuple[float, int]] = []
    told: list[tuple[float, int]] = []
    done = threading.Event()
    with stores.empty(store) as url, followed(url, update_views) as ledger:
        watcher = threading.Thread(target=_watch, args=(url, seen, done))
        watcher.start()
        gc.collect()
        rate = _offer(ledger, messages, told)
        last, ended = told[-1][1], time.perf_counter()
        while (
            not seen or seen[-1][1] < last
        ) and time.perf_counter() - ended < CATCH_UP_SECONDS_MAX:
            time.sleep(0.005)
        behind = time.perf_counter() - ended
        done.set()
        watcher.join()
    lags = _lags(told, seen)
    note = (
        f"p50 {percentile(lags, 0.5) * 1e3:,.0f} ms; {rate:,.0f} messages/s taken of {OFFERED:,} "
        "offered"
    )
    bench.add(
        Figure(
            f"view lag{how}: p99",
            store,
            percentile(lags, 0.99) * 1e3,
            "ms",
            target="<= 250 ms",
            note=note,
        )
    )
    bench.add(Figure(f"view lag{how}: until caught up", store, behind * 1e3, "ms"))


def _offer(ledger: Ledger, messages: list[Message], told: list[tuple[float, int]]) -> float:
    began = time.perf_counter()
    for start in range(0, len(messages), BATCH):
        time.sleep(max(0.0, began + start / OFFERED - time.perf_counter()))
        positions = [
            outcome.position or 0 for outcome in ledger.record_many(messages[start : start + BATCH])
        ]
        told.append((time.perf_counter(), max(positions)))
    return len(messages) / (time.perf_counter() - began)


def _watch(url: str, seen: list[tuple[float, int]], done: threading.Event) -> None:
    position = _positions(url)
    while not done.is_set():
        at = position()
        seen.append((time.perf_counter(), at))
        time.sleep(0.003)


def _positions(url: str) -> Callable[[], int]:
    statement = "SELECT position FROM view_positions"
    connection: Any
    if url.startswith("sqlite"):
        connection = sqlite3.connect(Path(url.removeprefix("sqlite://")))
    else:
        import psycopg

        connection = psycopg.connect(url, autocommit=True)
    return lambda: int(connection.execute(statement).fetchone()[0])


def _lags(told: list[tuple[float, int]], seen: list[tuple[float, int]]) -> list[float]:
    """Of each acknowledged batch: how long until the views were seen at it."""
    lags = []
    index = 0
    for at, position in told:
        while index < len(seen) and seen[index][1] < position:
            index += 1
        lags.append((seen[index][0] if index < len(seen) else float("inf")) - at)
    return [max(0.0, lag) for lag in lags]


if __name__ == "__main__":
    main()
