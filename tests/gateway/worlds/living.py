"""A seed, from its plan to its verdict."""

import gc
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.captured_logs import captured
from tests.gateway.worlds.judge import faults_of
from tests.gateway.worlds.plan import Plan
from tests.gateway.worlds.world import NotWell, World


@dataclass(slots=True)
class Verdict:
    """`faults`: all that is wrong, empty if nothing is. `story`: what happened. `placed`: orders
    that came to the venue. `results`: what the bots were told, and how often."""

    plan: Plan
    faults: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    placed: int = 0
    results: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        wrong = "\n".join(f"- {fault}" for fault in self.faults[:20])
        return f"seed {self.plan.seed} (python -m tests.gateway.worlds {self.plan.seed}):\n{wrong}"


def judged(plan: Plan, folder: Path) -> Verdict:
    """Live the world, and compare the ledger with the venue."""
    folder.mkdir(exist_ok=True)
    database = folder / f"gateway-world-{plan.seed}.db"
    for earlier in folder.glob(f"{database.name}*"):
        earlier.unlink()
    with captured(), forgetting():
        return _lived(plan, database)


def _lived(plan: Plan, database: Path) -> Verdict:
    world = World(plan, database)
    verdict = Verdict(plan, story=world.story)
    try:
        world.live()
        verdict.faults += faults_of(world)
    except NotWell as error:
        verdict.faults += [*world.odd, f"{type(error).__name__}: {error}"]
    verdict.placed = sum(world.witness.placed.values())
    for told in world.told:
        verdict.results[f"{told.kind}: {told.sending.state} {told.sending.reason or ''}"] += 1
    return verdict


@contextmanager
def forgetting() -> Iterator[None]:
    """Python complains of tasks that never end. Those of a machine that was killed are not to:
    nothing of them runs on."""
    hook = sys.unraisablehook
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        sys.unraisablehook = lambda unraisable: None
        try:
            yield
            gc.collect()
        finally:
            sys.unraisablehook = hook
