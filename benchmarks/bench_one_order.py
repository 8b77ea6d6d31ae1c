"""One order by an id, of 2,000 and of 130,000 orders, beside the raw lookup of its row by the key
in the same database.

The time must not grow with the orders of the account. Nobody ran ANALYZE; PostgreSQL may have done
so by itself.
"""

import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from measuring import Bench, Databases, Figure, databases, ratio
from workload import ACCOUNT, documents, to_message

from orderledger import Ledger

ORDERS = (2_000, 130_000)
CHUNK = 5_000
GROWTH_MAX = 3.0


def main() -> None:
    bench = Bench(__doc__)
    sizes = tuple(size // 10 for size in ORDERS) if bench.is_quick else ORDERS
    for store in bench.stores:
        with databases((store,)) as found:
            times = [list(_times(bench, found, store, size)) for size in sizes]
        for (case, few), (_, many) in zip(*times, strict=True):
            target = f"<= {GROWTH_MAX:.0f} x"
            bench.add(
                Figure(
                    f"{case}, growth",
                    store,
                    many,
                    "ms",
                    few,
                    f"of {sizes[0]:,} orders",
                    ratio([many], [few]),
                    target,
                )
            )
    bench.close()


def _times(bench: Bench, found: Databases, store: str, orders: int) -> Iterator[tuple[str, float]]:
    with found.empty(store) as url:
        _fill(url, orders)
        with Ledger.open(url, update_views=False) as ledger:
            row = ledger.views.page("orders", limit=1, order="newest").rows[0]
            raw = _raw_lookup(url, row["stream"])
            for case, ask in _cases(ledger, row).items():
                if bench.wants(case):
                    floor, ours = _milliseconds(raw), _milliseconds(ask)
                    bench.add(
                        Figure(
                            f"{case}, of {orders:,}",
                            store,
                            ours,
                            "ms",
                            floor,
                            "row by key",
                            ours / floor,
                        )
                    )
                    yield case, ours


def _cases(ledger: Ledger, row: Any) -> dict[str, Callable[[], object]]:
    name, venue_id, account = row["client_order_id"], row["venue_order_id"], {"account": ACCOUNT}
    last = ledger.log.position()
    return {
        "order by id": lambda: ledger.order(name, **account),
        "order by id, no account": lambda: ledger.order(name),
        "order by venue id": lambda: ledger.order(venue_id, **account),
        "order by venue id, no account": lambda: ledger.order(venue_id),
        "order by id as of a position": lambda: ledger.order(name, **account, as_of=last),
        "history by venue id": lambda: ledger.history(venue_id, **account),
        "trades of an order": lambda: ledger.trades(client_order_id=name, **account),
        "page of its trades": lambda: ledger.views.page("trades", client_order_id=name, **account),
    }


def _fill(url: str, orders: int) -> None:
    with Ledger.open(url, update_views=False) as ledger:
        messages = map(to_message, documents(orders))
        while chunk := list(itertools.islice(messages, CHUNK)):
            ledger.record_many(chunk)
        ledger.views.catch_up()


def _raw_lookup(url: str, stream: str) -> Callable[[], object]:
    """The row of an order by the key of its table, in a transaction of a driver's connection."""
    if url.startswith("sqlite"):
        import sqlite3

        file = sqlite3.connect(url.removeprefix("sqlite:///"))
        return lambda: file.execute("SELECT * FROM orders WHERE stream = ?", (stream,)).fetchall()
    import psycopg

    server = psycopg.connect(url)

    def read() -> object:
        with server.transaction():
            return server.execute("SELECT * FROM orders WHERE stream = %s", (stream,)).fetchall()

    return read


def _milliseconds(ask: Callable[[], object], repetitions: int = 51) -> float:
    """The median of some calls."""
    took = []
    for _ in range(repetitions):
        began = time.perf_counter()
        ask()
        took.append(time.perf_counter() - began)
    return 1_000 * statistics.median(took)


if __name__ == "__main__":
    main()
