"""OCO pairs of a simulated Nobitex.

Source: github.com/nobitex/docs-api, docs/market-trade.md: `mode=oco` places a limit order and a
stop-limit order. The first one has the client id, and each names the other in `pairId`. Canceling
one cancels both. The page does not say what happens while one is filled in part: nothing does here.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from orderledger import OrderType, Side
from orderledger.simulation.market import (
    Change,
    ExchangeSimulator,
    Reason,
    Refusal,
    SimulatedOrder,
)


class Pairs:
    """Follows the orders of each pair. `others`: the id of the other order, by id."""

    def __init__(self, exchange: ExchangeSimulator) -> None:
        self._exchange = exchange
        self.others: dict[int, int] = {}
        exchange.subscribe(self._follow)

    def place(
        self, account: str, instrument: str, given: Mapping[str, Any], stop_limit_price: Any
    ) -> tuple[SimulatedOrder, SimulatedOrder] | Refusal:
        """Both orders, or neither. `given`: the terms of the request."""
        prices = [Decimal(str(given[name])) for name in ("limit_price", "stop_price")]
        side = Side(given["side"])
        if (prices[0] > prices[1]) != (side is Side.SELL):
            return Refusal(reason=Reason.INCORRECT_PRICE)
        usual = {"instrument": instrument, "side": side, "quantity": given["quantity"]}
        first = self._exchange.submit(
            account, **usual, client_id=given["client_id"], limit_price=given["limit_price"]
        )
        if isinstance(first, Refusal):
            return first
        second = self._exchange.submit(
            account,
            **usual,
            order_type=OrderType.STOP_LIMIT,
            limit_price=str(stop_limit_price),
            stop_price=given["stop_price"],
        )
        if isinstance(second, Refusal):
            self._exchange.cancel(first)
            return second
        self.others |= {first.order_id: second.order_id, second.order_id: first.order_id}
        self._end_other(self._exchange.order(first.order_id))
        return tuple(self._exchange.order(one.order_id) for one in (first, second))  # type: ignore[return-value]

    def _follow(self, change: Change) -> None:
        if change.order is not None:
            self._end_other(change.order)

    def _end_other(self, order: SimulatedOrder) -> None:
        other = self.others.get(order.order_id)
        if other is None or not order.status.is_ended:
            return
        if not self._exchange.order(other).status.is_ended:
            self._exchange.cancel(self._exchange.order(other))
