"""An order book with price-time priority: the better price first, at one price the earlier order
first.

The book contains rows and changes none. `execution` computes the effect of an arriving order. The
exchange applies it, and passes each changed row to the book.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from orderledger import Side, TimeInForce
from orderledger.extend.values import EXACT, ZERO, total
from orderledger.simulation.market.rows import OrderStatus, SimulatedOrder

Place = tuple[Decimal, int, int]
"""Price (negative for a buy), number of arrival, order id: in sorted order, the first is matched
first.
"""
OPPOSITE = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}
IMMEDIATE = (TimeInForce.IOC, TimeInForce.FOK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A resting order, and the quantity that an arriving order takes from it, at the resting
    order's price.
    """

    maker: SimulatedOrder
    price: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """The effect of an arriving order.

    `self_trades`: resting orders of the same account, canceled instead of matched. `reason`: why
    the rest of the order is canceled; None if it rests or nothing is left.
    """

    matches: tuple[Match, ...] = ()
    self_trades: tuple[SimulatedOrder, ...] = ()
    reason: str | None = None


class OrderBook:
    """The bids and asks of one instrument. Orders without an account may trade with each other."""

    def __init__(self) -> None:
        self._sides: dict[Side, list[Place]] = {Side.BUY: [], Side.SELL: []}
        self._places: dict[int, Place] = {}
        self._rows: dict[int, SimulatedOrder] = {}
        self._arrivals = 0

    def __contains__(self, order_id: int) -> bool:
        return order_id in self._rows

    def resting(self, side: Side) -> Iterator[SimulatedOrder]:
        """The orders of one side, the first to be matched first."""
        return (self._rows[order_id] for _, _, order_id in self._sides[side])

    def by_arrival(self) -> list[SimulatedOrder]:
        """The orders of both sides, the earliest first."""
        return [
            self._rows[place[2]]
            for place in sorted(self._places.values(), key=lambda place: place[1])
        ]

    def update(self, order: SimulatedOrder) -> None:
        """Apply the newest row of an order: it stays, moves, joins, or leaves once nothing of it
        can be filled.
        """
        if order.status is not OrderStatus.OPEN or order.limit_price is None or order.unfilled <= 0:
            self._remove(order.order_id)
            return
        known = self._rows.get(order.order_id)
        if known is None or not keeps_priority(
            known, quantity=order.quantity, limit_price=order.limit_price
        ):
            self._remove(order.order_id)
            self._arrivals += 1
            place = (
                -order.limit_price if order.side is Side.BUY else order.limit_price,
                self._arrivals,
                order.order_id,
            )
            insort(self._sides[order.side], place)
            self._places[order.order_id] = place
        self._rows[order.order_id] = order

    def execution(self, order: SimulatedOrder) -> Execution:
        """The effect of the order if it arrives now."""
        if order.post_only and self.would_match(order):
            return Execution(reason="post_only_would_match")
        if order.time_in_force is TimeInForce.FOK and self._available_to(order) < order.unfilled:
            return Execution(reason="fill_or_kill")
        matches, self_trades, left = [], [], order.unfilled
        for maker in self._within_reach(order):
            if left <= 0:
                break
            if _is_same_account(order, maker):
                self_trades.append(maker)
                continue
            quantity = min(left, maker.unfilled)
            matches.append(Match(maker=maker, price=maker.limit_price or ZERO, quantity=quantity))
            left = EXACT.subtract(left, quantity)
        return Execution(
            matches=tuple(matches),
            self_trades=tuple(self_trades),
            reason=_why_rest_leaves(order, left),
        )

    def would_match(self, order: SimulatedOrder) -> bool:
        """Whether the order crosses the best price of the other side."""
        return next(self._within_reach(order), None) is not None

    def _within_reach(self, order: SimulatedOrder) -> Iterator[SimulatedOrder]:
        for maker in self.resting(OPPOSITE[order.side]):
            if not _crosses(order, maker):
                return
            yield maker

    def _available_to(self, order: SimulatedOrder) -> Decimal:
        return total(
            maker.unfilled
            for maker in self._within_reach(order)
            if not _is_same_account(order, maker)
        )

    def _remove(self, order_id: int) -> None:
        row, place = self._rows.pop(order_id, None), self._places.pop(order_id, None)
        if row is not None and place is not None:
            places = self._sides[row.side]
            del places[bisect_left(places, place)]


def keeps_priority(
    order: SimulatedOrder, *, quantity: Decimal, limit_price: Decimal | None
) -> bool:
    """Whether the order keeps its place with new terms: the same price, and no larger quantity."""
    return limit_price == order.limit_price and quantity <= order.quantity


def _why_rest_leaves(order: SimulatedOrder, left: Decimal) -> str | None:
    if left <= 0:
        return None
    if order.limit_price is None:
        return "no_liquidity"
    return "immediate_or_cancel" if order.time_in_force in IMMEDIATE else None


def _crosses(order: SimulatedOrder, resting: SimulatedOrder) -> bool:
    if order.limit_price is None or resting.limit_price is None:
        return True
    buy, sell = (order, resting) if order.side is Side.BUY else (resting, order)
    return (buy.limit_price or ZERO) >= (sell.limit_price or ZERO)


def _is_same_account(first: SimulatedOrder, second: SimulatedOrder) -> bool:
    return bool(first.account) and first.account == second.account
