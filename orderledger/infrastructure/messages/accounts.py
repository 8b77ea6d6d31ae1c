"""Messages about an account: instruments, marks, funding, adjustments, gaps, balances and reconciliations."""

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
)
from orderledger.domain.values import Source
from orderledger.infrastructure.messages.base import Message, Model
from orderledger.infrastructure.messages.fields import Count, Flag, Identifier, Number, Quantity, Time

__all__ = ["Adjust", "Balance", "Certify", "Funding", "Gap", "Instrument", "Mark", "OpenBreak"]


class Instrument(Message):
    """Definition of an instrument. Each term holds the value with the latest `at`."""

    fact: ClassVar = InstrumentDefined
    default_source: ClassVar = Source.OPERATOR
    type: Literal["instrument"] = "instrument"
    instrument: Identifier
    multiplier: Quantity | None = None
    inverse: Flag | None = None
    currency: Identifier | None = None
    tick: Quantity | None = None
    lot: Quantity | None = None


class Mark(Message):
    """Price at which open positions are valued."""

    fact: ClassVar = MarkRecorded
    type: Literal["mark"] = "mark"
    instrument: Identifier
    price: Number


class Funding(Message):
    """Funding payment. The amount is positive when received, negative when paid."""

    fact: ClassVar = FundingRecorded
    type: Literal["funding"] = "funding"
    instrument: Identifier
    amount: Number
    currency: Identifier


class Adjust(Message):
    """Opening or corrected position: from `at` on, the position is `quantity` (signed) at the average price `price`."""

    fact: ClassVar = PositionAdjusted
    default_source: ClassVar = Source.OPERATOR
    type: Literal["adjust"] = "adjust"
    instrument: Identifier
    quantity: Number
    price: Number


class Gap(Message):
    """Period in which a stream of the venue was down."""

    fact: ClassVar = GapRecorded
    type: Literal["gap"] = "gap"
    from_at: Time = Field(validation_alias="from", serialization_alias="from")
    to_at: Time | None = Field(default=None, validation_alias="to", serialization_alias="to")


class Balance(Message):
    """Position as reported by the venue."""

    fact: ClassVar = BalanceReported
    type: Literal["balance"] = "balance"
    instrument: Identifier
    quantity: Number
    average_price: Number | None = None


class OpenBreak(Model):
    """Unsettled difference from the venue."""

    id: Identifier
    since: Time


class Certify(Message):
    """Result of a comparison of the account with its venue, made by `orderledger reconcile` and `collect`."""

    fact: ClassVar = ReconciliationCertified
    default_source: ClassVar = Source.RECONCILIATION
    type: Literal["certify"] = "certify"
    covered_from: Time
    covered_to: Time
    orders: Count
    fills: Count
    positions: Count
    open_breaks: Annotated[tuple[OpenBreak, ...], Field(max_length=10_000)] = ()
