"""The price of a position that existed before the first known fill."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from orderledger.extend.values import EXACT, ONE, ZERO, Part, modes_of, part_of, plain, when
from orderledger.extend.views import Row, Terms, position_of, position_rows, terms_of
from orderledger.venues.base.numbers import quotient
from orderledger.venues.reconciliation.book import Book

MORE_DIGITS = 6
"""Further decimals of a derived price, beyond those of the average that it comes from."""
BY_RESULT = "at the cost that follows from the venue's result of the first closing fill"
BY_AVERAGE = "at the price that leads to the venue's average price"
BY_FIRST_FILL = "at the price of the first fill, since its cost is unknown"


def price_of_opening(
    book: Book,
    account: str,
    instrument: str,
    part: Part,
    *,
    quantity: Decimal,
    at: datetime,
    stated: Decimal | None,
    thought_of: Sequence[Row],
) -> tuple[Decimal, str]:
    """The price of a position at a time, and how it was found.

    `part`: its position side and id. `stated`: average price of the present position, by the venue.
    `thought_of`: fills that a dry run would have recorded.
    """
    defined = next(iter(book.instruments(account=account, instrument=instrument)), None)
    modes = modes_of(defined)
    trades = [
        row
        for row in book.trades(account=account, instrument=instrument)
        if row["at"] > at and row["side"]
    ]
    fills = sorted((row for row in (*trades, *thought_of) if part_of(row, modes) == part), key=when)
    if stated is None:
        return (fills[0]["price"] if fills else ZERO), BY_FIRST_FILL
    return _solved(
        account, instrument, terms_of(defined), quantity, at, stated, fills
    ) or stated, BY_AVERAGE


def _solved(
    account: str,
    instrument: str,
    terms: Terms,
    quantity: Decimal,
    at: datetime,
    stated: Decimal,
    fills: Sequence[Row],
) -> Decimal | None:
    """The price from which the fills lead to the stated average. None if the average does not
    depend on it: a fill turned the position through zero. The average is a linear function of the
    opening price, so two points give the solution."""
    if terms.inverse:
        return None

    def average(price: Decimal) -> Decimal:
        opened: Row = {
            "kind": "adjust",
            "quantity": quantity,
            "price": price,
            "at": at,
            "position": 0,
        }
        rows: Sequence[Row] = position_rows(
            position_of(account, instrument, terms, [opened, *fills])
        )
        found: Decimal = rows[0]["average_open_price"]
        return found

    at_nothing = average(ZERO)
    slope = EXACT.subtract(average(ONE), at_nothing)
    price = quotient(EXACT.subtract(stated, at_nothing), slope) if slope else None
    exponent = stated.as_tuple().exponent
    digits = MORE_DIGITS + (max(0, -exponent) if isinstance(exponent, int) else 0)
    return (
        None
        if price is None
        else Decimal(plain(EXACT.quantize(price, ONE.scaleb(-digits)))) or None
    )
