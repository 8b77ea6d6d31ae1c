"""What a position that was held before the first known fill had cost."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from orderledger.domain.exact import EXACT, ONE, ZERO, plain
from orderledger.infrastructure.sync.reconciliation.book import Book
from orderledger.infrastructure.venues.base.numbers import quotient
from orderledger.projections.positions import position_of, position_rows, terms_of, when
from orderledger.projections.view import Row

MORE_DIGITS = 6
"""Decimals of a derived price beyond those of the average that it is derived from."""
BY_RESULT = "at what it had cost by the venue's word on the first fill that closed some of it"
BY_AVERAGE = "at what makes its average price the venue's"
BY_FIRST_FILL = "at the price of the first fill, since nobody tells what it had cost"


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
    """The price of a position that was held at a time, and how it was found. `stated`: the average price of what is held now, by
    the venue. `thought_of`: fills that a dry run would have booked."""
    trades = [row for row in book.trades(account=account, instrument=instrument) if row["at"] > at and row["side"]]
    fills = sorted([*trades, *thought_of], key=when)
    if stated is None:
        return (fills[0]["price"] if fills else ZERO), BY_FIRST_FILL
    return _solved(book, account, instrument, quantity, at, stated, fills) or stated, BY_AVERAGE


def _solved(
    book: Book, account: str, instrument: str, quantity: Decimal, at: datetime, stated: Decimal, fills: Sequence[Row]
) -> Decimal | None:
    """The price from which the fills lead to the stated average. None where they do not depend on it: after a turn through
    zero. What the average is depends on the opening price by a line, which two points give."""
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
