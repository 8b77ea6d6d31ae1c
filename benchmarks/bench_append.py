"""One message at a time: `record`, `record_soon` from threads, `arecord` from tasks, beside one
append and fdatasync, and beside the stock eventsourcing library. Messages are validated inside what
is timed, as a user's code does. Each case runs with views that a thread follows, as a ledger opens
by default, that a process follows, and that are at rest; the stock library has none."""

import asyncio
import gc
import resource
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from measuring import (
    Bench,
    Databases,
    Figure,
    Raw1,
    databases,
    followed,
    in_turns,
    percentile,
    raw1,
)
from stock import save_each, stock_application
from workload import Document, documents, to_message

from orderledger import Ledger
from orderledger.infrastructure.views.follower import Follow

SINGLE = 1_500
STOCK = 500
SHARED = {"sqlite": 8_000, "postgres": 8_000}
ALONE = "record, one caller"
FOLLOWING: dict[str, Follow] = {
    "": True,
    ", views by a process": "process",
    ", views at rest": False,
}
ALONE_TARGET = {"sqlite": 0.60, "postgres": 0.50}


@dataclass(frozen=True, slots=True)
class Run:
    rate: float
    cpu_us: float
    caller_us: float
    p50_us: float
    p99_us: float


def main() -> None:
    bench = Bench(__doc__)
    with databases(bench.stores) as stores:
        for store in bench.stores:
            _append(bench, stores, store)
    bench.close()


def _append(bench: Bench, stores: Databases, store: str) -> None:
    chosen = _cases(bench, stores, store)
    if not chosen:
        return
    floors: dict[str, list[Raw1]] = {name: [] for name in chosen}
    runs: dict[str, list[Run]] = {name: [] for name in chosen}
    stock: list[float] = []

    def stock_once() -> float:
        with stores.empty(store) as url:
            application = stock_application(url)
            try:
                stock.append(save_each(application, documents(500)[: _share(bench, STOCK)]))
            finally:
                application.close()
        return stock[-1]

    def measured(name: str, run: Callable[[], Run]) -> Callable[[], float]:
        def once() -> float:
            before = raw1(stores.folder, 300)
            runs[name].append(run())
            after = raw1(stores.folder, 300)
            floors[name].append(before if before.rate > after.rate else after)
            return runs[name][-1].rate

        return once

    in_turns(bench.rounds, stock_once, *(measured(name, run) for name, run in chosen.items()))
    best_stock = statistics.median(stock)
    bench.add(Figure("stock eventsourcing, save per event", store, best_stock, "events/s"))
    for name in chosen:
        _tell(bench, store, name, runs[name], floors[name], stock)


def _share(bench: Bench, count: int) -> int:
    return count // (4 if bench.is_quick else 1)


