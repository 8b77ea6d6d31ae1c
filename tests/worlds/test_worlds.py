"""Whole worlds: after every fault there is, the ledger holds what is true, each seed anew."""

import os
import time
from pathlib import Path

import pytest

from tests.worlds.living import judged
from tests.worlds.plan import plan_of

FEW = (0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2)))
"""A world of each venue."""

MANY = int(os.environ.get("ORDERLEDGER_WORLDS", "1000"))
PROGRESS_SECONDS = 10.0


@pytest.mark.parametrize("seed", FEW)
def test_when_a_world_has_healed_the_ledger_holds_what_is_true_in_it(
    seed: int, tmp_path: Path
) -> None:
    print(f"seed {seed}")
    verdict = judged(plan_of(seed), tmp_path)
    assert not verdict.faults, str(verdict)


@pytest.mark.long
def test_so_it_is_in_many_worlds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong, shown_at = [], time.monotonic()
    for seed in range(len(FEW), len(FEW) + MANY):
        verdict = judged(plan_of(seed), tmp_path)
        wrong += [str(verdict)] if verdict.faults else []
        if verdict.faults or time.monotonic() - shown_at > PROGRESS_SECONDS:
            shown_at = time.monotonic()
            with capsys.disabled():
                print(
                    verdict
                    if verdict.faults
                    else f"\nworlds up to seed {seed}: {len(wrong)} wrong",
                    flush=True,
                )
    assert not wrong, "\n".join(wrong)
