"""The terms of orders in Kraken's words.

Source: docs.kraken.com, add-order and get-open-orders. Of a triggered order, `price` is the trigger
price and `price2` the limit price. `expiretm` is the Unix time at which a GTD order ends. With the
flag viqc, `volume` counts the quote currency of a market order to buy. Trailing stops, icebergs and
relative prices are refused here.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from orderledger import OrderType, Side
from orderledger.extend.values import ZERO
from orderledger.simulation.market import SimulatedInstrument, SimulatedOrder

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TYPES = {
    "market": OrderType.MARKET,
    "limit": OrderType.LIMIT,
    "stop-loss": OrderType.STOP,
    "stop-loss-limit": OrderType.STOP_LIMIT,
    "take-profit": OrderType.TAKE_PROFIT,
    "take-profit-limit": OrderType.TAKE_PROFIT_LIMIT,
}
WORDS = {kind: word for word, kind in TYPES.items()}
CANNOT = "EGeneral:Invalid arguments"


def order_terms(asked: Mapping[str, str]) -> dict[str, Any]:
    """The terms of a request. Raises ValueError, with Kraken's error, for one that is refused."""
    kind = TYPES.get(asked["ordertype"])
    if kind is None:
        raise ValueError(f"{CANNOT}:ordertype")
    prices = [asked.get("price"), asked.get("price2")]
    if any(price is not None and price[:1] in "+-#" for price in prices):
        raise ValueError(f"{CANNOT}:price")
    is_triggered = kind not in (OrderType.MARKET, OrderType.LIMIT)
    stop, limit = prices if is_triggered else (None, prices[0])
    in_force = asked.get("timeinforce", "gtc").lower()
    expiry = asked.get("expiretm")
    if (in_force == "gtd") is not (expiry is not None):
        raise ValueError(f"{CANNOT}:expiretm")
    return {
        "side": Side(asked["type"]),
        "order_type": kind,
        "stop_price": stop,
        "limit_price": limit,
        "time_in_force": "ioc" if kind is OrderType.MARKET else in_force,
        "expire_at": None if expiry is None else EPOCH + timedelta(seconds=int(expiry)),
        "post_only": "post" in asked.get("oflags", ""),
    }


def bought_for(
    cost: Decimal, offers: Iterator[SimulatedOrder], instrument: SimulatedInstrument
) -> Decimal:
    """The quantity that an amount of quote currency buys, in whole lots."""
    found = ZERO
    for offer in offers:
        price = offer.limit_price or ZERO
        quantity = min(offer.unfilled, cost / price)
        found, cost = found + quantity, cost - quantity * price
        if cost <= 0:
            break
    return (found / instrument.lot).to_integral_value(ROUND_DOWN) * instrument.lot


def row_of_terms(order: SimulatedOrder, pair: str, cost: Decimal | None) -> dict[str, Any]:
    """The fields of an order's row that state its terms. `cost`: of an order in quote currency."""
    prices = [order.limit_price, None] if order.stop_price is None else [
        order.stop_price, order.limit_price]  # fmt: skip
    flags = ["fciq", *(["post"] if order.post_only else []), *(["viqc"] if cost else [])]
    expire_at = order.expire_at
    return {
        "expiretm": 0 if expire_at is None else int((expire_at - EPOCH).total_seconds()),
        "descr": {
            "pair": pair,
            "type": str(order.side),
            "ordertype": WORDS[order.order_type],
            "price": f"{prices[0] or ZERO:f}",
            "price2": f"{prices[1] or 0:f}",
            "leverage": "none",
            "order": "",
            "close": "",
        },
        "vol": f"{order.quantity if cost is None else cost:f}",
        "oflags": ",".join(flags),
    }


def chosen(orders: Iterable[SimulatedOrder], asked: Mapping[str, str]) -> Iterator[SimulatedOrder]:
    """The orders of a list, or those with the client id that was asked for.

    Source: docs.kraken.com, get-open-orders and get-closed-orders: `cl_ord_id` "restricts results
    to given client order id".
    """
    client_id = asked.get("cl_ord_id")
    return (one for one in orders if client_id in (None, one.client_id))
