"""Positions and P&L: average cost, first in first out, last in first out, from fills in the order they happened.

A lot is (signed quantity, cost): its cost is quantity * multiplier * price, or quantity * multiplier / price for an
inverse instrument. Closing a part of a lot takes the same part of its cost. Realized P&L is what the closing fill is
worth less what the closed lots cost (an inverse instrument: the other way round). Quantities, fees and funding are added
up exactly; values, costs and what was realized to 60 digits, of which 34 are shown, and 40 places.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import reduce
from typing import Any, Literal

from orderledger.domain.exact import EXACT, ONE, QUOTIENT, TRAPS, ZERO, plain, total
from orderledger.projections.tables import Row

Method = Literal["average", "fifo", "lifo"]
METHODS: tuple[Method, ...] = ("average", "fifo", "lifo")
PLACES = 40
SMALLEST = Decimal(1).scaleb(-PLACES)
COSTS = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=TRAPS)


def shown(amount: Decimal) -> Decimal:
    """An amount of money to 34 digits, and to 40 places: what is smaller comes from rounding."""
    exponent = amount.as_tuple().exponent
    return QUOTIENT.plus(EXACT.quantize(amount, SMALLEST) if isinstance(exponent, int) and exponent < -PLACES else amount)


@dataclass(slots=True, frozen=True)
class Terms:
    """What turns quantity and price into value."""

    multiplier: Decimal = ONE
    inverse: bool = False
    currency: str | None = None

    def value(self, quantity: Decimal, price: Decimal) -> Decimal:
        """What a signed quantity is worth at a price, in the settlement currency."""
        size = quantity if self.multiplier is ONE else EXACT.multiply(quantity, self.multiplier)
        if self.inverse:
            return COSTS.divide(size, price) if price else ZERO
        return COSTS.multiply(size, price)

    def price(self, quantity: Decimal, value: Decimal) -> Decimal:
        """The price at which a quantity is worth so much."""
        size = EXACT.multiply(quantity, self.multiplier)
        if not size or (self.inverse and not value):
            return ZERO
        return QUOTIENT.divide(size, value) if self.inverse else QUOTIENT.divide(value, size)

    def gain(self, value: Decimal, cost: Decimal) -> Decimal:
        """What has been gained by holding (signed) what cost so much and is worth so much."""
        return COSTS.subtract(cost, value) if self.inverse else COSTS.subtract(value, cost)


def terms_of(instrument: Row | None) -> Terms:
    """As a row of `tables.INSTRUMENTS` defines them; the usual ones where there is none."""
    return Terms(instrument["multiplier"] or ONE, bool(instrument["inverse"]), instrument["currency"]) if instrument else Terms()


@dataclass(slots=True)
class Lot:
    """Never changed, but replaced: `text` is written once, however often the books are."""

    quantity: Decimal
    cost: Decimal
    _text: list[str] | None = None

    @property
    def text(self) -> list[str]:
        """Quantity and cost as they are stored."""
        if self._text is None:
            self._text = [plain(self.quantity), plain(self.cost)]
        return self._text


@dataclass(slots=True)
class Book:
    """The open lots of one instrument by one method, oldest first."""

    method: Method
    lots: list[Lot] = field(default_factory=list)
    realized: Decimal = ZERO

    @property
    def cost(self) -> Decimal:
        return reduce(COSTS.add, (lot.cost for lot in self.lots), ZERO)

    def fill(self, quantity: Decimal, price: Decimal, terms: Terms) -> None:
        """Close open lots on the other side, then open what is left."""
        is_buy = quantity > ZERO
        while quantity and self.lots and (self.lots[0].quantity > ZERO) is not is_buy:
            quantity = self._close(quantity, price, terms)
        if quantity:
            self._open(Lot(quantity, terms.value(quantity, price)))

    def reset(self, quantity: Decimal, price: Decimal, terms: Terms) -> None:
        """From now on the position is this. Nothing is realized."""
        self.lots = [Lot(quantity, terms.value(quantity, price))] if quantity else []

    def _open(self, lot: Lot) -> None:
        if self.method == "average" and self.lots:
            held = self.lots[0]
            self.lots[0] = Lot(EXACT.add(held.quantity, lot.quantity), COSTS.add(held.cost, lot.cost))
        else:
            self.lots.append(lot)

    def _close(self, quantity: Decimal, price: Decimal, terms: Terms) -> Decimal:
        """Close against one lot. Returns what of the fill is left."""
        index = -1 if self.method == "lifo" else 0
        lot = self.lots[index]
        left = EXACT.add(lot.quantity, quantity)
        is_partly_closed = left and (left > ZERO) is not (quantity > ZERO)
        if is_partly_closed:
            closed = quantity.copy_negate()
            cost = COSTS.divide(COSTS.multiply(lot.cost, closed), lot.quantity)
            self.lots[index] = Lot(left, COSTS.subtract(lot.cost, cost))
        else:
            closed, cost = lot.quantity, lot.cost
            del self.lots[index]
        self.realized = COSTS.add(self.realized, terms.gain(terms.value(closed, price), cost))
        return ZERO if is_partly_closed else left


@dataclass(slots=True)
class Position:
    """One instrument of one account: a book per method, and the sums they share."""

    account: str
    instrument: str
    terms: Terms = field(default_factory=Terms)
    books: tuple[Book, ...] = field(default_factory=lambda: tuple(Book(method) for method in METHODS))
    fees: dict[str, Decimal] = field(default_factory=dict)
    funding: dict[str, Decimal] = field(default_factory=dict)
    fills: int = 0
    bought: Decimal = ZERO
    sold: Decimal = ZERO
    last: tuple[datetime, int] | None = None

    @property
    def quantity(self) -> Decimal:
        """The same by every method. By average cost it is one lot."""
        return total(lot.quantity for lot in self.books[METHODS.index("average")].lots)

    def is_in_order(self, at: datetime, log_position: int) -> bool:
        """Whether something that happened then comes after all that is in the books."""
        return self.last is None or (at, log_position) > self.last

    def fill(self, trade: Row) -> None:
        """Take in a trade, the newest so far."""
        is_buy = trade["side"] == "buy"
        quantity = trade["quantity"] if is_buy else trade["quantity"].copy_negate()
        price = trade["price"]
        for book in self.books:
            book.fill(quantity, price, self.terms)
        if trade["fee"] is not None:
            currency = trade["fee_currency"] or ""
            self.fees[currency] = EXACT.add(self.fees.get(currency, ZERO), trade["fee"])
        self.fills += 1
        if is_buy:
            self.bought = EXACT.add(self.bought, quantity)
        else:
            self.sold = EXACT.subtract(self.sold, quantity)
        self.last = (trade["at"], trade["position"])

    def fund(self, funding: Row) -> None:
        """Take in a funding, whenever it happened: funding is only summed."""
        currency = funding["currency"]
        self.funding[currency] = EXACT.add(self.funding.get(currency, ZERO), funding["quantity"])

    def adjust(self, adjustment: Row) -> None:
        """Take in an adjustment, the newest entry so far."""
        for book in self.books:
            book.reset(adjustment["quantity"], adjustment["price"], self.terms)
        self.last = (adjustment["at"], adjustment["position"])


def when(entry: Row) -> tuple[datetime, int]:
    """Where a trade or an account event stands among others."""
    return entry["at"], entry["position"]


def position_of(account: str, instrument: str, terms: Terms, entries: Iterable[Row]) -> Position:
    """The position from all its trades, adjustments and funding (rows of `TRADES` and `ACCOUNT_EVENTS`), as they happened."""
    position = Position(account, instrument, terms)
    for entry in entries:
        if "fill_id" in entry:
            position.fill(entry)
        elif entry["kind"] == "adjust":
            position.adjust(entry)
        elif entry["kind"] == "funding":
            position.fund(entry)
    return position


def position_rows(position: Position) -> list[Row]:
    """The columns of `tables.POSITIONS`, a row per method."""
    return [_position_row(position, book) for book in position.books]


def _position_row(position: Position, book: Book) -> Row:
    at, log_position = position.last or (None, None)
    quantity = position.quantity
    return {
        "account": position.account,
        "instrument": position.instrument,
        "method": book.method,
        "position_quantity": quantity,
        "average_open_price": position.terms.price(quantity, book.cost),
        "realized_pnl": shown(book.realized),
        "fees": {currency: plain(amount) for currency, amount in sorted(position.fees.items())},
        "funding": {currency: plain(amount) for currency, amount in sorted(position.funding.items())},
        "currency": position.terms.currency,
        "multiplier": position.terms.multiplier,
        "inverse": position.terms.inverse,
        "fills": position.fills,
        "bought_quantity": position.bought,
        "sold_quantity": position.sold,
        "last_at": at,
        "last_position": log_position,
        "lots": {"realized": plain(book.realized), "open": [lot.text for lot in book.lots]},
    }


def restore(rows: list[Row]) -> Position:
    """The position as its persisted rows tell it, ready to take in what follows."""
    row = rows[0]
    by_method = {row["method"]: row["lots"] for row in rows}
    return Position(
        account=row["account"],
        instrument=row["instrument"],
        terms=Terms(row["multiplier"], bool(row["inverse"]), row["currency"]),
        books=tuple(_restore_book(method, by_method[method]) for method in METHODS),
        fees={currency: Decimal(amount) for currency, amount in row["fees"].items()},
        funding={currency: Decimal(amount) for currency, amount in row["funding"].items()},
        fills=row["fills"],
        bought=row["bought_quantity"],
        sold=row["sold_quantity"],
        last=(row["last_at"], row["last_position"]) if row["last_at"] is not None else None,
    )


def _restore_book(method: Method, lots: dict[str, Any]) -> Book:
    opened = [Lot(Decimal(quantity), Decimal(cost)) for quantity, cost in lots["open"]]
    return Book(method, opened, Decimal(lots["realized"]))
