"""`record_many` in 100s and in 1,000s, beside the raw database taking the same bytes in as many
commits.

With BENCH_CPU=1 rates are per second of CPU."""

import gc
import statistics
from collections.abc import Callable, Sequence
from typing import Any

from floors import clock, raw_insert, stored_rows
from measuring import Bench, Databases, Figure, databases, in_turns, ratio, raw1
from workload import documents, to_lines, to_message

from orderledger import Ledger
from orderledger.infrastructure.messages.registry import Message
from orderledger.infrastructure.storage.recorder import LogRow

MESSAGES = 30_000
TARGET = {100: "", 1_000: "45 % of raw"}
TIMES_RAW1 = {"sqlite": 8, "postgres": 5}
RAW = {"sqlite": "raw multi-row INSERT", "postgres": "raw COPY"}


def main() -> None:
    bench = Bench(__doc__)
    found = documents()[: MESSAGES // (4 if bench.is_quick else 1)]
    messages, lines = [to_message(document) for document in found], to_lines(found)
    gc.freeze()  # what only the benchmark holds is not to be looked through by ours or by the floor
    with databases(bench.stores) as stores:
        for store in bench.stores:
            rows = _rows(stores, store, messages)
            for size in (100, 1_000):
                _compare(bench, stores, store, size, messages, lines, rows)
    bench.close()


def _compare(
    bench: Bench,
    stores: Databases,
    store: str,
    size: int,
    messages: list[Message],
    lines: list[bytes],
    rows: list[LogRow],
) -> None:
    def floor() -> float:
        gc.collect()
        with stores.empty(store) as url:
            return raw_insert(url, rows, size)

    def one_append() -> float:
        return raw1(stores.folder).rate

    def built() -> list[float]:
        return [
            _recorded(stores, store, messages, size, what="messages", update_views=update_views)
            for update_views in (True, False)
        ]

    def validated() -> float:
        return _recorded(stores, store, lines, size, what="lines", update_views=False)

    pairs: list[list[float]] = []

    def both() -> float:
        pairs.append(built())
        return pairs[-1][0]

    if not bench.wants(f"record_many in {size:,}s"):
        return
    followed, parsed, raw, appends = in_turns(bench.rounds, both, validated, floor, one_append)
    alone = [pair[1] for pair in pairs]
    for case, ours in (
        (f"record_many in {size:,}s", alone),
        (f"record_many in {size:,}s, views following", followed),
        (f"record_lines in {size:,}s (NDJSON)", parsed),
    ):
        target = f">= {TARGET[size]}" if TARGET[size] and ours is alone else ""
        times = f"{ratio(ours, appends):.1f} x raw1 (>= {TIMES_RAW1[store]})"
        figure = Figure(
            case, store, statistics.median(ours), "events/s", statistics.median(raw), RAW[store]
        )
        bench.add(_judged(figure, ratio(ours, raw), target, times))


def _judged(figure: Figure, share: float, target: str, note: str) -> Figure:
    return Figure(
        figure.case,
        figure.store,
        figure.ours,
        figure.unit,
        figure.floor,
        figure.floor_name,
        share,
        target,
        note,
    )


def _rows(stores: Databases, store: str, messages: list[Message]) -> list[LogRow]:
    with stores.empty(store) as url, Ledger.open(url, update_views=False) as ledger:
        ledger.record_many(messages)
        return stored_rows(ledger)


def _recorded(
    stores: Databases, store: str, given: Sequence[Any], size: int, *, what: str, update_views: bool
) -> float:
    """Messages a second, of an otherwise idle ledger, each batch durable before the next is
    given."""
    gc.collect()
    with stores.empty(store) as url, Ledger.open(url, update_views=update_views) as ledger:
        record: Callable[[Sequence[Any]], object] = (
            ledger.record_many if what == "messages" else ledger.recording.record_lines
        )
        began = clock()
        for start in range(0, len(given), size):
            record(given[start : start + size])
        return len(given) / (clock() - began)


if __name__ == "__main__":
    main()
