"""The price of a position that existed before the first known fill."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from orderledger.extend.values import EXACT, ONE, ZERO, plain, sides
from orderledger.extend.views import Terms, instruments, position_of, position_rows, terms_of
from orderledger.rows import TradeRow
from orderledger.venues.base.numbers import quotient
from orderledger.venues.reconciliation.account import ReconciledAccount
from orderledger.venues.reconciliation.holdings import PositionName

MORE_DIGITS = 6
"""Further decimals of a derived price, beyond those of the average that it comes from."""
BY_RESULT = "at the cost that follows from the venue's result of the first closing fill"
BY_AVERAGE = "at the price that leads to the venue's average price"
BY_FIRST_FILL = "at the price of the first fill, since its cost is unknown"


class Opening(NamedTuple):
    """A position at a time. `stated`: average price of the present position, by the venue."""

    name: PositionName
    quantity: Decimal
    at: datetime
    stated: Decimal | None


def price_of_opening(account: ReconciledAccount, opening: Opening) -> tuple[Decimal, str]:
    """The price of a position at a time, and how it was found."""
    asked: dict[str, Any] = {"account": account.name, "instrument": opening.name.instrument}
    defined = next(iter(account.book.instruments(**asked)), None)
    modes = instruments.modes_of(defined)
    later = account.fills_after(opening.at, opening.name)
    fills = sorted(
        (row for row in later if sides.part_of(row, modes) == opening.name.part), key=sides.when
    )
    if opening.stated is None:
        return (fills[0]["price"] if fills else ZERO), BY_FIRST_FILL
    solved = _solved(opening, opening.stated, terms_of(defined), fills)
    return solved or opening.stated, BY_AVERAGE


def _solved(
    opening: Opening, stated: Decimal, terms: Terms, fills: Sequence[TradeRow]
) -> Decimal | None:
    """The price from which the fills lead to the stated average. None if the average does not
    depend on it: a fill turned the position through zero. The average is a linear function of the
    opening price, so two points give the solution."""
    if terms.inverse:
        return None
    at_zero = _average(opening, ZERO, terms, fills)
    slope = EXACT.subtract(_average(opening, ONE, terms, fills), at_zero)
    price = quotient(EXACT.subtract(stated, at_zero), slope) if slope else None
    exponent = stated.as_tuple().exponent
    digits = MORE_DIGITS + (max(0, -exponent) if isinstance(exponent, int) else 0)
    return (
        None
        if price is None
        else Decimal(plain(EXACT.quantize(price, ONE.scaleb(-digits)))) or None
    )


def _average(opening: Opening, price: Decimal, terms: Terms, fills: Sequence[TradeRow]) -> Decimal:
    """The average price after the fills, if the position was opened at this price."""
    opened: Any = {
        "kind": "adjust",
        "quantity": opening.quantity,
        "price": price,
        "at": opening.at,
        "position": 0,
    }
    entries: list[Any] = [opened, *fills]
    position = position_of("", opening.name.instrument, terms, entries)
    return position_rows(position)[0]["average_open_price"] or ZERO
