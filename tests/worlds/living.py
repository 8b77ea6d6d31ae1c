"""A seed, from its plan to its verdict."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from tests.worlds.judge import Judge
from tests.worlds.plan import Plan
from tests.worlds.world import World


@dataclass(slots=True)
class Verdict:
    """`faults`: all that is wrong, empty if nothing is. `story`: what happened. `injected`: the
    faults of the venue's server."""

    plan: Plan
    faults: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    injected: int = 0

    def __str__(self) -> str:
        again = f"python -m tests.worlds {self.plan.seed} --venue {self.plan.venue}"
        wrong = "\n".join(f"- {fault}" for fault in self.faults[:20])
        return f"seed {self.plan.seed} at {self.plan.venue} ({again}):\n{wrong}"


def judged(plan: Plan, folder: Path) -> Verdict:
    """Live the world, and compare it with its exchange: when the collector has stopped, and when
    all was reconciled again."""
    database = folder / f"world-{plan.venue}-{plan.seed}.db"
    folder.mkdir(exist_ok=True)
    for earlier in folder.glob(f"{database.name}*"):
        earlier.unlink()
    world = World(plan, database)
    verdict = Verdict(plan, story=world.story)
    try:
        asyncio.run(world.live())
    except Exception as error:
        verdict.faults.append(f"{type(error).__name__}: {error}")
    verdict.injected = world.faults.done.total()
    verdict.faults += [f"logged: {error}" for error in world.errors]
    if verdict.faults:
        return verdict
    judge = Judge(
        world.database,
        world.kind,
        world.exchange,
        world.desk.sent,
        is_whole=plan.is_quiet,
        had_gaps=plan.every is None,
    )
    verdict.faults += judge.faults()
    for number in (1, 2):
        before = judge.log_length()
        for found in asyncio.run(world.reconcile_anew()):
            if found.appended > found.is_recorded or (number == 2 and found.is_recorded):
                kinds = [f"{one.id}: {one.text}" for one in found.breaks]
                verdict.faults.append(
                    f"{found.account}: reconciliation {number} appends {found.appended}: {kinds}"
                )
        if number == 2 and judge.log_length() != before:
            verdict.faults.append(f"reconciliation 2 appends {judge.log_length() - before} events")
    verdict.faults += [f"then: {fault}" for fault in judge.faults() if fault not in verdict.faults]
    verdict.faults += [f"logged: {error}" for error in world.errors]
    return verdict
