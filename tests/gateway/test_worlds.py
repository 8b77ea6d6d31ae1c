"""Whole worlds with gateways: after every fault there is, the venue and the ledger agree, and no
order was worked twice."""

import os
import time
from pathlib import Path

import pytest

from tests.gateway.worlds.living import judged
from tests.gateway.worlds.plan import plan_of

FEW = (2, 10, 33, 67)
"""Worlds in which a gateway was wrong once, as it was in that of the seed below."""

MANY = int(os.environ.get("ORDERLEDGER_WORLDS", "1000"))
PROGRESS_SECONDS = 10.0


@pytest.mark.slow
@pytest.mark.parametrize("seed", FEW)
def test_when_a_world_has_healed_the_venue_and_the_ledger_agree(seed: int, tmp_path: Path) -> None:
    print(f"seed {seed}")
    verdict = judged(plan_of(seed), tmp_path)
    assert not verdict.faults, str(verdict)


@pytest.mark.slow
def test_a_seed_repeats_its_world(tmp_path: Path) -> None:
    first, second = (judged(plan_of(50), tmp_path / name) for name in ("first", "second"))
    assert first.story == second.story
    assert not first.faults, str(first)


@pytest.mark.long
def test_so_it_is_in_many_worlds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong, shown_at = [], time.monotonic()
    for seed in range(MANY):
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
