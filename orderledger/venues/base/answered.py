"""Shows what the answer to a query about one order proves for the time of the query."""

from collections.abc import Sequence
from datetime import datetime

from orderledger import (
    Acknowledged,
    Canceled,
    DoneForDay,
    Expired,
    Message,
    OrderStatus,
    Rejected,
    Replaced,
    StatusObserved,
    Stopped,
    Suspended,
    Triggered,
)
from orderledger.extend.messages import Report
from orderledger.extend.values import DatedBy

WORKING = (Acknowledged, Replaced, Triggered)
OTHER_STATES = (Canceled, DoneForDay, Expired, Rejected, Stopped, Suspended)
SHOWN = (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)
END_OF = {
    Canceled: OrderStatus.CANCELED,
    Expired: OrderStatus.EXPIRED,
    Rejected: OrderStatus.REJECTED,
}


def answered(messages: Sequence[Message], asked_at: datetime) -> list[Message]:
    """The messages of an answer, valid at `asked_at`: the time of the query minus the possible lag
    of the venue's answers.

    A row of a working order may only have its creation time, which proves nothing about later
    moments. So a `status_observed` with `asked_at` precedes it: this confirms the order, and
    reopens one that had ended here before.
    """
    found = [
        message.model_copy(update={"asked_at": asked_at})
        if isinstance(message, StatusObserved)
        else message
        for message in messages
    ]
    last = max(
        (place for place, message in enumerate(found) if _shows_state(message)), default=None
    )
    if last is not None and isinstance(state := found[last], WORKING):
        found.insert(last, _shown(state, asked_at))
    return found


def observed_end(message: Message, at: datetime) -> StatusObserved | None:
    """The end that a report shows, as the state at the time of the query. None for other
    messages. For an order that was shown working after the report's own time, by another clock."""
    if isinstance(message, StatusObserved):
        is_end = message.status in END_OF.values()
        dated = {"at": at, "dated_by": DatedBy.RECEIPT, "asked_at": None}
        return message.model_copy(update=dated) if is_end else None
    status = next((word for kind, word in END_OF.items() if isinstance(message, kind)), None)
    if status is None or not isinstance(message, Report):
        return None
    return _observed(message, status, at).model_copy(update={"reported": message.reported})


def _shows_state(message: Message) -> bool:
    return isinstance(message, (*WORKING, *OTHER_STATES)) or (
        isinstance(message, StatusObserved) and message.status is not None
    )


def _shown(report: Report, asked_at: datetime) -> StatusObserved:
    """The state without the row's numbers, which date from the row's own time: the report that
    follows has them.
    """
    word = None if report.reported is None else report.reported.status
    shown = _observed(report, word if word in SHOWN else OrderStatus.NEW, report.at)
    return shown.model_copy(update={"asked_at": asked_at})


def _observed(report: Report, status: str, at: datetime | None) -> StatusObserved:
    return StatusObserved(
        account=report.account,
        client_order_id=report.client_order_id,
        venue_order_id=report.venue_order_id,
        aliases=report.aliases,
        instrument=report.instrument,
        side=report.side,
        source=report.source,
        at=at,
        dated_by=DatedBy.RECEIPT,
        status=status,
        evidence=report.evidence,
    )
