"""What a statement costs, beside one fold of the same log: a day of orders with fills and marks.

python benchmarks/bench_statement.py [ORDERS]
"""

import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from orderledger import Fill, Instrument, Ledger, Mark, Request
from orderledger.infrastructure.messages.registry import Message
from orderledger.serve.statement.formats import FORMATS

DAY = datetime(2026, 11, 20, tzinfo=UTC)
ROUNDS = 3


def messages(orders: int) -> Iterator[Message]:
    for number in range(100):
        yield Instrument(
            account=f"sim:{number % 5}",
            instrument=f"I-{number // 5}",
            currency="USD",
            at=DAY - timedelta(days=1),
        )
    step = timedelta(days=1) / (orders + 1)
    for number in range(orders):
        at, name = DAY + number * step, f"I-{number % 20}"
        who = {"account": f"sim:{number % 5}", "client_order_id": f"C-{number}"}
        side = "buy" if number % 3 else "sell"
        yield Request(
            **who,
            instrument=name,
            side=side,
            quantity="2",
            order_type="limit",
            limit_price="100",
            at=at,
        )
        yield Fill(
            **who,
            fill_id=f"F-{number}",
            quantity="1",
            price=str(100 + number % 7),
            at=at + step / 3,
        )
        if number % 5 == 0:
            yield Mark(
                account=who["account"],
                instrument=name,
                price=str(100 + number % 11),
                at=at + step / 2,
            )


def seconds(call: Callable[[], object]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


def main() -> None:
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    with Ledger.open("memory://", update_views=False) as ledger:
        ledger.record_many(messages(orders))
        events = ledger.status()["position"]
        fold, made = [], []
        for _ in range(ROUNDS):  # in turns
            fold.append(seconds(lambda: ledger.positions(effective_at=DAY + timedelta(days=1))))
            made.append(seconds(lambda: ledger.statement(DAY.date(), DAY.date())))
        statement = ledger.statement(DAY.date(), DAY.date())
        points = len(statement.curves[0].points)
        print(f"{events:,} events, {points:,} points of equity")
        ratio = min(made) / min(fold)
        print(
            f"one query at another time: {min(fold):.2f} s; a statement: {min(made):.2f} s, "
            f"{ratio:.1f} times that"
        )
        for form, write in FORMATS.items():
            print(
                f"{form}: {seconds(lambda write=write: write(statement)):.2f} s, "
                f"{len(write(statement)) / 1e6:.1f} MB"
            )


if __name__ == "__main__":
    main()
