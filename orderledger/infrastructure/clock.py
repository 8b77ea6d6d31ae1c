"""Where the time comes from. Time enters through one door, so that a run can be repeated to the byte."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present, in UTC to the microsecond."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SteppingClock:
    """A clock for demonstrations and tests: it stands still between readings, and each reading moves it on by `step`."""

    def __init__(self, start: datetime, step: timedelta = timedelta(milliseconds=1)) -> None:
        self._now = start
        self._step = step

    def now(self) -> datetime:
        self._now += self._step
        return self._now

    def set(self, moment: datetime) -> None:
        """Go to a moment, never back."""
        self._now = max(self._now, moment)
