"""Hyperliquid's words, as data: statuses, order types, times in force, directions of fills, names
of instruments."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

from orderledger import OrderType, Side, TimeInForce

NAME = "hyperliquid"
CLOID = "hyperliquid.cloid"
"""The alias for the client id under which the venue has an order."""
SETTLEMENT_CURRENCY = "USDC"
SPOT = ".spot"
"""Suffix for the name of a token: plain `HYPE` is the perpetual."""


class Meaning(StrEnum):
    """The meaning of a status word."""

    WORKING = "working"
    TRIGGERED = "triggered"
    FILLED = "filled"
    CANCELED_BY_USER = "canceled_by_user"
    CANCELED_BY_VENUE = "canceled_by_venue"
    REJECTED = "rejected"
    UNMATCHED = "unmatched"
    UNKNOWN = "unknown"


STATUSES: Mapping[str, Meaning] = {
    "open": Meaning.WORKING,
    "accepted": Meaning.WORKING,
    "triggered": Meaning.TRIGGERED,
    "filled": Meaning.FILLED,
    # Also the old leg of a modify, which does not end the order.
    "canceled": Meaning.CANCELED_BY_USER,
    "marginCanceled": Meaning.CANCELED_BY_VENUE,
    "vaultWithdrawalCanceled": Meaning.CANCELED_BY_VENUE,
    "openInterestCapCanceled": Meaning.CANCELED_BY_VENUE,
    "selfTradeCanceled": Meaning.CANCELED_BY_VENUE,
    "reduceOnlyCanceled": Meaning.CANCELED_BY_VENUE,
    "siblingFilledCanceled": Meaning.CANCELED_BY_VENUE,
    "delistedCanceled": Meaning.CANCELED_BY_VENUE,
    "liquidatedCanceled": Meaning.CANCELED_BY_VENUE,
    "outcomeSettledCanceled": Meaning.CANCELED_BY_VENUE,
    # The dead man's switch, and the venue's own reasons: the two cancels that the suffix does not
    # show.
    "scheduledCancel": Meaning.CANCELED_BY_VENUE,
    "internalCancel": Meaning.CANCELED_BY_VENUE,
    "rejected": Meaning.REJECTED,
    "tickRejected": Meaning.REJECTED,
    "minTradeNtlRejected": Meaning.REJECTED,
    "minTradeSpotNtlRejected": Meaning.REJECTED,
    "perpMarginRejected": Meaning.REJECTED,
    "perpMaxPositionRejected": Meaning.REJECTED,
    "reduceOnlyRejected": Meaning.REJECTED,
    "badAloPxRejected": Meaning.REJECTED,
    "badTriggerPxRejected": Meaning.REJECTED,
    "marketOrderNoLiquidityRejected": Meaning.REJECTED,
    "positionIncreaseAtOpenInterestCapRejected": Meaning.REJECTED,
    "positionFlipAtOpenInterestCapRejected": Meaning.REJECTED,
    "tooAggressiveAtOpenInterestCapRejected": Meaning.REJECTED,
    "openInterestIncreaseRejected": Meaning.REJECTED,
    "insufficientSpotBalanceRejected": Meaning.REJECTED,
    "oracleRejected": Meaning.REJECTED,
    "tooManyOpenOrdersRejected": Meaning.REJECTED,
    "outcomeSettledRejected": Meaning.REJECTED,
    # An immediate-or-cancel order without a counterparty: it ended by its time in force.
    "iocCancelRejected": Meaning.UNMATCHED,
}

SUFFIXES: Mapping[str, Meaning] = {
    "Canceled": Meaning.CANCELED_BY_VENUE,
    "Rejected": Meaning.REJECTED,
}
"""Suffixes that show the meaning of later words."""

SIDES: Mapping[str, Side] = {"B": Side.BUY, "A": Side.SELL}

ORDER_TYPES: Mapping[str, OrderType] = {
    "Market": OrderType.MARKET,
    "Limit": OrderType.LIMIT,
    "Stop Market": OrderType.STOP,
    "Stop Limit": OrderType.STOP_LIMIT,
    "Take Profit Market": OrderType.TAKE_PROFIT,
    "Take Profit Limit": OrderType.TAKE_PROFIT_LIMIT,
}
PRICED = frozenset({None, "Limit", "Stop Limit", "Take Profit Limit"})
"""Order types whose `limitPx` is a limit. For market orders it is the worst price that the
sender accepts, not a term to report.
"""

TIMES_IN_FORCE: Mapping[str, TimeInForce] = {
    "Gtc": TimeInForce.GTC,
    "Alo": TimeInForce.GTC,
    "Ioc": TimeInForce.IOC,
    "FrontendMarket": TimeInForce.IOC,
    "LiquidationMarket": TimeInForce.IOC,
}
ADD_LIQUIDITY_ONLY = "Alo"

TRADED = frozenset(
    {"Open Long", "Open Short", "Close Long", "Close Short", "Long > Short", "Short > Long", "Buy",
    "Sell"}
)  # fmt: skip
"""Directions of fills from an order of the account. Any other is an execution by the venue, and
its reason.
"""
CLOSED = frozenset({"Close Long", "Close Short"})
SETTLED = "Settlement"
LIQUIDATED = "Liquidated"
LIQUIDATION = "liquidation"

USER_EVENTS = ("user", "userEvents")
"""The channel of user events, and the name of its subscription."""
USER_EVENT_KINDS = frozenset(
    {"fills", "funding", "liquidation", "nonUserCancel", "twapHistory", "twapSliceFills"}
)

ORDERLESS = ("default", "twapOrder", "twapCancel")
"""Types of an action's answer that are not about orders."""

