"""Cuts the power of real processes, on images of their disk; or lets their system calls fail.

    python -m tests.crash images|calls [--count N] [--seed SEED] [WORK...]

Plants known faults first, each of which has to be found. Then draws N images of the disks of real
processes, or N calls that fail, and judges each with the package. Ends with status 1 if a planted
fault is missed, or something is wrong. A wrong image is kept.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from random import SystemRandom

from tests.crash.campaign import Verdict
from tests.crash.planted import PlantedFault, planted_faults
from tests.crash.tasks import calls_of_fault, calls_of_work, images_of_fault, images_of_work
from tests.crash.tracing import NoCompilerError, library
from tests.crash.works import WITHOUT_FILES, WORKS


@dataclass(frozen=True)
class Campaign:
    """`at_once`: how many cases a process judges in one task. Images of more than one run are
    better: no two runs are alike."""

    faults: str
    of_fault: Callable[[PlantedFault, str], Verdict]
    of_work: Callable[[str, str, int], Verdict]
    at_once: int
    works: tuple[str, ...]


CAMPAIGNS = {
    "images": Campaign("faults.toml", images_of_fault, images_of_work, 250, (*WORKS,)),
    "calls": Campaign("failing.toml", calls_of_fault, calls_of_work, 5, (*WORKS, *WITHOUT_FILES)),
}


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash")
    parser.add_argument("campaign", choices=CAMPAIGNS)
    parser.add_argument("works", nargs="*", metavar="WORK")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", default=str(SystemRandom().randrange(10**6)))
    asked = parser.parse_intermixed_args(words)
    campaign = CAMPAIGNS[asked.campaign]
    works = asked.works or list(campaign.works)
    if unknown := set(works) - set(campaign.works):
        parser.error(f"{', '.join(unknown)}: the works are {', '.join(campaign.works)}")
    # What a shell starts in the background ignores it, and so would the processes of a work.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    began = time.monotonic()
    try:
        library()
    except NoCompilerError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"seed {asked.seed}", flush=True)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        missed = find_planted(pool, campaign, works, asked.seed)
        wrong = judge_works(pool, campaign, works, asked.seed, asked.count)
    print(f"{time.monotonic() - began:.0f} seconds")
    return 1 if missed or wrong else 0


def find_planted(
    pool: ProcessPoolExecutor, campaign: Campaign, works: Sequence[str], seed: str
) -> int:
    faults = [
        fault
        for fault in planted_faults(Path(__file__).with_name(campaign.faults))
        if fault.work in works
    ]
    missed = 0
    for fault, verdict in zip(
        faults, pool.map(campaign.of_fault, faults, [seed] * len(faults)), strict=True
    ):
        missed += not verdict.faults
        word = "found" if verdict.faults else "MISSED"
        print(f"{word:7} {fault.work:14} {fault.name} ({verdict.tried} tried)", flush=True)
    print(f"{len(faults)} faults planted, {missed} missed")
    return missed


def judge_works(
    pool: ProcessPoolExecutor, campaign: Campaign, works: Sequence[str], seed: str, count: int
) -> int:
    parts = list(_parts(works, count, campaign.at_once, seed))
    total = Verdict()
    for (name, own_seed, _), verdict in zip(
        parts, pool.map(campaign.of_work, *zip(*parts, strict=True)), strict=True
    ):
        total.add(verdict)
        wrong = len(verdict.faults)
        print(f"{name:14} {verdict.tried:4} tried, {wrong} wrong, seed {own_seed}", flush=True)
        for reasons in verdict.faults:
            print("    " + "; ".join(reasons)[:2000], flush=True)
    print(f"{total.tried} tried, {len(total.faults)} wrong")
    return len(total.faults)


def _parts(
    works: Sequence[str], count: int, at_once: int, seed: str
) -> Iterator[tuple[str, str, int]]:
    """Each work gets as many cases as the others."""
    for at, name in enumerate(works):
        own = count // len(works) + (at < count % len(works))
        for number, start in enumerate(range(0, own, at_once)):
            yield name, f"{seed} {number}", min(at_once, own - start)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
