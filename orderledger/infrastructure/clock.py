"""Clocks. All time comes from a clock object, so that a run can be repeated byte for byte."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of the current time."""

    def now(self) -> datetime:
        """The current time, in UTC to the microsecond."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SteppingClock:
    """A clock for demonstrations and tests. Each reading advances it by `step`; between readings it
    stands still."""

    def __init__(self, start: datetime, step: timedelta = timedelta(milliseconds=1)) -> None:
        self._now = start
        self._step = step

    def now(self) -> datetime:
        self._now += self._step
        return self._now

    def set(self, moment: datetime) -> None:
        """Move the clock to a later moment. It never goes back."""
        self._now = max(self._now, moment)
