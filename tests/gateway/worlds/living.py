"""A seed, from its plan to its verdict."""

import logging
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from tests.gateway.worlds.judge import faults_of
from tests.gateway.worlds.plan import Plan
from tests.gateway.worlds.world import World


@dataclass(slots=True)
class Verdict:
    """`faults`: all that is wrong, empty if nothing is. `story`: what happened."""

    plan: Plan
    faults: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    placed: int = 0

    def __str__(self) -> str:
        wrong = "\n".join(f"- {fault}" for fault in self.faults[:20])
        return f"seed {self.plan.seed} (python -m tests.gateway.worlds {self.plan.seed}):\n{wrong}"


def judged(plan: Plan, folder: Path) -> Verdict:
    """Live the world, and compare the ledger with the venue."""
    folder.mkdir(exist_ok=True)
    database = folder / f"gateway-world-{plan.seed}.db"
    for earlier in folder.glob(f"{database.name}*"):
        earlier.unlink()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        world = World(plan, database)
        verdict = Verdict(plan, story=world.story)
        try:
            world.live()
            verdict.faults += faults_of(world)
        except Exception as error:
            verdict.faults += [*world.odd, f"{type(error).__name__}: {error}"]
            if not isinstance(error, AssertionError):
                raise
        verdict.placed = sum(world.witness.placed.values())
        return verdict
    finally:
        structlog.reset_defaults()
