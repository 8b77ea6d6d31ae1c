"""What a message costs when there are already many: sizes that double, one beside the other.

What is to cost the same however much there is (a fill on many open lots, a late fill, a funding, a
definition, a mark) is measured alone; its ratio is to the smallest size. The stories of one order
(chains and stars of corrections, replaces, busts and others) are recorded in one call and viewed in
one batch, in CPU time of this process; their ratio is to half the size, and linear is 2.
"""

import gc
import itertools
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from measuring import Bench, Figure, databases
from workload import to_message

from orderledger import Ledger

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
AGAIN = 9
ORDER = {"account": "sim:main", "client_order_id": "C-1"}
TRADED = {"instrument": "BTC-USD", "side": "buy"}
Document = dict[str, Any]


def main() -> None:
    bench = Bench(__doc__)
    sizes = [1_000, 2_000] if bench.is_quick else [5_000, 10_000, 20_000, 40_000]
    lengths = [200, 400] if bench.is_quick else [1_000, 2_000, 4_000]
    with databases(bench.stores) as stores:
        for store in bench.stores:
            for kind, sides in {
                "only bought": ("buy",),
                "bought and sold": ("buy", "sell"),
            }.items():
                _doubling(
                    bench,
                    stores,
                    store,
                    sizes,
                    f"position, {kind}",
                    lambda url, size, s=sides: _position(url, size, s),
                )
            _doubling(bench, stores, store, sizes, "marks", _marks)
            for name, story in STORIES.items():
                _stories(bench, stores, store, lengths, name, story)
    bench.close()


def _doubling(
    bench: Bench,
    stores: Any,
    store: str,
    sizes: Sequence[int],
    name: str,
    measure: Callable[[str, int], dict[str, float]],
) -> None:
    if not bench.wants(name):
        return
    smallest: dict[str, float] = {}
    for size in sizes:
        with stores.empty(store) as url:
            for what, ms in measure(url, size).items():
                first = smallest.setdefault(what, ms)
                case = f"{name}: {what}, {size:,} before"
                bench.add(
                    Figure(case, store, ms, "ms", first, f"with {sizes[0]:,} (ms)", ms / first)
                )


def _stories(
    bench: Bench,
    stores: Any,
    store: str,
    lengths: Sequence[int],
    name: str,
    story: Callable[[int], Iterator[Document]],
) -> None:
    if not bench.wants(name):
        return
    before: list[float] = []
    for length in lengths:
        with stores.empty(store) as url, Ledger.open(url, update_views=False) as ledger:
            messages = [to_message(document) for document in story(length)]
            recording = partial(ledger.record_many, messages)
            took = [_timed(do, time.process_time) for do in (recording, ledger.views.catch_up)]
        for what, ms, half in zip(("recorded", "viewed"), took, before or took, strict=True):
            ratio = ms / half if before else None
            bench.add(
                Figure(
                    f"{name}, {length:,}: {what}",
                    store,
                    ms,
                    "ms",
                    half if before else None,
                    "half as many (ms)",
                    ratio,
                    "<= 2.5 x",
                )
            )
        before = took


def _position(url: str, size: int, sides: Sequence[str]) -> dict[str, float]:
    """Each message is recorded by itself, and then the views are brought up to it, which is
    measured."""
    with Ledger.open(url, update_views=False) as ledger:
        for start in range(0, size, 1_000):
            ledger.record_many(
                [
                    to_message(_fill(number, sides[number % len(sides)]))
                    for number in range(start, start + 1_000)
                ]
            )
            ledger.views.catch_up()
        numbers = itertools.count(size)
        asked: dict[str, Iterator[Document]] = {
            "the next fill": (_fill(next(numbers), sides[0]) for _ in range(AGAIN)),
            "a fill ten fills late": (
                _fill(n := next(numbers), sides[0], n - 10.5) for _ in range(AGAIN)
            ),
            "bust of the newest fill": (
                _bust(n, 2 * size) for n in range(size - 1, size - 1 - AGAIN, -1)
            ),
            "a funding": (
                _of_account("funding", n, amount="1", currency="USD") for n in range(AGAIN)
            ),
            "a multiplier": (
                _of_account("instrument", n, multiplier=str(n + 2)) for n in range(AGAIN)
            ),
        }
        return {what: _each(ledger, documents) for what, documents in asked.items()}


def _marks(url: str, size: int) -> dict[str, float]:
    def mark(number: int) -> Document:
        return _of_account("mark", number, price=str(100 + number % 7))

    with Ledger.open(url, update_views=False) as ledger:
        for start in range(0, size, 1_000):
            ledger.record_many([to_message(mark(number)) for number in range(start, start + 1_000)])
        more = [to_message(mark(size + number)) for number in range(1_000)]
        thousand = _timed(lambda: ledger.record_many(more))
    opening = []
    for number in range(AGAIN):
        with Ledger.open(url, update_views=False) as ledger:
            opening.append(_timed(lambda n=number: ledger.record(to_message(mark(2 * size + n)))))  # type: ignore[misc]
    unit = 1 if sys.platform == "darwin" else 1_024
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
    print(f"  memory of this process at its most so far: {memory:,.0f} MB", flush=True)
    return {"a thousand": thousand, "the first after opening": min(opening)}


