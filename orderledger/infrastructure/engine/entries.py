"""Converts a message to an entry for the writer."""

from typing import assert_never

from msgspec.structs import replace

from orderledger.domain.accounts import EVERY_ACCOUNT, AccountEvent, LogWentBack
from orderledger.domain.orders.events import OrderEvent, OrderJudgement
from orderledger.domain.orders.identity import stream_for
from orderledger.domain.proposals import ProposalEvent
from orderledger.domain.recorded import AnyFact, Recorded
from orderledger.domain.stream_names import account_of, account_stream, proposal_stream
from orderledger.infrastructure.engine.entry import Entry
from orderledger.infrastructure.messages.facts import evidence_of, source_of, to_fact
from orderledger.infrastructure.messages.parsing import parse_line
from orderledger.infrastructure.messages.registry import Message
from orderledger.infrastructure.secrecy import masked, masked_bytes
from orderledger.infrastructure.storage.epoch import Loss

__all__ = ["entry_of_event", "entry_of_loss", "parse_line", "to_entry"]


def to_entry(message: Message) -> Entry:
    """Convert a message. Raises InvalidMessage if fields that require one another are missing."""
    fact = to_fact(message)
    given = message.__dict__
    account: str = given["account"]
    return Entry(
        account=account,
        fact=fact,
        source=source_of(message),
        stream=_stream(account, fact),
        actor=given["actor"],
        on_behalf_of=given["on_behalf_of"],
        correlation_id=given["correlation_id"],
        causation_id=given["causation_id"],
        text=None if given["text"] is None else masked(given["text"]),
        evidence=None
        if given["evidence"] is None
        else masked_bytes(evidence_of(given["evidence"])),
    )


def entry_of_loss(loss: Loss) -> Entry:
    """The entry that records that the log went back."""
    fact = LogWentBack(**loss._asdict())
    return Entry(EVERY_ACCOUNT, fact, "ledger", _stream(EVERY_ACCOUNT, fact))


def entry_of_event(recorded: Recorded) -> Entry | None:
    """The entry that records an event of another log again: the same fact, time, sender and
    evidence. None for what the ledger itself adds, and for a copy of a fact."""
    fact = recorded.event
    if isinstance(fact, OrderJudgement | LogWentBack) or recorded.attributed_from is not None:
        return None
    fact = fact if fact.at is not None else replace(fact, at=recorded.at)
    account = account_of(recorded.stream)
    return Entry(
        account=account,
        fact=fact,
        source=recorded.source,
        stream=_stream(account, fact),
        actor=recorded.actor,
        on_behalf_of=recorded.on_behalf_of,
        correlation_id=recorded.correlation_id,
        causation_id=recorded.causation_id,
        text=recorded.text,
        evidence=recorded.evidence,
    )


def _stream(account: str, fact: AnyFact) -> str:
    if isinstance(fact, OrderEvent):
        return stream_for(account, fact)
    if isinstance(fact, ProposalEvent):
        return proposal_stream(account, fact.proposal_id)
    if isinstance(fact, AccountEvent):
        return account_stream(account, fact.stream_kind, fact.subject)
    assert_never(fact)
