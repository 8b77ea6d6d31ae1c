"""What the writer is given."""

from dataclasses import dataclass

from orderledger.domain.recorded import AnyFact


@dataclass(slots=True)
class Entry:
    """A message on its way into the log: the fact it proposes, and what stands around it.

    `stream`: where the fact belongs by the names in it; of an order that is known by other names, another.
    """

    account: str
    fact: AnyFact
    source: str
    stream: str
    actor: str | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    text: str | None = None
    evidence: bytes | None = None
