"""`MessageContext`: what messages are made with that a payload does not hold."""

from dataclasses import dataclass, field
from datetime import datetime

from orderledger import Message, Source
from orderledger.venues.base.translation import Fault, Translation
from orderledger.venues.base.venue import Records
from orderledger.venues.hyperliquid.vocabulary import AS_AT_THE_VENUE, Symbols


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContext:
    """What a payload does not hold itself.

    `at`: the moment that a list is true of, if it is known; by the venue's clock if
    `is_venue_time`, else by ours. `is_asked`: whether one order was asked about: then its legs are
    told again, since who was told before may not have recorded it. `address`: whose account it is,
    lower-cased. With `records`, a list says only those quantities that the ledger does not have.
    """

    account: str
    source: Source
    at: datetime | None = None
    is_venue_time: bool = False
    is_asked: bool = False
    address: str | None = None
    symbols: Symbols = AS_AT_THE_VENUE
    records: Records | None = None


@dataclass(slots=True)
class Translated:
    """The messages of a payload in its order, and the rows that cannot be read."""

    messages: list[Message] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def add(self, other: "Translated") -> None:
        self.messages += other.messages
        self.faults += other.faults

    def whole(self) -> Translation:
        """As adapters share it."""
        return Translation(self.messages, self.faults)
