"""Actions of `/exchange`, in the venue's format. Numbers are text without trailing zeros, as
they are signed.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from orderledger.extend.values import EXACT, plain
from orderledger.extend.views import Row
from orderledger.venues.errors import NotSent
from orderledger.venues.hyperliquid.vocabulary import ADD_LIQUIDITY_ONLY, CLOID, cloid_for

TIMES_IN_FORCE = {None: "Gtc", "gtc": "Gtc", "ioc": "Ioc"}

TRIGGERS = {
    "stop": (True, "sl"),
    "stop_limit": (False, "sl"),
    "take_profit": (True, "tp"),
    "take_profit_limit": (False, "tp"),
}
"""Whether the triggered order is a market order, and the venue's word."""

# The order of the keys counts: the venue signs over the encoded action.


def order_wire(order: Row, *, asset: int) -> dict[str, Any]:
    """One order. Raises NotSent for terms that Hyperliquid does not support."""
    price = order["limit_price"]
    if price is None:
        raise NotSent(
            "incorrect_limit_price",
            f"a {order['order_type']} order needs a limit_price at Hyperliquid: the worst price at "
            "which it may trade",
        )
    return {
        "a": asset,
        "b": order["side"] == "buy",
        "p": plain(Decimal(price)),
        "s": plain(Decimal(order["quantity"])),
        "r": bool(order["reduce_only"]),
        "t": _type(order),
        "c": (order.get("aliases") or {}).get(CLOID) or cloid_for(order["client_order_id"]),
    }


def order_action(wires: Sequence[Mapping[str, Any]], grouping: str = "na") -> dict[str, Any]:
    return {"type": "order", "orders": list(wires), "grouping": grouping}


def cancel_action(asset: int, cloid: str | None, venue_order_id: str | None) -> dict[str, Any]:
    """Cancel by the cloid, or by the venue's id."""
    if cloid is not None:
        return {"type": "cancelByCloid", "cancels": [{"asset": asset, "cloid": cloid}]}
    if venue_order_id is None:
        raise NotSent("no_venue_order_id", "the order has neither a cloid nor a venue id")
    return {"type": "cancel", "cancels": [{"a": asset, "o": int(venue_order_id)}]}


def modify_action(order: Row, request: Row, asset: int) -> dict[str, Any]:
    """Change an order, identified by its cloid, with all of the new terms. `s` is the quantity
    that is to work, without what has filled.
    """
    quantity = order["quantity"] if request.get("quantity") is None else request["quantity"]
    working = EXACT.subtract(Decimal(quantity), Decimal(order["cum_quantity"]))
    if working <= 0:
        raise NotSent(
            "incorrect_quantity",
            f"{plain(Decimal(order['cum_quantity']))} is filled already: cancel the order instead",
        )
    prices = {
        name: order[name] if request.get(name) is None else request[name]
        for name in ("limit_price", "stop_price")
    }
    wire = order_wire({**order, **prices, "quantity": working}, asset=asset)
    return {"type": "batchModify", "modifies": [{"oid": wire["c"], "order": wire}]}


def _type(order: Row) -> dict[str, Any]:
    order_type, in_force = order["order_type"], order["time_in_force"]
    if order_type == "market":
        if in_force not in (None, "ioc") or order["post_only"]:
            raise NotSent(
                "unsupported_time_in_force", "a market order is ioc at Hyperliquid, never post-only"
            )
        return {"limit": {"tif": "Ioc"}}
    if order_type == "limit":
        if in_force not in TIMES_IN_FORCE:
            raise NotSent("unsupported_time_in_force", f"{in_force} is not one of gtc, ioc")
        return {"limit": {"tif": _tif(order)}}
    if order_type in TRIGGERS and order["stop_price"] is not None:
        return {"trigger": _trigger(order)}
    raise NotSent(
        "unsupported_order_type",
        f"{order_type} is not one of market, limit, {', '.join(sorted(TRIGGERS))}",
    )


def _tif(order: Row) -> str:
    return ADD_LIQUIDITY_ONLY if order["post_only"] else TIMES_IN_FORCE[order["time_in_force"]]


def _trigger(order: Row) -> dict[str, Any]:
    """A trigger has no time in force, and compares with the mark (Hyperliquid's page on TP/SL)."""
    if order["post_only"] or order["time_in_force"] not in (None, "gtc"):
        raise NotSent(
            "unsupported_time_in_force", "a trigger order is gtc at Hyperliquid, never post-only"
        )
    if order.get("trigger_source") not in (None, "mark"):
        raise NotSent("unsupported_term", "Hyperliquid compares the trigger price with the mark")
    is_market, word = TRIGGERS[order["order_type"]]
    price = plain(Decimal(order["stop_price"]))
    return {"isMarket": is_market, "triggerPx": price, "tpsl": word}
