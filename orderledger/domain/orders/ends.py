"""The facts that may have ended an order, and the rule which of them counts."""

from datetime import datetime
from typing import NamedTuple

from orderledger.domain.values import Status, later

DUPLICATE_ORDER = "duplicate_order"
CONCLUDED_ABSENT = "concluded_absent"
"""Reason of a cancel that was concluded from absence. It ends only an order that was not requested here."""
CANCELED, EXPIRED, REJECTED, DENIED = Status.CANCELED, Status.EXPIRED, Status.REJECTED, Status.DENIED
"""Module-level names: access to an enum member is slow on Python 3.11."""


class EndReport(NamedTuple):
    """One fact that ended the order."""

    status: Status
    at: datetime
    turn: int
    reason: str | None


class End(NamedTuple):
    """The end that counts: its status, its time, and the first reason that was given."""

    status: Status
    at: datetime
    reason: str | None


class Ends:
    """The facts that ended an order, and a reinstatement that undoes those before it.

    If an end was reported several times, the earliest time and the earliest reason count.
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
        """True if any fact ended the order."""
        return bool(self._first) or self.duplicate_at is not None

    def __contains__(self, status: Status) -> bool:
        return status in self._first

    def add(self, status: Status, at: datetime, reason: str | None) -> None:
        """Add a fact that ended the order."""
        self._reports.append(EndReport(status, at, len(self._reports), reason))
        self._take(self._reports[-1])

    def drop_conclusions(self) -> None:
        """Drop ends concluded from absence. The order was requested here after all, and absence never ends such an order."""
        self._reports = [report for report in self._reports if report.reason != CONCLUDED_ABSENT]
        self._count_anew()

    def add_duplicate(self, at: datetime) -> None:
        """Add a refusal because the venue already has such an order."""
        self.duplicate_at = at if self.duplicate_at is None else min(self.duplicate_at, at)

    def reinstate(self, at: datetime) -> None:
        """Drop the ends up to `at`: the order is working after all."""
        self.reinstated_at = later(self.reinstated_at, at)
        self._count_anew()

    def _count_anew(self) -> None:
        self._first, self._reasons, self.last_reported_at = {}, {}, None
        for report in self._reports:
            self._take(report)

    def deciding(self, *, is_worked: bool, is_sent_again: bool) -> End | None:
        """The end that counts, if any.

        Canceled and expired outrank rejected, which outranks denied. Of canceled and expired the later counts; at equal times,
        the later in the log. A denial counts only if the venue has not shown the order working; `duplicate_order` only if also
        the order was sent once.
        """
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
        """The rejection, or the refusal as a duplicate if that was earlier."""
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
