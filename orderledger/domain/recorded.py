"""An event as it stands in the log: the fact, and around it who said it when."""

from dataclasses import dataclass
from datetime import datetime

from orderledger.domain.accounts import AccountFact
from orderledger.domain.orders.events import Event
from orderledger.domain.proposals import ProposalFact

AnyFact = Event | AccountFact | ProposalFact


@dataclass(slots=True, kw_only=True)
class Recorded:
    """`at` is when it happened by the sender's clock, or `recorded_at` where the sender did not say.

    `position` is the place in the log, None until it is stored. `version` counts the events of its stream from 1.
    `attributed_from` is (stream, version) of the event that this one repeats under the order it turned out to belong to.
    `evidence` is the raw payload of the venue, as JSON text.
    """

    stream: str
    version: int
    event: AnyFact
    recorded_at: datetime
    at: datetime
    source: str
    position: int | None = None
    actor: str | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    text: str | None = None
    evidence: bytes | None = None
    attributed_from: tuple[str, int] | None = None
