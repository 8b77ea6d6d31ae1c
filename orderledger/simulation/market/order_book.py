"""An order book with price-time priority: the better price first, at one price the earlier order first.

The book knows no clock, no chance and no accounts beyond an owner's name. It tells what happened as an
`Execution` and leaves it to its venue to number fills and to report them. Quantities and prices are Decimal.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from orderledger.domain.exact import ZERO

Side = Literal["buy", "sell"]
TimeInForce = Literal["day", "gtc", "ioc", "fok", "gtd"]


@dataclass(kw_only=True, eq=False)
class BookOrder:
    """An order as the book sees it. No `limit_price` means a market order; an empty `owner` is nobody in particular."""

    order_id: str
    owner: str
    side: Side
    quantity: Decimal
    limit_price: Decimal | None = None
    time_in_force: TimeInForce = "gtc"
    is_post_only: bool = False
    cum_quantity: Decimal = ZERO
    sequence: int = 0

    @property
    def leaves_quantity(self) -> Decimal:
        """What is still to be filled."""
        return self.quantity - self.cum_quantity


@dataclass(frozen=True, kw_only=True)
class Match:
    """A resting order (maker) met by an arriving one (taker), at the maker's price, with both totals as they stood then."""

    maker: BookOrder
    taker: BookOrder
    price: Decimal
    quantity: Decimal
    maker_cum_quantity: Decimal
    taker_cum_quantity: Decimal


@dataclass(frozen=True, kw_only=True)
class Execution:
    """What came of an order: its matches, and the `reason` why the rest did not stay in the book (None: it stays or is filled).

    `self_trades` are resting orders of the same owner that were taken out rather than matched.
    """

    matches: tuple[Match, ...] = ()
    self_trades: tuple[BookOrder, ...] = ()
    reason: str | None = None


class OrderBook:
    """The bids and asks of one instrument."""

    def __init__(self) -> None:
        self._sides: dict[Side, list[BookOrder]] = {"buy": [], "sell": []}
        self.sequence = 0

    def resting(self, side: Side) -> tuple[BookOrder, ...]:
        """The orders of one side, the first to be matched first."""
        return tuple(self._sides[side])

    def submit(self, order: BookOrder) -> Execution:
        """Match an arriving order and let the rest of it stay, if its terms allow."""
        if order.is_post_only and self.would_match(order, limit_price=order.limit_price):
            return Execution(reason="post_only_would_match")
        if order.time_in_force == "fok" and self._available_to(order) < order.leaves_quantity:
            return Execution(reason="fill_or_kill")
        matches, self_trades = self._match(order)
        reason = _why_rest_leaves(order)
        if reason is None and order.leaves_quantity > 0:
            self.sequence += 1
            order.sequence = self.sequence
            self.place(order)
        return Execution(matches=matches, self_trades=self_trades, reason=reason)

    def cancel(self, order: BookOrder) -> bool:
        """Take an order out. False if it was not in the book."""
        orders = self._sides[order.side]
        if order not in orders:
            return False
        orders.remove(order)
        return True

    def replace(self, order: BookOrder, *, quantity: Decimal, limit_price: Decimal | None) -> Execution:
        """Give a resting order a new total quantity and price.

        A smaller quantity at the same price keeps its priority; all else joins the end of its queue and may
        match at once. A quantity below what is filled is raised to it, which leaves nothing to fill.
        """
        quantity = max(quantity, order.cum_quantity)
        if order.is_post_only and self.would_match(order, limit_price=limit_price):
            return Execution(reason="post_only_would_match")
        if keeps_priority(order, quantity=quantity, limit_price=limit_price):
            order.quantity = quantity
            if order.leaves_quantity == 0:
                self.cancel(order)
            return Execution()
        self.cancel(order)
        order.quantity, order.limit_price = quantity, limit_price
        return self.submit(order) if order.leaves_quantity > 0 else Execution()

    def place(self, order: BookOrder) -> None:
        """Put an order where its price and its sequence belong, matching nothing."""
        insort(self._sides[order.side], order, key=_priority)

    def would_match(self, order: BookOrder, *, limit_price: Decimal | None) -> bool:
        """Whether the order would match at once at that price."""
        opposite = self._sides[_opposite(order.side)]
        return bool(opposite) and _crosses(order.side, limit_price, opposite[0])

    def _available_to(self, order: BookOrder) -> Decimal:
        opposite = self._sides[_opposite(order.side)]
        reachable = (other for other in opposite if _crosses(order.side, order.limit_price, other))
        return sum((other.leaves_quantity for other in reachable if not _is_same_owner(order, other)), ZERO)

    def _match(self, taker: BookOrder) -> tuple[tuple[Match, ...], tuple[BookOrder, ...]]:
        opposite = self._sides[_opposite(taker.side)]
        matches: list[Match] = []
        self_trades: list[BookOrder] = []
        while taker.leaves_quantity > 0 and opposite and _crosses(taker.side, taker.limit_price, opposite[0]):
            maker = opposite[0]
            if _is_same_owner(taker, maker):
                self_trades.append(opposite.pop(0))
                continue
            matches.append(_meet(maker, taker))
            if maker.leaves_quantity == 0:
                opposite.pop(0)
        return tuple(matches), tuple(self_trades)


def keeps_priority(order: BookOrder, *, quantity: Decimal, limit_price: Decimal | None) -> bool:
    """Whether a replace to these terms leaves the order its place in the queue."""
    return limit_price == order.limit_price and quantity <= order.quantity


def _meet(maker: BookOrder, taker: BookOrder) -> Match:
    assert maker.limit_price is not None, "only limit orders rest"
    quantity = min(maker.leaves_quantity, taker.leaves_quantity)
    maker.cum_quantity += quantity
    taker.cum_quantity += quantity
    return Match(
        maker=maker,
        taker=taker,
        price=maker.limit_price,
        quantity=quantity,
        maker_cum_quantity=maker.cum_quantity,
        taker_cum_quantity=taker.cum_quantity,
    )


def _why_rest_leaves(order: BookOrder) -> str | None:
    if order.leaves_quantity == 0:
        return None
    if order.limit_price is None:
        return "no_liquidity"
    return "immediate_or_cancel" if order.time_in_force in ("ioc", "fok") else None


def _priority(order: BookOrder) -> tuple[Decimal, int]:
    assert order.limit_price is not None, "only limit orders rest"
    return (-order.limit_price if order.side == "buy" else order.limit_price), order.sequence


def _crosses(side: Side, limit_price: Decimal | None, resting: BookOrder) -> bool:
    if limit_price is None or resting.limit_price is None:
        return True
    return limit_price >= resting.limit_price if side == "buy" else limit_price <= resting.limit_price


def _is_same_owner(first: BookOrder, second: BookOrder) -> bool:
    return bool(first.owner) and first.owner == second.owner


def _opposite(side: Side) -> Side:
    return "sell" if side == "buy" else "buy"
