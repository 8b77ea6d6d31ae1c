"""What the venue says of an order. A report is always recorded."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from orderledger.domain.orders.reports import (
    CancelRejected,
    FillBusted,
    FillCorrected,
    FillRecorded,
    OrderAbsent,
    OrderAcknowledged,
    OrderCanceled,
    OrderDoneForDay,
    OrderExpired,
    OrderReinstated,
    OrderRejected,
    OrderReplaced,
    OrderRestated,
    OrderResumed,
    OrderStopped,
    OrderSuspended,
    OrderTriggered,
    ReplaceRejected,
    StatusObserved,
)
from orderledger.domain.values import Liquidity, Pending, Side
from orderledger.infrastructure.messages.base import OrderMessage
from orderledger.infrastructure.messages.fields import Identifier, Number, Quantity

__all__ = [
    "Absent",
    "Acknowledge",
    "BustFill",
    "Cancel",
    "CorrectFill",
    "DoneForDay",
    "Expire",
    "Fill",
    "Reinstate",
    "Reject",
    "RejectCancel",
    "RejectReplace",
    "Replace",
    "Restate",
    "Resume",
    "Status",
    "Stop",
    "Suspend",
    "Trigger",
]


class Report(OrderMessage):
    """The venue's word. `instrument` and `side` help when the order may be unknown to us; an empty side is one not told."""

    instrument: Identifier | None = None
    side: Annotated[Side | None, BeforeValidator(lambda side: None if side == "" else side)] = None


class Acknowledge(Report):
    """Accepted and working."""

    fact: ClassVar = OrderAcknowledged
    type: Literal["acknowledge"] = "acknowledge"


class Reject(Report):
    """Refused by the venue. With the reason duplicate_order it leaves a working order working."""

    fact: ClassVar = OrderRejected
    type: Literal["reject"] = "reject"


class Fill(Report):
    """An execution. The same fill_id with the same numbers counts once."""

    fact: ClassVar = FillRecorded
    type: Literal["fill"] = "fill"
    fill_id: Identifier
    quantity: Quantity
    price: Number
    fee: Number | None = Field(default=None, description="Positive when paid, negative when received.")
    fee_currency: Identifier | None = Field(default=None, description="Default: what the instrument is settled in.")
    liquidity: Liquidity | None = None


class CorrectFill(Report):
    """Replaces an earlier fill. Corrections chain."""

    fact: ClassVar = FillCorrected
    type: Literal["correct_fill"] = "correct_fill"
    fill_id: Identifier
    corrects: Identifier
    quantity: Quantity
    price: Number
    fee: Number | None = None
    fee_currency: Identifier | None = None
    liquidity: Liquidity | None = None


class BustFill(Report):
    """That fill never happened."""

    fact: ClassVar = FillBusted
    type: Literal["bust_fill"] = "bust_fill"
    fill_id: Identifier


class Cancel(Report):
    """Ended by a cancel, ours or the venue's (`reason`: e.g. liquidation, self_trade)."""

    fact: ClassVar = OrderCanceled
    type: Literal["cancel"] = "cancel"


class RejectCancel(Report):
    """The order goes on as it was. With the reason unknown_order it is no sign that the venue has the order."""

    fact: ClassVar = CancelRejected
    type: Literal["reject_cancel"] = "reject_cancel"
    request_id: Identifier | None = None


class RejectReplace(Report):
    """The order goes on as it was. With the reason unknown_order it is no sign that the venue has the order."""

    fact: ClassVar = ReplaceRejected
    type: Literal["reject_replace"] = "reject_replace"
    request_id: Identifier | None = None


class Replace(Report):
    """New terms are in force, as the venue states them. At least one of quantity, limit_price and stop_price."""

    fact: ClassVar = OrderReplaced
    needs_one_of: ClassVar = ("quantity", "limit_price", "stop_price")
    type: Literal["replace"] = "replace"
    quantity: Quantity | None = None
    limit_price: Number | None = None
    stop_price: Number | None = None
    replacement_client_order_id: Identifier | None = None


class Expire(Report):
    """Ended by its time in force."""

    fact: ClassVar = OrderExpired
    type: Literal["expire"] = "expire"


class Trigger(Report):
    """A stop order has become live."""

    fact: ClassVar = OrderTriggered
    type: Literal["trigger"] = "trigger"


class Suspend(Report):
    """Not eligible for trading for now."""

    fact: ClassVar = OrderSuspended
    type: Literal["suspend"] = "suspend"


class Resume(Report):
    """Eligible again."""

    fact: ClassVar = OrderResumed
    type: Literal["resume"] = "resume"


class Reinstate(Report):
    """Working after all: what was said up to `at` to have ended it was a mistake, and does not stand."""

    fact: ClassVar = OrderReinstated
    type: Literal["reinstate"] = "reinstate"


class Stop(Report):
    """The venue guarantees an execution (FIX Stopped)."""

    fact: ClassVar = OrderStopped
    type: Literal["stop"] = "stop"


class DoneForDay(Report):
    """No more fills today."""

    fact: ClassVar = OrderDoneForDay
    type: Literal["done_for_day"] = "done_for_day"


class Restate(Report):
    """Changed by the venue unasked."""

    fact: ClassVar = OrderRestated
    type: Literal["restate"] = "restate"
    quantity: Quantity | None = None
    limit_price: Number | None = None
    stop_price: Number | None = None


class Status(Report):
    """Observed by asking; never moves an order backwards. At least one of status and pending."""

    fact: ClassVar = StatusObserved
    needs_one_of: ClassVar = ("status", "pending")
    type: Literal["status"] = "status"
    status: Identifier | None = None
    pending: Pending | None = None


class Absent(Report):
    """Asked, and the venue did not know it; or missing from a full list. Evidence, never an end."""

    fact: ClassVar = OrderAbsent
    type: Literal["absent"] = "absent"
