"""An event as it stands in the log: the fact, and around it who said it when."""

from datetime import datetime

import msgspec

from orderledger.domain import accounts, proposals
from orderledger.domain.accounts import AnyAccountEvent
from orderledger.domain.log_event import LogEvent
from orderledger.domain.orders import commands, judgements, reports
from orderledger.domain.orders.events import OrderEvent, OrderJudgement
from orderledger.domain.proposals import AnyProposalEvent

AnyFact = OrderEvent | AnyAccountEvent | AnyProposalEvent
"""What a message proposes."""
AnyEvent = AnyFact | OrderJudgement
"""What is in the log."""

KINDS: dict[str, type[AnyEvent]] = {
    kind.stored_name: kind  # type: ignore[misc]
    for module in (commands, reports, judgements, proposals, accounts)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, LogEvent) and kind.__module__ == module.__name__ and kind.stored_name
}
"""The class of each stored name."""


class Recorded(msgspec.Struct, kw_only=True, gc=False):
    """`at` is when it happened by the sender's clock, or `recorded_at` where the sender did not say.

    `position` is the place in the log, None until it is stored. `version` counts the events of its stream from 1.
    `attributed_from` is (stream, version) of the event that this one repeats under the order it turned out to belong to.
    `evidence` is the raw payload of the venue, as JSON text.
    """

    stream: str
    version: int
    event: AnyEvent
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