def _each(ledger: Ledger, documents: Iterator[Document]) -> float:
    """The shortest time, in ms, of bringing the views up to one of these: the longer ones waited
    for the disk, or for others."""
    took = []
    for document in documents:
        ledger.record(to_message(document))
        took.append(_timed(ledger.views.catch_up))
    return min(took)


def _timed(call: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    gc.collect()
    began = clock()
    call()
    return (clock() - began) * 1e3


def _at(second: float) -> str:
    return (START + timedelta(seconds=second)).isoformat()


def _named(number: int) -> Document:
    return {"account": "sim:main", "client_order_id": f"C-{number // 100}"}


def _fill(number: int, side: str, second: float | None = None) -> Document:
    numbers = {
        "fill_id": f"F-{number}",
        "instrument": "BTC-USD",
        "side": side,
        "quantity": "1",
        "price": str(100 + number % 7),
    }
    return {
        "type": "fill",
        **_named(number),
        **numbers,
        "fee": "0.1",
        "fee_currency": "USD",
        "at": _at(number if second is None else second),
    }


def _of_account(kind: str, second: float, **fields: Any) -> Document:
    return {
        "type": kind,
        "account": "sim:main",
        "instrument": "BTC-USD",
        "at": _at(second),
        **fields,
    }


def _bust(number: int, second: float) -> Document:
    return {"type": "fill_busted", **_named(number), "fill_id": f"F-{number}", "at": _at(second)}


def _told(kind: str, second: float, **fields: Any) -> Document:
    return {"type": kind, **ORDER, "at": _at(second), **fields}


def _fills(count: int, **fields: Any) -> Iterator[Document]:
    yield _told(
        "request", 0, **TRADED, quantity=str(2 * count), order_type="limit", limit_price="100"
    )
    for number in range(count):
        yield _told("fill", number + 1, fill_id=f"F-{number}", quantity="1", price="100", **fields)


def chain_of_corrections(length: int) -> Iterator[Document]:
    yield from _fills(1)
    for number in range(length):
        yield _told(
            "fill_corrected",
            number + 2,
            fill_id=f"F-{number + 1}",
            corrects=f"F-{number}",
            quantity="1",
            price=str(number + 1),
        )


def star_of_corrections(length: int) -> Iterator[Document]:
    yield from _fills(1)
    for number in range(length):
        yield _told(
            "fill_corrected",
            number + 2,
            fill_id=f"G-{number}",
            corrects="F-0",
            quantity="1",
            price=str(number + 1),
        )


def corrections_of_each(length: int) -> Iterator[Document]:
    yield from _fills(length)
    for number in range(length):
        yield _told(
            "fill_corrected",
            length + number,
            fill_id=f"G-{number}",
            corrects=f"F-{number}",
            quantity="1",
            price="101",
        )


def busts_of_each(length: int) -> Iterator[Document]:
    yield from _fills(length)
    for number in range(length):
        yield _told("fill_busted", length + number, fill_id=f"F-{number}")


def reused_fill_ids(length: int) -> Iterator[Document]:
    yield from _fills(1)
    for number in range(length):
        yield _told("fill", number + 2, fill_id="F-0", quantity="1", price=str(101 + number))


def replaces_with_new_ids(length: int) -> Iterator[Document]:
    yield from _fills(1)
    for number in range(length):
        named = {"replacement_client_order_id": f"C-1-{number}", "limit_price": str(101 + number)}
        yield _told("request_replace", 3 * number + 2, **named)
        yield _told("replaced", 3 * number + 3, venue_order_id=f"V-{number}", **named)
        yield _told("fill", 3 * number + 4, fill_id=f"G-{number}", quantity="0.001", price="100")


def nameless_answers(length: int) -> Iterator[Document]:
    yield from _fills(1)
    for number in range(length):
        yield _told("request_cancel", 2 * number + 2, request_id=f"Q-{number}")
        yield _told("cancel_rejected", 2 * number + 3, reason="too_late")


def claims(length: int) -> Iterator[Document]:
    yield from _fills(1)
    for number in range(length):
        yield _told(
            "status_observed",
            number + 2,
            status="partially_filled",
            reported={"cum_quantity": str(number % 3), "average_price": "100"},
        )


def fees_by_currency(length: int) -> Iterator[Document]:
    yield from _fills(length, fee="0.1")
    for number in range(length):
        known = {"fill_id": f"F-{number}", "quantity": "1", "price": "100"}
        yield _told(
            "fill",
            number + 1,
            **known,
            fee="0.1",
            fee_currency=f"T{number % 50}",
            message_id=f"M-{number}",
        )


STORIES: dict[str, Callable[[int], Iterator[Document]]] = {
    "a chain of corrections": chain_of_corrections,
    "a star of corrections": star_of_corrections,
    "a correction of each fill": corrections_of_each,
    "a bust of each fill": busts_of_each,
    "fills that reuse an id": reused_fill_ids,
    "replaces with new ids": replaces_with_new_ids,
    "nameless answers": nameless_answers,
    "claims": claims,
    "fees whose currency comes later": fees_by_currency,
}


if __name__ == "__main__":
    main()
