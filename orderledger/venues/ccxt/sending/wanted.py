"""`wanted_terms`: the terms that a request must have for an order, and those that it must not have.
Needs no ccxt.
"""

from collections.abc import Mapping
from typing import Any

from orderledger import OrderType, PositionSide, Side, TimeInForce
from orderledger.extend.views import Row
from orderledger.venues.ccxt.sending.tables import Shape
from orderledger.venues.errors import NotSent

LIMITS = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT)
TAKES_PROFIT = (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)
HEDGED = (PositionSide.LONG, PositionSide.SHORT)
ALWAYS_STATED = (TimeInForce.FOK, TimeInForce.DAY, TimeInForce.GTD)
"""Times in force that a market order states, too."""


def wanted_terms(
    order: Row, market: Mapping[str, Any], client_id: str, shape: Shape
) -> dict[str, Any]:
    """The terms that the request must have, and those that it must not."""
    side, kind, position = order["side"], order["order_type"], order.get("position_side")
    is_limit, is_stop = kind in LIMITS, order.get("stop_price") is not None
    wanted: dict[str, Any] = {
        "instrument": str(market[shape.market]),
        "client_order_id": client_id,
        "side": str(side),
        "order_type": "limit" if is_limit else "market",
        "quantity_in": "base" if order.get("quote_quantity") is None else "quote",
        "quantity": order["quantity"],
        "limit_price": order.get("limit_price") if is_limit else None,
        "stop_price": order.get("stop_price"),
        "post_only": bool(order.get("post_only")),
        "reduce_only": _closes(order),
        "position_side": str(position) if position in HEDGED else None,
        "display_quantity": order.get("display_quantity"),
        "quote_quantity": order.get("quote_quantity"),
        "trails": kind == OrderType.TRAILING_STOP,
        "trail_offset": order.get("trail_offset"),
        "trail_offset_type": _text(order.get("trail_offset_type")),
        "activation_price": None,
        "expire_at": order.get("expire_at"),
    }
    if order.get("trigger_source") is not None:
        wanted["trigger_source"] = str(order["trigger_source"])
    in_force = order.get("time_in_force") or TimeInForce.GTC
    if is_limit or in_force in ALWAYS_STATED:
        wanted["time_in_force"] = str(in_force)
    if is_stop:
        rises = (side == Side.BUY) is (kind not in TAKES_PROFIT)
        wanted["stop_direction"] = "up" if rises else "down"
    wanted["takes_profit"] = kind in TAKES_PROFIT
    return wanted


def _closes(order: Row) -> bool:
    """Whether the order only reduces a position. Raises NotSent if its position side forbids it."""
    side, position = order["side"], order.get("position_side")
    if position not in HEDGED:
        return bool(order.get("reduce_only"))
    closes: bool = (side == Side.SELL) is (position == PositionSide.LONG)
    if order.get("reduce_only") and not closes:
        raise NotSent("position_side", f"a {side} opens a {position} position and cannot reduce it")
    return closes


def _text(word: Any) -> str | None:
    return None if word is None else str(word)
