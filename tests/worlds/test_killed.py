"""A collector that is killed with SIGKILL and started again ends where one that was never killed
would."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.worlds.judge import Judge
from tests.worlds.killed import KilledWorld
from tests.worlds.plan import plan_of

# Lighter's REST may be five seconds late, and is not believed before.
LATE = pytest.param("lighter", marks=pytest.mark.long)


@pytest.mark.slow
@pytest.mark.parametrize("venue", ["hyperliquid", LATE, "tradier"])
def test_a_collector_that_is_killed_is_started_again_and_misses_nothing(
    venue: str, tmp_path: Path, orderledger_command: Path
) -> None:
    plan = replace(plan_of(1, venue), accounts=1, streams=1)
    print(f"seed {plan.seed}")
    world = KilledWorld(plan, tmp_path, orderledger_command)
    asyncio.run(world.live())
    judge = Judge(world.database, world.kind, world.exchange, world.desk.sent, is_whole=False)
    assert not judge.faults(), f"seed {plan.seed}: {judge.faults()}"
