"""Hyperliquid's limits for one IP address, the weights of queries, and the delay of polled
accounts."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from orderledger.venues.base.transport.pacing import ONE_WINDOW
from orderledger.venues.base.transport.rate_limiter import RateLimiter

LIGHT = frozenset({"clearinghouseState", "orderStatus", "spotClearinghouseState"})
PER_ROWS = frozenset(
    {
        *("historicalOrders", "userFills", "userFillsByTime", "userFunding"),
        "userNonFundingLedgerUpdates",
    }
)
LIGHT_WEIGHT = 2
USUAL_WEIGHT = 20
ROWS_PER_WEIGHT = 20
ORDERS_PER_WEIGHT = 40
FILLS_PER_PAGE = 2000
FUNDINGS_PER_PAGE = 500
FILLS_KEPT = 10_000
"""Number of an account's last fills that the venue guarantees to keep."""
MOST_HISTORY_WEIGHT = USUAL_WEIGHT + 2000 // ROWS_PER_WEIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class HyperliquidLimits:
    """As documented, per IP address. `headroom` is the share of the weight left to others; `minute`
    is for tests.

    `users`: accounts that may be tracked over all websockets together; `connections`: open at once,
    `connections_per_minute`: new ones.
    """

    users: int = 10
    connections: int = 10
    connections_per_minute: int = 30
    subscriptions: int = 1000
    weight_per_minute: int = 1200
    headroom: Fraction = Fraction(1, 5)
    minute: float = 60.0

    def __post_init__(self) -> None:
        if (
            not 0 <= self.headroom < 1
            or self.weight < USUAL_WEIGHT
            or self.connections_per_minute < 1
        ):
            raise ValueError(f"{self} leaves no room for a query")

    @property
    def weight(self) -> int:
        """The weight that this adapter uses per minute."""
        return int(self.weight_per_minute * (1 - self.headroom))

    def streams(self, accounts: int, subscriptions_each: int) -> int:
        """The number of these accounts that can be streamed: each needs its own connection."""
        return max(
            0, min(accounts, self.users, self.connections, self.subscriptions // subscriptions_each)
        )


def weight_limit(limits: HyperliquidLimits) -> Mapping[str, RateLimiter]:
    """The limit of all requests of one IP address, as a new counter."""
    return {ONE_WINDOW: RateLimiter(limits.weight, limits.minute)}


def weight_of(question: str) -> int:
    """The weight of a query of `/info`, without its rows."""
    return LIGHT_WEIGHT if question in LIGHT else USUAL_WEIGHT


def weight_of_action(orders: int) -> int:
    """The weight of an action with so many orders (hyperliquid.gitbook.io, "Rate limits")."""
    return 1 + orders // ORDERS_PER_WEIGHT


def weight_of_rows(question: str, rows: int) -> int:
    """The weight of the rows of an answer."""
    return ceil(rows / ROWS_PER_WEIGHT) if question in PER_ROWS else 0


def round_weight(exchanges: int) -> int:
    """The weight of one poll of an account: a list of open orders for each exchange, and the fills
    since the last poll."""
    return exchanges * weight_of("frontendOpenOrders") + weight_of("userFillsByTime")


def round_seconds(polled: int, exchanges: int, limits: HyperliquidLimits) -> float:
    """The time needed to poll each account once: the longest delay of any of them."""
    return polled * round_weight(exchanges) * limits.minute / limits.weight
