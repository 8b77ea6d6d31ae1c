"""Which tests run a line, and how long each test takes.

The map is measured by coverage.py on a copy of the repository, and kept in pytest's cache. Test
files that have changed since are run again. In a module that has changed since, a line belongs to
all tests that ran anything of the module.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Container, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from coverage import CoverageData

from tests.mutants.__main__ import PACKAGE, REPOSITORY

PLACE = REPOSITORY / ".pytest_cache" / "d" / "mutants"
DATA, STATE, SETTINGS = PLACE / "coverage.db", PLACE / "tests.json", PLACE / "coverage.ini"
# A process that a test starts inherits the name of the test, as the context of its lines.
CONTEXT = "ORDERLEDGER_MUTANTS_TEST"
INI = f"""[run]
source = {PACKAGE}
data_file = {DATA}
relative_files = true
patch = subprocess
context = ${{{CONTEXT}-}}
"""
# These tests read the text of the package, or this tool: they find any change.
LEFT_OUT = ("tests/harness", "tests/architecture", "tests/mutants")
CHOICE = "not long and not interop and not page and not spark and not image"


class CoverageMap:
    """`seconds`: of each test. `changed`: modules that are not as they were when measured."""

    def __init__(
        self, seconds: dict[str, float], data: CoverageData, changed: Container[str] = ()
    ) -> None:
        self.seconds = seconds
        self._data = data
        self._changed = changed

    def tests_of(self, path: str, lines: Iterable[int]) -> set[str]:
        """The tests that run one of the lines. If it runs at import only: the tests that run
        anything of the module."""
        contexts = self._contexts(path)
        of_lines = set[str]().union(*(contexts.get(line, ()) for line in lines))
        of_module = set[str]().union(*contexts.values())
        return (
            path not in self._changed and of_lines & self.seconds.keys()
        ) or of_module & self.seconds.keys()

    @cache  # noqa: B019 (one map a run)
    def _contexts(self, path: str) -> dict[int, list[str]]:
        return {
            line: [name.partition("|")[0] for name in names]
            for line, names in self._data.contexts_by_lineno(path).items()
        }


def coverage_map(folder: Path, jobs: int) -> CoverageMap:
    """The map of the repository, of which `folder` has a copy."""
    PLACE.mkdir(parents=True, exist_ok=True)
    tests = {
        name: digest
        for name, digest in _digests(folder, "tests", "test_*.py").items()
        if not name.startswith(LEFT_OUT)
    }
    modules = _digests(folder, PACKAGE, "*.py")
    state: dict[str, Any] = {"modules": modules, "tests": {}, "seconds": {}}
    if STATE.exists() and DATA.exists():
        state = json.loads(STATE.read_text())
    changed = [name for name, digest in tests.items() if state["tests"].get(name) != digest]
    kept = {
        test: seconds
        for test, seconds in state["seconds"].items()
        if test.partition("::")[0] in tests.keys() - changed
    }
    if changed:
        state |= {"tests": tests, "seconds": kept | _measured(folder, changed, jobs)}
        STATE.write_text(json.dumps(state))
    data = CoverageData(str(DATA))
    data.read()
    known = state["modules"]
    others = {name for name, digest in modules.items() if known.get(name) != digest}
    there = _collected(folder)
    seconds = {test: time for test, time in state["seconds"].items() if test in there}
    return CoverageMap(seconds, data, others)


def _collected(folder: Path) -> set[str]:
    """The tests that there are: cases may be gone, since some are made from the package."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", CHOICE]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    run = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return {line for line in run.stdout.splitlines() if "::" in line}


def _digests(folder: Path, part: str, pattern: str) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((folder / part).rglob(pattern))
    }


def _measured(folder: Path, files: Sequence[str], jobs: int) -> dict[str, float]:
    """Run these test files, add their lines to the data, and return the seconds of each test that
    passes."""
    print(f"measuring which lines {len(files)} test files run", flush=True)
    SETTINGS.write_text(INI)
    seconds = PLACE / "seconds.json"
    command = [sys.executable, "-m", "pytest", "-q", "-m", CHOICE, "-p", "no:cacheprovider"]
    command += ["-p", "tests.mutants.timing", f"--numprocesses={jobs}", "--dist=loadfile"]
    command += [f"--cov={PACKAGE}", f"--cov-config={SETTINGS}", "--cov-context=test"]
    command += ["--cov-append", "--cov-report=", *files]
    environment = {**os.environ, "PYTHONPATH": str(folder), "ORDERLEDGER_TIMING": str(seconds)}
    run = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if run.returncode not in (0, 1):
        raise LookupError(f"pytest ended with status {run.returncode}\n{run.stdout}{run.stderr}")
    print(run.stdout.splitlines()[-1], flush=True)
    measured: dict[str, float] = json.loads(seconds.read_text())
    return measured
