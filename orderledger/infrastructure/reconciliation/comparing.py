"""One order, as the ledger has it and as the venue tells it: in what they differ. Pure."""

from decimal import Decimal
from typing import Any

from orderledger.infrastructure.reconciliation.breaks import Kind
from orderledger.infrastructure.wire.messages import Acknowledge, Cancel, Expire, Message, Reject, Replace, Status
from orderledger.projections.tables import Row

ENDS = (Cancel, Reject, Expire)
END_WORDS = frozenset({"filled", "canceled", "rejected", "expired"})


def says_ended(message: Message) -> bool:
    """Whether the venue says by this that the order has ended."""
    return isinstance(message, ENDS) or (isinstance(message, Status) and message.status in END_WORDS)


def says_working(message: Message) -> bool:
    """Whether the venue says by this that the order is on its book."""
    return isinstance(message, (Acknowledge, Replace)) or (
        isinstance(message, Status) and message.status in ("new", "partially_filled")
    )


def difference(row: Row | None, message: Any, unrecorded: Decimal) -> tuple[Kind, str] | None:
    """How the venue's word on an order differs from its row, if it does. `unrecorded` is what fills of it that were told, and
    are not yet recorded, add up to."""
    if row is None:
        return Kind.MISSING_ORDER, "works at the venue, and is not known here"
    if not row["is_open"]:
        return (Kind.STATUS_DIFFERS, f"{row['status']} here, working at the venue") if says_working(message) else None
    if says_ended(message):
        return _ended(row, message, unrecorded)
    if row["origin"] == "external" and row["acknowledged_at"] is None and says_working(message):
        return Kind.MISSING_ORDER, "works at the venue, and only its fills are known here"
    is_unanswered = row["status"] == "pending_new" or row["certainty"] == "unresolved"
    if is_unanswered and says_working(message):
        return Kind.UNANSWERED_ORDER, f"{row['status']} and {row['certainty']} here, working at the venue"
    return _terms(row, message) or _filled(row, message, unrecorded)


def _ended(row: Row, message: Any, unrecorded: Decimal) -> tuple[Kind, str] | None:
    if not isinstance(message, Status) or message.status != "filled":
        return Kind.MISSING_END, f"{row['status']} here, ended at the venue"
    return _filled(row, message, unrecorded)


def _terms(row: Row, message: Any) -> tuple[Kind, str] | None:
    claims = message.reported
    if message.venue_order_id is not None and message.venue_order_id not in row["venue_order_ids"]:
        return Kind.TERMS_DIFFER, f"works under the venue's id {message.venue_order_id}, which is not known here"
    if claims is None or row["pending"] == "replace":
        return None
    for name, claimed in (("quantity", claims.quantity), ("limit_price", claims.limit_price)):
        if claimed is not None and row[name] is not None and claimed != row[name]:
            return Kind.TERMS_DIFFER, f"{name.replace('_', ' ')} is {row[name]:f} here, {claimed:f} at the venue"
    return None


def _filled(row: Row, message: Any, unrecorded: Decimal) -> tuple[Kind, str] | None:
    claimed = None if message.reported is None else message.reported.cum_quantity
    here = row["cum_quantity"] + unrecorded
    if claimed is None or claimed == here:
        return None
    return Kind.QUANTITY_DIFFERS, f"{here:f} filled here, {claimed:f} at the venue"
