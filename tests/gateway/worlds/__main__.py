"""`python -m tests.gateway.worlds SEED` lives the world of a seed again, and tells its story.

`--to SEED` lives all from the first seed to this one, and tells of those that went wrong.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.gateway.worlds.living import judged
from tests.gateway.worlds.plan import plan_of


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.gateway.worlds", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("seed", type=int)
    parser.add_argument("--to", type=int)
    parser.add_argument("--keep", type=Path, help="a folder for the database")
    parser.add_argument("--results", action="store_true", help="count what the bots were told")
    asked = parser.parse_args()
    wrong = placed = 0
    results: Counter[str] = Counter()
    began = time.monotonic()
    for seed in range(asked.seed, (asked.seed if asked.to is None else asked.to) + 1):
        with tempfile.TemporaryDirectory() as folder:
            verdict = judged(plan_of(seed), asked.keep or Path(folder))
        if asked.to is None:
            print(verdict.plan, *verdict.story, sep="\n")
        placed += verdict.placed
        results += verdict.results
        wrong += bool(verdict.faults)
        if verdict.faults:
            print(f"WRONG {verdict}", flush=True)
    if asked.results:
        print(*(f"{number:7} {result}" for result, number in results.most_common()), sep="\n")
    print(
        f"{wrong} worlds are wrong; {placed} orders came to the venue; "
        f"{time.monotonic() - began:.1f} s"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
