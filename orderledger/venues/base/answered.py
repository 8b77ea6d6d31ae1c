"""What the answer to a query about one order proves of the time at which it was asked."""

from collections.abc import Sequence
from datetime import datetime

from orderledger import (
    Acknowledge,
    Cancel,
    DoneForDay,
    Expire,
    Message,
    OrderStatus,
    Reject,
    Replace,
    Status,
    Stop,
    Suspend,
    Trigger,
)
from orderledger.extend.messages import Report
from orderledger.extend.values import DatedBy

WORKING = (Acknowledge, Replace, Trigger)
OTHER_STATES = (Cancel, DoneForDay, Expire, Reject, Stop, Suspend)
SHOWN = (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)


def answered(messages: Sequence[Message], asked_at: datetime) -> list[Message]:
    """The messages of an answer, which hold of `asked_at`: when it was asked, less the time by
    which the venue's answers may lag.

    A row of a working order may have no other time than that of its creation, which says nothing of
    later moments. So a `status` with `asked_at` precedes it: this confirms the order, and opens one
    again that had ended here before.
    """
    found = [
        message.model_copy(update={"asked_at": asked_at})
        if isinstance(message, Status)
        else message
        for message in messages
    ]
    last = max((place for place, message in enumerate(found) if _says_state(message)), default=None)
    if last is not None and isinstance(state := found[last], WORKING):
        found.insert(last, _shown(state, asked_at))
    return found


def _says_state(message: Message) -> bool:
    return isinstance(message, (*WORKING, *OTHER_STATES)) or (
        isinstance(message, Status) and message.status is not None
    )


def _shown(report: Report, asked_at: datetime) -> Status:
    """The state without the row's numbers, which are of the row's own time: the report that follows
    has them."""
    word = None if report.reported is None else report.reported.status
    return Status(
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
