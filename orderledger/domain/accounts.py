"""What is recorded about an account besides its orders: instruments, marks, funding, adjustments, gaps, balances,
certificates of reconciliation.

These facts decide nothing about each other; the projections put them together. A stream holds one kind of fact about
one instrument. What is in it already is asked by keys.
"""

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import ClassVar, get_args

import msgspec

from orderledger.domain.decision import ACCEPTED, DUPLICATE, NO_TIME_GIVEN, Decision
from orderledger.domain.exact import plain
from orderledger.domain.log_event import NOT_COMPARED, LogEvent


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


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAMES = {
    kind: tuple(
        (name, stored)
        for name, stored in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
        if name not in NOT_COMPARED
    )
    for kind in get_args(AnyAccountEvent)
}
"""The fields that distinguish facts of a kind: as they are called here, and in the store."""


class AccountLog:
    """One stream of an account: the keys in it, as far as they were asked for, and those that were added since."""

    __slots__ = ("added", "known")

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.added: list[str] = []

    def forget(self) -> None:
        """What was added is stored: from now on it has to be asked for."""
        self.known.clear()
        self.added.clear()


@lru_cache(maxsize=1_000)
def fact_key(fact: AnyAccountEvent) -> str:
    """What a fact has in common with another of its stream if, and only if, they are equal in everything but the message id:
    the time, so that new keys are near each other, and a digest. It is stored, and so must never change: a field that is null
    is not in it."""
    parts = []
    for name, stored in NAMES[type(fact)]:
        if (value := getattr(fact, name)) is not None:
            text = value if type(value) is str else _text(value)
            parts.append(f"{stored} {len(text)} {text}")
    digest = blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()
    return f"{_microseconds(fact.at):016x}{digest}" if fact.at is not None else digest


def message_key(message_id: str) -> str:
    """What facts of one stream with the same message id have in common, and with nothing else."""
    return f"={message_id}"


def keys_of(fact: AnyAccountEvent) -> list[str]:
    """What tells that a fact is in its stream already."""
    return [fact_key(fact)] if fact.message_id is None else [fact_key(fact), message_key(fact.message_id)]


def decide_account(log: AccountLog, fact: AnyAccountEvent) -> Decision:
    """Anything may be recorded once. With a `message_id`, what gives no time is the same by that alone, and so are sums of money:
    two fundings of one time may be equal."""
    if fact.message_id is not None and message_key(fact.message_id) in log.known:
        return DUPLICATE
    if fact_key(fact) not in log.known:
        return ACCEPTED
    if fact.message_id is None:
        return NO_TIME_GIVEN if fact.at is None else DUPLICATE
    return ACCEPTED if fact.at is None or isinstance(fact, FundingRecorded | PositionAdjusted) else DUPLICATE


def evolve_account(log: AccountLog, event: AnyAccountEvent) -> AccountLog:
    fresh = [key for key in keys_of(event) if key not in log.known]
    log.added += fresh
    log.known.update(fresh)
    return log


def _text(value: object) -> str:
    """Equal values as equal text."""
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
