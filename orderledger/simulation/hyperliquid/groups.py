"""Entries with exits at a simulated Hyperliquid: actions with the grouping `normalTpsl`.

Source: hyperliquid.gitbook.io, "Take profit and stop loss orders (TP/SL)". Exits are placed when
their entry is filled completely, or when its rest is canceled for insufficient margin. Any other
cancel of the entry cancels them. The status `siblingFilledCanceled` is on the page "Info
endpoint". No page says whether an exit that was not placed can be queried: here it is only in the
lists, under its entry.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from orderledger.simulation.market import (
    Change,
    ExchangeSimulator,
    OrderStatus,
    Refusal,
    SimulatedOrder,
)
from orderledger.simulation.market.checks import OrderTerms

GROUPING = "normalTpsl"
WAITS_FOR_FILL, WAITS_FOR_TRIGGER = "waitingForFill", "waitingForTrigger"
MARGIN, SIBLING = "marginCanceled", "siblingFilledCanceled"


class Groups:
    """Follows the orders of each group. `hidden`: exits that were never placed."""

    def __init__(self, exchange: ExchangeSimulator) -> None:
        self._exchange = exchange
        self.hidden: set[int] = set()
        exchange.subscribe(self._follow)

    def place(
        self, account: str, orders: Sequence[OrderTerms]
    ) -> tuple[SimulatedOrder | Refusal, Sequence[str]]:
        """The entry, and the words for its exits. Exits of a refused entry are not placed."""
        entry = self._exchange.submit(account, **orders[0])
        if isinstance(entry, Refusal):
            return entry, ()
        for terms in orders[1:]:
            number = self._exchange.place(
                account, **terms, parent_id=entry.order_id, is_accepted=False
            ).order_id
            self.hidden.add(number)
        entry = self._exchange.order(entry.order_id)
        self._settle(entry)
        word = WAITS_FOR_TRIGGER if entry.status is OrderStatus.FILLED else WAITS_FOR_FILL
        return entry, [word] * (len(orders) - 1)

    def is_hidden(self, order: SimulatedOrder) -> bool:
        """Whether the order is only in the lists, under its entry."""
        return order.order_id in self.hidden or order.status is OrderStatus.RECEIVED

    def _follow(self, change: Change) -> None:
        if change.order is not None and change.order.status.is_ended:
            self._settle(change.order)

    def _settle(self, order: SimulatedOrder) -> None:
        """Place or cancel the exits of an entry that has ended, and the sibling of a filled
        exit."""
        is_placed = order.status is OrderStatus.FILLED or order.reason == MARGIN
        for child in self._exchange.children(order.order_id):
            if child.status is not OrderStatus.RECEIVED or not order.status.is_ended:
                continue
            if is_placed:
                self.hidden.discard(child.order_id)
                self._exchange.accept(child)
            else:
                self._exchange.cancel(child)
        if order.parent_id is None or order.status is not OrderStatus.FILLED:
            return
        for sibling in self._exchange.children(order.parent_id):
            if not sibling.status.is_ended:
                self._exchange.cancel(sibling, reason=SIBLING)


def is_group(action: Mapping[str, Any]) -> bool:
    """Whether the orders of an action are one group."""
    return action.get("grouping") == GROUPING and len(action["orders"]) > 1
