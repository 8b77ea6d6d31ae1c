"""`python -m tests.again FEW WORDS...`: runs the tests that the last run with these words of pytest
failed once more, alone, one after the other. More than FEW are a fault of the code, not of a busy
machine: then none is run again. Ends with the status of pytest.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

KEPT = Path(__file__).resolve().parents[1] / ".pytest_cache/v/cache/lastfailed"


def main(few: int, words: Sequence[str]) -> int:
    failed = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    if not 0 < len(failed) <= few:
        print(f"{len(failed)} tests failed: none runs again", file=sys.stderr)
        return pytest.ExitCode.TESTS_FAILED
    print("again, alone:", *failed, sep="\n  ", flush=True)
    return pytest.main(["--last-failed", "--last-failed-no-failures=none", *words])


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
