"""Messages about an account: instruments, marks, funding, adjustments, gaps, balances,
reconciliations, halts and senders."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from orderledger.domain.accounts import (
    BalanceReported,
    FundingRecorded,
    GapRecorded,
    InstrumentDefined,
    MarkRecorded,
    PositionAdjusted,
    ReconciliationCertified,
    SenderChanged,
    TradingHalted,
    TradingResumed,
)
from orderledger.domain.values import PositionMode, PositionSide, Source
from orderledger.infrastructure.messages.base import Message, Model
from orderledger.infrastructure.messages.fields import (
    Count,
    Flag,
    Identifier,
    Number,
    Quantity,
    Time,
)

__all__ = [
    "Adjust",
    "Balance",
    "Certify",
    "Funding",
    "Gap",
    "Halt",
    "Instrument",
    "Mark",
    "OpenBreak",
    "ResumeTrading",
    "Sender",
]


class Instrument(Message):
    """Definition of an instrument. Each term holds the value with the latest `at`."""

    fact: ClassVar = InstrumentDefined
    needs_role: ClassVar = "collect"
    default_source: ClassVar = Source.OPERATOR
    type: Literal["instrument"] = "instrument"
    instrument: Identifier
    multiplier: Quantity | None = None
    inverse: Flag | None = None
    currency: Identifier | None = None
    position_mode: PositionMode | None = Field(
        default=None, description="One net position, or a long and a short one (hedge)."
    )
    tick: Quantity | None = None
    lot: Quantity | None = None


class Mark(Message):
    """Price at which open positions are valued."""

    fact: ClassVar = MarkRecorded
    needs_role: ClassVar = "collect"
    type: Literal["mark"] = "mark"
    instrument: Identifier
    price: Number


class Funding(Message):
    """Funding payment. The amount is positive when received, negative when paid."""

    fact: ClassVar = FundingRecorded
    needs_role: ClassVar = "collect"
    type: Literal["funding"] = "funding"
    instrument: Identifier
    amount: Number
    currency: Identifier
    position_side: PositionSide | None = None
    position_id: Identifier | None = None


class Adjust(Message):
    """Opening or corrected position: from `at` on, the position is `quantity` (signed) at the
    average price `price`."""

    fact: ClassVar = PositionAdjusted
    needs_role: ClassVar = "operate"
    default_source: ClassVar = Source.OPERATOR
    type: Literal["adjust"] = "adjust"
    instrument: Identifier
    quantity: Number
    price: Number
    position_side: PositionSide | None = None
    position_id: Identifier | None = None


class Gap(Message):
    """Period in which a stream of the venue was down."""

    fact: ClassVar = GapRecorded
    needs_role: ClassVar = "collect"
    type: Literal["gap"] = "gap"
    from_at: Time = Field(validation_alias="from", serialization_alias="from")
    to_at: Time | None = Field(default=None, validation_alias="to", serialization_alias="to")


class Balance(Message):
    """Position as reported by the venue."""

    fact: ClassVar = BalanceReported
    needs_role: ClassVar = "collect"
    type: Literal["balance"] = "balance"
    instrument: Identifier
    quantity: Number
    average_price: Number | None = None
    position_side: PositionSide | None = None
    position_id: Identifier | None = None


class OpenBreak(Model):
    """Unsettled difference from the venue."""

    id: Identifier
    since: Time


class Certify(Message):
    """Result of a comparison of the account with its venue, made by `orderledger reconcile` and
    `collect`."""

    fact: ClassVar = ReconciliationCertified
    needs_role: ClassVar = "collect"
    default_source: ClassVar = Source.RECONCILIATION
    type: Literal["certify"] = "certify"
    covered_from: Time
    covered_to: Time
    orders: Count
    fills: Count
    positions: Count
    open_breaks: Annotated[tuple[OpenBreak, ...], Field(max_length=10_000)] = ()


class Halt(Message):
    """Halt of trading: new orders of this scope are denied until a `resume_trading` of the same
    scope.

    Without `instrument` and `strategy` it is the whole account. The account `*` stands for every
    account of the store.
    """

    fact: ClassVar = TradingHalted
    needs_role: ClassVar = "operate"
    default_source: ClassVar = Source.OPERATOR
    type: Literal["halt"] = "halt"
    at: Time = Field(
        description="Time of the halt. Required: two halts of one scope are told apart by it."
    )
    instrument: Identifier | None = Field(
        default=None, description="Only this instrument. Default: all."
    )
    strategy: Identifier | None = Field(
        default=None, description="Only this strategy. Default: all."
    )
    cancels_orders: Flag = Field(
        default=False, description="The gateway also cancels the open orders of the scope."
    )


class ResumeTrading(Message):
    """End of all halts of exactly this scope. Wider and narrower halts go on."""

    fact: ClassVar = TradingResumed
    needs_role: ClassVar = "operate"
    default_source: ClassVar = Source.OPERATOR
    type: Literal["resume_trading"] = "resume_trading"
    at: Time = Field(description="Time of the end. Required, as for a halt.")
    instrument: Identifier | None = Field(
        default=None, description="The instrument of the halt, if it has one."
    )
    strategy: Identifier | None = Field(
        default=None, description="The strategy of the halt, if it has one."
    )


class Sender(Message):
    """Change of the process that sends the orders of an account, recorded by the gateway."""

    fact: ClassVar = SenderChanged
    needs_role: ClassVar = "collect"
    type: Literal["sender"] = "sender"
    holder: Identifier = Field(
        description="The process that sends from now on: host, process id and name."
    )
    fence: Count = Field(
        description="Grows with every change of the sender. A former sender can no longer submit."
    )
    is_forced: Flag = Field(
        default=False, description="An operator took over without waiting for the lease to end."
    )
