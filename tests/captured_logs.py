"""Captures what the package logs."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Record = dict[str, Any]


class _Handler(logging.Handler):
    def __init__(self, take: Callable[[Record], None]) -> None:
        super().__init__()
        self._take = take

    def emit(self, record: logging.LogRecord) -> None:
        fields = getattr(record, "fields", {})
        event = getattr(record, "event", record.getMessage())
        trace = {"exception": record.exc_text} if record.exc_text else {}
        self._take({"event": event, "level": record.levelname.lower(), **fields, **trace})


@contextmanager
def taken(take: Callable[[Record], None]) -> Iterator[None]:
    """Give each record of the package to `take`, and to nobody else."""
    logger, handler = logging.getLogger("orderledger"), _Handler(take)
    before = (logger.level, logger.propagate)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]


@contextmanager
def captured() -> Iterator[list[Record]]:
    """The records of the package, in order."""
    records: list[Record] = []
    with taken(records.append):
        yield records
