"""A deadline for the queries of a thread: they look at it now and then, and stop.

Recording and the update of the views have none, because all callers depend on them.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")

ITEMS_BETWEEN_LOOKS = 64
"""Events of a fold. They take about a millisecond."""

YIELDING_SECONDS = 0.0001
"""How long a fold leaves the interpreter to others at each look. Two folds that never do make a
message wait for seconds: each of its steps gets the interpreter after five milliseconds of each
fold."""

_UNTIL: ContextVar[float | None] = ContextVar("orderledger_deadline", default=None)


class OutOfTime(Exception):
    """The query took too long."""


@contextmanager
def deadline(until: float | None) -> Iterator[None]:
    """Stop the queries of this block after a time of `time.monotonic`. None: let them run."""
    token = _UNTIL.set(until)
    try:
        yield
    finally:
        _UNTIL.reset(token)


def current() -> float | None:
    """The deadline of this thread, None without one."""
    return _UNTIL.get()


def is_over() -> bool:
    """Check whether the time is over."""
    until = _UNTIL.get()
    return until is not None and time.monotonic() > until


def check_time() -> None:
    """Raise OutOfTime if the time is over. Other threads get their turn meanwhile: see
    `YIELDING_SECONDS`."""
    until = _UNTIL.get()
    if until is not None:
        if time.monotonic() > until:
            raise OutOfTime
        time.sleep(YIELDING_SECONDS)


def within_time(items: Iterable[Item]) -> Iterable[Item]:
    """The items, as long as there is time."""
    return items if _UNTIL.get() is None else _checked(items)


def _checked(items: Iterable[Item]) -> Iterator[Item]:
    for number, item in enumerate(items):
        if not number % ITEMS_BETWEEN_LOOKS:
            check_time()
        yield item
