"""The time of a venue's statement of balances, by the clock that dates the venue's fills.

A statement does not say which fills it contains, and our clock may differ from the venue's. So it
is dated some seconds before its query: at a time that no fill after it can have. It shows an
opening balance only if no known fill is dated since then, because such a fill may be inside or not.
"""

from datetime import datetime, timedelta

from orderledger.venues.base.venue import HasClock, Venue

APART = timedelta(seconds=5)
"""Largest difference between the venue's clock and ours, if the venue's clock is not known. No
venue states it."""
LAG = timedelta(seconds=1)
"""How far a statement may lag behind the venue's fills, if the venue's clock is known. No venue
states it."""


def unsure_from(venue: Venue, asked_at: datetime) -> datetime:
    """The time from which it is unknown whether a fill is inside a statement that is queried now.
    Earlier ones are. `asked_at`: now, by our clock."""
    clock = venue.venue_clock if isinstance(venue, HasClock) else None
    known = None if clock is None else clock.offset(asked_at)
    if known is None:
        return asked_at - APART
    ahead, bound = known
    return asked_at + ahead - bound - LAG
