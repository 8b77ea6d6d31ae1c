"""The ledger beside what users would take instead, on SQLite with the same durability: rows updated
by SQLAlchemy (`orm.py`), and the eventsourcing library as it comes (`stock.py`).

The ratio is the peer's speed over ours: below 1, ours is faster. The one in the note is that of CPU
time (ours over the peer's), which a slow disk does not level. Ours validates each message, decides
it, refuses duplicates and keeps the history. The peers do none of these, and of the peers only the
ORM has views: its rows. *At rest* is a ledger whose views wait for the next query.
"""

import gc
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from eventsourcing.application import Application
from measuring import Bench, Databases, Figure, databases, followed, ratio
from orm import orm_engine, update_rows
from stock import project, save_batches, save_each, stock_application
from workload import Document, documents, to_message

from orderledger.infrastructure.views.follower import Follow

SINGLE = 1_500
BATCHED = 30_000
BATCH = 1_000
ROUNDS = 5


def main() -> None:
    bench = Bench(__doc__)
    share = 4 if bench.is_quick else 1
    found = documents()[: BATCHED // share]
    single = documents(2_000)[: SINGLE // share]
    with databases(("sqlite",)) as stores:
        _compare(bench, "one caller", _single(stores, single))
        _compare(bench, f"batches of {BATCH:,}", _batched(stores, found))
        _compare(
            bench,
            "projection",
            {
                "ours, all views": partial(_views, stores, found),
                "stock, two thin tables": partial(_thin, stores, found),
            },
        )
    bench.close()


@dataclass(frozen=True, slots=True)
class Run:
    """Messages a second, and CPU seconds of this process for each, with all its threads."""

    rate: float
    cpu: float


Runs = dict[str, Callable[[], Run]]


def _compare(bench: Bench, case: str, runs: Runs) -> None:
    """Each of ours, and each peer beside each of ours."""
    if not bench.wants(case):
        return
    results: dict[str, list[Run]] = {name: [] for name in runs}
    for _ in range(1 if bench.is_quick else ROUNDS):
        for name, run in runs.items():
            results[name].append(run())
    ours = [name for name in runs if name.startswith("ours")]
    for name, told in results.items():
        rate, cpu = (
            statistics.median(values)
            for values in ([run.rate for run in told], [run.cpu for run in told])
        )
        figure = Figure(f"{case}: {name}", "sqlite", rate, "/s", note=f"{cpu * 1e6:.0f} us CPU")
        if name in ours:
            bench.add(figure)
        else:
            for mine in ours:
                bench.add(_beside(figure, told, mine, results[mine]))


def _beside(figure: Figure, told: list[Run], mine: str, ours: list[Run]) -> Figure:
    rates = [[run.rate for run in runs] for runs in (told, ours)]
    of_cpu = ratio([run.cpu for run in ours], [run.cpu for run in told])
    note = f"{figure.note}, {of_cpu:.2f} x by CPU"
    return replace(
        figure, floor=statistics.median(rates[1]), floor_name=mine, ratio=ratio(*rates), note=note
    )


def _measured(count: int, work: Callable[[], object]) -> Run:
    gc.collect()
    cpu, began = time.process_time(), time.perf_counter()
    work()
    return Run(count / (time.perf_counter() - began), (time.process_time() - cpu) / count)


def _single(stores: Databases, found: list[Document]) -> Runs:
    return {
        "ours": partial(_recorded, stores, found, 1, update_views=True),
        "ours, at rest": partial(_recorded, stores, found, 1, update_views=False),
        "stock save per event": partial(_stock, stores, found, save_each),
        "ORM, a commit per message": partial(_orm, stores, found, 1),
    }


def _batched(stores: Databases, found: list[Document]) -> Runs:
    return {
        "ours": partial(_recorded, stores, found, BATCH, update_views=True),
        "ours, at rest": partial(_recorded, stores, found, BATCH, update_views=False),
        "stock, one save": partial(_stock, stores, found, save_batches),
        "ORM, one commit": partial(_orm, stores, found, BATCH),
    }


def _recorded(stores: Databases, found: list[Document], batch: int, *, update_views: Follow) -> Run:
    """Building and validating the messages included, as a user's code does it."""
    with stores.empty("sqlite") as url, followed(url, update_views) as ledger:

        def work() -> None:
            for start in range(0, len(found), batch):
                if batch == 1:
                    ledger.record(to_message(found[start]))
                else:
                    ledger.record_many(
                        [to_message(document) for document in found[start : start + batch]]
                    )

        return _measured(len(found), work)


def _stock(
    stores: Databases,
    found: list[Document],
    save: Callable[[Application[Any], list[Document]], object],
) -> Run:
    with stores.empty("sqlite") as url, closing(stock_application(url)) as application:
        return _measured(len(found), lambda: save(application, found))


def _orm(stores: Databases, found: list[Document], batch: int) -> Run:
    with stores.empty("sqlite") as url:
        engine = orm_engine(url)
        try:
            return _measured(len(found), lambda: update_rows(engine, found, batch))
        finally:
            engine.dispose()


def _views(stores: Databases, found: list[Document]) -> Run:
    """All views, of a log that was there."""
    with stores.empty("sqlite") as url, followed(url, False) as ledger:
        ledger.record_many(to_message(document) for document in found)
        return _measured(len(found), ledger.views.catch_up)


def _thin(stores: Databases, found: list[Document]) -> Run:
    with stores.empty("sqlite") as url, closing(stock_application(url)) as application:
        save_batches(application, found, BATCH)
        return _measured(len(found), lambda: project(application, url, BATCH))


if __name__ == "__main__":
    main()
