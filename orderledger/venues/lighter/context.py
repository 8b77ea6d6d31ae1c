"""`Context`: what a translation needs that a payload does not hold."""

from dataclasses import dataclass
from datetime import datetime

from orderledger import Source
from orderledger.venues.lighter.markets import Markets


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The account in the ledger and at the venue. `heard_at`: the time of payloads that have none
    of their own."""

    account: str
    account_index: int
    markets: Markets
    source: Source = Source.VENUE_POLL
    heard_at: datetime | None = None
