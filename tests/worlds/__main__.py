"""`python -m tests.worlds SEED [--venue NAME]` lives the world of a seed again, and tells its
story.

`--to SEED` lives all from the first seed to this one, and tells of those that went wrong.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.worlds.living import Verdict, judged
from tests.worlds.plan import VENUES, plan_of


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.worlds", description=__doc__.splitlines()[0]
    )
    parser.add_argument("seed", type=int)
    parser.add_argument("--venue", choices=VENUES)
    parser.add_argument("--to", type=int)
    parser.add_argument("--keep", type=Path, help="a folder for the database, and the way there")
    asked = parser.parse_args()
    wrong = injected = 0
    for seed in range(asked.seed, (asked.seed if asked.to is None else asked.to) + 1):
        plan = plan_of(seed, asked.venue)
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            verdict = judged(plan, asked.keep or Path(folder))
        if asked.to is None:
            print(plan, *verdict.story, sep="\n")
        wrong += bool(verdict.faults)
        injected += verdict.injected
        _print(verdict, time.monotonic() - began)
    if asked.to is not None:
        print(f"{injected} faults injected into {asked.to - asked.seed + 1} worlds, {wrong} wrong")
    return 1 if wrong else 0


def _print(verdict: Verdict, seconds: float) -> None:
    if verdict.faults:
        print(f"WRONG {verdict}", flush=True)
    else:
        print(
            f"seed {verdict.plan.seed} at {verdict.plan.venue}: all is well, {seconds:.2f} s",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
