"""Plants each fault of faults.toml in a copy of the package, runs the tests that have to find it,
and counts the survivors.

    python -m tests.mutants [WORD...]

With words, only the faults whose names have one of them. A fault is found by its text, in whichever
file that stands: a text that is gone, or stands more than once, ends the run.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
FAULTS = Path(__file__).with_name("faults.toml")
PACKAGE = "orderledger"
SECONDS = 600


@dataclass(frozen=True, slots=True)
class Fault:
    """`seconds`: the tests may hang with it, which is found as well."""

    name: str
    text: str
    planted: str
    tests: tuple[str, ...]
    seconds: int = SECONDS


def faults(words: Sequence[str] = ()) -> list[Fault]:
    told = tomllib.loads(FAULTS.read_text())["fault"]
    known = [Fault(**{**fault, "tests": tuple(fault["tests"])}) for fault in told]
    return [fault for fault in known if not words or any(word in fault.name for word in words)]


def place_of(fault: Fault, folder: Path) -> Path:
    """The one file that has its text. Raises LookupError where it stands nowhere, or more than
    once."""
    counts = {path: text.count(fault.text) for path, text in texts_in(folder).items()}
    found = [path for path, count in counts.items() for _ in range(count)]
    if len(found) != 1:
        where = ", ".join(str(path.relative_to(folder)) for path in found) or "nowhere"
        raise LookupError(f"{fault.name}: its text stands {where}, and has to stand once")
    return found[0]


@cache
def texts_in(folder: Path) -> dict[Path, str]:
    """The modules and questions of the package before anything is planted."""
    return {
        path: path.read_text()
        for path in sorted((folder / PACKAGE).rglob("*"))
        if path.suffix in (".py", ".sql")
    }


def are_passed(folder: Path, tests: Sequence[str], seconds: int) -> bool:
    """Whether all of these tests pass in the copy. Tests that there are not, or that are all
    skipped, raise LookupError."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:randomly", "-m", "not long"]
    command = [sys.executable, "-m", "pytest", *options, *tests]
    try:
        run = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return False
    if (
        run.returncode not in (0, 1)
        or " passed" not in run.stdout.splitlines()[-1] + " failed passed" * run.returncode
    ):
        raise LookupError(
            f"{' '.join(tests)}: pytest ended with status "
            f"{run.returncode}\n{run.stdout}{run.stderr}"
        )
    return run.returncode == 0


def main(words: Sequence[str]) -> int:
    chosen = faults(words)
    with tempfile.TemporaryDirectory(prefix="orderledger-mutants-") as temporary:
        folder = Path(temporary)
        for name in (PACKAGE, "tests"):
            shutil.copytree(
                REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        shutil.copy(REPOSITORY / "pyproject.toml", folder)
        places = {fault.name: place_of(fault, folder) for fault in chosen}
        if not are_passed(
            folder, list(dict.fromkeys(test for fault in chosen for test in fault.tests)), SECONDS
        ):
            print("the tests fail without any fault: nothing can be told")
            return 2
        survivors = [fault.name for fault in chosen if survives(fault, places[fault.name], folder)]
    print(f"{len(chosen)} faults planted, {len(survivors)} survived")
    return 1 if survivors else 0


def survives(fault: Fault, place: Path, folder: Path) -> bool:
    whole = place.read_text()
    place.write_text(whole.replace(fault.text, fault.planted))
    try:
        is_alive = are_passed(folder, fault.tests, fault.seconds)
    finally:
        place.write_text(whole)
    print(f"{'SURVIVED' if is_alive else 'found':8}  {fault.name}", flush=True)
    return is_alive


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
