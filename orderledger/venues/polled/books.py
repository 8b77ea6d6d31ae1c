"""`BookQuery`: the request for an order book at a polled spot venue, and how its answer is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from orderledger.venues.base.fields import Document, PayloadRow, Unreadable, needed_number, price
from orderledger.venues.base.order_books import OrderBook, PriceLevel
from orderledger.venues.errors import VenueUnavailable
from orderledger.venues.polled.requests import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class BookQuery:
    """The request for the order book of one instrument. It needs neither key nor signature.

    The symbol is in `path` as `{symbol}`, or in `symbol_field`; `symbol_of` writes the venue's
    symbol as this request has it. `fields`: its constant fields. `within`: the object with the
    lists `bids` and `asks`, by default the answer itself. A level is an object with `price` and
    `quantity`, or a pair of them. `last_price`: the field with the price of the last trade.
    """

    path: str
    symbol_field: str = ""
    symbol_of: Callable[[str], str] = str
    fields: Mapping[str, str | int] = field(default_factory=dict)
    within: str = ""
    bids: str
    asks: str
    last_price: str = ""

    def of(self, symbol: str) -> tuple[str, Fields]:
        """The path and the fields of the request, from the venue's symbol in lists."""
        name = self.symbol_of(symbol)
        named = {self.symbol_field: name} if self.symbol_field else {}
        return self.path.replace("{symbol}", name), {**named, **self.fields}

    def read(self, answer: Document) -> OrderBook:
        """The order book in an answer. Raises VenueUnavailable for another answer."""
        found = answer.get(self.within) if self.within else answer
        try:
            if not isinstance(found, dict):
                raise Unreadable(f"{self.within} is missing")
            return OrderBook(
                bids=sorted(levels(found, self.bids), reverse=True),
                asks=sorted(levels(found, self.asks)),
                last_price=price(found, self.last_price) if self.last_price else None,
            )
        except Unreadable as fault:
            raise VenueUnavailable(f"the order book cannot be read: {fault}") from None


def levels(book: PayloadRow, name: str) -> list[PriceLevel]:
    """The levels of one side. Raises Unreadable."""
    rows = book.get(name)
    if not isinstance(rows, list):
        raise Unreadable(f"{name} is missing")
    return [level(row) for row in rows]


def level(row: object) -> PriceLevel:
    """A level of an order book. Raises Unreadable."""
    if isinstance(row, list) and len(row) == 2:
        row = {"price": row[0], "quantity": row[1]}
    if not isinstance(row, dict):
        raise Unreadable("a level is neither an object nor a pair")
    found: Decimal | None = price(row, "price")
    if found is None:
        raise Unreadable("price is missing")
    return PriceLevel(found, needed_number(row, "quantity"))
