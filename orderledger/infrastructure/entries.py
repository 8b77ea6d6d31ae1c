"""From a message of the wire to an entry for the writer."""

from orderledger.domain.events import OrderEvent
from orderledger.domain.identity import stream_for
from orderledger.domain.values import account_stream, proposal_stream
from orderledger.infrastructure.wire import messages
from orderledger.infrastructure.wire.facts import evidence_of, source_of, to_fact
from orderledger.infrastructure.wire.messages import Message
from orderledger.infrastructure.wire.parsing import parse_line
from orderledger.infrastructure.writing.entry import Entry

__all__ = ["parse_line", "to_entry"]

KINDS = {
    messages.Instrument: "instrument",
    messages.Mark: "mark",
    messages.Funding: "funding",
    messages.Adjust: "adjust",
    messages.Gap: "gap",
    messages.Balance: "balance",
    messages.Certify: "certificate",
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
    if isinstance(message, (messages.Propose, messages.Approve, messages.Decline)):
        return proposal_stream(message.account, message.proposal_id)
    kind = KINDS[type(message)]
    return account_stream(message.account, kind, getattr(message, "instrument", ""))
