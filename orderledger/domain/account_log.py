"""Whether a fact about an account is known already.

A stream holds one kind of fact about one instrument. Its stored facts are looked up by key.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from hashlib import blake2b

from msgspec import Struct

from orderledger.domain.accounts import (
    AccountEvent,
    AnyAccountEvent,
    FundingRecorded,
    InstrumentSettled,
    OpenBreak,
    PositionAdjusted,
    TransferRecorded,
)
from orderledger.domain.decision import (
    ACCEPTED,
    DUPLICATE,
    NO_TIME_GIVEN,
    Decision,
    Reason,
    Refused,
)
from orderledger.domain.exact import plain
from orderledger.domain.log_event import NOT_COMPARED
from orderledger.domain.values import Cause

REPEATABLE = FundingRecorded | TransferRecorded | PositionAdjusted | InstrumentSettled
"""Facts that may happen twice at one time."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@cache
def _compared(kind: type[AccountEvent]) -> tuple[tuple[str, str], ...]:
    """The fields that distinguish facts of a kind: by their names here and in the store."""
    stored = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    return tuple((name, key) for name, key in stored if name not in NOT_COMPARED)


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
    digest = _digest(fact, _compared(type(fact)))
    return f"{_microseconds(fact.at):016x}{digest}" if fact.at is not None else digest


def message_key(message_id: str) -> str:
    """A key that two facts of a stream share if and only if they have the same message id."""
    return f"={message_id}"


def content_key(fact: AnyAccountEvent) -> str:
    """A key of a fact. Two facts of a stream share it only if they have the same message id and the
    same content, at any time."""
    digest = _digest(fact, [names for names in _compared(type(fact)) if names[0] != "at"])
    return f"#{digest}={fact.message_id}"


def keys_of(fact: AnyAccountEvent) -> list[str]:
    """The keys under which a fact is stored and looked up."""
    return (
        [fact_key(fact)]
        if fact.message_id is None
        else [fact_key(fact), message_key(fact.message_id), content_key(fact)]
    )


def _digest(fact: Struct, names: Iterable[tuple[str, str]]) -> str:
    parts = []
    for name, stored in names:
        if (value := getattr(fact, name)) is not None:
            text = value if type(value) is str else _text(value)
            parts.append(f"{stored} {len(text)} {text}")
    return blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


def decide_account(log: AccountLog, fact: AnyAccountEvent) -> Decision:
    """Accept a fact once.

    A funding payment, a transfer, an adjustment or a fact without a time is another fact if its
    `message_id` is another. Two funding payments at the same time may be equal. A message of our
    side may not have the `message_id` of another one.
    """
    is_known = fact_key(fact) in log.known
    if has_used_id(log, fact):
        if is_known or content_key(fact) in log.known:
            return DUPLICATE
        text = f"message {fact.message_id} had other content"
        return Refused(Reason.MESSAGE_ID_REUSED, text) if fact.is_ours else ACCEPTED
    if not is_known:
        return ACCEPTED
    if fact.message_id is None:
        return NO_TIME_GIVEN if fact.at is None else DUPLICATE
    return ACCEPTED if fact.at is None or isinstance(fact, REPEATABLE) else DUPLICATE


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
    if isinstance(value, Cause):
        return f"{value.kind} {value.instrument or ''}"
    if isinstance(value, OpenBreak):
        return f"{_microseconds(value.since)} {value.id}"
    if isinstance(value, Struct):
        return _digest(value, [(name, name) for name in value.__struct_fields__])
    if isinstance(value, tuple):
        texts = [_text(one) for one in value]
        return " ".join(f"{len(text)} {text}" for text in texts)
    return str(value)


def _microseconds(moment: datetime) -> int:
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
