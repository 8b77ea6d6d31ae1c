"""An event in the log: the fact, and its envelope."""

from datetime import datetime

import msgspec

from orderledger.domain import accounts, instrument_events, proposals
from orderledger.domain.accounts import AnyAccountEvent
from orderledger.domain.log_event import LogEvent
from orderledger.domain.orders import commands, judgements, reports
from orderledger.domain.orders.events import OrderEvent, OrderJudgement
from orderledger.domain.orders.when import NO_SEQUENCE, When
from orderledger.domain.proposals import AnyProposalEvent

AnyFact = OrderEvent | AnyAccountEvent | AnyProposalEvent
"""Facts that messages propose."""
AnyEvent = AnyFact | OrderJudgement
"""Events in the log."""

_DECLARED: list[type[LogEvent]] = [
    kind
    for module in (commands, reports, judgements, proposals, accounts, instrument_events)
    for kind in vars(module).values()
    if isinstance(kind, type)
    and issubclass(kind, LogEvent)
    and kind.__module__ == module.__name__
    and kind.stored_name
]
if unlisted := [kind.__name__ for kind in _DECLARED if not issubclass(kind, AnyEvent)]:
    raise TypeError(f"no union of events has {', '.join(unlisted)}")

KINDS: dict[str, type[AnyEvent]] = {
    kind.stored_name: kind  # type: ignore[misc]
    for kind in _DECLARED
}
"""The class of each stored name."""


class Recorded(msgspec.Struct, kw_only=True, gc=False):
    """An event in the log. `at` is when it happened by the sender's clock, or `recorded_at` if the
    sender gave no time.

    `actor` caused it; `on_behalf_of` is for whom, as the actor says.

    `evidence_hash` and `text_hash` are salted hashes of evidence and text that are stored beside
    the event. Then `evidence` and `text` are None, unless they were read for showing the event.

    `position` is the log position, None or provisional until it is stored. `version` counts the
    events of its stream from 1. If this event repeats another under the order it was attributed to,
    `attributed_from` is (stream, version) of that event. `first_position` is the log position at
    which that event was first recorded. `evidence` is the raw payload of the venue, as JSON text.
    """

    stream: str
    version: int
    event: AnyEvent
    recorded_at: datetime
    at: datetime
    source: str
    position: int | None = None
    actor: str | None = None
    on_behalf_of: str | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    text: str | None = None
    evidence: bytes | None = None
    attributed_from: tuple[str, int] | None = None
    first_position: int | None = None
    evidence_hash: bytes | None = None
    text_hash: bytes | None = None

    @property
    def when(self) -> When:
        """The place of the event among all facts."""
        sequence: int | None = getattr(self.event, "sequence", None)
        position = self.position if self.first_position is None else self.first_position
        return When(self.at, NO_SEQUENCE if sequence is None else sequence, position or 0)

    @property
    def has_evidence(self) -> bool:
        """True if evidence was recorded with the event, even if it was forgotten since."""
        return self.evidence is not None or self.evidence_hash is not None

    @property
    def is_forgotten(self) -> bool:
        """True if evidence or text was recorded, and is not there. Only for events that were read
        with their evidence."""
        return (self.evidence_hash is not None and self.evidence is None) or (
            self.text_hash is not None and self.text is None
        )
