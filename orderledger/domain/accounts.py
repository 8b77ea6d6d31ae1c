"""Facts about an account besides its orders: instruments, marks, funding, adjustments, gaps,
balances, certificates of reconciliation, halts of trading, and who sends its orders.

These facts decide nothing about each other; the projections combine them. A stream holds one kind
of fact about one instrument. Its stored facts are looked up by key.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import ClassVar, get_args

import msgspec

from orderledger.domain.decision import (
    ACCEPTED,
    DUPLICATE,
    NO_TIME_GIVEN,
    Decision,
    Reason,
    Refused,
)
from orderledger.domain.exact import plain
from orderledger.domain.log_event import NOT_COMPARED, LogEvent
from orderledger.domain.values import PositionMode, PositionSide

EVERY_ACCOUNT = "*"
"""The account of a halt that is about every account of the store."""


class AccountEvent(LogEvent, frozen=True, kw_only=True):
    """Base of facts about an account. `at`: time by the sender's clock; None means the time of
    recording. `stream_kind` is a part of the stream's name."""

    stream_kind: ClassVar[str] = ""
    at: datetime | None = None
    message_id: str | None = None


class InstrumentDefined(AccountEvent, frozen=True, kw_only=True):
    """Definition of an instrument.

    `multiplier`: units of the underlying in one unit of quantity. `inverse`: settled in the base
    currency, so that a quantity is worth quantity * multiplier / price. `currency`: settlement
    currency of P&L and fees. Terms are independent: a term that a definition leaves out keeps its
    value; of two values the later counts. `position_mode`: whether long and short are two
    positions.
    """

    stored_name: ClassVar[str] = "instrument_defined.v1"
    stream_kind: ClassVar[str] = "instrument"
    instrument: str
    multiplier: Decimal | None = None
    inverse: bool | None = None
    currency: str | None = None
    position_mode: PositionMode | None = None
    tick: Decimal | None = None
    lot: Decimal | None = None
    reason: str | None = None


class MarkRecorded(AccountEvent, frozen=True, kw_only=True):
    """Price at which open positions are valued."""

    stored_name: ClassVar[str] = "mark_recorded.v1"
    stream_kind: ClassVar[str] = "mark"
    instrument: str
    price: Decimal
    reason: str | None = None


class FundingRecorded(AccountEvent, frozen=True, kw_only=True):
    """Funding payment. `amount` is positive when received, negative when paid."""

    stored_name: ClassVar[str] = "funding_recorded.v1"
    stream_kind: ClassVar[str] = "funding"
    instrument: str
    amount: Decimal
    currency: str
    position_side: PositionSide | None = None
    position_id: str | None = None
    reason: str | None = None


class PositionAdjusted(AccountEvent, frozen=True, kw_only=True):
    """Opening or corrected position: from `at` on, `quantity` (signed) at the average price
    `price`. It realizes no P&L."""

    stored_name: ClassVar[str] = "position_adjusted.v1"
    stream_kind: ClassVar[str] = "adjust"
    instrument: str
    quantity: Decimal
    price: Decimal
    position_side: PositionSide | None = None
    position_id: str | None = None
    reason: str | None = None


class GapRecorded(AccountEvent, frozen=True, kw_only=True):
    """Period in which a stream of the venue was down. The missed reports must be queried."""

    stored_name: ClassVar[str] = "gap_recorded.v1"
    stream_kind: ClassVar[str] = "gap"
    from_at: datetime
    to_at: datetime | None = None
    reason: str | None = None


class BalanceReported(AccountEvent, frozen=True, kw_only=True):
    """Position as reported by the venue: evidence beside the sum of fills, never instead of it."""

    stored_name: ClassVar[str] = "balance_reported.v1"
    stream_kind: ClassVar[str] = "balance"
    instrument: str
    quantity: Decimal
    average_price: Decimal | None = None
    position_side: PositionSide | None = None
    position_id: str | None = None
    reason: str | None = None


