"""What all benchmarks share: options, the floor of one durable append, alternating runs, and the
table at the end.

A figure is never quoted alone. Its floor, the least work that could give the same promise, runs in
the same process on the same rows, in turns with ours; the ratio is the median of the rounds'
ratios, so that a disturbance hits both or is outvoted.
"""

import argparse
import json
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

from orderledger import Ledger, Mark
from orderledger.infrastructure.views.follower import Follow

RESULTS = Path(__file__).parent / "results"
REPOSITORY = Path(__file__).resolve().parents[1]
APPENDED = b"x" * 127


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement. `ratio` is ours to the floor's, in the same unit; `target` is what the
    figure in `judged` must reach."""

    case: str
    store: str
    ours: float
    unit: str
    floor: float | None = None
    floor_name: str = ""
    ratio: float | None = None
    target: str = ""
    note: str = ""


class Bench:
    """One script's run: its options, and the figures it collects."""

    def __init__(self, about: str) -> None:
        parser = argparse.ArgumentParser(description=about)
        parser.add_argument(
            "--quick",
            action="store_true",
            help="a quarter of the work, one round: to see that it runs",
        )
        parser.add_argument(
            "--only", metavar="NAME", help="only the cases whose name contains this"
        )
        parser.add_argument("--store", choices=("sqlite", "postgres"), help="only this database")
        parser.add_argument(
            "--json",
            metavar="FILE",
            help="where to write the figures (default: benchmarks/results/)",
        )
        self.options = parser.parse_args()
        self.is_quick: bool = self.options.quick
        self.is_long = os.environ.get("BENCH_LONG") == "1"
        self.rounds = 1 if self.is_quick else 3
        self.figures: list[Figure] = []

    @property
    def stores(self) -> tuple[str, ...]:
        return (self.options.store,) if self.options.store else ("sqlite", "postgres")

    def wants(self, case: str) -> bool:
        return self.options.only is None or self.options.only in case

    def add(self, figure: Figure) -> None:
        self.figures.append(figure)
        print(f"  {_line(figure)}", flush=True)

    def close(self) -> None:
        """Write the figures down."""
        RESULTS.mkdir(exist_ok=True)
        path = Path(self.options.json or RESULTS / f"{Path(sys.argv[0]).stem}.json")
        document = {"machine": machine(), "figures": [asdict(figure) for figure in self.figures]}
        path.write_text(json.dumps(document, indent=1) + "\n")


def machine() -> dict[str, Any]:
    """In general words."""
    return {
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def _line(figure: Figure) -> str:
    ours = f"{figure.case:<44} {figure.store:<8} {_number(figure.ours):>10} {figure.unit:<10}"
    floor = "" if figure.floor is None else f"{figure.floor_name} {_number(figure.floor)}"
    ratio = "" if figure.ratio is None else f"{figure.ratio:8.2f} x"
    return f"{ours} {ratio:>10}  {floor:<44} {figure.target:<26} {figure.note}".rstrip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"


def in_turns(rounds: int, *runs: Callable[[], float]) -> list[list[float]]:
    """The results of each run, the runs taking turns."""
    results: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for result, run in zip(results, runs, strict=True):
            result.append(run())
    return results


def ratio(ours: Sequence[float], floor: Sequence[float]) -> float:
    """The median of the rounds' ratios."""
    return statistics.median(one / other for one, other in zip(ours, floor, strict=True))


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@dataclass(frozen=True, slots=True)
class Raw1:
    """One append of 127 bytes and its fdatasync, again and again."""

    rate: float
    p50_us: float
    p99_us: float


def raw1(folder: Path, count: int = 1_500) -> Raw1:
    path = folder / "raw1"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    took = []
    try:
        began = time.perf_counter()
        for _ in range(count):
            start = time.perf_counter()
            os.write(descriptor, APPENDED)
            os.fdatasync(descriptor)
            took.append(time.perf_counter() - start)
        seconds = time.perf_counter() - began
    finally:
        os.close(descriptor)
        path.unlink()
    return Raw1(count / seconds, percentile(took, 0.5) * 1e6, percentile(took, 0.99) * 1e6)


LAUNCHER = """
import resource, subprocess, sys, time
began = time.perf_counter()
status = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
seconds = time.perf_counter() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(status, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


@dataclass(frozen=True, slots=True)
class Costs:
    """What a process took: seconds from start to end, CPU seconds, and the peak of its memory."""

    seconds: float
    cpu: float
    megabytes: float


def run_process(command: list[str]) -> Costs:
    """Run a command. A small process starts it: Linux counts what the parent held when it forked to
    the peak of the child."""
    launcher = subprocess.run(
        [sys.executable, "-S", "-c", LAUNCHER, *command], check=True, capture_output=True, text=True
    )
    status, seconds, cpu, peak = launcher.stdout.split()
    if status not in ("0", "1"):
        raise RuntimeError(f"{command} ended with {status}: {launcher.stderr[-500:]}")
    return Costs(
        float(seconds), float(cpu), int(peak) / (1024 if sys.platform != "darwin" else 1024 * 1024)
    )


class Databases:
    """Fresh stores of either kind, on real files, with commits that outlive a power cut."""

    def __init__(self, folder: Path, postgres_url: str | None) -> None:
        self.folder = folder
        self.postgres_url = postgres_url

    def fresh(self, kind: str) -> str:
        """The URL of an empty store."""
        name = f"b{uuid.uuid4().hex[:12]}"
        if kind == "sqlite":
            return f"sqlite:///{self.folder / name}.db"
        self._execute(f"CREATE SCHEMA {name}")
        assert self.postgres_url is not None
        separator = "&" if "?" in self.postgres_url else "?"
        return f"{self.postgres_url}{separator}options={quote(f'-c search_path={name}')}"

    def drop(self, url: str) -> None:
        if url.startswith("sqlite"):
            for path in self.folder.glob(f"{Path(url).name}*"):
                path.unlink()
        else:
            self._execute(f"DROP SCHEMA {schema_of(url)} CASCADE")

    @contextmanager
    def empty(self, kind: str) -> Iterator[str]:
        """An empty store, gone afterwards."""
        url = self.fresh(kind)
        try:
            yield url
        finally:
            self.drop(url)

    def _execute(self, statement: str) -> None:
        import psycopg

        assert self.postgres_url is not None
        with psycopg.connect(self.postgres_url, autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def followed(url: str, update_views: Follow) -> Iterator[Ledger]:
    """A ledger on an empty store. Its views are being updated by now, if they are to be."""
    with Ledger.open(url, update_views=update_views) as ledger:
        ledger.record(Mark(account="sim:warm", instrument="BTC-USD", price=Decimal(1)))
        while update_views and ledger.status()["views_behind"]:
            time.sleep(0.01)
        yield ledger


def schema_of(url: str) -> str:
    return url.rpartition("search_path%3D")[2]


@contextmanager
def databases(kinds: Sequence[str]) -> Iterator[Databases]:
    """A folder for SQLite files and, where it is asked for, a durable PostgreSQL server."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="orderledger-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        url = None
        if "postgres" in kinds:
            sys.path.append(str(REPOSITORY))  # a benchmark is started as a script
            from tests.local_postgres import local_postgres

            url = stack.enter_context(local_postgres(durable=True))
        yield Databases(folder, url)