def _cases(bench: Bench, stores: Databases, store: str) -> dict[str, Callable[[], Run]]:
    """Those that are wanted, with each way to update the views."""
    single = documents(2_000)[: _share(bench, SINGLE)]
    shared = documents(SHARED[store] // 3)[: _share(bench, SHARED[store])]
    cases: dict[str, Callable[[Follow], Run]] = {
        ALONE: lambda update_views: _one_caller(stores, store, single, update_views=update_views),
        "record, 32 threads": lambda update_views: _threads(
            stores, store, shared, 32, update_views=update_views, record=_recorded
        ),
        "record_soon, 32 threads": lambda update_views: _threads(
            stores, store, shared, 32, update_views=update_views, record=_recorded_soon
        ),
        "arecord, 64 tasks": lambda update_views: _tasks(
            stores, store, shared, 64, update_views=update_views
        ),
        "arecord, 512 tasks": lambda update_views: _tasks(
            stores, store, shared, 512, update_views=update_views
        ),
    }
    return {
        f"{name}{how}": partial(run, update_views)
        for name, run in cases.items()
        for how, update_views in FOLLOWING.items()
        if bench.wants(f"{name}{how}")
    }


def _tell(
    bench: Bench, store: str, name: str, runs: list[Run], floors: list[Raw1], stock: list[float]
) -> None:
    rate = statistics.median(run.rate for run in runs)
    times_raw = statistics.median(
        run.rate / floor.rate for run, floor in zip(runs, floors, strict=True)
    )
    times_stock = statistics.median(
        run.rate / other for run, other in zip(runs, stock, strict=True)
    )
    targets = {  # of a ledger as it opens by default, with its views following
        ALONE: f">= {ALONE_TARGET[store]:.2f} x raw1",
        "record_soon, 32 threads": ">= 2.5 x raw1",
        "arecord, 64 tasks": ">= 5 x raw1, >= 15 x stock",
        "arecord, 512 tasks": ">= 40 x stock (PostgreSQL)",
    }
    note = (
        f"{times_stock:.1f} x stock; p50 {statistics.median(r.p50_us for r in runs) / 1000:.2f} ms"
    )
    note += f"; {statistics.median(r.cpu_us for r in runs):.0f} us CPU"
    bench.add(
        Figure(
            name,
            store,
            rate,
            "events/s",
            statistics.median(f.rate for f in floors),
            "raw1",
            times_raw,
            targets.get(name, ""),
            note,
        )
    )
    if name.startswith(ALONE):
        _tell_alone(bench, store, name, runs, floors)


def _tell_alone(bench: Bench, store: str, name: str, runs: list[Run], floors: list[Raw1]) -> None:
    """What one caller costs besides: CPU, and the slowest in a hundred."""
    cpu_target, p99_target = ("<= 80", "<= 3 x raw1's") if name == ALONE else ("", "")
    cpu, whole = (
        statistics.median(run.caller_us for run in runs),
        statistics.median(run.cpu_us for run in runs),
    )
    note = f"{whole:.0f} with the kernel and the views' thread"
    bench.add(Figure(f"{name}: CPU", store, cpu, "us/message", target=cpu_target, note=note))
    slowest = statistics.median(
        run.p99_us / floor.p99_us for run, floor in zip(runs, floors, strict=True)
    )
    p99, raw_p99 = (
        statistics.median(run.p99_us for run in runs),
        statistics.median(floor.p99_us for floor in floors),
    )
    bench.add(
        Figure(
            f"{name}: p99",
            store,
            p99 / 1000,
            "ms",
            raw_p99 / 1000,
            "raw1's p99 (ms)",
            slowest,
            p99_target,
        )
    )


def _one_caller(
    stores: Databases, store: str, found: list[Document], *, update_views: Follow
) -> Run:
    with stores.empty(store) as url, followed(url, update_views) as ledger:
        gc.collect()
        took: list[float] = []
        cpu, mine, began = time.process_time(), _user_time(), time.perf_counter()
        _record_each(ledger, found, took)
        seconds, mine, cpu = (
            time.perf_counter() - began,
            _user_time() - mine,
            time.process_time() - cpu,
        )
    return _run(seconds, cpu, mine, took)


def _user_time() -> float:
    """CPU seconds of this thread, without those in the kernel, which are the disk's."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_utime


def _record_each(ledger: Ledger, found: list[Document], took: list[float]) -> None:
    for document in found:
        start = time.perf_counter()
        ledger.record(to_message(document))
        took.append(time.perf_counter() - start)


def _recorded(ledger: Ledger, document: Document) -> None:
    ledger.record(to_message(document))


def _recorded_soon(ledger: Ledger, document: Document) -> None:
    ledger.record_soon(to_message(document)).result()


def _threads(
    stores: Databases,
    store: str,
    found: list[Document],
    count: int,
    *,
    update_views: Follow,
    record: Callable[[Ledger, Document], None],
) -> Run:
    """Each thread waits for its message before it gives the next."""

    def caller(ledger: Ledger, mine: list[Document]) -> None:
        for document in mine:
            start = time.perf_counter()
            record(ledger, document)
            took.append(time.perf_counter() - start)

    took: list[float] = []
    with stores.empty(store) as url, followed(url, update_views) as ledger:
        threads = [
            threading.Thread(target=caller, args=(ledger, mine))
            for mine in _by_caller(found, count)
        ]
        gc.collect()
        cpu, began = time.process_time(), time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return _run(time.perf_counter() - began, time.process_time() - cpu, 0.0, took)


def _tasks(
    stores: Databases, store: str, found: list[Document], count: int, *, update_views: Follow
) -> Run:
    """The same with tasks of one event loop."""

    async def caller(ledger: Ledger, mine: list[Document]) -> None:
        for document in mine:
            start = time.perf_counter()
            await ledger.arecord(to_message(document))
            took.append(time.perf_counter() - start)

    async def run(ledger: Ledger) -> None:
        await asyncio.gather(*(caller(ledger, mine) for mine in _by_caller(found, count)))

    took: list[float] = []
    with stores.empty(store) as url, followed(url, update_views) as ledger:
        gc.collect()
        cpu, began = time.process_time(), time.perf_counter()
        asyncio.run(run(ledger))
        return _run(time.perf_counter() - began, time.process_time() - cpu, 0.0, took)


def _by_caller(found: list[Document], count: int) -> list[list[Document]]:
    """All messages of one order go to one caller, in their order."""
    mine: list[list[Document]] = [[] for _ in range(count)]
    for document in found:
        mine[int(document["client_order_id"].rpartition("-")[2]) % count].append(document)
    return mine


def _run(seconds: float, cpu: float, caller: float, took: list[float]) -> Run:
    count = len(took)
    return Run(
        count / seconds,
        cpu / count * 1e6,
        caller / count * 1e6,
        percentile(took, 0.5) * 1e6,
        percentile(took, 0.99) * 1e6,
    )


if __name__ == "__main__":
    main()
