"""Whose payload it is, and what is known besides."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from orderledger.domain.values import Source
from orderledger.infrastructure.messages.registry import CorrectFill, Fill, Message
from orderledger.infrastructure.venues.base.venue import Records
from orderledger.infrastructure.venues.tradier.fills import Told
from orderledger.infrastructure.venues.tradier.tags import Holders

Age = tuple[datetime, Decimal]
"""When a row last changed, and what had filled by then: of two rows of one order the greater is the newer."""


@dataclass(slots=True)
class Memory:
    """What was told and may not be recorded yet. Losing it costs repetitions, which the ledger knows as such, and no fact."""

    told: dict[tuple[str, str], Told] = field(default_factory=dict)
    newest: dict[tuple[str, str], Age] = field(default_factory=dict)
    holders: Holders = field(default_factory=Holders)

    def remember(self, account: str, messages: Iterable[Message]) -> None:
        """The fills that are told now, and were found to be such as the ledger can keep."""
        for message in messages:
            if isinstance(message, (Fill, CorrectFill)) and message.venue_order_id is not None:
                self.told.setdefault((account, message.venue_order_id), {})[message.fill_id] = message

    def is_stale(self, account: str, venue_order_id: str, age: Age) -> bool:
        """Whether a newer row of this order was told. What is told now is remembered."""
        known = self.newest.get((account, venue_order_id))
        if known is not None and age < known:
            return True
        self.newest[account, venue_order_id] = age
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """`number` is the account's at the venue, where payloads may be about others too. `heard_at` stands for the time where a
    payload has none of its own. `knows_requests`: whether `records` are of a ledger."""

    account: str
    number: str | None = None
    records: Records
    memory: Memory
    source: Source = Source.VENUE_POLL
    heard_at: datetime | None = None
    knows_requests: bool = True

    def named(self, tag: str | None, venue_order_id: str, created_at: datetime | None) -> tuple[dict[str, str], str | None]:
        """The aliases of a venue order, and what is to be said of its tag."""
        if not self.knows_requests:
            return self.memory.holders.first(self.account, tag, venue_order_id), None
        return self.memory.holders.named(self.records, self.account, tag, venue_order_id, created_at)
