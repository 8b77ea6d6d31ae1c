"""The lists of orders of a simulated Bybit: `realtime` and `history`, with their pages.

Sources: bybit-exchange/docs, v5. "Get Open & Closed Orders": a page has 20 rows unless `limit` says
otherwise, 50 at most, the newest first; `nextPageCursor` leads to the next one. A query by
`orderId` or `orderLinkId` finds orders of all kinds, also ended ones, and ignores `openOnly`; of
several parameters, the first of orderId, orderLinkId and symbol counts. "After a server release or
restart, filled, canceled, and rejected orders of Unified account should only be queried through
order history." "Get Order History": ended orders, with the same pages.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from orderledger.simulation.market import SimulatedOrder

PAGE, LONGEST_PAGE = 20, 50

Asked = dict[str, Any]


@dataclass(slots=True)
class BybitLists:
    """The parameters of both lists. `symbol_of`: Bybit's name of an instrument. `forgotten`: the
    ended orders that `realtime` has forgotten. `asked`: each query, for tests."""

    symbol_of: Callable[[str], str]
    forgotten: set[int] = field(default_factory=set)
    asked: list[tuple[str, Asked]] = field(default_factory=list)

    def realtime(self, orders: Iterable[SimulatedOrder], asked: Asked) -> list[SimulatedOrder]:
        self.asked.append(("realtime", asked))
        known = [one for one in orders if one.order_id not in self.forgotten]
        if _is_named(asked):
            return self._chosen(known, asked)
        return self._chosen([one for one in known if not one.status.is_ended], asked)

    def history(self, orders: Iterable[SimulatedOrder], asked: Asked) -> list[SimulatedOrder]:
        self.asked.append(("history", asked))
        return self._chosen([one for one in orders if one.status.is_ended], asked)

    def restart(self, orders: Iterable[SimulatedOrder]) -> None:
        """Restart the server: `realtime` forgets all ended orders."""
        self.forgotten |= {one.order_id for one in orders if one.status.is_ended}

    def _chosen(self, orders: Sequence[SimulatedOrder], asked: Asked) -> list[SimulatedOrder]:
        if "orderId" in asked:
            found = [one for one in orders if str(one.order_id) == asked["orderId"]]
        elif "orderLinkId" in asked:
            found = [one for one in orders if one.client_id == asked["orderLinkId"]]
        elif "symbol" in asked:
            found = [one for one in orders if self.symbol_of(one.instrument) == asked["symbol"]]
        else:
            found = list(orders)
        return sorted(found, key=lambda one: one.order_id, reverse=True)


def page_of(listed: Sequence[SimulatedOrder], asked: Asked) -> tuple[Sequence[SimulatedOrder], str]:
    """The orders of the page, and the cursor of the next one."""
    limit = min(int(asked.get("limit", PAGE)), LONGEST_PAGE)
    begin = int(asked.get("cursor") or 0)
    end = begin + limit
    return listed[begin:end], str(end) if end < len(listed) else ""


def _is_named(asked: Asked) -> bool:
    return "orderId" in asked or "orderLinkId" in asked
