"""The price of a position that existed before the first known fill."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from orderledger.domain.exact import EXACT, ONE, ZERO, plain
from orderledger.infrastructure.sync.reconciliation.book import Book
from orderledger.infrastructure.venues.base.numbers import quotient
from orderledger.projections.positions import position_of, position_rows, terms_of, when
from orderledger.projections.view import Row

MORE_DIGITS = 6
"""Further decimals of a derived price, beyond those of the average that it comes from."""
BY_RESULT = "at the cost that follows from the venue's result of the first closing fill"
BY_AVERAGE = "at the price that leads to the venue's average price"
BY_FIRST_FILL = "at the price of the first fill, since its cost is unknown"


def price_of_opening(
    book: Book,
    account: str,
    instrument: str,
    *,
    quantity: Decimal,
    at: datetime,
    stated: Decimal | None,
    thought_of: Sequence[Row],
) -> tuple[Decimal, str]:
    """The price of a position at a time, and how it was found.

    `stated`: average price of the present position, by the venue. `thought_of`: fills that a dry run would have recorded.
    """
    trades = [row for row in book.trades(account=account, instrument=instrument) if row["at"] > at and row["side"]]
    fills = sorted([*trades, *thought_of], key=when)
    if stated is None:
        return (fills[0]["price"] if fills else ZERO), BY_FIRST_FILL
    return _solved(book, account, instrument, quantity, at, stated, fills) or stated, BY_AVERAGE


def _solved(
    book: Book, account: str, instrument: str, quantity: Decimal, at: datetime, stated: Decimal, fills: Sequence[Row]
) -> Decimal | None:
    """The price from which the fills lead to the stated average. None if the average does not depend on it: a fill turned the
    position through zero. The average is a linear function of the opening price, so two points give the solution."""
    terms = terms_of(next(iter(book.instruments(account=account, instrument=instrument)), None))
    if terms.inverse:
        return None

    def average(price: Decimal) -> Decimal:
        opened = {"kind": "adjust", "quantity": quantity, "price": price, "at": at, "position": 0}
        found: Decimal = position_rows(position_of(account, instrument, terms, [opened, *fills]))[0]["average_open_price"]
        return found

    at_nothing = average(ZERO)
    slope = EXACT.subtract(average(ONE), at_nothing)
    price = quotient(EXACT.subtract(stated, at_nothing), slope) if slope else None
    exponent = stated.as_tuple().exponent
    digits = MORE_DIGITS + (max(0, -exponent) if isinstance(exponent, int) else 0)
    return None if price is None else Decimal(plain(EXACT.quantize(price, ONE.scaleb(-digits)))) or None
