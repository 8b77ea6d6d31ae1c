"""What the answer to a query about one order proves of the time at which it was asked."""

from collections.abc import Sequence
from datetime import datetime

from orderledger.domain.values import DatedBy
from orderledger.domain.values import Status as OrderStatus
from orderledger.infrastructure.messages.registry import (
    Acknowledge,
    Cancel,
    DoneForDay,
    Expire,
    Message,
    Reject,
    Replace,
    ReportedClaims,
    Status,
    Stop,
    Suspend,
    Trigger,
)
from orderledger.infrastructure.messages.reports import Report

WORKING = (Acknowledge, Replace, Trigger)
OTHER_STATES = (Cancel, DoneForDay, Expire, Reject, Stop, Suspend)
FILLED = dict.fromkeys(("cum_quantity", "leaves_quantity", "average_price"))
SHOWN = (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)


def answered(messages: Sequence[Message], asked_at: datetime) -> list[Message]:
    """The messages of an answer, which hold of `asked_at`: when it was asked, less the time by which the venue's answers may lag.

    A row of a working order may have no other time than that of its creation, which says nothing of later moments. So a `status`
    with `asked_at` precedes it: this confirms the order, and opens one again that had ended here before.
    """
    told = [message.model_copy(update={"asked_at": asked_at}) if isinstance(message, Status) else message for message in messages]
    last = max((place for place, message in enumerate(told) if _says_state(message)), default=None)
    if last is not None and isinstance(state := told[last], WORKING):
        told.insert(last, _shown(state, asked_at))
    return told


def _says_state(message: Message) -> bool:
    return isinstance(message, (*WORKING, *OTHER_STATES)) or (isinstance(message, Status) and message.status is not None)


def _shown(report: Report, asked_at: datetime) -> Status:
    """The state again, with the terms of the row. What is filled is left out: a row may tell it as of the order's creation."""
    claims = report.reported or ReportedClaims()
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
        status=claims.status if claims.status in SHOWN else OrderStatus.NEW,
        reported=claims.model_copy(update=FILLED) if report.reported is not None else None,
        evidence=report.evidence,
    )