class OpenBreak(msgspec.Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """Difference from the venue that is not settled, and the time since which it is known."""

    id: str
    since: datetime


class ReconciliationCertified(AccountEvent, frozen=True, kw_only=True):
    """Result of a comparison of the account with its venue: the counts that agreed, and the open
    breaks.

    `covered_from` to `covered_to`: the period for which the venue was queried for every fill.
    """

    stored_name: ClassVar[str] = "reconciliation_certified.v1"
    stream_kind: ClassVar[str] = "certificate"
    covered_from: datetime
    covered_to: datetime
    orders: int
    fills: int
    positions: int
    open_breaks: tuple[OpenBreak, ...] = msgspec.field(default=(), name="breaks_open")
    reason: str | None = None


class TradingHalted(AccountEvent, frozen=True, kw_only=True):
    """From here on in the log, new orders of this scope are denied: an instrument, a strategy,
    both, or the whole account.

    The account `*` stands for every account of the store. `cancels_orders`: the gateway also
    cancels the open orders of the scope.
    """

    stored_name: ClassVar[str] = "trading_halted.v1"
    stream_kind: ClassVar[str] = "halt"
    instrument: str | None = None
    strategy: str | None = None
    cancels_orders: bool = False
    reason: str | None = None


class TradingResumed(AccountEvent, frozen=True, kw_only=True):
    """Ends all halts of exactly this scope. Wider and narrower halts go on."""

    stored_name: ClassVar[str] = "trading_resumed.v1"
    stream_kind: ClassVar[str] = "halt"
    instrument: str | None = None
    strategy: str | None = None
    reason: str | None = None


class SenderChanged(AccountEvent, frozen=True, kw_only=True):
    """From here on in the log, `holder` alone sends the orders of the account. `fence` grows with
    every change.

    `is_forced`: an operator took the account over, without waiting for the previous sender's lease
    to end.
    """

    stored_name: ClassVar[str] = "sender_changed.v1"
    stream_kind: ClassVar[str] = "sender"
    holder: str
    fence: int
    is_forced: bool = False
    reason: str | None = None


AnyAccountEvent = (
    InstrumentDefined
    | MarkRecorded
    | FundingRecorded
    | PositionAdjusted
    | GapRecorded
    | BalanceReported
    | ReconciliationCertified
    | TradingHalted
    | TradingResumed
    | SenderChanged
)
"""Union type for a `match` with `assert_never`."""

OurAccountEvent = PositionAdjusted | TradingHalted | TradingResumed | SenderChanged
"""Facts of our side, which may be refused."""


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAMES = {
    kind: tuple(
        (name, stored)
        for name, stored in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
        if name not in NOT_COMPARED
    )
    for kind in get_args(AnyAccountEvent)
}
"""The fields that distinguish facts of a kind: by their names here and in the store."""


class AccountLog:
    """One stream of an account: the keys that were looked up, and those added since."""

    __slots__ = ("added", "known")

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.added: list[str] = []

    def forget(self) -> None:
        """Forget all keys: the added ones are stored, and must be looked up again."""
        self.known.clear()
        self.added.clear()


@lru_cache(maxsize=1_000)
def fact_key(fact: AnyAccountEvent) -> str:
    """A key that two facts of a stream share if and only if they are equal in everything but the
    message id.

    It consists of the time, if any, so that new keys are close together, and a digest without null
    fields. Keys are stored, so they must never change.
    """
    digest = _digest(fact, NAMES[type(fact)])
    return f"{_microseconds(fact.at):016x}{digest}" if fact.at is not None else digest


def message_key(message_id: str) -> str:
    """A key that two facts of a stream share if and only if they have the same message id."""
    return f"={message_id}"


def content_key(fact: AnyAccountEvent) -> str:
    """A key that two facts of a stream share if and only if they have the same message id and the
    same content at any time."""
    digest = _digest(fact, [names for names in NAMES[type(fact)] if names[0] != "at"])
    return f"#{digest}={fact.message_id}"


def keys_of(fact: AnyAccountEvent) -> list[str]:
    """The keys under which a fact is stored and looked up."""
    return (
        [fact_key(fact)]
        if fact.message_id is None
        else [fact_key(fact), message_key(fact.message_id), content_key(fact)]
    )


def _digest(fact: AnyAccountEvent, names: Iterable[tuple[str, str]]) -> str:
    parts = []
    for name, stored in names:
        if (value := getattr(fact, name)) is not None:
            text = value if type(value) is str else _text(value)
            parts.append(f"{stored} {len(text)} {text}")
    return blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


def decide_account(log: AccountLog, fact: AnyAccountEvent) -> Decision:
    """Accept a fact once.

    A funding payment, an adjustment or a fact without a time is another fact if its `message_id` is
    another. Two funding payments at the same time may be equal. A message of our side may not have
    the `message_id` of another one.
    """
    is_known = fact_key(fact) in log.known
    if has_used_id(log, fact):
        if is_known or content_key(fact) in log.known:
            return DUPLICATE
        text = f"message {fact.message_id} had other content"
        return (
            Refused(Reason.MESSAGE_ID_REUSED, text)
            if isinstance(fact, OurAccountEvent)
            else ACCEPTED
        )
    if not is_known:
        return ACCEPTED
    if fact.message_id is None:
        return NO_TIME_GIVEN if fact.at is None else DUPLICATE
    return (
        ACCEPTED
        if fact.at is None or isinstance(fact, FundingRecorded | PositionAdjusted)
        else DUPLICATE
    )


def has_used_id(log: AccountLog, fact: AnyAccountEvent) -> bool:
    """Check for a recorded fact of the stream with the same `message_id`."""
    return fact.message_id is not None and message_key(fact.message_id) in log.known


def evolve_account(log: AccountLog, event: AnyAccountEvent) -> AccountLog:
    fresh = [key for key in keys_of(event) if key not in log.known]
    log.added += fresh
    log.known.update(fresh)
    return log


def _text(value: object) -> str:
    """A text that is equal for equal values."""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return str(_microseconds(value))
    if isinstance(value, OpenBreak):
        return f"{_microseconds(value.since)} {value.id}"
    if isinstance(value, tuple):
        texts = [_text(one) for one in value]
        return " ".join(f"{len(text)} {text}" for text in texts)
    return str(value)


def _microseconds(moment: datetime) -> int:
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
