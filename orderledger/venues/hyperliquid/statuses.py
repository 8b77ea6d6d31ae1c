"""The answers of `/exchange`: one status for each order of an action, or one refusal for all."""

from decimal import Decimal
from typing import Any

from orderledger import (
    Acknowledged,
    Canceled,
    CancelRejected,
    Rejected,
    Replaced,
    ReplaceRejected,
    StatusObserved,
)
from orderledger.extend.messages import Report
from orderledger.extend.values import DatedBy
from orderledger.extend.views import Row
from orderledger.venues.base.transport.sender import HttpAnswer
from orderledger.venues.errors import Unanswered

WAITING = frozenset({"waitingForFill", "waitingForTrigger"})
CommitTicket = tuple[type[Report], dict[str, Any]] | None
"""The message for a status, and its fields; `refusal` is the venue's sentence. None: the request
was only received.
"""


def statuses_in(answer: HttpAnswer, count: int) -> list[Any]:
    """The status of each order. A refusal of the whole action, or a single error, applies to all
    of them.
    """
    match answer.document:
        case {"status": "err", "response": str(sentence)}:
            return [{"error": sentence}] * count
        case {"status": "ok", "response": {"data": {"statuses": [*statuses]}}}:
            if len(statuses) == count:
                return statuses
            if len(statuses) == 1 and isinstance(statuses[0], dict) and "error" in statuses[0]:
                return statuses * count
    if answer.status >= 400:
        return [{"error": answer.text or f"HTTP {answer.status}"}] * count
    raise Unanswered("unreadable", f"the answer has no status for each order: {answer.text[:200]}")


def order_answer(status: Any) -> CommitTicket:
    """A new order that rests, has filled, waits, or was refused. Its filled quantity is a claim:
    fills have their own rows.
    """
    match status:
        case {"error": str(sentence)}:
            return Rejected, {"refusal": sentence}
        case {"resting": {"oid": int(oid)}}:
            return Acknowledged, {"venue_order_id": str(oid)}
        case {"filled": {"oid": int(oid), "totalSz": size, "avgPx": price}}:
            reported = {"cum_quantity": Decimal(str(size)), "average_price": Decimal(str(price))}
            return Acknowledged, {"venue_order_id": str(oid), "reported": reported}
        case str(word) if word in WAITING:
            return StatusObserved, {"status": "pending_new", "dated_by": DatedBy.RECEIPT}
    raise Unanswered("unreadable", f"the status of an order is {str(status)[:200]}")


def cancel_answer(status: Any) -> CommitTicket:
    """A cancel that succeeded or was refused."""
    match status:
        case {"error": str(sentence)}:
            return CancelRejected, {"refusal": sentence}
        case "success":
            return Canceled, {}
    raise Unanswered("unreadable", f"the status of a cancel is {str(status)[:200]}")


def replace_answer(status: Any, request: Row) -> CommitTicket:
    """A change: the order continues under a new id, with the requested terms."""
    match status:
        case {"error": str(sentence)}:
            return ReplaceRejected, {"refusal": sentence}
        case {"resting": {"oid": int(oid)}} | {"filled": {"oid": int(oid)}}:
            terms = {name: request.get(name) for name in ("quantity", "limit_price", "stop_price")}
            return Replaced, {"venue_order_id": str(oid), **terms}
    raise Unanswered("unreadable", f"the status of a change is {str(status)[:200]}")
