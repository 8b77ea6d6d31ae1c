"""Watching: a scrape of the metrics, and a look of the alert rules, on a store with 100,000 orders.

Measured in CPU time of the process. The floor of a scrape is prometheus-client, which writes the
same series from memory. That of a look is one SELECT that counts the open orders.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

from measuring import Bench, Figure, databases, in_turns, ratio

from orderledger import Ledger, Request
from orderledger.serve.alerts.settings import AlertSettings
from orderledger.serve.alerts.watcher import Watcher
from orderledger.serve.metrics import MetricsSettings, metrics_text, registry_of

ACCOUNTS = 20
RULES = [
    {"kind": "unresolved", "seconds": 30},
    {"kind": "gap", "seconds": 30},
    {"kind": "anomaly"},
    {"kind": "open_break"},
    {"kind": "halt"},
    {"kind": "exposure", "notional": "1e9"},
    {"kind": "daily_loss", "amount": "1e9"},
    {"kind": "large_change", "times_usual": "100"},
]


WRITING, COUNTING = "prometheus-client alone (ms)", "count of open orders (ms)"


class Prepared:
    """A collector of metrics that are in memory."""

    def __init__(self, metrics: list[Any]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Any]:
        return self._metrics


def main() -> None:
    bench = Bench(__doc__)
    orders = 10_000 if bench.is_quick else 100_000
    with databases(bench.stores) as stores:
        for store in bench.stores:
            with stores.empty(store) as url, Ledger.open(url, update_views=False) as ledger:
                _fill(ledger, orders)
                _scrapes(bench, store, ledger)
                _looks(bench, store, ledger, orders)
    bench.close()


def _fill(ledger: Ledger, orders: int) -> None:
    """One order of a hundred is open, in each of the accounts and instruments."""
    from workload import documents, to_message

    found = documents(orders, orders // 100)
    ledger.record_many(
        to_message({**one, "account": f"sim:{index % ACCOUNTS}"}) for index, one in _by_order(found)
    )
    ledger.views.catch_up()


def _by_order(found: list[dict[str, object]]) -> list[tuple[int, dict[str, object]]]:
    numbers: dict[object, int] = {}
    return [(numbers.setdefault(one.get("client_order_id"), len(numbers)), one) for one in found]


def _scrapes(bench: Bench, store: str, ledger: Ledger) -> None:
    from prometheus_client import CollectorRegistry, generate_latest

    metrics_text(ledger)
    fresh = registry_of(ledger, MetricsSettings(reading_seconds=0))
    generate_latest(fresh)

    series = list(fresh.collect())
    raw = CollectorRegistry(auto_describe=False)
    raw.register(Prepared(series))
    size = sum(len(metric.samples) for metric in series)

    def floor() -> float:
        return _cpu(lambda: generate_latest(raw))

    quiet, bottom = in_turns(3 * bench.rounds, lambda: _cpu(lambda: metrics_text(ledger)), floor)
    _figure(
        bench, store, f"scrape of {size} series, nothing new", quiet, bottom, WRITING, "<= 2.5 x"
    )
    moved, bottom = in_turns(
        3 * bench.rounds, lambda: _moved(ledger, lambda: generate_latest(fresh)), floor
    )
    _figure(
        bench, store, f"scrape of {size} series, after a change", moved, bottom, WRITING, "<= 4 x"
    )


def _looks(bench: Bench, store: str, ledger: Ledger, orders: int) -> None:
    watcher = Watcher(ledger, AlertSettings.model_validate({"rules": RULES}))
    first = _cpu(watcher.look)
    quiet, floor = in_turns(
        3 * bench.rounds, lambda: _cpu(watcher.look), lambda: _cpu(lambda: _count(ledger))
    )
    _figure(bench, store, f"look of {len(RULES)} rules, nothing new", quiet, floor, COUNTING, "")
    moved, floor = in_turns(
        3 * bench.rounds, lambda: _moved(ledger, watcher.look), lambda: _cpu(lambda: _count(ledger))
    )
    _figure(bench, store, f"look of {len(RULES)} rules, after a change", moved, floor, COUNTING, "")
    bench.add(Figure(f"first look, {orders:,} orders", store, first * 1e3, "ms"))


_numbers = iter(range(1_000_000_000))


def _moved(ledger: Ledger, run: Callable[[], object]) -> float:
    """The CPU time of a run after one more order."""
    name = f"N-{next(_numbers)}"
    ledger.record(
        Request(
            account="sim:0",
            client_order_id=name,
            instrument="I-0",
            side="buy",
            quantity="1",
            order_type="limit",
            limit_price="1",
        )
    )
    ledger.views.catch_up()
    return _cpu(run)


def _count(ledger: Ledger) -> int:
    with ledger.internals.store.database.reading() as session:
        return int(
            session.execute(
                "SELECT COUNT(*) FROM orders WHERE is_open = ?", (session.to_sql("flag", True),)
            )[0][0]
        )


def _cpu(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


def _figure(
    bench: Bench,
    store: str,
    case: str,
    ours: list[float],
    floor: list[float],
    floor_name: str,
    target: str,
) -> None:
    mine, bottom = statistics.median(ours) * 1e3, statistics.median(floor) * 1e3
    bench.add(Figure(case, store, mine, "ms", bottom, floor_name, ratio(ours, floor), target))


if __name__ == "__main__":
    main()
