"""Look-ups of orders at their venues."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import cast

from orderledger import Message
from orderledger.extend.runtime import EventLogger
from orderledger.gateway.book import Book, row_now
from orderledger.gateway.results import OrderLookup
from orderledger.gateway.unsettled import Key
from orderledger.venues.base.order_entry import OrderEntry
from orderledger.venues.base.transport.patience import impatient

QUERY_SECONDS = 10.0

log = EventLogger("orderledger.gateway")


class LookUps:
    """Look-ups of orders at their venues, by account. An account without one is left to the
    collector's reports. `missed`: orders to query soon, because their venue did not answer, or has
    ended them with another order.
    """

    def __init__(self, venues: Mapping[str, OrderLookup], book: Book) -> None:
        self._venues = venues
        self._book = book
        self.missed: set[Key] = set()

    def venue_of(self, account: str) -> OrderLookup | None:
        return self._venues.get(account)

    async def look_up(self, key: Key) -> Sequence[Message]:
        """Query an order that the venue has refused to cancel or change: it may have ended."""
        order, venue = self._book.order(*key), self.venue_of(key[0])
        if order is None or venue is None:
            return ()
        try:
            with impatient():
                async with asyncio.timeout(QUERY_SECONDS):
                    return await venue.order(key[0], row_now(order, *key)) or ()
        except Exception as error:
            log.warning(
                "the venue cannot be queried",
                account=key[0],
                client_order_id=key[1],
                error=str(error),
            )
            self.missed.add(key)
            return ()


def own_look_ups(entries: Mapping[str, OrderEntry]) -> dict[str, OrderLookup]:
    """The entries that can also query the venue about an order."""
    return {
        account: cast(OrderLookup, entry)
        for account, entry in entries.items()
        if hasattr(entry, "order")
    }
