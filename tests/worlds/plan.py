"""What one seed decides: the venue and its accounts, the weather of faults, and all that is done,
one act after the other."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random

VENUES = ("ccxt", "hyperliquid", "invex", "lighter", "nobitex", "tradier", "wallex")

ACTS = {
    "happen": 60,
    "burst": 5,
    "request": 16,
    "cancel": 4,
    "replace": 4,
    "pause": 10,
    "cut": 2,
    "stop_server": 1,
    "refuse": 1,
    "crash": 2,
    "restart": 1,
}
"""What can be done, and how often beside the others. `burst`: many things happen before anybody can
hear of the first. `request`, `cancel` and `replace` are ours, through the ledger; `crash` and
`restart` are the collector's."""

FRAME_CHANCES = {"drop": 0.02, "repeat": 0.1, "reorder": 0.1, "delay": 0.1, "malformed": 0.03}
ANSWER_CHANCES = {
    "lose_answer": 0.08,
    "server_error": 0.1,
    "too_many_requests": 0.05,
    "stale": 0.1,
    "malformed": 0.05,
}
"""The worst weather: of each fault up to so much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`streams`: how many accounts there is a websocket for. `every`: between two reconciliations
    of an account, None for those alone that something asks for. `overlap`: how much of what was
    covered is asked for again. `skew`: by how much our clock is ahead of the venue's."""

    seed: int
    venue: str
    accounts: int
    streams: int
    acts: tuple[str, ...]
    chances: dict[str, float]
    delay_seconds: float
    every: timedelta | None
    overlap: timedelta
    skew: timedelta

    @property
    def is_quiet(self) -> bool:
        """Whether nothing goes wrong at all: then nothing is missed."""
        return not self.chances and set(self.acts) <= QUIET_ACTS and self.streams == self.accounts


QUIET_ACTS = frozenset({"happen", "burst", "request", "cancel", "replace", "pause"})


def plan_of(seed: int, venue: str | None = None, *, is_calm: bool = False) -> Plan:
    """The plan of a seed. The venues take turns, unless one is named. `is_calm`: without faults,
    for looking at a story."""
    chance = Random(f"plan {seed}")
    accounts = chance.randint(1, 3)
    is_calm = chance.random() < 0.1 or is_calm
    return Plan(
        seed=seed,
        venue=venue or VENUES[seed % len(VENUES)],
        accounts=accounts,
        streams=chance.choice((accounts, accounts, accounts - 1, 0)),
        acts=tuple(chance.choices(list(ACTS), list(ACTS.values()), k=chance.randint(20, 90))),
        chances={} if is_calm else _weather(chance),
        delay_seconds=chance.choice((0.002, 0.01, 0.03)),
        every=chance.choice((None, timedelta(seconds=0.05), timedelta(seconds=0.2))),
        overlap=chance.choice((timedelta(minutes=10), timedelta(seconds=2))),
        skew=timedelta(milliseconds=chance.choice((0, 0, 0, -40, 40, 700))),
    )


def _weather(chance: Random) -> dict[str, float]:
    worst = {**FRAME_CHANCES, **ANSWER_CHANCES}
    return {
        name: round(chance.uniform(0, most), 4)
        for name, most in worst.items()
        if chance.random() < 0.6
    }
