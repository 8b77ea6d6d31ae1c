"""Finds the positions before the first of some fills: each fill states the position before it,
and the P&L it closed.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from orderledger import Side
from orderledger.extend.values import EXACT, ZERO
from orderledger.venues.base.numbers import quotient
from orderledger.venues.base.venue import PriorPosition
from orderledger.venues.hyperliquid.message_context import MessageContext
from orderledger.venues.hyperliquid.rows import Row, Unreadable
from orderledger.venues.hyperliquid.sequence import fills_in_sequence


def prior_positions(fills: Sequence[Any], context: MessageContext) -> list[PriorPosition]:
    """The position before the first fill of each coin. Unreadable rows are skipped."""
    by_coin: dict[str, list[Row]] = {}
    for row in _readable(placed.row for placed in fills_in_sequence(fills)):
        by_coin.setdefault(row.raw["coin"], []).append(row)
    return [
        held
        for coin, rows in by_coin.items()
        if (held := _held(context.symbols.instrument(coin), rows)) is not None
    ]


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


def _held(instrument: str, rows: Sequence[Row]) -> PriorPosition | None:
    first = rows[0]
    at, quantity = first.moment("time"), first.number("startPosition")
    if at is None or quantity is None:
        return None
    return PriorPosition(
        instrument=instrument,
        quantity=quantity,
        price=_cost(quantity, rows) if quantity else None,
        at=at,
    )


def _cost(held: Decimal, rows: Sequence[Row]) -> Decimal | None:
    """The average price of the position, from the `closedPnl` of the first fill that closes some of
    it.

    Fills before that one may have added to the position: their cost is subtracted. None if nothing
    is closed, or if the venue does not state the P&L.
    """
    size, added_cost = abs(held), ZERO
    for row in rows:
        quantity, price = row.number("sz") or ZERO, row.number("px") or ZERO
        is_closing = (row.side() is Side.BUY) is (held < ZERO)
        if not is_closing:
            size, added_cost = (
                EXACT.add(size, quantity),
                EXACT.add(added_cost, EXACT.multiply(quantity, price)),
            )
            continue
        won, closed = _won(row), min(size, quantity)
        if won is None or not closed:
            return None
        # A long position gains its proceeds minus its cost, a short one the opposite.
        paid = EXACT.multiply(price, closed)
        cost = EXACT.subtract(paid, won) if held > ZERO else EXACT.add(paid, won)
        whole = EXACT.multiply(cost, size)  # divided by `closed`: the cost of the whole position
        return quotient(
            EXACT.subtract(whole, EXACT.multiply(added_cost, closed)),
            EXACT.multiply(closed, abs(held)),
        )
    return None


def _won(row: Row) -> Decimal | None:
    try:
        return row.number("closedPnl")
    except Unreadable:
        return None
