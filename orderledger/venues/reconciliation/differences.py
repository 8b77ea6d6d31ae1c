"""Differences between the orders of the ledger and the venue's reports. Pure functions."""

from collections.abc import Sequence
from typing import NamedTuple

from orderledger import (
    Acknowledged,
    Canceled,
    Expired,
    Fill,
    Message,
    OrderStatus,
    Rejected,
    Replaced,
    ReportedClaims,
    Restated,
    StatusObserved,
)
from orderledger.extend.events import reports
from orderledger.extend.messages import Report
from orderledger.extend.values import plain
from orderledger.extend.views import finding
from orderledger.rows import OrderRow, TradeRow
from orderledger.venues.reconciliation.breaks import CONCLUDED, Kind, reported_at

Names = frozenset[str]
Compared = tuple[Report, OrderRow | None]
"""A report of the venue, and the order of the ledger that it is about."""

ENDS = (Canceled, Rejected, Expired)
END_WORDS = reports.OBSERVED_ENDS | {OrderStatus.FILLED}


class Difference(NamedTuple):
    """A difference in a sentence."""

    kind: Kind
    text: str


def differences(compared: Sequence[Compared], listed: Names) -> list[Difference | None]:
    """The difference of each report, None where both sides agree. `listed`: ids that work at the
    venue."""
    return [difference(row, report, listed) for report, row in compared]


def says_ended(message: Message) -> bool:
    """Check whether the venue reports the order as ended."""
    return isinstance(message, ENDS) or (
        isinstance(message, StatusObserved) and message.status in END_WORDS
    )


def says_working(message: Message) -> bool:
    """Check whether the venue reports the order as working."""
    return isinstance(message, (Acknowledged, Replaced)) or (
        isinstance(message, StatusObserved) and message.status in ("new", "partially_filled")
    )


def shows_working(message: Message) -> bool:
    """Check whether this shows the order working at the time of a query: it opens an order that
    ended before."""
    return (
        isinstance(message, StatusObserved)
        and message.asked_at is not None
        and says_working(message)
    )


def is_unanswered(row: OrderRow) -> bool:
    """Check whether the venue's view of the order is unknown here."""
    return finding(row) != "open"


def stays_unknown(row: OrderRow, report: Report) -> bool:
    """Check whether it stays unknown after this report: it is older than the absence, or than an
    unanswered cancel or replace."""
    lost_at = row["absent_at"] or (row["updated_at"] if row["pending"] is not None else None)
    return is_unanswered(row) and lost_at is not None and reported_at(report) <= lost_at


def difference(
    row: OrderRow | None, report: Report, listed: Names = frozenset()
) -> Difference | None:
    """The difference between the venue's report and the order's row, or None. `listed`: ids that
    work at the venue."""
    if row is None and says_ended(report):
        return Difference(Kind.MISSING_END, "not known here, ended at the venue")
    if row is None:
        return Difference(Kind.MISSING_ORDER, "works at the venue, and is not known here")
    if not row["is_open"]:
        return _of_ended(row, report, listed)
    if says_ended(report):
        return _ended(row, report, listed)
    if says_working(report) and (found := _of_working(row, report)) is not None:
        return found
    return _leg(row, report) or terms(row, report, listed) or _filled(row, report)


def _of_ended(row: OrderRow, report: Report, listed: Names) -> Difference | None:
    """The difference of an order that has ended here."""
    is_working = says_working(report)
    if is_working and row["reason"] == CONCLUDED:
        return Difference(
            Kind.MISSING_ORDER, "works at the venue, and was concluded here to have ended"
        )
    found = terms(row, report, listed)
    if found is None and is_working:
        return Difference(Kind.STATUS_DIFFERS, f"{row['status']} here, working at the venue")
    return found or at_end(row, report)


def _of_working(row: OrderRow, report: Report) -> Difference | None:
    """The difference of an order that works at the venue and is hardly known here."""
    if row["origin"] == "external" and row["quantity"] is None:
        if row["acknowledged_at"] is None:
            return Difference(
                Kind.MISSING_ORDER, "works at the venue, and only its fills are known here"
            )
        if (claims := stated_by(report)) is not None and claims.quantity is not None:
            return Difference(
                Kind.MISSING_ORDER, "works at the venue, and its quantity is not known here"
            )
    if is_unanswered(row):
        return Difference(
            Kind.UNANSWERED_ORDER,
            f"{row['status']} and {row['certainty']} here, working at the venue",
        )
    return None


