"""ccxt's unified words, as data: statuses, sides, order types, times in force."""

from orderledger import (
    Acknowledged,
    Canceled,
    Expired,
    Liquidity,
    OrderType,
    Rejected,
    Side,
    TimeInForce,
)
from orderledger import OrderStatus as Status
from orderledger import StatusObserved as StatusReport
from orderledger.extend.messages import Report

NAME = "ccxt"
CLIENT_ID = "ccxt.clientOrderId"
"""The alias under which an order is recorded before it is sent: the client id that the exchange
receives.
"""

OPEN, CLOSED, CANCELED, CANCELING = "open", "closed", "canceled", "canceling"
ENDS: dict[str, tuple[type[Report], Status]] = {
    CLOSED: (StatusReport, Status.FILLED),
    CANCELED: (Canceled, Status.CANCELED),
    "expired": (Expired, Status.EXPIRED),
    "rejected": (Rejected, Status.REJECTED),
}
STATUSES: dict[str, tuple[type[Report], Status]] = {OPEN: (Acknowledged, Status.NEW), **ENDS}
"""The message for a unified status, and the ledger's word for it. Any other word is the exchange's
own: the order stays open."""

EXPIRY_WORDS = frozenset(
    {
        "expired",
        "expire",
        "expired_in_match",
        "ioc",
        "fok",
        "timeout",
        "canceled-expired",
        "time_in_force",
    }
)
REJECT_WORDS = frozenset(
    {"rejected", "failed", "order_failed", "reject", "error", "poc", "post_only"}
)
"""Words of the exchange that ccxt reports as `canceled`, in lower case. A rejected order with
fills was canceled.
"""

SIDES = {"buy": Side.BUY, "sell": Side.SELL}
LIQUIDITY = {"maker": Liquidity.MAKER, "taker": Liquidity.TAKER}
ORDER_TYPES = {"limit": OrderType.LIMIT, "market": OrderType.MARKET}
STOPPED_TYPES = {OrderType.LIMIT: OrderType.STOP_LIMIT, OrderType.MARKET: OrderType.STOP}
"""The type of an order that has a trigger price."""
PROFIT_TYPES = {
    OrderType.LIMIT: OrderType.TAKE_PROFIT_LIMIT,
    OrderType.MARKET: OrderType.TAKE_PROFIT,
}
"""The type of a take-profit order."""
TIMES_IN_FORCE = {  # in upper case
    "GTC": TimeInForce.GTC,
    "IOC": TimeInForce.IOC,
    "FOK": TimeInForce.FOK,
    "GTD": TimeInForce.GTD,
    "DAY": TimeInForce.DAY,
    "GFD": TimeInForce.DAY,
}
POST_ONLY = "PO"
TRIGGERS = ("triggerPrice", "stopPrice")
"""Fields that hold the trigger price. 0 means none."""
ATTACHED = ("stopLossPrice", "takeProfitPrice")
"""The trigger price of a conditional order, or of an order attached to another: the exchange's
own type word distinguishes them.
"""
TYPE_WORDS = (
    "type",
    "origType",
    "orderType",
    "ordType",
    "order_type",
    "ordertype",
    "stopOrderType",
    "planType",
    "algoType",
    "tpsl",
)
"""Fields of `info` that may mark an order as conditional."""
