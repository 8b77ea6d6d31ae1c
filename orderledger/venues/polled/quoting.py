"""`QuotingVenue`: a polled venue whose order books can be queried."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal

from orderledger.extend.runtime import EventLogger
from orderledger.venues.base.order_books import OrderBook
from orderledger.venues.errors import VenueError, VenueUnavailable
from orderledger.venues.polled.listed import ListedVenue

logger = EventLogger(__name__)


class QuotingVenue(ListedVenue):
    """The venue of a table that has `book`."""

    async def order_book(self, instrument: str) -> OrderBook:
        """The order book of an instrument now. Waits for the venue's rate limit. Raises
        VenueUnavailable and VenueRefused."""
        symbol = self.table.markets.symbol(instrument)
        if symbol is None:
            raise VenueUnavailable(f"{instrument!r} is not an instrument of {self.name}")
        return await self.queries.order_book(symbol)

    async def prices(self, instruments: Sequence[str]) -> Mapping[str, Decimal]:
        """The middle of the best bid and ask of each instrument, else the last trade. An order book
        that does not come is left out, unless none comes."""
        books = await asyncio.gather(
            *(self.order_book(name) for name in instruments), return_exceptions=True
        )
        found: dict[str, Decimal] = {}
        for name, book in zip(instruments, books, strict=True):
            if isinstance(book, OrderBook):
                found.update({} if book.price is None else {name: book.price})
            elif not isinstance(book, VenueError) or not _comes(books):
                raise book
            else:
                logger.warning("no_order_book", venue=self.name, instrument=name, why=str(book))
        return found


def _comes(books: Sequence[OrderBook | BaseException]) -> bool:
    return any(isinstance(book, OrderBook) for book in books)
