"""The rows that a venue books in each currency, and how exactly it can print them. Pure functions.

A venue that prints fewer decimals than an amount has rounds the row. A realized profit by average
cost may have any number of decimals, so each fill of a margined instrument may be rounded.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from math import inf
from typing import Any, NamedTuple

from orderledger import Fill, Funding, Message, Transfer
from orderledger.extend.values import EXACT, ZERO
from orderledger.extend.views import Terms
from orderledger.rows import AccountEventRow, TradeRow

MOVES = ("funding", "transfer")
"""Kinds of events of an account that are rows."""
PAID = (*MOVES, "settle", "delivery")
"""Kinds of events of an account that a venue pays."""
COUNTED = (None, "active")
"""The states of those that count."""


class Booking(NamedTuple):
    """A row in a currency, and the decimals of its amount."""

    currency: str
    decimals: float

    def is_rounded(self, place: Decimal) -> bool:
        """Whether a venue that prints this last place may have rounded the row."""
        return self.decimals > _decimals(place)


def of_trade(row: TradeRow, terms: Mapping[str, Terms]) -> list[Booking]:
    """The rows of a fill. One that moves a currency by its price and by its fee counts once."""
    paid = [(row["fee_currency"], row["fee"])]
    paid += [(one["currency"], Decimal(one["amount"])) for one in row["fees"] or ()]
    return _of_fill(terms.get(row["instrument"] or ""), row["quantity"], row["price"], paid)


def of_event(row: AccountEventRow) -> Booking:
    """The row of a funding or a transfer."""
    return Booking(row["currency"] or "", _decimals(row["quantity"] or ZERO))


def of_message(message: Message, terms: Mapping[str, Terms]) -> list[Booking]:
    """The rows that a message adds."""
    match message:
        case Fill():
            paid: list[tuple[str | None, Decimal | None]] = [(message.fee_currency, message.fee)]
            paid += [(fee.currency, fee.amount) for fee in message.fees]
            known = terms.get(message.instrument or "")
            return _of_fill(known, message.quantity, message.price, paid)
        case Funding() | Transfer():
            return [Booking(message.currency, _decimals(message.amount))]
        case _:
            return []


def _of_fill(
    terms: Terms | None,
    quantity: Decimal,
    price: Decimal,
    paid: Iterable[tuple[str | None, Decimal | None]],
) -> list[Booking]:
    found: dict[str, float] = {}
    moved: list[tuple[str | None, float]] = [(name, _decimals(fee or ZERO)) for name, fee in paid]
    if terms is not None:
        value = EXACT.multiply(EXACT.multiply(quantity, price), terms.multiplier)
        moved.append((terms.currency, inf if terms.is_margined else _decimals(value)))
        moved.append((terms.coin, _decimals(quantity)))
    for name, decimals in moved:
        if name:
            found[name] = max(found.get(name, 0), decimals)
    return [Booking(name, decimals) for name, decimals in found.items()]


def _decimals(number: Any) -> float:
    exponent = number.normalize(EXACT).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else inf
