"""Whose payload it is, what is known besides, and what came of reading it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from orderledger.domain.values import Source
from orderledger.infrastructure.venues.tradier.fills import Told
from orderledger.infrastructure.venues.tradier.tags import Holders
from orderledger.infrastructure.venues.venue import Records
from orderledger.infrastructure.wire.messages import Message

Age = tuple[datetime, Decimal]
"""When a row last changed, and what had filled by then: of two rows of one order the greater is the newer."""


@dataclass(slots=True)
class Memory:
    """What was told and may not be recorded yet. Losing it costs repetitions, which the ledger knows as such, and no fact."""

    told: dict[tuple[str, str], Told] = field(default_factory=dict)
    newest: dict[tuple[str, str], Age] = field(default_factory=dict)
    holders: Holders = field(default_factory=Holders)

    def is_stale(self, account: str, venue_order_id: str, age: Age) -> bool:
        """Whether a newer row of this order was told. What is told now is remembered."""
        known = self.newest.get((account, venue_order_id))
        if known is not None and age < known:
            return True
        self.newest[account, venue_order_id] = age
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """`heard_at` stands for the time where a payload has none of its own."""

    account: str
    records: Records
    memory: Memory
    source: Source = Source.VENUE_POLL
    heard_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A row, a field of one, or a whole payload, that could not be read."""

    fault: str
    payload: Any


@dataclass(frozen=True, slots=True)
class Translation:
    """The messages of a payload in its order, what of it could not be read, and the orders it leaves a question about."""

    messages: Sequence[Message] = ()
    faults: Sequence[Fault] = ()
    questions: Sequence[str] = ()

    def __add__(self, other: "Translation") -> "Translation":
        return Translation((*self.messages, *other.messages), (*self.faults, *other.faults), (*self.questions, *other.questions))