def at_end(row: OrderRow, report: Report) -> Difference | None:
    """The difference between the reported and the recorded filled quantity of an ended order, or
    None."""
    return _filled(row, report) if says_ended(report) else None


def _ended(row: OrderRow, report: Report, listed: Names) -> Difference | None:
    if not isinstance(report, StatusObserved) or report.status != "filled":
        return Difference(Kind.MISSING_END, f"{row['status']} here, ended at the venue")
    if row["quantity"] is None:
        return Difference(Kind.MISSING_END, "only its fills are known here, filled at the venue")
    return terms(row, report, listed) or _filled(row, report)


def _leg(row: OrderRow, report: Report) -> Difference | None:
    if report.venue_order_id is None or report.venue_order_id in row["venue_order_ids"]:
        return None
    return Difference(
        Kind.TERMS_DIFFER,
        f"works under the venue's id {report.venue_order_id}, which is not known here",
    )


def numbers(trade: TradeRow, fill: Fill) -> str | None:
    """The difference between the numbers of a fill in the ledger and at the venue, or None."""
    both = {
        "quantity": (trade["quantity"], fill.quantity),
        "price": (trade["price"], fill.price),
        "fee": (trade["fee"], fill.fee),
    }
    for name, (here, there) in both.items():
        if here is not None and there is not None and here != there:
            return f"{name} is {plain(here)} here, {plain(there)} at the venue"
    return None


def stated_by(report: Report) -> Replaced | Restated | ReportedClaims | None:
    """The object with the terms of a report: its claims, or the report itself."""
    is_stated = report.reported is None and isinstance(report, (Replaced, Restated))
    return report if is_stated else report.reported  # type: ignore[return-value]


def is_left(row: OrderRow, report: Report, listed: Names) -> bool:
    """Check whether the report is about an id of the order that no longer works. Its terms are
    history."""
    name = report.venue_order_id
    return name in row["venue_order_ids"] and name != row["venue_order_id"] and name not in listed


def terms(row: OrderRow, report: Report, listed: Names = frozenset()) -> Difference | None:
    """The difference between the terms that the venue claims and those in force here, or None."""
    claims = stated_by(report)
    if claims is None or is_left(row, report, listed):
        return None
    both = {
        "quantity": (row["quantity"], claims.quantity),
        "limit price": (row["limit_price"], claims.limit_price),
        "stop price": (row["stop_price"], claims.stop_price),
    }
    for name, (here, claimed) in both.items():
        if claimed is not None and here is not None and claimed != here:
            return Difference(
                Kind.TERMS_DIFFER, f"{name} is {plain(here)} here, {plain(claimed)} at the venue"
            )
    return None


def _filled(row: OrderRow, report: Report) -> Difference | None:
    claimed = None if report.reported is None else report.reported.cum_quantity
    here, filled_at = row["cum_quantity"], row["last_fill_at"]
    if claimed is None or claimed == here:
        return None
    if claimed < here and filled_at is not None and reported_at(report) <= filled_at:
        return None  # a true report from before the last fills, or of their very time
    return Difference(
        Kind.QUANTITY_DIFFERS, f"{plain(here)} filled here, {plain(claimed)} at the venue"
    )


Name = tuple[str, str]
"""An alias and its value. A venue's id has an empty alias."""


def names_of(row: OrderRow) -> set[Name]:
    """All names that the venue may use for the order."""
    return {("", name) for name in row["venue_order_ids"]} | set(row["aliases"].items())


def names_of_report(report: Report) -> set[Name]:
    """All names that a report gives."""
    named = set() if report.venue_order_id is None else {("", report.venue_order_id)}
    return named | set(report.aliases.items())


def named_by(row: OrderRow, report: Report) -> bool:
    """Check whether a report is about this order, by any of its names."""
    return not names_of(row).isdisjoint(names_of_report(report))


def subject_of(report: Report) -> str:
    """The most reliable name of the order in a report. Every report has one."""
    other = next(iter(report.aliases.values()), None)
    return report.venue_order_id or other or report.client_order_id or ""
