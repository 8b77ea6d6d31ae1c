"""What Hyperliquid allows one address of the internet, what questions cost, and how long the watched have to wait for it."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

LIGHT = frozenset({"clearinghouseState", "orderStatus", "spotClearinghouseState"})
PER_ROWS = frozenset({"historicalOrders", "userFills", "userFillsByTime", "userFunding"})
LIGHT_WEIGHT = 2
USUAL_WEIGHT = 20
ROWS_PER_WEIGHT = 20
FILLS_PER_PAGE = 2000
FUNDINGS_PER_PAGE = 500
FILLS_KEPT = 10_000
"""Of an account: no more than the last ones are promised."""
MOST_HISTORY_WEIGHT = USUAL_WEIGHT + 2000 // ROWS_PER_WEIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """As documented, per IP address. `headroom` is the share of the weight that is left to others; `minute` is for tests.

    `users` may be tracked over all websockets together; `connections` at once, `connections_per_minute` new ones.
    """

    users: int = 10
    connections: int = 10
    connections_per_minute: int = 30
    subscriptions: int = 1000
    weight_per_minute: int = 1200
    headroom: Fraction = Fraction(1, 5)
    minute: float = 60.0

    def __post_init__(self) -> None:
        if not 0 <= self.headroom < 1 or self.weight < USUAL_WEIGHT or self.connections_per_minute < 1:
            raise ValueError(f"nothing can be asked within {self}")

    @property
    def weight(self) -> int:
        """What we spend of it in a minute."""
        return int(self.weight_per_minute * (1 - self.headroom))

    def streams(self, accounts: int, subscriptions_each: int) -> int:
        """How many of so many accounts can be streamed: each needs a connection of its own."""
        return max(0, min(accounts, self.users, self.connections, self.subscriptions // subscriptions_each))


def weight_of(question: str) -> int:
    """What a question of `/info` costs before its rows are counted."""
    return LIGHT_WEIGHT if question in LIGHT else USUAL_WEIGHT


def weight_of_rows(question: str, rows: int) -> int:
    """What the rows of an answer cost besides."""
    return ceil(rows / ROWS_PER_WEIGHT) if question in PER_ROWS else 0


def round_weight(exchanges: int) -> int:
    """What it costs to look at one account: a list of open orders for each exchange, and the fills since the last look."""
    return exchanges * weight_of("frontendOpenOrders") + weight_of("userFillsByTime")


def round_seconds(polled: int, exchanges: int, limits: Limits) -> float:
    """How long it takes to look at each of the polled accounts once: the delay of any of them, at most."""
    return polled * round_weight(exchanges) * limits.minute / limits.weight
