"""What one seed decides: the weather, the limits, and what happens to the gateways."""

from dataclasses import dataclass
from random import Random
from typing import Any

POLICIES = ("block_instrument", "block_account", "allow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Times are virtual seconds. `lost`: the share of calls whose answer or request is lost.
    `crashes`: how often a gateway is killed, `pauses`: how often it stands still, `rivals`: how
    often another one takes its accounts, `outages`: how often the venue is down, `steps`: how often
    a clock is set, `halts`: how often trading is halted. `store_failures`: the share of commits
    that fail, some of them after they were made. `late`: how long a late request is on its way,
    `engine`: how long a request may wait in the venue, `listed_after`: how long a new order is
    missing from queries."""

    seed: int
    seconds: float
    lost: float
    rejected: float
    crashes: int
    pauses: int
    rivals: int
    outages: int
    steps: int
    halts: int
    store_failures: float
    lease_seconds: float
    batch: int
    busyness: float
    limits: dict[str, Any]
    late: tuple[float, float]
    engine: float
    listed_after: float


def plan_of(seed: int) -> Plan:
    chance = Random(f"gateway plan {seed}")
    return Plan(
        seed=seed,
        seconds=chance.choice((20.0, 40.0, 80.0)),
        lost=chance.choice((0.0, 0.05, 0.2, 0.5)),
        rejected=chance.choice((0.0, 0.03, 0.2)),
        crashes=chance.choice((0, 1, 2, 5)),
        pauses=chance.choice((0, 0, 1, 3)),
        rivals=chance.choice((0, 0, 1, 3)),
        outages=chance.choice((0, 0, 1, 2)),
        steps=chance.choice((0, 0, 0, 2)),
        halts=chance.choice((0, 0, 0, 1, 2)),
        store_failures=chance.choice((0.0, 0.0, 0.0, 0.05)),
        lease_seconds=chance.choice((1.0, 2.0, 4.0)),
        batch=chance.choice((1, 1, 3)),
        busyness=chance.choice((0.1, 0.3, 1.0)),
        limits=_limits(chance),
        late=chance.choice(((0.0, 0.0), (0.0, 5.0), (2.0, 40.0))),
        engine=chance.choice((0.0, 0.0, 1.0, 4.0)),
        listed_after=chance.choice((0.0, 0.0, 0.5, 3.0)),
    )


def _limits(chance: Random) -> dict[str, Any]:
    """Some limits of every kind."""
    every: list[dict[str, Any]] = [
        {
            "name": "position",
            "instrument": "BTC-USD",
            "position_quantity": chance.choice(("0.5", "2", "6")),
        },
        {"name": "eth", "instrument": "ETH-USD", "position_quantity": chance.choice(("5", "20"))},
        {"name": "size", "instrument": "BTC-USD", "order_quantity": chance.choice(("0.8", "1.5"))},
        {"name": "notional", "order_notional": chance.choice(("50000", "120000"))},
        {"name": "open", "open_orders": chance.choice((3, 8))},
        {"name": "grid", "strategy": "grid", "open_orders": chance.choice((1, 2))},
        {
            "name": "grid position",
            "strategy": "grid",
            "instrument": "BTC-USD",
            "position_quantity": "1",
        },
        {"name": "gross", "gross_notional": chance.choice(("100000", "400000"))},
        {"name": "second", "orders_per_second": chance.choice((2, 5))},
        {"name": "day", "orders_per_day": chance.choice((30, 100))},
        {"name": "crossing", "self_crossing": False},
        {"name": "collar", "price_collar": chance.choice(("0.001", "0.01"))},
        {"name": "loss", "daily_loss": "20000"},
        {"name": "drawdown", "drawdown": "20000"},
        {"name": "stale", "mark_age_seconds": "120"},
    ]
    limits = [one for one in every if chance.random() < 0.5]
    breakers: list[dict[str, Any]] = [
        {"sending_failures": 6},
        {"rejects_per_minute": 8},
        {"instrument": "ETH-USD", "drawdown": "1000"},
    ]
    return {
        "unresolved": chance.choice((*POLICIES, "allow", "allow")),
        "limits": limits,
        "breakers": [
            {**one, "cancels_orders": chance.random() < 0.5}
            for one in breakers
            if chance.random() < 0.15
        ],
    }
