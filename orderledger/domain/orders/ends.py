"""The facts that may have ended an order, and the rule that chooses between them."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from orderledger.domain.orders.when import When, last
from orderledger.domain.values import Status

DUPLICATE_ORDER = "duplicate_order"
CONCLUDED_ABSENT = "concluded_absent"
"""Reason of a cancel that was concluded from absence. It ends only an order that was not requested
here."""
CANCELED, EXPIRED, REJECTED, DENIED = (
    Status.CANCELED,
    Status.EXPIRED,
    Status.REJECTED,
    Status.DENIED,
)
"""Module-level names: access to an enum member is slow on Python 3.11."""


class EndReport(NamedTuple):
    """One fact that ended the order."""

    status: Status
    when: When
    reason: str | None


class End(NamedTuple):
    """The end that counts: its status, its time, and the first reason that was given."""

    status: Status
    when: When
    reason: str | None


class Counted:
    """The ends that count: of each status the earliest report, and its earliest reason."""

    __slots__ = ("_reasons", "first", "last_reported")

    def __init__(self, reports: Iterable[EndReport] = ()) -> None:
        self.first: dict[Status, When] = {}
        self.last_reported: When | None = None
        self._reasons: dict[Status, tuple[When, str]] = {}
        for report in reports:
            self.take(report)

    def take(self, report: EndReport) -> None:
        """Add a report. Of one status at the same time and sequence, the later in the log
        counts."""
        status, when, reason = report
        self.last_reported = last(self.last_reported, when)
        first = self.first.get(status)
        if (
            first is None
            or first.is_dated_after(when)
            or (when.is_dated_as(first) and when > first)
        ):
            self.first[status] = when
        if reason is not None and (status not in self._reasons or when < self._reasons[status][0]):
            self._reasons[status] = (when, reason)

    def end(self, status: Status) -> End:
        reason = self._reasons.get(status)
        return End(status, self.first[status], None if reason is None else reason[1])

    def deciding(self, *, is_worked: bool, duplicate: When | None) -> End | None:
        """The end that counts, if any. `duplicate`: a refusal because the venue already has the
        order, if that counts."""
        closing = [status for status in (EXPIRED, CANCELED) if status in self.first]
        if closing:
            return self.end(max(closing, key=self.first.__getitem__))
        if REJECTED in self.first:
            return self._rejected(duplicate)
        if duplicate is not None:
            return End(REJECTED, duplicate, DUPLICATE_ORDER)
        return self.end(DENIED) if DENIED in self.first and not is_worked else None

    def _rejected(self, duplicate: When | None) -> End:
        """The rejection, or the refusal as a duplicate if that was earlier."""
        end, reason = self.end(REJECTED), self._reasons.get(REJECTED)
        if duplicate is None:
            return end
        is_reason = reason is None or duplicate < reason[0]
        return End(REJECTED, min(end.when, duplicate), DUPLICATE_ORDER if is_reason else end.reason)


class Ends:
    """The facts that ended an order, and a reinstatement that undoes those before it.

    If an end was reported several times, the earliest time and the earliest reason count.
    """

    __slots__ = ("_counted", "_duplicate", "_reinstated", "_reports")

    def __init__(self) -> None:
        self._reports: list[EndReport] = []
        self._counted = Counted()
        self._duplicate: When | None = None
        self._reinstated: When | None = None

    @property
    def is_any(self) -> bool:
        """True if any fact ended the order."""
        return bool(self._counted.first) or self._duplicate is not None

    def __contains__(self, status: Status) -> bool:
        return status in self._counted.first

    @property
    def last_reported(self) -> When | None:
        """The last report of an end that was not reinstated."""
        return self._counted.last_reported

    @property
    def has_end_of_venue(self) -> bool:
        """True if the venue reported an end, which shows that it had the order."""
        return self._duplicate is not None or any(
            status is not DENIED for status in self._counted.first
        )

    def add(self, status: Status, when: When, reason: str | None) -> None:
        """Add a fact that ended the order."""
        report = EndReport(status, when, reason)
        self._reports.append(report)
        if self._reinstated is None or when > self._reinstated:
            self._counted.take(report)

    def drop_conclusions(self) -> None:
        """Drop ends concluded from absence. The order was requested here after all, and absence
        never ends such an order."""
        kept = [report for report in self._reports if report.reason != CONCLUDED_ABSENT]
        if len(kept) < len(self._reports):
            self._reports = kept
            self._count_anew()

    def add_duplicate(self, when: When) -> None:
        """Add a refusal because the venue already has such an order."""
        self._duplicate = when if self._duplicate is None else min(self._duplicate, when)

    def reinstate(self, when: When) -> None:
        """Drop the ends up to this fact: the order is working after all."""
        self._reinstated = last(self._reinstated, when)
        self._count_anew()

    def deciding(self, *, is_worked: bool, is_sent_again: bool, shown: When | None) -> End | None:
        """The end that counts, if any. `shown`: the venue showed the order working then, so that
        earlier ends do not count.

        Canceled and expired outrank rejected, which outranks denied. Of canceled and expired the
        later counts. A denial counts only if the venue has not shown the order working;
        `duplicate_order` only if also the order was sent once.
        """
        if not self.is_any:
            return None
        counted = self._counted if shown is None else self._after(shown)
        return counted.deciding(
            is_worked=is_worked, duplicate=None if is_worked or is_sent_again else self._duplicate
        )

    def undone(self, shown: When | None) -> End | None:
        """The end that counted before the venue showed the order working, if none is later."""
        if (
            shown is None
            or self.last_reported is None
            or not shown.is_dated_after(self.last_reported)
        ):
            return None
        return self._counted.deciding(is_worked=False, duplicate=None)

    def _after(self, shown: When) -> Counted:
        return Counted(
            report for report in self._standing() if not shown.is_dated_after(report.when)
        )

    def _standing(self) -> Iterator[EndReport]:
        """The reports that were not reinstated."""
        return (
            report
            for report in self._reports
            if self._reinstated is None or report.when > self._reinstated
        )

    def _count_anew(self) -> None:
        self._counted = Counted(self._standing())
