"""`Ledger.equity` in this process: CPU seconds, of a log with definitions and a mark for each
second fill.

The floor is one loop that reads the same trades and keeps average-cost P&L in Decimal
(`floors.trades_fold`), without marks and without valuing anything. With BENCH_LONG=1 there are
about a million fills, otherwise a tenth of that.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

from floors import trades_fold
from measuring import Bench, Figure, databases, in_turns, ratio
from workload import documents, to_message

from orderledger import Ledger

ORDERS_PER_FILL = 0.5925
AT_ONCE = 10_000
MARK_EVERY = 2
CASES: dict[str, dict[str, Any]] = {
    "equity, 2,000 points": {},
    "equity, every fill": {"points": None},
    "equity, fifo": {"method": "fifo"},
}


def main() -> None:
    bench = Bench(__doc__)
    fills = 1_000_000 if bench.is_long else 10_000 if bench.is_quick else 100_000
    with databases(bench.stores) as stores:
        for store in bench.stores:
            with stores.empty(store) as url:
                count = _filled(url, fills)
                with Ledger.open(url, update_views=False) as ledger:
                    for case, asked in CASES.items():
                        if bench.wants(case):
                            _measure(
                                bench,
                                store,
                                url,
                                case,
                                lambda asked=asked: ledger.equity(**asked),
                                count,
                            )  # type: ignore[misc]
    bench.close()


def _filled(url: str, fills: int) -> int:
    """Record a log of about so many fills, with marks, and bring the views up to it. Returns the
    number of fills."""
    found = documents(int(fills * ORDERS_PER_FILL), max(1, fills // 1_000), milliseconds=2_000)
    places = sorted({(one["account"], one["instrument"]) for one in found if "instrument" in one})
    terms = [
        {
            "type": "instrument",
            "account": account,
            "instrument": name,
            "currency": "USD",
            "at": found[0]["at"],
        }
        for account, name in places
    ]
    count = 0
    messages = list(terms)
    for one in found:
        messages.append(one)
        if one["type"] == "fill":
            count += 1
            if count % MARK_EVERY == 0:
                account, name = places[count // MARK_EVERY % len(places)]
                messages.append(
                    {
                        "type": "mark",
                        "account": account,
                        "instrument": name,
                        "price": one["price"],
                        "at": one["at"],
                    }
                )
    with Ledger.open(url, update_views=False) as ledger:
        for start in range(0, len(messages), AT_ONCE):
            ledger.record_many(map(to_message, messages[start : start + AT_ONCE]))
        ledger.views.catch_up()
    return count


def _measure(
    bench: Bench, store: str, url: str, case: str, query: Callable[[], Any], fills: int
) -> None:
    mine, least = in_turns(
        bench.rounds, lambda: _cpu(query), lambda: _cpu(lambda: trades_fold(url))
    )
    seconds, bottom = statistics.median(mine), statistics.median(least)
    told = f"{fills:,} fills, {fills // MARK_EVERY:,} marks"
    bench.add(
        Figure(
            f"{case}: CPU",
            store,
            seconds,
            "s",
            bottom,
            "Decimal fold (s)",
            ratio(mine, least),
            "",
            told,
        )
    )


def _cpu(call: Callable[[], Any]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


if __name__ == "__main__":
    main()
