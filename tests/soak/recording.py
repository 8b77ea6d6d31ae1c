"""`python -m tests.soak.recording DB ACCOUNT RATE`: records so many orders a second that begin and
end, until it is killed. One in a thousand is unresolved for some seconds."""

import sys
import time
from itertools import count
from typing import Any

from orderledger import Acknowledged, Fill, Ledger, Request, Submit, Unresolved

PAUSE = 0.25
LATE = 200
TERMS: dict[str, Any] = {
    "instrument": "X",
    "quantity": "1",
    "order_type": "limit",
    "limit_price": "100",
}


def messages(account: str, number: int) -> list[Any]:
    """An order that is filled. Every other one sells, so that the position stays small."""
    own: dict[str, Any] = {"account": account, "client_order_id": f"C-{number}"}
    side = "sell" if number % 2 else "buy"
    begun = [Request(**own, **TERMS, side=side), Submit(**own)]
    if number % 1_000 == 0:
        return [*begun, Unresolved(**own, reason="timeout")]
    return begun + ended(own, number)


def ended(own: dict[str, Any], number: int) -> list[Any]:
    return [
        Acknowledged(**own, venue_order_id=f"V-{number}"),
        Fill(**own, fill_id=f"F-{number}", quantity="1", price="100", fee="0.01"),
    ]


def main(db: str, account: str, rate: float) -> None:
    at_once = max(1, round(rate * PAUSE))
    with Ledger.open(db) as ledger:
        next_at = time.monotonic()
        for first in count(0, at_once):
            for number in range(first, first + at_once):
                ledger.record_many(messages(account, number))
                if (late := number - LATE) >= 0 and late % 1_000 == 0:
                    own = {"account": account, "client_order_id": f"C-{late}"}
                    ledger.record_many(ended(own, late))
            next_at = max(next_at + PAUSE, time.monotonic())
            time.sleep(max(0.0, next_at - time.monotonic()))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
