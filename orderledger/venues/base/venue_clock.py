"""`VenueClock`: what a venue's clock shows now, within bounds, whatever our own clock shows."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

__all__ = ["VenueClock"]

DRIFT = 0.001
"""How fast two clocks may drift apart, in seconds per second; a quartz drifts a tenth of it."""
SECOND = timedelta(seconds=1)

AskTime = Callable[[], Awaitable[datetime | None]]
"""Queries the venue's time. None if the venue does not state it. Raises VenueError."""


def elapsed() -> float:
    """Seconds on a clock that nobody sets. It also counts while the machine sleeps, if the system
    has such a clock.
    """
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One reading of a venue's clock: it showed `at`, and less than `at + resolution`, at a time
    between `began` and `ended`, in seconds of `elapsed`.
    """

    at: datetime
    resolution: timedelta
    began: float
    ended: float

    def width(self, now: float) -> float:
        """How far the latest possible time is after the earliest one, in seconds."""
        taken = self.ended - self.began + self.resolution.total_seconds()
        return taken + 2 * DRIFT * (now - self.ended)

    def earliest(self, at: float) -> datetime:
        """The earliest time that the clock can show at `at`."""
        return self.at + timedelta(seconds=(at - self.ended) * (1 - DRIFT))

    def latest(self, at: float) -> datetime:
        """The latest time that the clock can show at `at`."""
        return self.at + self.resolution + timedelta(seconds=(at - self.began) * (1 + DRIFT))

    def contradicts(self, earlier: "Reading") -> bool:
        """Whether one clock that nobody sets cannot have shown both."""
        is_behind = self.at + self.resolution < earlier.earliest(self.began)
        return is_behind or self.at > earlier.latest(self.ended)


class VenueClock:
    """The venue's clock, from the reading with the tightest bounds now. A reading has bounds: the
    venue's clock was read between the request and its answer.

    `ask`: queries the venue's time, for venues whose answers do not show it. `resolution`: of that
    time. `note_date` takes the header `Date` of an answer.
    """

    def __init__(
        self,
        ask: AskTime | None = None,
        *,
        resolution: timedelta = timedelta(milliseconds=1),
        elapsed: Callable[[], float] = elapsed,
    ) -> None:
        self._ask = ask
        self._resolution = resolution
        self._elapsed = elapsed
        self._reading: Reading | None = None
        self._read_at: float | None = None

    @property
    def is_known(self) -> bool:
        return self._reading is not None

    @property
    def age_seconds(self) -> float | None:
        """Seconds since the clock was last read. None if it never was."""
        return None if self._read_at is None else self._elapsed() - self._read_at

    @property
    def trip_seconds(self) -> float:
        """How long the request of the reading took: it bounds how precise the reading is. 0 without
        a reading."""
        return 0.0 if self._reading is None else self._reading.ended - self._reading.began

    def at_least(self) -> datetime | None:
        """The earliest time that the venue's clock can show now. None without a reading."""
        reading = self._reading
        return None if reading is None else reading.earliest(self._elapsed())

    def at_most(self) -> datetime | None:
        """The latest time that the venue's clock can show now. None without a reading."""
        reading = self._reading
        return None if reading is None else reading.latest(self._elapsed())

    def offset(self, now: datetime) -> tuple[timedelta, timedelta] | None:
        """How far the venue's clock is ahead of ours, which shows `now`: the estimate, and how far
        that may be wrong. None without a reading."""
        least, most = self.at_least(), self.at_most()
        if least is None or most is None:
            return None
        bound = (most - least) / 2
        return least + bound - now, bound

    async def measure(self) -> None:
        """Read the venue's clock. Raises VenueError if the venue does not answer. Does nothing if
        its time cannot be queried."""
        if self._ask is None:
            return
        began = self._elapsed()
        at = await self._ask()
        if at is not None:
            self.note(at, self._resolution, began)

    def note(self, at: datetime, resolution: timedelta, began: float) -> None:
        """Take a reading from an answer that has just come, unless an earlier one is tighter. One
        that contradicts it is taken: the venue's clock was set. `began`: when the request was
        sent, by `elapsed`."""
        now = self._read_at = self._elapsed()
        new = Reading(at=at, resolution=resolution, began=began, ended=now)
        known = self._reading
        if known is None or new.width(now) <= known.width(now) or new.contradicts(known):
            self._reading = new

    def note_date(self, date: str | None, began: float) -> None:
        """Take the header `Date` of an answer, which is in whole seconds. An unreadable one is
        passed over."""
        try:
            at = parsedate_to_datetime(date or "")
        except ValueError:
            return
        self.note(at if at.tzinfo is not None else at.replace(tzinfo=UTC), SECOND, began)
