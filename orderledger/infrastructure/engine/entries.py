"""From a message of the wire to an entry for the writer."""

from orderledger.domain.orders.events import OrderEvent
from orderledger.domain.orders.identity import stream_for
from orderledger.domain.values import account_stream, proposal_stream
from orderledger.infrastructure.engine.entry import Entry
from orderledger.infrastructure.messages import registry
from orderledger.infrastructure.messages.facts import evidence_of, source_of, to_fact
from orderledger.infrastructure.messages.parsing import parse_line
from orderledger.infrastructure.messages.registry import Message

__all__ = ["parse_line", "to_entry"]

KINDS = {
    registry.Instrument: "instrument",
    registry.Mark: "mark",
    registry.Funding: "funding",
    registry.Adjust: "adjust",
    registry.Gap: "gap",
    registry.Balance: "balance",
    registry.Certify: "certificate",
}


def to_entry(message: Message) -> Entry:
    """Raises InvalidMessage where fields that go together are missing."""
    fact = to_fact(message)
    given = message.__dict__
    account: str = given["account"]
    return Entry(
        account=account,
        fact=fact,
        source=source_of(message),
        stream=stream_for(account, fact) if isinstance(fact, OrderEvent) else _stream(message),
        actor=given["actor"],
        correlation_id=given["correlation_id"],
        causation_id=given["causation_id"],
        text=given["text"],
        evidence=None if given["evidence"] is None else evidence_of(given["evidence"]),
    )


def _stream(message: Message) -> str:
    if isinstance(message, (registry.Propose, registry.Approve, registry.Decline)):
        return proposal_stream(message.account, message.proposal_id)
    kind = KINDS[type(message)]
    return account_stream(message.account, kind, getattr(message, "instrument", ""))
