"""The rows of conditional orders at a simulated Binance USD-M: see `binance_algo`."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from orderledger import Side
from orderledger.extend.values import ZERO
from orderledger.simulation.ccxt.binance_wallet import milliseconds, symbol_of
from orderledger.simulation.market import SimulatedOrder

Row = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class ConditionalOrder:
    """A conditional order. `order_id`: the ordinary order that it has made. `reason`: why the
    matching engine has refused that order."""

    algo_id: int
    client_id: str
    instrument: str
    kind: str
    side: Side
    quantity: Decimal
    limit_price: Decimal | None
    stop_price: Decimal
    in_force: str
    reduce_only: bool
    created_at: datetime
    updated_at: datetime
    status: str = "NEW"
    order_id: int | None = None
    triggered_at: datetime | None = None
    reason: str = ""

    @property
    def is_waiting(self) -> bool:
        return self.status == "NEW"

    def is_reached(self, price: Decimal) -> bool:
        """Whether a trade at this price triggers it."""
        rises = (self.side is Side.BUY) is self.kind.startswith("STOP")
        return price >= self.stop_price if rises else price <= self.stop_price


def row_of(order: ConditionalOrder, made: SimulatedOrder | None, *, client_id: str) -> Row:
    """The row of a query. `made`: the ordinary order. `client_id`: as Binance reports it."""
    return {
        "algoId": order.algo_id,
        "clientAlgoId": client_id,
        "algoType": "CONDITIONAL",
        "orderType": order.kind,
        "symbol": symbol_of(order.instrument),
        "side": order.side.name,
        "positionSide": "BOTH",
        "timeInForce": order.in_force,
        "quantity": order.quantity,
        "algoStatus": order.status,
        "actualOrderId": "" if made is None else str(made.order_id),
        "actualPrice": _average(made),
        "triggerPrice": order.stop_price,
        "price": order.limit_price or ZERO,
        "icebergQuantity": None,
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": "CONTRACT_PRICE",
        "priceMatch": "NONE",
        "closePosition": False,
        "priceProtect": False,
        "reduceOnly": order.reduce_only,
        "createTime": milliseconds(order.created_at),
        "updateTime": milliseconds(order.updated_at),
        "triggerTime": _trigger_time(order),
        "goodTillDate": 0,
    }


def content_of(order: ConditionalOrder, made: SimulatedOrder | None, *, client_id: str) -> Row:
    """The content of an `ALGO_UPDATE`."""
    return {
        "caid": client_id,
        "aid": order.algo_id,
        "at": "CONDITIONAL",
        "o": order.kind,
        "s": symbol_of(order.instrument),
        "S": order.side.name,
        "ps": "BOTH",
        "f": order.in_force,
        "q": order.quantity,
        "X": order.status,
        "ai": "" if made is None else str(made.order_id),
        "ap": _average(made),
        "aq": ZERO if made is None else made.filled,
        "act": "0" if made is None else made.order_type.name,
        "tp": order.stop_price,
        "p": order.limit_price or ZERO,
        "V": "EXPIRE_MAKER",
        "wt": "CONTRACT_PRICE",
        "pm": "NONE",
        "cp": False,
        "pP": False,
        "R": order.reduce_only,
        "tt": _trigger_time(order),
        "gtd": 0,
        **({"rm": order.reason} if order.reason else {}),
    }


def _trigger_time(order: ConditionalOrder) -> int:
    return 0 if order.triggered_at is None else milliseconds(order.triggered_at)


def _average(made: SimulatedOrder | None) -> Decimal:
    price = None if made is None else made.average_price
    return round(price, 8) if price else ZERO
