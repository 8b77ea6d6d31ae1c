"""Lighter's words, as data: statuses, order types, times in force, kinds of trade, error codes, limits."""

from enum import StrEnum

from orderledger.domain.values import OrderType, TimeInForce

VENUE = "lighter"
CLIENT_ORDER_INDEX = "lighter.client_order_index"
"""The alias under which the venue's only client id is kept."""

CURRENCY = "USDC"
"""What funding is paid in, and what `usd_amount` counts."""

RATE_UNIT_DIGITS = 6
"""A fee is a rate in millionths."""

PERPETUAL = "perps"
SPOT = "spot"
KINDS = {PERPETUAL: range(2048), SPOT: range(2048, 4095)}
"""What `market_kind` says of a market, and its indexes, where rows do not say it. The third kind is `bo`, a binary option."""

NO_MARKET = 255
"""The market index that names none, or all."""


class Meaning(StrEnum):
    """What a status says of an order. `refused`: rejected if nothing was filled, else canceled."""

    RECEIVED = "received"
    WAITING = "waiting"
    WORKING = "working"
    FILLED = "filled"
    CANCELED = "canceled"
    REFUSED = "refused"
    EXPIRED = "expired"


STATUSES: dict[str, Meaning] = {
    "in-progress": Meaning.RECEIVED,
    "pending": Meaning.WAITING,
    "open": Meaning.WORKING,
    "filled": Meaning.FILLED,
    "canceled": Meaning.CANCELED,
    "canceled-reduce-only": Meaning.CANCELED,
    "canceled-self-trade": Meaning.CANCELED,
    "canceled-oco": Meaning.CANCELED,
    "canceled-child": Meaning.CANCELED,
    "canceled-liquidation": Meaning.CANCELED,
    "canceled-post-only": Meaning.REFUSED,
    "canceled-position-not-allowed": Meaning.REFUSED,
    "canceled-margin-not-allowed": Meaning.REFUSED,
    "canceled-invalid-balance": Meaning.REFUSED,
    "canceled-too-much-slippage": Meaning.EXPIRED,
    "canceled-not-enough-liquidity": Meaning.EXPIRED,
    "canceled-expired": Meaning.EXPIRED,
}
"""A status that is not among these is told as it is, and leaves the order open."""

PLAIN_STATUSES = frozenset({"canceled", "canceled-expired"})
"""Ends whose message says all that the word does. The others are kept as the `reason`."""

TRIGGERS = frozenset({"mark-price", "twap", "parent-order"})
"""What a conditional order can wait for. It is accepted, and not on the book."""

ORDER_TYPES: dict[str, OrderType] = {
    "limit": OrderType.LIMIT,
    "market": OrderType.MARKET,
    "stop-loss": OrderType.STOP,
    "stop-loss-limit": OrderType.STOP_LIMIT,
}
"""All others, `take-profit`, `take-profit-limit`, `twap`, `twap-sub`, `liquidation`, are `other`."""

CONDITIONAL_TYPES = frozenset({"stop-loss", "stop-loss-limit", "take-profit", "take-profit-limit", "twap", "twap-sub"})

PROTECTED_TYPES = frozenset({"market", "stop-loss", "take-profit", "liquidation"})
"""They execute at any price up to the one they carry, which guards against slippage and is no limit price of ours."""

LIQUIDATION = "liquidation"
POST_ONLY = "post-only"

TIMES_IN_FORCE: dict[str, TimeInForce] = {
    "good-till-time": TimeInForce.GTD,
    "post-only": TimeInForce.GTD,
    "immediate-or-cancel": TimeInForce.IOC,
}

SETTLEMENT = "market-settlement"
"""A binary option that did not come about is settled at 0."""
PLAIN_TRADES = frozenset({"trade", "buy", "sell"})
"""Trades of any other type, `liquidation`, `deleverage`, `market-settlement`, have it as their `reason`. A side was the type
of older ones."""

CONTROL_FRAMES = frozenset(
    {"connected", "ping", "pong", "shutdown", "error", "subscribe", "unsubscribe", "unsubscribed"}
)  # fmt: skip
"""Those among them that we send, too: a log may hold both directions."""

BODIES: dict[str, tuple[str, ...]] = {
    "account_all_orders": ("orders",),
    "account_orders": ("orders",),
    "account_all_trades": ("trades",),
    "account_all_positions": ("positions",),
    "account_all_assets": ("assets",),
}
"""What a frame of the channel cannot be without."""

OK = 200
NOT_FOUND = 404
EXPIRED_TOKEN = 20013
ACCOUNT_NOT_FOUND = 21100
TOO_MANY = frozenset({23000, 23001, 23002, 23003})
ALREADY_SUBSCRIBED = 30003

WEIGHTS = {"accountInactiveOrders": 100, "trades": 600, "nextNonce": 6}
"""What a call costs a premium account of its allowance a minute. All others cost 300."""

DEFAULT_WEIGHT = 300
