"""`TradierContext`: what a translation needs besides the payload."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from orderledger import Fill, FillCorrected, Message, Source
from orderledger.venues.base.venue import Records
from orderledger.venues.tradier.fills import FillsById
from orderledger.venues.tradier.tags import Holders

Age = tuple[datetime, Decimal]
"""When a row last changed, and the quantity filled by then: the greater of two rows is the newer
one.
"""


@dataclass(slots=True)
class TradierMemory:
    """Translated messages that may not be recorded yet. Losing it causes only duplicates, which
    the ledger recognises.
    """

    unrecorded: dict[tuple[str, str], FillsById] = field(default_factory=dict)
    newest: dict[tuple[str, str], Age] = field(default_factory=dict)
    holders: Holders = field(default_factory=Holders)

    def remember(self, account: str, messages: Iterable[Message]) -> None:
        """Remember the fills among these messages."""
        for message in messages:
            if isinstance(message, (Fill, FillCorrected)) and message.venue_order_id is not None:
                self.unrecorded.setdefault((account, message.venue_order_id), {})[
                    message.fill_id
                ] = message

    def is_stale(self, account: str, venue_order_id: str, age: Age) -> bool:
        """Whether a newer row of this order was translated before. Otherwise remembers this one."""
        known = self.newest.get((account, venue_order_id))
        if known is not None and age < known:
            return True
        self.newest[account, venue_order_id] = age
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class TradierContext:
    """`number` is the account's number at the venue, for payloads that may be about other
    accounts too. `received_at` replaces a missing time in a payload. `knows_requests`: whether
    `records` belong to a ledger.
    """

    account: str
    number: str | None = None
    records: Records
    memory: TradierMemory
    source: Source = Source.VENUE_POLL
    received_at: datetime | None = None
    knows_requests: bool = True

    def named(
        self, tag: str | None, venue_order_id: str, created_at: datetime | None
    ) -> tuple[dict[str, str], str | None]:
        """The aliases of a venue order, and a note about its tag."""
        if not self.knows_requests:
            return self.memory.holders.first(self.account, tag, venue_order_id), None
        return self.memory.holders.named(
            self.records, self.account, tag, venue_order_id, created_at
        )
