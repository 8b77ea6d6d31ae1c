"""Lighter's words, as data: statuses, order types, times in force, kinds of trade, error codes,
limits."""

from enum import StrEnum

from orderledger import OrderType, TimeInForce

VENUE = "lighter"
CLIENT_ORDER_INDEX = "lighter.client_order_index"
"""The alias for the venue's only client id."""

CURRENCY = "USDC"
"""The currency of funding and of `usd_amount`."""

RATE_UNIT_DIGITS = 6
"""A fee is a rate in millionths."""

PERPETUAL = "perps"
SPOT = "spot"
KINDS = {PERPETUAL: range(2048), SPOT: range(2048, 4095)}
"""Values of `market_kind`, and the indexes of each kind for rows without it. The third kind is
`bo`, a binary option."""

NO_MARKET = 255
"""The market index for no market, or for all."""


class Meaning(StrEnum):
    """The meaning of a status. `refused`: rejected if nothing was filled, otherwise canceled."""

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
"""Any other status is reported unchanged, and leaves the order open."""

PLAIN_STATUSES = frozenset({"canceled", "canceled-expired"})
"""Final statuses that the message type expresses fully. Others are kept as the `reason`."""

TRIGGERS = frozenset({"mark-price", "twap", "parent-order"})
"""Conditions that a conditional order waits for. The order is accepted, but not on the book."""

ORDER_TYPES: dict[str, OrderType] = {
    "limit": OrderType.LIMIT,
    "market": OrderType.MARKET,
    "stop-loss": OrderType.STOP,
    "stop-loss-limit": OrderType.STOP_LIMIT,
    "take-profit": OrderType.TAKE_PROFIT,
    "take-profit-limit": OrderType.TAKE_PROFIT_LIMIT,
}
"""All others, `twap`, `twap-sub`, `liquidation`, are `other`."""

CONDITIONAL_TYPES = frozenset(
    {"stop-loss", "stop-loss-limit", "take-profit", "take-profit-limit", "twap", "twap-sub"}
)

PROTECTED_TYPES = frozenset({"market", "stop-loss", "take-profit", "liquidation"})
"""Market orders: their price only limits slippage, so it is not reported as a limit price."""

AT_WORST_PRICE_TYPES = frozenset({"stop-loss", "take-profit"})
"""Those of them that wait for their trigger, so that the price can still be changed."""

LIQUIDATION = "liquidation"
POST_ONLY = "post-only"

TIMES_IN_FORCE: dict[str, TimeInForce] = {
    "good-till-time": TimeInForce.GTD,
    "post-only": TimeInForce.GTD,
    "immediate-or-cancel": TimeInForce.IOC,
}

SETTLEMENT = "market-settlement"
"""A binary option whose outcome did not happen is settled at 0."""
PLAIN_TRADES = frozenset({"trade", "buy", "sell"})
"""Trades of any other type, `liquidation`, `deleverage`, `market-settlement`, have it as their
`reason`. Older trades had a side as their type.
"""

CONTROL_FRAMES = frozenset(
    {"connected", "ping", "pong", "shutdown", "error", "subscribe", "unsubscribe", "unsubscribed"}
)  # fmt: skip
"""Message types that a client sends as well: a log may contain both directions."""

BODIES: dict[str, tuple[str, ...]] = {
    "account_all_orders": ("orders",),
    "account_orders": ("orders",),
    "account_all_trades": ("trades",),
    "account_all_positions": ("positions",),
    "account_all_assets": ("assets",),
}
"""The field that every frame of the channel has."""

OK = 200
NOT_FOUND = 404
EXPIRED_TOKEN = 20013
ACCOUNT_NOT_FOUND = 21100
TOO_MANY = frozenset({23000, 23001, 23002, 23003})
ALREADY_SUBSCRIBED = 30003

WEIGHTS = {"accountInactiveOrders": 100, "trades": 600, "nextNonce": 6, "sendTx": 6}
"""The weight of a call in a premium account's allowance per minute. Other calls weigh 300."""

DEFAULT_WEIGHT = 300

PREMIUM_ORDERS_PER_MINUTE = 4000
"""Transactions of a premium account without staked LIT. They have a limit apart from queries."""
