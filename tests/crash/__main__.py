"""Cuts the power of real processes, on images of their disk.

    python -m tests.crash [--images N] [--seed SEED] [WORK...]

Plants known faults first, each of which has to be found. Then draws N images of the disks of real
processes, and judges each with the package. Ends with status 1 if a planted fault is missed, or an
image is wrong. A wrong image is kept, with the reason.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from random import SystemRandom

from tests.crash.planted import planted_faults
from tests.crash.tasks import of_fault, of_work
from tests.crash.tracing import NoCompilerError, library
from tests.crash.works import WORKS

IMAGES_OF_A_RUN = 250
"""More images need more recorded runs, since no two runs are alike."""


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash")
    parser.add_argument("works", nargs="*", choices=[*WORKS, []], metavar="WORK")
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--seed", default=str(SystemRandom().randrange(10**6)))
    asked = parser.parse_args(words)
    works = asked.works or list(WORKS)
    began = time.monotonic()
    try:
        library()
    except NoCompilerError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"seed {asked.seed}", flush=True)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        missed = find_planted(pool, works, asked.seed)
        wrong = judge_images(pool, works, asked.seed, asked.images)
    print(f"{time.monotonic() - began:.0f} seconds")
    return 1 if missed or wrong else 0


def find_planted(pool: ProcessPoolExecutor, works: Sequence[str], seed: str) -> int:
    faults = [fault for fault in planted_faults() if fault.work in works]
    verdicts = pool.map(of_fault, faults, [seed] * len(faults))
    missed = 0
    for fault, verdict in zip(faults, verdicts, strict=True):
        missed += not verdict.faults
        word = "found" if verdict.faults else "MISSED"
        print(f"{word:7} {fault.work:14} {fault.name} ({verdict.images} images)", flush=True)
    print(f"{len(faults)} faults planted, {missed} missed")
    return missed


def judge_images(pool: ProcessPoolExecutor, works: Sequence[str], seed: str, count: int) -> int:
    names, seeds, counts = [], [], []
    for at, name in enumerate(works):
        own = count // len(works) + (at < count % len(works))
        for number, start in enumerate(range(0, own, IMAGES_OF_A_RUN)):
            names.append(name)
            seeds.append(f"{seed} {number}")
            counts.append(min(IMAGES_OF_A_RUN, own - start))
    images = wrong = 0
    for name, own_seed, (calls, verdict) in zip(
        names, seeds, pool.map(of_work, names, seeds, counts), strict=True
    ):
        images, wrong = images + verdict.images, wrong + len(verdict.faults)
        found = f"{calls:5} calls, {verdict.images:4} images, {len(verdict.faults)} wrong"
        print(f"{name:14} {found}, seed {own_seed}", flush=True)
        for reasons in verdict.faults:
            print("    " + "; ".join(reasons)[:1000])
    print(f"{images} images, {wrong} wrong")
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
