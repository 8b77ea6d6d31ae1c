"""`python -m tests.histories.processes recorder|reader|follower DB FOLDER NAME SEED`: works until
the file `stop` is in the folder, and writes its history."""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from orderledger import (
    Acknowledged,
    Fill,
    Ledger,
    LogWentBack,
    OutcomeUnknown,
    Request,
    StoreError,
    StoreUnreachable,
    Submit,
    UnknownOrder,
)
from tests.histories.history import Writer, operations

ACCOUNT = "sim:h"
RECORDERS = ("A", "B")
ORDERS = 30
"""Orders that recorders choose from: they write to the same streams."""

PAUSE = 0.02
TERMS: dict[str, Any] = {"instrument": "X", "side": "buy", "quantity": "100000"}
LIMITED: dict[str, Any] = {"order_type": "limit", "limit_price": "5"}


class JumpingClock:
    """The machine's clock, moved by the seconds in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        moved = float(self._path.read_text() or 0) if self._path.exists() else 0.0
        return datetime.now(UTC) + timedelta(seconds=moved)


class Process:
    def __init__(self, db: str, folder: Path, name: str, seed: str) -> None:
        self._db = db
        self._folder = folder
        self._path = folder / f"{name}.history"
        self._clock = JumpingClock(folder / f"{name}.clock")
        self._chance = Random(seed)
        self._name = f"{name}{seed}"
        self.history = Writer(str(self._path))

    def run(self) -> None:
        while not self.is_over():
            with suppress(StoreError), self._opened() as ledger:
                self.work(ledger)
            time.sleep(PAUSE)

    def _opened(self) -> Ledger:
        given = {} if self._db.startswith("sqlite") else {"answer_timeout": 1}
        return Ledger.open(self._db, clock=self._clock, lock_timeout=3, **given)  # type: ignore[arg-type]

    def is_over(self) -> bool:
        return (self._folder / "stop").exists()

    def work(self, ledger: Ledger) -> None:
        raise NotImplementedError

    def ask(self, kind: str, asked: Any, call: Callable[[], Any]) -> None:
        """Call, and write what was asked and answered."""
        number = self.history.invoke(kind, asked)
        try:
            answer = call()
        except StoreUnreachable as error:
            self.history.end(number, "refused", str(error))
        except (OutcomeUnknown, StoreError) as error:
            self.history.end(number, "unknown", f"{type(error).__name__}: {error}")
        else:
            self.history.end(number, "ok", answer)
        time.sleep(self._chance.uniform(0, PAUSE))


class Recorder(Process):
    """Each message has a token of its own as correlation id. Some are sent again."""

    def work(self, ledger: Ledger) -> None:
        self._sent: list[Any] = getattr(self, "_sent", [])
        while not self.is_over():
            messages = [self._message() for _ in range(self._chance.choice((1, 1, 2, 3)))]
            asked = [[one.correlation_id, one.type, one.client_order_id] for one in messages]

            def record(messages: list[Any] = messages) -> list[Any]:
                return [[one.outcome, one.position] for one in ledger.record_many(messages)]

            self.ask("record", asked, record)

    def _message(self) -> Any:
        if self._sent and self._chance.random() < 0.2:
            return self._chance.choice(self._sent[-20:])
        token = f"{self._name}.{len(self._sent) + 1}"
        own: dict[str, Any] = {"account": ACCOUNT, "correlation_id": token}
        own["at"] = self._clock.now()
        own["client_order_id"] = f"O-{self._chance.randrange(ORDERS)}"
        kind = self._chance.random()
        if kind < 0.2:
            message: Any = Request(**own, **TERMS, **LIMITED, strategy=token)
        elif kind < 0.35:
            message = Submit(**own)
        elif kind < 0.4:
            message = Acknowledged(**own, venue_order_id=f"V-{token}")
        else:
            message = Fill(**own, fill_id=token, quantity="1", price="5")
        self._sent.append(message)
        return message


class Reader(Process):
    def work(self, ledger: Ledger) -> None:
        while not self.is_over():
            kind = self._chance.choice(("position", "tail", "order"))
            if kind == "position":
                self.ask(kind, None, ledger.log.position)
            elif kind == "tail":
                after = max(0, ledger.log.position() - 10)
                self.ask(kind, after, partial(tail, ledger, after))
            else:
                order = f"O-{self._chance.randrange(ORDERS)}"
                self.ask(kind, order, partial(filled, ledger, order))


def filled(ledger: Ledger, order: str) -> int:
    try:
        return int(ledger.order(order, account=ACCOUNT)["cum_quantity"] or 0)
    except UnknownOrder:
        return 0


def tail(ledger: Ledger, after: int) -> list[Any]:
    return list(map(row_of, ledger.events(after=after)))


def row_of(row: Any) -> list[Any]:
    return [row["position"], row["stream"], row["version"], row["correlation_id"]]


class Follower(Process):
    """Reads each event once, until it is killed, and resumes where its history ends."""

    def work(self, ledger: Ledger) -> None:
        after = self._last()
        self.history.note("begin", after)
        try:
            for row in ledger.events(after=after, follow=True):
                self.history.note("event", row_of(row))
        except LogWentBack:
            self.history.note("went_back", None)

    def is_over(self) -> bool:
        return False

    def _last(self) -> int:
        """The last position in the history; 0 after the log went back."""
        seen = [one for one in operations(self._path) if one.kind != "begin"]
        return 0 if not seen or seen[-1].kind == "went_back" else int(seen[-1].answer[0])


KINDS = {"recorder": Recorder, "reader": Reader, "follower": Follower}

if __name__ == "__main__":
    kind, db, folder, name, seed = sys.argv[1:]
    KINDS[kind](db, Path(folder), name, seed).run()
