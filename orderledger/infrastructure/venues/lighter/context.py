"""Whose payload it is, and what came of reading it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orderledger.domain.values import Source
from orderledger.infrastructure.venues.lighter.markets import Markets
from orderledger.infrastructure.wire.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The account in the ledger and at the venue. `heard_at` stands for the time where a payload can have none of its own."""

    account: str
    account_index: int
    markets: Markets
    source: Source = Source.VENUE_POLL
    heard_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A row, or a whole payload, that could not be read."""

    fault: str
    payload: Any


@dataclass(frozen=True, slots=True)
class Translation:
    """The messages of one payload in its order, and what of it could not be read."""

    messages: Sequence[Message] = ()
    faults: Sequence[Fault] = field(default=())

    def __add__(self, other: "Translation") -> "Translation":
        return Translation((*self.messages, *other.messages), (*self.faults, *other.faults))
