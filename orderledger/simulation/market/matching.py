"""Matching at a simulated exchange: arriving orders meet those that rest, by price and time."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from orderledger import Liquidity, Side
from orderledger.extend.values import EXACT
from orderledger.simulation.market.book import Match
from orderledger.simulation.market.checks import TAKES_PROFIT
from orderledger.simulation.market.numbers import Number
from orderledger.simulation.market.rows import (
    OrderStatus,
    SimulatedFill,
    SimulatedFunding,
    SimulatedOrder,
    SimulatedTransfer,
)
from orderledger.simulation.market.scripted import Named, ScriptedExchange


@dataclass(frozen=True, kw_only=True)
class SavedExchange:
    """The whole state of an exchange. `resting`: the orders in each book, background orders
    included, the earliest first.
    """

    orders: list[SimulatedOrder]
    fills: list[SimulatedFill]
    fundings: list[SimulatedFunding]
    resting: dict[str, list[SimulatedOrder]]
    next_order_id: int
    next_fill_id: int
    sequence: int
    transfers: list[SimulatedTransfer] = field(default_factory=list)


class MatchingExchange(ScriptedExchange):
    """An exchange that matches. A scripted order stays out of the books until it is entered."""

    def enter(self, order: Named) -> SimulatedOrder:
        """Match an open order, and let its remainder rest if its terms allow. Returns its row
        after that.
        """
        row = self._standing(order, OrderStatus.OPEN)
        self.meet(row)
        return self.order(row.order_id)

    def meet(self, order: SimulatedOrder) -> None:
        """Match an arriving order. A background order, without an account, exists only in the
        book.
        """
        book = self.book(order.instrument)
        execution = book.execution(order)
        for resting in execution.self_trades:
            self.cancel(resting, reason="self_trade")
        for match in execution.matches:
            order = self._traded(match, order)
        if execution.reason is None:
            book.update(order)
        elif order.account:
            self.cancel(order, reason=execution.reason)
        for price in dict.fromkeys(match.price for match in execution.matches):
            self._trigger_stops(order.instrument, price)

    def withdraw(self, order: SimulatedOrder) -> None:
        """Remove a background order from its book."""
        self.book(order.instrument).update(replace(order, status=OrderStatus.CANCELED))

    def modify(
        self,
        order: Named,
        *,
        quantity: Number | None = None,
        limit_price: Number | None = None,
        stop_price: Number | None = None,
        with_new_id: bool,
    ) -> SimulatedOrder:
        """The scripted change. An order that rests in the book is matched under its new terms."""
        row = self.order(self._id(order))
        is_resting = row.order_id in self.book(row.instrument)
        row = super().modify(
            row,
            quantity=quantity,
            limit_price=limit_price,
            stop_price=stop_price,
            with_new_id=with_new_id,
        )
        return self.enter(row) if is_resting else row

    def expire_due(self, at: datetime) -> list[SimulatedOrder]:
        """Expire the open orders whose time has passed."""
        due = [
            order
            for order in map(self.order, self._standing_ids)
            if order.expire_at is not None and order.expire_at <= at
        ]
        return [self.expire(order) for order in due]

    def saved(self) -> SavedExchange:
        """All that `restore` needs besides the constructor's arguments."""
        return SavedExchange(
            orders=list(self._orders.values()),
            fills=[fill for fills in self._fills.values() for fill in fills],
            fundings=[funding for fundings in self._fundings.values() for funding in fundings],
            transfers=[one for rows in self._transfers.values() for one in rows],
            resting={instrument: book.by_arrival() for instrument, book in self._books.items()},
            next_order_id=self._next_order_id,
            next_fill_id=self._next_fill_id,
            sequence=self.sequence,
        )

    def restore(self, saved: SavedExchange) -> None:
        """Continue from a saved state; this exchange must be new. Positions follow from the
        fills.
        """
        for order in saved.orders:
            self._keep_order(order)
        for fill in saved.fills:
            self._keep_fill(fill)
        for funding in saved.fundings:
            self._keep_funding(funding)
        for transfer in saved.transfers:
            self._keep_transfer(transfer)
        for instrument, resting in saved.resting.items():
            for order in resting:
                self.book(instrument).update(order)
        self._next_order_id, self._next_fill_id, self.sequence = (
            saved.next_order_id,
            saved.next_fill_id,
            saved.sequence,
        )

    def _traded(self, match: Match, taker: SimulatedOrder) -> SimulatedOrder:
        """Fill both sides with one id. Returns the taker's row after it."""
        fill_id: int | None = None
        rows = []
        for order, liquidity in ((match.maker, Liquidity.MAKER), (taker, Liquidity.TAKER)):
            if order.account:
                fill_id = self.fill(
                    order, match.quantity, price=match.price, liquidity=liquidity, fill_id=fill_id
                ).fill_id
                rows.append(self.order(order.order_id))
            else:
                rows.append(replace(order, filled=EXACT.add(order.filled, match.quantity)))
        self.book(taker.instrument).update(rows[0])
        return rows[1]

    def _trigger_stops(self, instrument: str, price: Decimal) -> None:
        waiting = [
            order for order in map(self.order, self._standing_ids) if order.instrument == instrument
        ]
        for order in waiting:
            if self.order(order.order_id).status is OrderStatus.WAITING and _is_reached(
                order, price
            ):
                self.enter(self.trigger(order))


def _is_reached(order: SimulatedOrder, price: Decimal) -> bool:
    if order.stop_price is None:
        return False
    rises = (order.side is Side.BUY) is (order.order_type not in TAKES_PROFIT)
    return price >= order.stop_price if rises else price <= order.stop_price
