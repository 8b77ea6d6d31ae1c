"""What is recorded of an account: its instruments, money, gaps, and what was found when it was compared with the venue."""

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
    """The definition of an instrument, term by term: of each term the value of the latest `at` holds."""

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
    """The price at which open positions are valued."""

    fact: ClassVar = MarkRecorded
    type: Literal["mark"] = "mark"
    instrument: Identifier
    price: Number


class Funding(Message):
    """Positive when received, negative when paid."""

    fact: ClassVar = FundingRecorded
    type: Literal["funding"] = "funding"
    instrument: Identifier
    amount: Number
    currency: Identifier


class Adjust(Message):
    """An opening or corrected position: from `at` on it is `quantity` (signed) at an average of `price`."""

    fact: ClassVar = PositionAdjusted
    default_source: ClassVar = Source.OPERATOR
    type: Literal["adjust"] = "adjust"
    instrument: Identifier
    quantity: Number
    price: Number


class Gap(Message):
    """A stream of the venue was down."""

    fact: ClassVar = GapRecorded
    type: Literal["gap"] = "gap"
    from_at: Time = Field(validation_alias="from", serialization_alias="from")
    to_at: Time | None = Field(default=None, validation_alias="to", serialization_alias="to")


class Balance(Message):
    """What the venue says the position is."""

    fact: ClassVar = BalanceReported
    type: Literal["balance"] = "balance"
    instrument: Identifier
    quantity: Number
    average_price: Number | None = None


class OpenBreak(Model):
    """A difference from the venue that is not settled."""

    id: Identifier
    since: Time


class Certify(Message):
    """The account was compared with its venue, and this is what came of it. Made by `orderledger reconcile` and `collect`."""

    fact: ClassVar = ReconciliationCertified
    default_source: ClassVar = Source.RECONCILIATION
    type: Literal["certify"] = "certify"
    covered_from: Time
    covered_to: Time
    orders: Count
    fills: Count
    positions: Count
    open_breaks: Annotated[tuple[OpenBreak, ...], Field(max_length=10_000)] = ()
