"""A process that records orders of its own account: `writer_process.py URL ACCOUNT ORDERS BATCH`.

Prints a line when it is ready, begins when it is given one, and prints its messages, seconds and
peaks of memory as JSON: after a tenth of the messages, and at the end. The orders are made up in
rounds of 2,000, so that the process itself stays small.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator

from workload import documents, to_message

from orderledger import Ledger
from orderledger.infrastructure.messages.registry import Message

ROUND, OPEN_OF_A_ROUND = 2_000, 8


def rounds(account: str, orders: int) -> Iterator[list[Message]]:
    for number in range(0, orders, ROUND):
        found = documents(min(ROUND, orders - number), OPEN_OF_A_ROUND)
        names = ("client_order_id", "venue_order_id", "fill_id")
        own = {"account": account}
        yield [
            to_message(d | own | {name: f"{number}-{d[name]}" for name in names if name in d})
            for d in found
        ]


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(url: str, account: str, orders: int, size: int) -> None:
    with Ledger.open(url, update_views=False) as ledger:
        made = rounds(account, orders)
        batch = next(made)
        print("ready", flush=True)
        sys.stdin.readline()
        count, seconds, early = 0, 0.0, 0.0
        while batch:
            began = time.perf_counter()
            for start in range(0, len(batch), size):
                ledger.record_many(batch[start : start + size])
            seconds += time.perf_counter() - began
            count += len(batch)
            batch = next(made, [])
            if not early and count * 10 >= orders * 3.75:
                early = megabytes()
    print(
        json.dumps(
            {"messages": count, "seconds": seconds, "early_mb": early, "peak_mb": megabytes()}
        ),
        flush=True,
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
