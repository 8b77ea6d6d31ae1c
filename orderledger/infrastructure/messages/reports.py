"""Reports of a venue about an order. The ledger always records a report."""

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
from orderledger.domain.values import DatedBy, Liquidity, Pending, PositionSide, Side
from orderledger.infrastructure.messages.base import OrderMessage
from orderledger.infrastructure.messages.fields import Flag, Identifier, Number, Quantity, Time

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
    """Report of the venue. `instrument` and `side` help if the ledger may not know the order. An
    empty side was not reported."""

    needs_role: ClassVar = "record"
    instrument: Identifier | None = None
    side: Annotated[Side | None, BeforeValidator(lambda side: None if side == "" else side)] = None
    position_side: PositionSide | None = Field(
        default=None, description="Position of the order or the fill, in hedge mode."
    )
    position_id: Identifier | None = Field(
        default=None, description="Where the venue keeps several positions of one side."
    )


class Acknowledge(Report):
    """Order accepted and working."""

    fact: ClassVar = OrderAcknowledged
    type: Literal["acknowledge"] = "acknowledge"


class Reject(Report):
    """Order refused by the venue. With the reason duplicate_order, a working order stays
    working."""

    fact: ClassVar = OrderRejected
    type: Literal["reject"] = "reject"


class Fill(Report):
    """Execution. The same fill_id with the same numbers counts once."""

    fact: ClassVar = FillRecorded
    type: Literal["fill"] = "fill"
    fill_id: Identifier
    quantity: Quantity
    price: Number
    fee: Number | None = Field(
        default=None, description="Positive when paid, negative when received."
    )
    fee_currency: Identifier | None = Field(
        default=None, description="Default: the instrument's settlement currency."
    )
    liquidity: Liquidity | None = None


class CorrectFill(Report):
    """Replacement of an earlier fill. A correction can be corrected again."""

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
    """Cancellation of a fill: it never happened."""

    fact: ClassVar = FillBusted
    type: Literal["bust_fill"] = "bust_fill"
    fill_id: Identifier


class Cancel(Report):
    """Order canceled, by us or by the venue (`reason`: e.g. liquidation, self_trade)."""

    fact: ClassVar = OrderCanceled
    type: Literal["cancel"] = "cancel"


class RejectCancel(Report):
    """Cancel request refused; the order is unchanged. The reason unknown_order is no sign that the
    venue has the order."""

    fact: ClassVar = CancelRejected
    type: Literal["reject_cancel"] = "reject_cancel"
    request_id: Identifier | None = None


class RejectReplace(Report):
    """Replace request refused; the order is unchanged. The reason unknown_order is no sign that the
    venue has the order."""

    fact: ClassVar = ReplaceRejected
    type: Literal["reject_replace"] = "reject_replace"
    request_id: Identifier | None = None
    not_sent: Flag = Field(
        default=False,
        description="The request never left us: no sign that the venue has the order.",
    )


class Replace(Report):
    """New terms in force, as the venue states them. At least one of quantity, limit_price and
    stop_price."""

    fact: ClassVar = OrderReplaced
    needs_one_of: ClassVar = ("quantity", "limit_price", "stop_price")
    type: Literal["replace"] = "replace"
    quantity: Quantity | None = None
    limit_price: Number | None = None
    stop_price: Number | None = None
    replacement_client_order_id: Identifier | None = None


class Expire(Report):
    """Order ended by its time in force."""

    fact: ClassVar = OrderExpired
    type: Literal["expire"] = "expire"


class Trigger(Report):
    """Stop order triggered."""

    fact: ClassVar = OrderTriggered
    type: Literal["trigger"] = "trigger"


class Suspend(Report):
    """Order suspended: not eligible for trading for now."""

    fact: ClassVar = OrderSuspended
    type: Literal["suspend"] = "suspend"


class Resume(Report):
    """Order eligible for trading again."""

    fact: ClassVar = OrderResumed
    type: Literal["resume"] = "resume"


class Reinstate(Report):
    """Order working after all. The ends reported up to `at` were a mistake and no longer count."""

    fact: ClassVar = OrderReinstated
    type: Literal["reinstate"] = "reinstate"


class Stop(Report):
    """Execution guaranteed by the venue (FIX Stopped)."""

    fact: ClassVar = OrderStopped
    type: Literal["stop"] = "stop"


class DoneForDay(Report):
    """No more fills today."""

    fact: ClassVar = OrderDoneForDay
    type: Literal["done_for_day"] = "done_for_day"


class Restate(Report):
    """Order changed by the venue without a request."""

    fact: ClassVar = OrderRestated
    type: Literal["restate"] = "restate"
    quantity: Quantity | None = None
    limit_price: Number | None = None
    stop_price: Number | None = None


class Status(Report):
    """State of the order in the answer to a query. It can open an ended order again. At least one
    of status and pending."""

    fact: ClassVar = StatusObserved
    needs_one_of: ClassVar = ("status", "pending")
    type: Literal["status"] = "status"
    status: Identifier | None = None
    pending: Pending | None = None
    dated_by: DatedBy | None = Field(
        default=None,
        description="Clock of `at`: the venue's, or that of receipt. Default: venue, if `at` is "
        "given.",
    )
    asked_at: Time | None = Field(
        default=None,
        description="When a query for this one order was sent, less the time by which the venue's "
        "answers may lag. "
        "Leave it out for a row of a list.",
    )


class Absent(Report):
    """Order unknown to the venue when queried, or missing from a full list. It is evidence, and
    never ends an order."""

    fact: ClassVar = OrderAbsent
    type: Literal["absent"] = "absent"
