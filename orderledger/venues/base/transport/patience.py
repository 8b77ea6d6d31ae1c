"""How long a query waits for its first answer, where a doubt about an order waits for the query."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

FIRST_SECONDS = 3.0
"""Ours: ten times a slow answer. A lost answer then costs less than the time of the slowest."""

_is_impatient: ContextVar[bool] = ContextVar("is_impatient", default=False)


@contextmanager
def impatient() -> Iterator[None]:
    """Queries in this block are soon repeated if the answer to their first attempt does not come.
    Later attempts have their usual time, for a venue that is slow."""
    token = _is_impatient.set(True)
    try:
        yield
    finally:
        _is_impatient.reset(token)


def is_impatient() -> bool:
    """Whether a doubt about an order waits for the query that is made here."""
    return _is_impatient.get()


def seconds_for(attempt: int) -> float | None:
    """The longest wait for the answer to an attempt, from 1. None: as long as usual."""
    return FIRST_SECONDS if attempt == 1 and _is_impatient.get() else None
