"""Random mutants: draws points of a package by a seed, changes one at a time in a copy, and runs
the tests that run that line until one fails.

    python -m tests.mutants.random [--package NAME] [--seed N] [--points N] [WORD...]

With words, only the drawn points whose description has one of them. A run that takes too long, or
cannot import the package, counts as found. Points in equivalents.toml change no behavior: they are
listed with the reason and do not count.
"""

import argparse
import contextlib
import os
import queue
import secrets
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests.local_postgres import DSN_VARIABLE, local_postgres
from tests.mutants.__main__ import PACKAGE, REPOSITORY
from tests.mutants.coverage_map import CHOICE, CoverageMap, coverage_map
from tests.mutants.forking import PytestRunner
from tests.mutants.points import Point, points_of

PACKAGES = (
    *("gateway", "domain", "projections", "infrastructure"),
    *("audit", "analytics", "serve", "venues"),
)
EQUIVALENTS = Path(__file__).with_name("equivalents.toml")
NOT_COPIED = (".git", ".venv", ".tools", ".*_cache", "__pycache__", ".hypothesis", "site", "dist")
PARTS = (10, 80)
"""Most mutants are found by the first tests. A run begins by importing the files of its tests, so
it has few of them."""
SECONDS_AT_MOST = 30.0


class Copy:
    """A copy of the repository, for one mutant at a time. `postgres`: the URL of its database."""

    def __init__(self, folder: Path, postgres: str) -> None:
        self.folder = folder
        environment = {**os.environ, DSN_VARIABLE: postgres}
        environment |= {"PYTHONPYCACHEPREFIX": f"{folder}.bytecode"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self.runner = PytestRunner(folder, environment, Path(f"{folder}.output"))

    def find(self, point: Point, tests: "Tests", number: int) -> str | None:
        """The test that fails with the mutant, or None if all pass."""
        path = self.folder / point.path
        source = path.read_bytes()
        path.write_bytes(point.mutated(source))
        os.utime(path, (number, number))  # Python compiles it again, as its time is another
        try:
            return next(filter(None, (self.failure(some, wait) for some, wait in tests)), None)
        finally:
            path.write_bytes(source)

    def failure(self, tests: Sequence[str], seconds: float) -> str | None:
        """Why these tests do not pass."""
        arguments = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:cov", "-m", CHOICE]
        arguments += ["--hypothesis-seed=0", "--no-header", "--tb=no"]
        status = self.runner.run([*arguments, f"--basetemp={self.folder}.tests", *tests], seconds)
        if status is None:
            return f"not ended after {seconds:.0f} s"
        return None if status == 0 else _reason(self.runner.output.read_text(), status)


Tests = list[tuple[list[str], float]]
"""Tests to run one after the other, with the seconds that they may take."""


def _reason(output: str, status: int) -> str:
    failed = [line for line in output.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0][:200] if failed else f"pytest ended with status {status}"


def points_in(package: str, folder: Path = REPOSITORY) -> list[Point]:
    return [
        point
        for path in sorted((folder / PACKAGE / package).rglob("*.py"))
        for point in points_of(str(path.relative_to(folder)), path.read_bytes())
    ]


def draw(package: str, seed: int, count: int) -> list[Point]:
    """Points of the package, each as likely as the others, in the order in which they are drawn: a
    larger count adds to a smaller one. A change of the package changes few of them."""

    def place(point: Point) -> bytes:
        return sha256(repr((seed, point.key)).encode()).digest()

    return sorted(points_in(package), key=place)[:count]


def equivalents() -> dict[tuple[str, ...], str]:
    """The reasons, by the key of the point."""
    listed = tomllib.loads(EQUIVALENTS.read_text())["equivalent"]
    return {
        tuple(one[name] for name in ("path", "text", "before", "after")): one["reason"]
        for one in listed
    }


def chosen_tests(known: CoverageMap, point: Point, folder: str) -> Tests:
    """Tests that run the line; without any, those of the package's own folder. Those of the folder
    come first. The fastest case of each test function comes before the second of any: cases of one
    function tend to see the same."""
    tests = known.tests_of(point.path, point.lines)
    tests = tests or {test for test in known.seconds if test.startswith(folder)}
    ranks: dict[str, int] = {}
    ranked = []
    for test in sorted(tests, key=lambda test: (known.seconds[test], test)):
        function = test.partition("[")[0]
        ranks[function] = ranks.get(function, 0) + 1
        seconds = known.seconds[test]
        ranked.append((seconds > 1, not test.startswith(folder), ranks[function], seconds, test))
    chosen: list[str] = []
    left = SECONDS_AT_MOST
    for *_, seconds, test in sorted(ranked):
        if not chosen or seconds <= left:
            chosen.append(test)
            left -= seconds
    borders = (0, *PARTS, len(chosen))
    parts = [chosen[first:last] for first, last in pairwise(borders) if chosen[first:last]]
    return [(part, 30 + 8 * sum(known.seconds[test] for test in part)) for part in parts]


def folder_of(package: str) -> str:
    """Of the tests of a package."""
    own = f"tests/{package}/"
    return own if (REPOSITORY / own).is_dir() else "tests/core/"


@contextlib.contextmanager
def copies(count: int) -> Iterator[list[Copy]]:
    with contextlib.ExitStack() as at_end:
        place = Path(at_end.enter_context(tempfile.TemporaryDirectory(prefix="mutants-")))
        server = at_end.enter_context(local_postgres())
        made = []
        for number in range(count):
            ignored = shutil.ignore_patterns(*NOT_COPIED)
            shutil.copytree(REPOSITORY, place / str(number), ignore=ignored, symlinks=True)
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE mutants_{number}".encode())
            database = urlsplit(server)._replace(path=f"/mutants_{number}").geturl()
            made.append(Copy(place / str(number), database))
        yield made
        for copy in made:
            copy.runner.close()


def try_all(
    package: str, points: Sequence[Point], known: CoverageMap, free: "queue.Queue[Copy]", jobs: int
) -> tuple[int, int]:
    """How many were found and how many survived."""
    found = survived = 0

    def try_one(number: int) -> str | None:
        copy = free.get()
        try:
            tests = chosen_tests(known, points[number], folder_of(package))
            return copy.find(points[number], tests, number + 1)
        finally:
            free.put(copy)

    with ThreadPoolExecutor(jobs) as pool:
        tries = {pool.submit(try_one, number): number for number in range(len(points))}
        for done in as_completed(tries):
            point, failure = points[tries[done]], done.result()
            found, survived = found + (failure is not None), survived + (failure is None)
            print(f"{'SURVIVED' if failure is None else 'found':8}  {point}", flush=True)
            if failure is not None:
                print(f"          {failure}", flush=True)
    return found, survived


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests.mutants.random", description=__doc__)
    parser.add_argument("--package", choices=PACKAGES, action="append")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--points", type=int, default=150)
    parser.add_argument("--after", type=int, default=0, help="leave out so many of them")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--least", type=float, default=0.0, help="fail if a smaller part is found")
    parser.add_argument("words", nargs="*")
    asked = parser.parse_args(arguments)
    seed = secrets.randbelow(10_000) if asked.seed is None else asked.seed
    reasons = equivalents()
    figures = []
    with copies(asked.jobs) as made:
        known = coverage_map(made[0].folder, asked.jobs)
        free: queue.Queue[Copy] = queue.Queue()
        for copy in made:
            free.put(copy)
        for package in asked.package or PACKAGES:
            drawn = [
                point
                for point in draw(package, seed, asked.points)[asked.after :]
                if not asked.words or any(word in str(point) for word in asked.words)
            ]
            same = [point for point in drawn if point.key in reasons]
            for point in same:
                print(f"same      {point}\n          {reasons[point.key]}")
            tried = [point for point in drawn if point.key not in reasons]
            found, survived = try_all(package, tried, known, free, asked.jobs)
            figures.append((package, len(drawn), found, survived, len(same)))
    print(f"\nseed {seed}\n{'package':16}{'points':>8}{'found':>8}{'survived':>10}{'same':>6}")
    for package, points, found, survived, equal in figures:
        part = found / max(1, found + survived)
        print(f"{package:16}{points:8}{found:8}{survived:10}{equal:6}  {part:.0%}")
    all_found, all_survived = sum(row[2] for row in figures), sum(row[3] for row in figures)
    return 1 if all_found < asked.least * (all_found + all_survived) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
