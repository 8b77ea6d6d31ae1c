"""`LighterContext`: what a translation needs besides the payload."""

from dataclasses import dataclass
from datetime import datetime

from orderledger import Source
from orderledger.venues.lighter.markets import Markets


@dataclass(frozen=True, slots=True, kw_only=True)
class LighterContext:
    """The account in the ledger and at the venue. `received_at`: the time of payloads without
    one.
    """

    account: str
    account_index: int
    markets: Markets
    source: Source = Source.VENUE_POLL
    received_at: datetime | None = None
