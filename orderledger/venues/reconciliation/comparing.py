"""Compares one order in the ledger with the venue's reports. Pure functions."""

from typing import Any

from orderledger.domain.exact import plain
from orderledger.domain.orders.reports import OBSERVED_ENDS
from orderledger.domain.values import Status as OrderStatus
from orderledger.infrastructure.messages.registry import (
    Acknowledged,
    Canceled,
    Expired,
    Message,
    Rejected,
    Replaced,
    Restated,
    StatusObserved,
)
from orderledger.projections.recovery import finding
from orderledger.projections.view import Row
from orderledger.venues.reconciliation.breaks import CONCLUDED, Kind

Names = frozenset[str]
TERMS = ("quantity", "limit_price", "stop_price")
ENDS = (Canceled, Rejected, Expired)
END_WORDS = OBSERVED_ENDS | {OrderStatus.FILLED}


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


def is_unanswered(row: Row) -> bool:
    """Check whether the venue's view of the order is unknown here."""
    return finding(row) != "open"


def stays_unknown(row: Row, message: Any) -> bool:
    """Check whether it stays unknown after this report: it is older than the absence, or than an
    unanswered cancel or replace."""
    lost_at = row["absent_at"] or (row["updated_at"] if row["pending"] is not None else None)
    return is_unanswered(row) and lost_at is not None and message.at <= lost_at


def difference(
    row: Row | None, message: Any, listed: Names = frozenset()
) -> tuple[Kind, str] | None:
    """The difference between the venue's report and the order's row, or None. `listed`: ids that
    work at the venue."""
    if row is None and says_ended(message):
        return Kind.MISSING_END, "not known here, ended at the venue"
    if row is None:
        return Kind.MISSING_ORDER, "works at the venue, and is not known here"
    if not row["is_open"] and row.get("reason") == CONCLUDED and says_working(message):
        return Kind.MISSING_ORDER, "works at the venue, and was concluded here to have ended"
    if not row["is_open"]:
        is_working = Kind.STATUS_DIFFERS, f"{row['status']} here, working at the venue"
        return terms(row, message, listed) or (
            is_working if says_working(message) else at_end(row, message)
        )
    if says_ended(message):
        return _ended(row, message, listed)
    if row["origin"] == "external" and row["quantity"] is None and says_working(message):
        if row["acknowledged_at"] is None:
            return Kind.MISSING_ORDER, "works at the venue, and only its fills are known here"
        if (claims := stated_by(message)) is not None and claims.quantity is not None:
            return Kind.MISSING_ORDER, "works at the venue, and its quantity is not known here"
    if is_unanswered(row) and says_working(message):
        return (
            Kind.UNANSWERED_ORDER,
            f"{row['status']} and {row['certainty']} here, working at the venue",
        )
    return _leg(row, message) or terms(row, message, listed) or _filled(row, message)


def at_end(row: Row, message: Any) -> tuple[Kind, str] | None:
    """The difference between the reported and the recorded filled quantity of an ended order, or
    None."""
    return _filled(row, message) if says_ended(message) else None


def _ended(row: Row, message: Any, listed: Names) -> tuple[Kind, str] | None:
    if not isinstance(message, StatusObserved) or message.status != "filled":
        return Kind.MISSING_END, f"{row['status']} here, ended at the venue"
    if row["quantity"] is None:
        return Kind.MISSING_END, "only its fills are known here, filled at the venue"
    return terms(row, message, listed) or _filled(row, message)


def _leg(row: Row, message: Any) -> tuple[Kind, str] | None:
    if message.venue_order_id is None or message.venue_order_id in row["venue_order_ids"]:
        return None
    return (
        Kind.TERMS_DIFFER,
        f"works under the venue's id {message.venue_order_id}, which is not known here",
    )


def numbers(trade: Row, fill: Any) -> str | None:
    """The difference between the numbers of a fill in the ledger and at the venue, or None."""
    for name in ("quantity", "price", "fee"):
        here, there = trade[name], getattr(fill, name)
        if here is not None and there is not None and here != there:
            return f"{name} is {plain(here)} here, {plain(there)} at the venue"
    return None


def stated_by(message: Any) -> Any:
    """The object with the terms of a message: its claims, or the message itself."""
    return (
        message
        if message.reported is None and isinstance(message, (Replaced, Restated))
        else message.reported
    )


def is_left(row: Row, message: Any, listed: Names) -> bool:
    """Check whether the report is about an id of the order that no longer works. Its terms are
    history."""
    name = message.venue_order_id
    return name in row["venue_order_ids"] and name != row["venue_order_id"] and name not in listed


def terms(row: Row, message: Any, listed: Names = frozenset()) -> tuple[Kind, str] | None:
    """The difference between the terms that the venue claims and those in force here, or None."""
    claims = stated_by(message)
    if claims is None or is_left(row, message, listed):
        return None
    for name in TERMS:
        claimed = getattr(claims, name)
        if claimed is not None and row[name] is not None and claimed != row[name]:
            return (
                Kind.TERMS_DIFFER,
                (
                    f"{name.replace('_', ' ')} is {plain(row[name])} here, {plain(claimed)} at the "
                    "venue"
                ),
            )
    return None


def _filled(row: Row, message: Any) -> tuple[Kind, str] | None:
    claimed = None if message.reported is None else message.reported.cum_quantity
    here = row["cum_quantity"]
    if claimed is None or claimed == here:
        return None
    if claimed < here and row["last_fill_at"] is not None and message.at <= row["last_fill_at"]:
        return None  # a true report from before the last fills, or of their very time
    return Kind.QUANTITY_DIFFERS, f"{plain(here)} filled here, {plain(claimed)} at the venue"
