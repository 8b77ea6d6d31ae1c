"""What was held before the first of some fills: each of the venue's fills says which position it found, and what it has won."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from orderledger.domain.exact import EXACT, ZERO
from orderledger.domain.values import Side
from orderledger.infrastructure.venues.base.numbers import quotient
from orderledger.infrastructure.venues.base.venue import HeldBefore
from orderledger.infrastructure.venues.hyperliquid.message_context import Context
from orderledger.infrastructure.venues.hyperliquid.rows import Row, Unreadable
from orderledger.infrastructure.venues.hyperliquid.sequence import fills_in_sequence


def held_before(fills: Sequence[Any], context: Context) -> list[HeldBefore]:
    """Of each coin that was traded. Rows that cannot be read are passed over."""
    by_coin: dict[str, list[Row]] = {}
    for row in _readable(fills_in_sequence(fills)):
        by_coin.setdefault(row.raw["coin"], []).append(row)
    return [held for coin, rows in by_coin.items() if (held := _held(context.symbols.instrument(coin), rows)) is not None]


def _readable(rows: Iterable[Any]) -> Iterable[Row]:
    for raw in rows:
        try:
            row = Row(raw)
            needed = (
                row.word("coin"),
                row.moment("time"),
                row.number("startPosition"),
                row.size("sz"),
                row.size("px"),
                row.side(),
            )
        except Unreadable:
            continue
        if None not in needed:
            yield row


def _held(instrument: str, rows: Sequence[Row]) -> HeldBefore | None:
    first = rows[0]
    at, quantity = first.moment("time"), first.number("startPosition")
    if at is None or quantity is None:
        return None
    return HeldBefore(instrument=instrument, quantity=quantity, price=_cost(quantity, rows) if quantity else None, at=at)


def _cost(held: Decimal, rows: Sequence[Row]) -> Decimal | None:
    """At what average price it was held, by what the first fill that closes some of it has won.

    Fills before that one may have added to the position: their cost is taken out. None where nothing is closed, or where the
    venue does not say what was won.
    """
    size, added_cost = abs(held), ZERO
    for row in rows:
        quantity, price = row.number("sz") or ZERO, row.number("px") or ZERO
        is_closing = (row.side() is Side.BUY) is (held < ZERO)
        if not is_closing:
            size, added_cost = EXACT.add(size, quantity), EXACT.add(added_cost, EXACT.multiply(quantity, price))
            continue
        won, closed = _won(row), min(size, quantity)
        if won is None or not closed:
            return None
        # A long position has won what it was sold for less what it cost, a short one the other way round.
        paid = EXACT.multiply(price, closed)
        cost = EXACT.subtract(paid, won) if held > ZERO else EXACT.add(paid, won)
        whole = EXACT.multiply(cost, size)  # divided by `closed`: what all of it had cost
        return quotient(EXACT.subtract(whole, EXACT.multiply(added_cost, closed)), EXACT.multiply(closed, abs(held)))
    return None


def _won(row: Row) -> Decimal | None:
    try:
        return row.number("closedPnl")
    except Unreadable:
        return None
