"""What a world is made of: a clock that is not quite the venue's, a collector with all it has
opened, an ear for the logs."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from orderledger import Ledger
from orderledger.infrastructure.clock import Clock
from orderledger.venues.collecting.collector import Collector


class Shifted:
    """Our own clock, which is not quite the venue's."""

    def __init__(self, clock: Clock, skew: timedelta) -> None:
        self._clock = clock
        self._skew = skew

    def now(self) -> datetime:
        return self._clock.now() + self._skew


class NotWell(AssertionError):
    """A world that did not come to an end."""


@dataclass(slots=True)
class Running:
    """A collector that runs, with all that it has opened."""

    ledger: Ledger
    collector: Collector
    stop: asyncio.Event
    work: "asyncio.Task[None]"
    is_publishing: bool = True


@contextmanager
def listening(say: Callable[[str], None], errors: list[str]) -> Iterator[None]:
    """What the collector logs goes into the story. An error there is a fault of a program of
    ours."""

    def note(_: Any, method: str, told: Any) -> Any:
        words = {name: value for name, value in told.items() if name != "exception"}
        say(f"  {method}: {words}")
        if method in ("error", "exception", "critical"):
            errors.append(f"{words} {told.get('exception', '')}")
        raise structlog.DropEvent

    structlog.configure(processors=[structlog.processors.format_exc_info, note])
    try:
        yield
    finally:
        structlog.reset_defaults()
