"""What is said to have ended an order, and which of it counts."""

from datetime import datetime
from typing import NamedTuple

from orderledger.domain.values import Status, later

DUPLICATE_ORDER = "duplicate_order"
CONCLUDED_ABSENT = "concluded_absent"
"""The reason of a cancel that was concluded from the venue's silence. It ends only an order that was not requested here."""
CANCELED, EXPIRED, REJECTED, DENIED = Status.CANCELED, Status.EXPIRED, Status.REJECTED, Status.DENIED
"""Module-level names: access to an enum member is slow on Python 3.11."""


class EndReport(NamedTuple):
    """One fact that ended the order."""

    status: Status
    at: datetime
    turn: int
    reason: str | None


class End(NamedTuple):
    """The end that counts: what it is, when it happened, and why, in the words of whoever gave a reason first."""

    status: Status
    at: datetime
    reason: str | None


class Ends:
    """The facts that ended an order, and a reinstatement that takes back those before it.

    An end that was told more than once happened when it was first said to have, for the reason given first.
    """

    __slots__ = ("_first", "_reasons", "_reports", "duplicate_at", "last_reported_at", "reinstated_at")

    def __init__(self) -> None:
        self.reinstated_at: datetime | None = None
        self.last_reported_at: datetime | None = None
        self.duplicate_at: datetime | None = None
        self._reports: list[EndReport] = []
        self._first: dict[Status, tuple[datetime, int]] = {}
        self._reasons: dict[Status, tuple[datetime, str]] = {}

    @property
    def is_any(self) -> bool:
        """Whether anything is said to have ended the order."""
        return bool(self._first) or self.duplicate_at is not None

    def __contains__(self, status: Status) -> bool:
        return status in self._first

    def add(self, status: Status, at: datetime, reason: str | None) -> None:
        """A fact that ended the order."""
        self._reports.append(EndReport(status, at, len(self._reports), reason))
        self._take(self._reports[-1])

    def drop_conclusions(self) -> None:
        """The order turns out to be requested here: that the venue is silent about it ends nothing."""
        self._reports = [report for report in self._reports if report.reason != CONCLUDED_ABSENT]
        self._count_anew()

    def add_duplicate(self, at: datetime) -> None:
        """The venue has refused it because it has such an order already."""
        self.duplicate_at = at if self.duplicate_at is None else min(self.duplicate_at, at)

    def reinstate(self, at: datetime) -> None:
        """The order works after all: what was said to have ended it up to then does not count."""
        self.reinstated_at = later(self.reinstated_at, at)
        self._count_anew()

    def _count_anew(self) -> None:
        self._first, self._reasons, self.last_reported_at = {}, {}, None
        for report in self._reports:
            self._take(report)

    def deciding(self, *, is_worked: bool, is_sent_again: bool) -> End | None:
        """The end that counts, if one does. Canceled and expired outrank rejected, which outranks denied. Of canceled and expired
        the later counts; of one time, the later in the log. A denial ends only what the venue has not shown to work, and
        `duplicate_order` only what does not work and was sent once."""
        if not self._first and self.duplicate_at is None:
            return None
        closing = [status for status in (EXPIRED, CANCELED) if status in self._first]
        if closing:
            return self._end(max(closing, key=self._first.__getitem__))
        duplicate_at = None if is_worked or is_sent_again else self.duplicate_at
        if REJECTED in self._first:
            return self._rejected(duplicate_at)
        if duplicate_at is not None:
            return End(REJECTED, duplicate_at, DUPLICATE_ORDER)
        return self._end(DENIED) if DENIED in self._first and not is_worked else None

    def _rejected(self, duplicate_at: datetime | None) -> End:
        """Rejected, and perhaps also refused as a duplicate: what was first counts."""
        end, reason = self._end(REJECTED), self._reasons.get(REJECTED)
        if duplicate_at is None:
            return end
        is_reason = reason is None or duplicate_at < reason[0]
        return End(REJECTED, min(end.at, duplicate_at), DUPLICATE_ORDER if is_reason else end.reason)

    def _end(self, status: Status) -> End:
        reason = self._reasons.get(status)
        return End(status, self._first[status][0], None if reason is None else reason[1])

    def _take(self, report: EndReport) -> None:
        if self.reinstated_at is not None and report.at <= self.reinstated_at:
            return
        self.last_reported_at = later(self.last_reported_at, report.at)
        first = self._first.get(report.status)
        if first is None or report.at <= first[0]:
            self._first[report.status] = (report.at, report.turn)
        if report.reason is not None and (report.status not in self._reasons or report.at < self._reasons[report.status][0]):
            self._reasons[report.status] = (report.at, report.reason)
