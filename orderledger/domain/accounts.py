"""What is recorded about an account besides its orders: instruments, marks, funding, adjustments, gaps, balances,
certificates of reconciliation.

These facts decide nothing about each other; the projections put them together. A stream holds one kind of fact about
one instrument, and knows what it has seen.
"""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import msgspec

from orderledger.domain.decision import ACCEPTED, DUPLICATE, NO_TIME_GIVEN, Decision
from orderledger.domain.log_event import LogEvent


class AccountEvent(LogEvent, frozen=True, kw_only=True):
    """`at` is the sender's clock; None means that the time of recording stands for it. `stream_kind` is in the stream's name."""

    stream_kind: ClassVar[str] = ""
    at: datetime | None = None
    message_id: str | None = None


class InstrumentDefined(AccountEvent, frozen=True, kw_only=True):
    """`multiplier`: units of the underlying in one unit of quantity. `inverse`: settled in the base currency, so that a
    quantity is worth quantity * multiplier / price. `currency`: what P&L and fees are settled in.

    A definition holds term by term: what one leaves out stays as another gave it, and of two that give it the later holds.
    """

    stored_name: ClassVar[str] = "instrument_defined.v1"
    stream_kind: ClassVar[str] = "instrument"
    instrument: str
    multiplier: Decimal | None = None
    inverse: bool | None = None
    currency: str | None = None
    tick: Decimal | None = None
    lot: Decimal | None = None
    reason: str | None = None


class MarkRecorded(AccountEvent, frozen=True, kw_only=True):
    """The price at which an open position is valued."""

    stored_name: ClassVar[str] = "mark_recorded.v1"
    stream_kind: ClassVar[str] = "mark"
    instrument: str
    price: Decimal
    reason: str | None = None


class FundingRecorded(AccountEvent, frozen=True, kw_only=True):
    """`amount` is positive when received, negative when paid."""

    stored_name: ClassVar[str] = "funding_recorded.v1"
    stream_kind: ClassVar[str] = "funding"
    instrument: str
    amount: Decimal
    currency: str
    reason: str | None = None


class PositionAdjusted(AccountEvent, frozen=True, kw_only=True):
    """From `at` on the position is `quantity` (signed) at an average of `price`. It realizes no P&L."""

    stored_name: ClassVar[str] = "position_adjusted.v1"
    stream_kind: ClassVar[str] = "adjust"
    instrument: str
    quantity: Decimal
    price: Decimal
    reason: str | None = None


class GapRecorded(AccountEvent, frozen=True, kw_only=True):
    """A stream of the venue was down. What it would have told in between has to be asked for."""

    stored_name: ClassVar[str] = "gap_recorded.v1"
    stream_kind: ClassVar[str] = "gap"
    from_at: datetime
    to_at: datetime | None = None
    reason: str | None = None


class BalanceReported(AccountEvent, frozen=True, kw_only=True):
    """What the venue says the position is: evidence beside our own sum, never instead of it."""

    stored_name: ClassVar[str] = "balance_reported.v1"
    stream_kind: ClassVar[str] = "balance"
    instrument: str
    quantity: Decimal
    average_price: Decimal | None = None
    reason: str | None = None


class OpenBreak(msgspec.Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """A difference from the venue that no evidence has settled yet, and since when it is known."""

    id: str
    since: datetime


class ReconciliationCertified(AccountEvent, frozen=True, kw_only=True):
    """The account was compared with its venue: so much agreed, and this is still open. `covered_from` to `covered_to` is the
    time of which the venue was asked for every fill."""

    stored_name: ClassVar[str] = "reconciliation_certified.v1"
    stream_kind: ClassVar[str] = "certificate"
    covered_from: datetime
    covered_to: datetime
    orders: int
    fills: int
    positions: int
    open_breaks: tuple[OpenBreak, ...] = msgspec.field(default=(), name="breaks_open")
    reason: str | None = None


AnyAccountEvent = (
    InstrumentDefined
    | MarkRecorded
    | FundingRecorded
    | PositionAdjusted
    | GapRecorded
    | BalanceReported
    | ReconciliationCertified
)
"""For a `match` that is closed by `assert_never`."""


class AccountLog:
    """What one stream of an account has seen."""

    __slots__ = ("message_ids", "seen")

    def __init__(self) -> None:
        self.seen: set[AnyAccountEvent] = set()
        self.message_ids: set[str] = set()


def decide_account(log: AccountLog, fact: AnyAccountEvent) -> Decision:
    """Anything may be recorded once. With a `message_id`, what gives no time is the same by that alone, and so are sums of money:
    two fundings of one time may be equal."""
    if fact.message_id in log.message_ids:
        return DUPLICATE
    if fact not in log.seen:
        return ACCEPTED
    if fact.message_id is None:
        return NO_TIME_GIVEN if fact.at is None else DUPLICATE
    return ACCEPTED if fact.at is None or isinstance(fact, FundingRecorded | PositionAdjusted) else DUPLICATE


def evolve_account(log: AccountLog, event: AnyAccountEvent) -> AccountLog:
    log.seen.add(event)
    if event.message_id is not None:
        log.message_ids.add(event.message_id)
    return log
