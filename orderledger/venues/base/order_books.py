"""`OrderBook`: the bids and asks of one instrument, as its venue states them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, Protocol, runtime_checkable

__all__ = ["OrderBook", "PriceLevel", "ReportsOrderBooks"]


class PriceLevel(NamedTuple):
    """A price, and the quantity of all orders at it."""

    price: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBook:
    """Bids and asks, the best first, in the venue's unit of price. `last_price`: of the last trade,
    if the answer has it. A venue may list fewer levels than it has."""

    bids: Sequence[PriceLevel]
    asks: Sequence[PriceLevel]
    last_price: Decimal | None = None

    @property
    def price(self) -> Decimal | None:
        """The middle of the best bid and ask, else the last trade. None without both."""
        if self.bids and self.asks:
            return (self.bids[0].price + self.asks[0].price) / 2
        return self.last_price


@runtime_checkable
class ReportsOrderBooks(Protocol):
    """A venue whose order books can be queried."""

    async def order_book(self, instrument: str) -> OrderBook:
        """The order book of an instrument now. Waits for the venue's rate limit. Raises
        VenueUnavailable, also for an instrument of another venue, and VenueRefused.
        """