SILENT = frozenset(
    {
        "activeAssetCtx",
        "activeAssetData",
        "activeSpotAssetCtx",
        "allDexsAssetCtxs",
        "allMids",
        "assetCtxs",
        "bbo",
        "candle",
        "error",
        "fastAssetCtxs",
        "l2Book",
        "notification",
        "outcomeMetaUpdates",
        "pong",
        "spotAssetCtxs",
        "subscriptionResponse",
        "trades",
        "twapStates",
        "userTwapHistory",
        "webData3",
    }
)
"""Channels without content about the account's orders, fills, fundings or positions, or with
content that another channel has too.
"""

CLOID_DIGITS = 32
CLOID_TEXT = re.compile(f"0x[0-9a-fA-F]{{{CLOID_DIGITS}}}")
OTHER_MARKETS = frozenset("@/#:")
"""Coins of spot, of outcomes and of builders' exchanges contain one of these characters; other
perpetuals never do.
"""


def meaning_of(status: str) -> Meaning:
    """The meaning of a status word. Undocumented words are classified by their suffix, the rest
    are unknown.
    """
    known = STATUSES.get(status)
    if known is not None:
        return known
    return next(
        (meaning for suffix, meaning in SUFFIXES.items() if status.endswith(suffix)),
        Meaning.UNKNOWN,
    )


def is_cloid(text: str) -> bool:
    """Whether the venue accepts it as a client id: 0x and 32 hexadecimal digits."""
    return CLOID_TEXT.fullmatch(text) is not None


def cloid_for(client_order_id: str) -> str:
    """The client id for one of our orders: its own id if the venue accepts it, else made from
    its hash.
    """
    if is_cloid(client_order_id):
        return client_order_id.lower()
    return "0x" + sha256(client_order_id.encode()).hexdigest()[:CLOID_DIGITS]


@dataclass(frozen=True, slots=True)
class Symbols:
    """The ledger's names of instruments, if they differ from the venue's coins. `names`:
    instruments by coin.

    Coins are `BTC` (perpetual), `@107` or `PURR/USDC` (spot), `xyz:TSLA` (a builder's exchange),
    `#250` (an outcome).
    """

    names: Mapping[str, str] = field(default_factory=dict)
    _coins: Mapping[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        coins = {instrument: coin for coin, instrument in self.names.items()}
        if len(coins) != len(self.names) or any(
            name in self.names for name in coins if coins[name] != name
        ):
            raise ValueError("two coins would have the same name")
        object.__setattr__(self, "_coins", coins)

    def instrument(self, coin: str) -> str:
        return self.names.get(coin, coin)

    def coin(self, instrument: str) -> str:
        return self._coins.get(instrument, instrument)


AS_AT_THE_VENUE = Symbols()
