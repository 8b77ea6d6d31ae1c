"""The spaces of conditional orders at exchanges where they are another kind of order, from the
exchanges' pages. See the module `conditional`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionalSpace:
    """Conditional orders with ids and lists of their own, which make ordinary orders when they are
    triggered.

    Fields of `info`: `ids`, which only conditional orders have, mostly their id; `made`, the ids
    of the ordinary orders, as a text or a list, 0 if there is none; `ordinary`, one that only
    ordinary orders have, and that with their id, if they have the other id too, which ccxt takes.
    `lists`: parameters for ccxt, one for each list of open ones.
    `keeps_client_id`: whether ordinary orders are named by the same client id in requests.
    `takes_client_id`: whether requests name conditional orders by their client id. If not, the
    first id of an order of ours is that of the conditional order.
    """

    ids: tuple[str, ...]
    made: tuple[str, ...]
    ordinary: tuple[str, str] | None = None
    lists: tuple[Mapping[str, Any], ...] = ({"trigger": True},)
    keeps_client_id: bool = True
    takes_client_id: bool = True


BINANCE_USDM = ConditionalSpace(ids=("algoId", "aid"), made=("actualOrderId", "ai"))
"""developers.binance.com, "Query Algo Order" and "Event Algo Order Update"."""
OKX = ConditionalSpace(
    ids=("algoId",),
    made=("ordIdList", "ordId"),
    ordinary=("accFillSz", "ordId"),
    lists=(
        {"trigger": True},
        {"trigger": True, "ordType": "conditional,oco"},
        {"trailing": True},
    ),
    keeps_client_id=False,
)
"""okx.com/docs-v5, "Algo order details", "Algo order list" (one `ordType`, or conditional with oco)
and "Order details". A triggered order has `algoId` and `algoClOrdId`, no client id."""
GATE = ConditionalSpace(
    ids=("trigger",),
    made=("trade_id_string", "trade_id", "fired_order_id"),
    keeps_client_id=False,
    takes_client_id=False,
)
"""gate.com, API v4, `FuturesPriceTriggeredOrder` (`trade_id`) and `SpotPriceTriggeredOrder`
(`fired_order_id`): "ID of the newly created order on condition triggered". Both are queried and
canceled by their own id alone."""
