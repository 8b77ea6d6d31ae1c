"""What a world is made of: a clock that is not quite the venue's, a collector with all it has
opened, an ear for the logs."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from orderledger import Ledger
from orderledger.infrastructure.clock import Clock
from orderledger.venues.collecting.collector import Collector
from tests.captured_logs import taken


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

    def note(record: dict[str, Any]) -> None:
        words = {
            name: value for name, value in record.items() if name not in ("level", "exception")
        }
        say(f"  {record['level']}: {words}")
        if record["level"] in ("error", "critical"):
            errors.append(f"{words} {record.get('exception', '')}")

    with taken(note):
        yield
