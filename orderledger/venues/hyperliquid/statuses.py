"""The answers of `/exchange`: one status for each order of an action, or one refusal for all."""

from decimal import Decimal
from typing import Any

from orderledger import Acknowledge, Cancel, Reject, RejectCancel, RejectReplace, Replace
from orderledger.extend.messages import Report
from orderledger.extend.views import Row
from orderledger.venues.base.transport.sender import Answer
from orderledger.venues.errors import Unanswered

WAITING = frozenset({"waitingForFill", "waitingForTrigger"})
CommitTicket = tuple[type[Report], dict[str, Any]] | None
"""The message that a status is, and its fields; `refusal` is the venue's sentence. None: it was
received, and no more."""


def statuses_in(answer: Answer, count: int) -> list[Any]:
    """The status of each order. A refusal of the whole action, or a single error, counts for all of
    them."""
    match answer.document:
        case {"status": "err", "response": str(said)}:
            return [{"error": said}] * count
        case {"status": "ok", "response": {"data": {"statuses": [*statuses]}}}:
            if len(statuses) == count:
                return statuses
            if len(statuses) == 1 and isinstance(statuses[0], dict) and "error" in statuses[0]:
                return statuses * count
    if answer.status >= 400:
        return [{"error": answer.text or f"HTTP {answer.status}"}] * count
    raise Unanswered("unreadable", f"the answer has no status for each order: {answer.text[:200]}")


def told_of_order(status: Any) -> CommitTicket:
    """A new order that rests, has filled, waits, or was refused. What it has filled is a claim:
    fills have rows of their own."""
    match status:
        case {"error": str(said)}:
            return Reject, {"refusal": said}
        case {"resting": {"oid": int(oid)}}:
            return Acknowledge, {"venue_order_id": str(oid)}
        case {"filled": {"oid": int(oid), "totalSz": size, "avgPx": price}}:
            reported = {"cum_quantity": Decimal(str(size)), "average_price": Decimal(str(price))}
            return Acknowledge, {"venue_order_id": str(oid), "reported": reported}
        case str(word) if word in WAITING:
            return None
    raise Unanswered("unreadable", f"the status of an order is {str(status)[:200]}")


def told_of_cancel(status: Any) -> CommitTicket:
    """A cancel that was done, or refused."""
    match status:
        case {"error": str(said)}:
            return RejectCancel, {"refusal": said}
        case "success":
            return Cancel, {}
    raise Unanswered("unreadable", f"the status of a cancel is {str(status)[:200]}")


def told_of_replace(status: Any, request: Row) -> CommitTicket:
    """A change: the order works on under a new id, with the terms that were asked for."""
    match status:
        case {"error": str(said)}:
            return RejectReplace, {"refusal": said}
        case {"resting": {"oid": int(oid)}} | {"filled": {"oid": int(oid)}}:
            terms = {name: request.get(name) for name in ("quantity", "limit_price", "stop_price")}
            return Replace, {"venue_order_id": str(oid), **terms}
    raise Unanswered("unreadable", f"the status of a change is {str(status)[:200]}")
