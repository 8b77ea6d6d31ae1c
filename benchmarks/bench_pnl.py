"""`orderledger pnl --by strategy,day` as a whole process, for each method: seconds, CPU and peak
memory.

The floor is one loop in this process that reads the same trades and keeps average-cost P&L in
Decimal (`floors.trades_fold`). With BENCH_LONG=1 the log has a million events, about 450,000 fills
over 23 days; otherwise a tenth of that.
"""

import gc
import statistics
import sys
import time
from pathlib import Path
from typing import get_args

from floors import trades_fold
from measuring import Bench, Costs, Figure, databases, in_turns, ratio, run_process
from workload import documents, to_message

from orderledger import Ledger
from orderledger.projections.positions import Method

COMMAND = Path(sys.executable).parent / "orderledger"
ORDERS_PER_EVENT = 20_000 / 75_158
MILLISECONDS = 2_000
AT_ONCE = 10_000


def main() -> None:
    bench = Bench(__doc__)
    size = 1_000_000 if bench.is_long else 10_000 if bench.is_quick else 100_000
    with databases(bench.stores) as stores:
        for store in bench.stores:
            with stores.empty(store) as url:
                fills = _filled(url, size)
                for method in get_args(Method):
                    if bench.wants(f"pnl by strategy and day, {method}"):
                        _measure(bench, store, url, method, size, fills)
    bench.close()


def _filled(url: str, size: int) -> int:
    """Record a log of this size, and bring the views up to it. Returns the number of fills."""
    found = documents(int(size * ORDERS_PER_EVENT), size // 1_000, milliseconds=MILLISECONDS)
    with Ledger.open(url, update_views=False) as ledger:
        for start in range(0, len(found), AT_ONCE):
            ledger.record_many(to_message(document) for document in found[start : start + AT_ONCE])
        ledger.views.catch_up()
    return sum(document["type"] == "fill" for document in found)


def _measure(bench: Bench, store: str, url: str, method: str, size: int, fills: int) -> None:
    told: list[Costs] = []

    def ours() -> float:
        told.append(
            run_process(
                [
                    str(COMMAND),
                    "pnl",
                    "--by",
                    "strategy,day",
                    "--method",
                    method,
                    "--json",
                    "--db",
                    url,
                ]
            )
        )
        return told[-1].seconds

    def floor() -> float:
        gc.collect()
        began = time.perf_counter()
        trades_fold(url)
        return time.perf_counter() - began

    mine, least = in_turns(bench.rounds, ours, floor)
    case, target = (
        f"pnl by strategy and day, {method}, {size:,} events",
        "<= 2 s of 1 M" if bench.is_long else "",
    )
    seconds, bottom, share = statistics.median(mine), statistics.median(least), ratio(mine, least)
    bench.add(
        Figure(
            case, store, seconds, "s", bottom, "Decimal fold (s)", share, target, f"{fills:,} fills"
        )
    )
    bench.add(Figure(f"{case}: CPU", store, statistics.median(one.cpu for one in told), "s"))
    bench.add(
        Figure(f"{case}: memory", store, max(one.megabytes for one in told), "MB", target="<= 150")
    )


if __name__ == "__main__":
    main()
