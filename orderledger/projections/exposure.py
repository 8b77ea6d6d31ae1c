"""Exposure: the position and the P&L as intervals, with all open and all unresolved orders filled
or not."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple, TypedDict

from orderledger.domain.exact import EXACT, ONE, ZERO, plain
from orderledger.domain.exposure import (
    Interval,
    Working,
    interval_of,
    leaves_of_leg,
    leaves_with,
)
from orderledger.domain.orders.combination import OTHER_SIDE
from orderledger.domain.values import Side
from orderledger.projections.orders import ORDERS, StoredOrderRow
from orderledger.projections.pnl import PnlRow
from orderledger.projections.positions import Terms, shown

_COLUMNS = (
    "stream", "account", "client_order_id", "venue_order_id", "instrument", "side", "position_side",
    "position_id", "quantity", "limit_price", "status", "pending", "certainty", "cum_quantity",
    "requested_at", "first_fill_at", "is_open", "outstanding", "legs", "tags", "submitted_at",
    "acknowledged_at",
)  # fmt: skip

EXPOSED_ORDERS = ORDERS.narrowed(_COLUMNS)
"""The columns of orders that exposure follows from."""


def of_legs(order: StoredOrderRow) -> list[StoredOrderRow]:
    """A combination as one order for each leg. A leg has no limit price of its own."""
    return [_of_leg(order, leg) for leg in order["legs"] or ()]


def _of_leg(order: StoredOrderRow, leg: dict[str, Any]) -> StoredOrderRow:
    ratio, filled, side = leg["ratio"], Decimal(leg["filled_quantity"]), Side(leg["side"])
    quantity, asked = order["quantity"], (order["outstanding"] or {}).get("quantity")
    largest = None if asked is None else EXACT.multiply(Decimal(asked), Decimal(ratio))
    row: StoredOrderRow = {
        **order,
        "instrument": leg["instrument"],
        "side": str(side if order["side"] == Side.BUY else OTHER_SIDE[side]),
        "quantity": None if quantity is None else EXACT.multiply(quantity, Decimal(ratio)),
        "cum_quantity": filled,
        "leaves_quantity": leaves_of_leg(quantity, ratio, filled, None),
        "limit_price": None,
        "outstanding": None
        if largest is None
        else {"quantity": plain(largest), "limit_prices": []},
        "legs": None,
    }
    return row


class ExposureOrder(TypedDict):
    """An order that may still change the position."""

    client_order_id: str | None
    venue_order_id: str | None
    side: str | None
    leaves_quantity_most: Decimal | None
    limit_price: Decimal | None
    status: str
    pending: str | None
    certainty: str


class ExposureRow(TypedDict):
    """One position and its P&L, now and at their least and most after the open orders."""

    account: str
    instrument: str
    position_side: str
    position_id: str
    position_quantity: Decimal | None
    position_quantity_least: Decimal | None
    position_quantity_most: Decimal | None
    open_buy_quantity: Decimal | None
    open_sell_quantity: Decimal | None
    unresolved_buy_quantity: Decimal | None
    unresolved_sell_quantity: Decimal | None
    mark_price: Decimal | None
    notional: Decimal | None
    notional_least: Decimal | None
    notional_most: Decimal | None
    total_pnl: Decimal | None
    total_pnl_least: Decimal | None
    total_pnl_most: Decimal | None
    currency: str | None
    reason: str | None
    orders: list[ExposureOrder]


class May(NamedTuple):
    """An open order's possible fills. `leaves`: the most that it may still fill, None if that is
    unknown. `sides`: both, if its side is unknown. `prices`: at which it may fill; None for the
    mark."""

    sides: tuple[Side, ...]
    leaves: Decimal | None
    prices: tuple[Decimal | None, ...]
    is_unresolved: bool


def exposure_row(held: PnlRow, terms: Terms, orders: list[StoredOrderRow]) -> ExposureRow:
    """The exposure from a row of the P&L view, and the open orders of its account and
    instrument."""
    may = [_may(order) for order in orders]
    position, mark = held["position_quantity"], held["mark_price"]
    interval = position_interval(position, may)
    pnl, value_at = total_pnl(held), mark
    if mark is not None and not terms.has_value_at(mark):
        value_at = None
    least, most = pnl_interval(pnl, may, terms, value_at)
    return {
        "account": held["account"],
        "instrument": held["instrument"],
        "position_side": held["position_side"],
        "position_id": held["position_id"],
        "position_quantity": position,
        "position_quantity_least": interval.least,
        "position_quantity_most": interval.most,
        "open_buy_quantity": _leaves(may, Side.BUY),
        "open_sell_quantity": _leaves(may, Side.SELL),
        "unresolved_buy_quantity": _leaves(filter(_is_unresolved, may), Side.BUY),
        "unresolved_sell_quantity": _leaves(filter(_is_unresolved, may), Side.SELL),
        "mark_price": mark,
        "notional": _notional(position, terms, value_at),
        "notional_least": _notional(interval.least, terms, value_at),
        "notional_most": _notional(interval.most, terms, value_at),
        "total_pnl": pnl,
        "total_pnl_least": least,
        "total_pnl_most": most,
        "currency": held["currency"],
        "reason": held["reason"],
        "orders": [_shown(order, one.leaves) for order, one in zip(orders, may, strict=True)],
    }


def position_interval(position: Decimal | None, orders: Iterable[May]) -> Interval:
    """The least and the most that the position may become, whichever of the orders are filled, and
    how far."""
    if position is None:
        return Interval(None, None)
    return interval_of(
        position, (Working("", "", side, one.leaves) for one in orders for side in one.sides)
    )


def pnl_interval(
    pnl: Decimal | None, orders: Iterable[May], terms: Terms, mark: Decimal | None
) -> Interval:
    """The least and the most that the P&L is, whichever of the unresolved orders were filled: each
    wholly, or not at all.

    None where nothing bounds it: a quantity is unknown, or there is no mark.
    """
    least = most = pnl
    for one in filter(_is_unresolved, orders):
        change = _change_of_pnl(one, terms, mark)
        least = None if least is None or change.least is None else EXACT.add(least, change.least)
        most = None if most is None or change.most is None else EXACT.add(most, change.most)
    return Interval(None if least is None else shown(least), None if most is None else shown(most))


def total_pnl(held: PnlRow) -> Decimal | None:
    """Net P&L and unrealized P&L of a row of the P&L view. A flat position needs no mark."""
    unrealized = held["unrealized_pnl"] if held["position_quantity"] != ZERO else ZERO
    return (
        None
        if held["net_pnl"] is None or unrealized is None
        else EXACT.add(held["net_pnl"], unrealized)
    )


def _change_of_pnl(order: May, terms: Terms, mark: Decimal | None) -> Interval:
    """Gain of the P&L if the order was filled, at any of its prices. The interval includes zero,
    since the order may not have been filled."""
    if mark is None:
        return Interval(None, None)
    gains = [
        _gain(side, order.leaves or ONE, terms, price, mark)
        for side in order.sides
        for price in order.prices
    ]
    least, most = min(ZERO, *gains), max(ZERO, *gains)
    if order.leaves is None:  # the gain of one unit shows the sign
        return Interval(None if least else ZERO, None if most else ZERO)
    return Interval(least, most)


def _gain(
    side: Side, quantity: Decimal, terms: Terms, price: Decimal | None, mark: Decimal
) -> Decimal:
    """Gain of a fill at this price, valued at the mark."""
    signed = quantity if side is Side.BUY else -quantity
    return (
        ZERO
        if price is None
        else terms.amount(terms.gain(terms.value(signed, mark), terms.value(signed, price)))
    )


def _may(order: StoredOrderRow) -> May:
    outstanding = order["outstanding"] or {"quantity": None, "limit_prices": []}
    asked = outstanding["quantity"]
    return May(
        (Side.BUY, Side.SELL) if order["side"] is None else (Side(order["side"]),),
        leaves_with(
            order["quantity"], order["cum_quantity"], None if asked is None else Decimal(asked)
        ),
        (order["limit_price"], *map(Decimal, outstanding["limit_prices"])),
        order["certainty"] == "unresolved",
    )


def _is_unresolved(order: May) -> bool:
    return order.is_unresolved


def _leaves(orders: Iterable[May], side: Side) -> Decimal | None:
    total = ZERO
    for leaves in _leaves_of(orders, side):
        if leaves is None:
            return None
        total = EXACT.add(total, leaves)
    return total


def _leaves_of(orders: Iterable[May], side: Side) -> Iterator[Decimal | None]:
    return (order.leaves for order in orders if side in order.sides)


def _notional(quantity: Decimal | None, terms: Terms, mark: Decimal | None) -> Decimal | None:
    """Absolute value of a position at the mark."""
    if quantity is None or (mark is None and quantity):
        return None
    return ZERO if mark is None else shown(abs(terms.amount(terms.value(quantity, mark))))


def _shown(order: StoredOrderRow, leaves: Decimal | None) -> ExposureOrder:
    return {
        "client_order_id": order["client_order_id"],
        "venue_order_id": order["venue_order_id"],
        "side": order["side"],
        "leaves_quantity_most": leaves,
        "limit_price": order["limit_price"],
        "status": order["status"],
        "pending": order["pending"],
        "certainty": order["certainty"],
    }
