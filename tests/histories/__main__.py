"""Plays histories of real processes under faults, and judges each.

    python -m tests.histories [--count N] [--seconds S] [--seed SEED] [--no-faults]
                              [sqlite|postgres|failover ...]

Plants known faults first, each of which has to be found; not with `--no-faults`. Ends with status 1
if one is missed, or a history is wrong.
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import SystemRandom

from tests.crash.campaign import scratch
from tests.crash.planted import PlantedFault, package_with, planted_faults
from tests.histories.checker import Checker
from tests.histories.world import NEMESES, Observed, Plan, history

KINDS = ("sqlite", "postgres", "failover")
FAULTS = Path(__file__).with_name("faults.toml")
ATTEMPTS = 8
AT_ONCE = 2


def judged(plan: Plan) -> tuple[Observed, list[str]]:
    """Play one history, and judge it."""
    with scratch() as folder:
        seen = asyncio.run(history(plan, folder))
        return seen, Checker(seen).violations()


def found_in(fault: PlantedFault, seed: str) -> tuple[int, list[str]]:
    """How many histories it took to find a planted fault, and the violations."""
    nemeses = tuple(fault.errors) or NEMESES
    with package_with(fault) as package:
        for attempt in range(1, ATTEMPTS + 1):
            own = f"{seed} {fault.name} {attempt}"
            names = f"A{fault.kinds}"
            _, wrong = judged(Plan(fault.work, own, 2.0, package, nemeses, names, patience=5))
            if wrong:
                return attempt, wrong
    return ATTEMPTS, []


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.histories")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--count", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--seed", default=str(SystemRandom().randrange(10**6)))
    parser.add_argument("--no-faults", action="store_true")
    asked = parser.parse_intermixed_args(words)
    kinds = tuple(asked.kinds) or KINDS
    print(f"seed {asked.seed}", flush=True)
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        missed = 0 if asked.no_faults else find_planted(pool, kinds, asked.seed)
        wrong = play(pool, kinds, asked.seed, asked.count, asked.seconds)
    print(f"{time.monotonic() - began:.0f} seconds")
    return 1 if missed or wrong else 0


def find_planted(pool: ThreadPoolExecutor, kinds: Sequence[str], seed: str) -> int:
    faults = [fault for fault in planted_faults(FAULTS) if fault.work in kinds]
    missed = 0
    results = pool.map(found_in, faults, [seed] * len(faults))
    for fault, (tried, wrong) in zip(faults, results, strict=True):
        missed += not wrong
        word = "found" if wrong else "MISSED"
        print(f"{word:7} {fault.work:9} {fault.name} ({tried} tried)", flush=True)
        print("".join(f"        {one}\n" for one in wrong[:1])[:300], end="")
    print(f"{len(faults)} faults planted, {missed} missed")
    return missed


def play(
    pool: ThreadPoolExecutor, kinds: Sequence[str], seed: str, count: int, seconds: float
) -> int:
    chosen = [kinds[number % len(kinds)] for number in range(count)]
    seeds = [f"{seed} {number}" for number in range(count)]
    total: Counter[str] = Counter()
    bad = 0
    plans = [Plan(kind, own, seconds) for kind, own in zip(chosen, seeds, strict=True)]
    for kind, (seen, violations) in zip(chosen, pool.map(judged, plans), strict=True):
        wrong = [*seen.faults, *violations]
        bad += bool(wrong)
        counts = counted(seen)
        total += counts + Counter(seen.injected)
        print(f"{kind:9} {shown(counts)}: {len(wrong)} wrong", flush=True)
        for sentence in wrong[:10]:
            print(f"    {sentence}"[:500], flush=True)
    print(f"{count} histories, {bad} wrong: {shown(total)}")
    return bad


def counted(seen: Observed) -> Counter[str]:
    found: Counter[str] = Counter(events=len(seen.rows), sent=len(seen.sent))
    for name, what in (("A", "writes"), ("B", "writes"), ("R", "reads")):
        for one in seen.histories[name]:
            found[f"{what} {one.phase}"] += 1
    if seen.failover is not None:
        lost = [row for row in seen.failover.before if row.position > seen.failover.kept_to]
        found["lost by failover"] = len(lost)
    return found


def shown(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
