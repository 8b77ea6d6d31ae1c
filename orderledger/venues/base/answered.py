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


def _shows_state(message: Message) -> bool:
    return isinstance(message, (*WORKING, *OTHER_STATES)) or (
        isinstance(message, StatusObserved) and message.status is not None
    )


def _shown(report: Report, asked_at: datetime) -> StatusObserved:
    """The state without the row's numbers, which date from the row's own time: the report that
    follows has them.
    """
    word = None if report.reported is None else report.reported.status
    return StatusObserved(
        account=report.account,
        venue_order_id=report.venue_order_id,
        aliases=report.aliases,
        instrument=report.instrument,
        side=report.side,
        source=report.source,
        at=report.at,
        dated_by=DatedBy.RECEIPT,
        asked_at=asked_at,
        status=word if word in SHOWN else OrderStatus.NEW,
        evidence=report.evidence,
    )
