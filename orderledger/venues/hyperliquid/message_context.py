"""`MessageContext`: what messages need besides the payload."""

from dataclasses import dataclass, field
from datetime import datetime

from orderledger import Message, Source
from orderledger.venues.base.translation import Fault, Translation
from orderledger.venues.base.venue import Records
from orderledger.venues.hyperliquid.vocabulary import AS_AT_THE_VENUE, Symbols


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContext:
    """Facts that a payload lacks.

    `at`: the moment at which a list is valid, if known; by the venue's clock if `is_venue_time`,
    else by ours. `is_asked`: whether one order was queried: then its legs are reported again, since
    an earlier report may not have been recorded. `address`: the account's address in lower case.
    With `records`, a list only reports quantities that the ledger does not have.
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
    """The messages of a payload in its order, and the unreadable rows."""

    messages: list[Message] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def add(self, other: "Translated") -> None:
        self.messages += other.messages
        self.faults += other.faults

    def whole(self) -> Translation:
        """The form that all adapters share."""
        return Translation(self.messages, self.faults)
