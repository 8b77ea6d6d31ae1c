"""Counts the files that one operation walks through: `python -m tests.moves`.

A move is a call or a return into another file of the package, in any thread. It goes back if the
operation has left that file before. Seen from a leaf, the core is one file. The wrapper of
`asyncio.to_thread` does not count, as asyncio does not.
"""

import asyncio
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import orderledger
from orderledger import Ledger, parse_document
from orderledger.infrastructure.clock import SteppingClock
from orderledger.venues.reconciliation.reconciler import Reconciler, Rules
from tests.scenarios import ACCOUNT, at, fill, message, request
from tests.venues.reconciliation.plain_venue import Known, PlainVenue

THREADS = "infrastructure/threads.py"
CORE = ("domain/", "infrastructure/", "projections/", "ledger.py")
PACKAGE = f"{Path(orderledger.__file__).parent}/"
WORKING = (request(), message("submit"), message("acknowledged", venue_order_id="V-1"))


class Walk:
    """The files of the package that an operation entered, in their order.

    `entered`: how often each file was moved into. `back`: the number of moves back. `is_core_one`:
    whether the core counts as one file.
    """

    def __init__(self, *, is_core_one: bool = False) -> None:
        self._is_core_one = is_core_one
        self.entered: Counter[str] = Counter()
        self.back = 0
        self._now = threading.local()
        self._left: set[str] = set()

    @property
    def moves(self) -> int:
        return self.entered.total()

    def __str__(self) -> str:
        return f"{len(self.entered)} files, {self.moves} moves, {self.back} back"

    def note(self, frame: FrameType | None, event: str, _: Any) -> None:
        """Note a call or a return: the profile function of each thread."""
        if event not in ("call", "return"):
            return
        reached = frame if event == "call" or frame is None else frame.f_back
        name = None if reached is None else reached.f_code.co_filename
        if name is not None and name.startswith(PACKAGE) and not name.endswith(THREADS):
            self._enter(name.removeprefix(PACKAGE))

    def _enter(self, name: str) -> None:
        if self._is_core_one and name.startswith(CORE):
            name = "the core"
        last = getattr(self._now, "file", None)
        if name == last:
            return
        if last is not None:
            self._left.add(last)
        self._now.file = name
        self.entered[name] += 1
        self.back += name in self._left


@contextmanager
def walked(*, is_core_one: bool = False) -> Iterator[Walk]:
    """The walk of what runs in the block, in this thread and in threads that begin in it."""
    walk = Walk(is_core_one=is_core_one)
    threading.setprofile(walk.note)
    sys.setprofile(walk.note)
    try:
        yield walk
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


@contextmanager
def _ledger() -> Iterator[tuple[Ledger, SteppingClock]]:
    clock = SteppingClock(at(0))
    with Ledger.open("memory://", clock=clock, update_views=False) as ledger:
        for document in WORKING:
            ledger.record(parse_document(document))
        yield ledger, clock


def walk_of_a_fill() -> Walk:
    """Record one fill of a working order."""
    with _ledger() as (ledger, _):
        filled = [
            parse_document(
                fill(
                    f"F-{n}",
                    "1",
                    at=at(5 + n),
                    venue_order_id="V-1",
                    instrument="BTC-USD",
                    side="buy",
                )
            )
            for n in range(2)
        ]
        ledger.record(filled[0])
        with walked() as walk:
            ledger.record(filled[1])
        return walk


def walk_of_a_reconciliation(*, is_core_one: bool = False) -> Walk:
    """Reconcile an account of which one fill was missed, after a run that found no difference."""
    with _ledger() as (ledger, clock):
        venue = PlainVenue(clock)
        venue.orders["V-1"] = Known("V-1", at=at(3))
        reconciler = Reconciler(ledger, venue, clock, Rules(lookback=timedelta(hours=1), pause=0))
        clock.set(at(60))
        asyncio.run(reconciler.run(ACCOUNT))
        venue.trade("V-1", "F-1", "4", at(70))
        clock.set(at(120))
        with walked(is_core_one=is_core_one) as walk:
            found = asyncio.run(reconciler.run(ACCOUNT))
        assert [one.kind.value for one in found.breaks] == ["missing_fill"], found
        return walk


def main() -> None:
    for title, walk in (
        ("record of a fill", walk_of_a_fill()),
        ("reconcile of a missed fill", walk_of_a_reconciliation()),
        ("the same, the core as one file", walk_of_a_reconciliation(is_core_one=True)),
    ):
        print(f"{title}: {walk}")
        for name, times in walk.entered.most_common():
            print(f"{times:7} {name}")


if __name__ == "__main__":
    main()
