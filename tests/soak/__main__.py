"""Runs everything for some time, and judges memory, open files, the write-ahead log and the disk.

    python -m tests.soak [--minutes 60] [--rate 40] [--readers 10] [--json FILE]

Ends with status 1 if a process ended, a value grows, or a reader of the stream missed an event. The
first twenty minutes are not judged; of a run under 40 minutes, the first half.
"""

import argparse
import asyncio
import json
import sqlite3
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from tests.soak.everything import COUNTED, Everything, running
from tests.soak.judging import MEGABYTE, WARM_UP_SECONDS, Judged, judged
from tests.soak.reading import shown

BETWEEN_SAMPLES = 5.0
LEAST = 3
"""Samples that are judged at least: on a machine under load one takes seconds."""

SIMULATED = ("venue",)
"""Not part of the package's service: a simulated venue keeps all its orders."""

Series = defaultdict[tuple[str, str], list[tuple[float, float]]]


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=40.0, help="orders recorded a second")
    parser.add_argument("--readers", type=int, default=10)
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="orderledger-soak-") as folder:
        report = asyncio.run(soak(Path(folder), asked.minutes * 60, asked.rate, asked.readers))
    if asked.json:
        asked.json.write_text(json.dumps(report, indent=1))
    return 1 if report["faults"] else 0


async def soak(folder: Path, seconds: float, rate: float, readers: int) -> dict[str, Any]:
    """Run everything, print the table, and return the report."""
    series: Series = defaultdict(list)
    warm_up = min(WARM_UP_SECONDS, seconds / 2)
    began = time.monotonic()
    async with running(folder, rate, readers) as all_:
        while not all_.ended() and (
            (now := time.monotonic() - began) < seconds or judgeable(series, warm_up) < LEAST
        ):
            take_sample(all_, series, now)
            await asyncio.sleep(min(BETWEEN_SAMPLES, seconds / 10))
        faults = [f"{name} ended with {status}" for name, status in all_.ended().items()]
        faults += [all_.errors(name).read_text()[-2_000:] for name in all_.ended()]
        counts = all_.counts + all_.counted()
    rows = judge(series, warm_up)
    faults += [f"{row.subject}: {row.what} grows" for row in rows if not row.is_flat]
    faults += [f"{name}: {number}" for name, number in counts.items() if not is_expected(name)]
    print_report(rows, faults, series)
    print(shown(counts))
    shown_series = {" ".join(key): points for key, points in series.items()}
    return {
        "rows": [asdict(row) for row in rows],
        "faults": faults,
        "counts": counts,
        "series": shown_series,
    }


def is_expected(name: str) -> bool:
    return name in ("answers", *COUNTED) or name.startswith("frames")


def take_sample(all_: Everything, series: Series, now: float) -> None:
    for name, process in all_.processes.items():
        with suppress(psutil.NoSuchProcess):
            known = psutil.Process(process.pid)
            own = [known, *known.children(recursive=True)]
            series[name, "memory"].append((now, sum(one.memory_full_info().uss for one in own)))
            series[name, "files"].append((now, sum(one.num_fds() for one in own)))
    series["disk", "wal"].append((now, size_of(Path(f"{all_.db}-wal"))))
    series["disk", "ledger"].append((now, size_of(all_.db)))
    series["disk", "archive"].append((now, size_of(all_.archive)))
    with closing(sqlite3.connect(f"file:{all_.db}?mode=ro", uri=True)) as connection:
        query = "SELECT max(notification_id) FROM orderledger_events"
        series["disk", "events"].append((now, connection.execute(query).fetchone()[0] or 0))


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    total = 0
    for file in files:
        with suppress(OSError):
            total += file.stat().st_size
    return total


def judgeable(series: Series, warm_up: float) -> int:
    """How many samples were taken after the warm-up."""
    return sum(at >= warm_up for at, _ in series["disk", "events"])


def judge(series: Series, warm_up: float) -> list[Judged]:
    after = {key: [one for one in points if one[0] >= warm_up] for key, points in series.items()}
    rows = [
        judged(subject, what, points)
        for (subject, what), points in after.items()
        if what in ("memory", "files", "wal") and subject not in SIMULATED and len(points) > 1
    ]
    for what in ("ledger", "archive"):
        sizes = zip(after["disk", what], after["disk", "events"], strict=True)
        per_event = [(at, size / max(1.0, events)) for (at, size), (_, events) in sizes]
        if len(per_event) > 1:
            rows.append(judged(what, "bytes per event", per_event))
    return rows


def print_report(rows: Sequence[Judged], faults: Sequence[str], series: Series) -> None:
    seconds, events = (series["disk", "events"] or [(0, 0)])[-1]
    print(f"{seconds / 60:.0f} minutes, {events:,.0f} events")
    print(f"{'':10} {'':16} {'median':>8} {'largest':>8} {'growth':>8} {'bound':>8}")
    for row in sorted(rows, key=lambda one: (one.what, one.subject)):
        unit = MEGABYTE if row.what in ("memory", "wal") else 1
        figures = (row.median, row.largest, row.growth, row.bound)
        text = " ".join(f"{figure / unit:8.1f}" for figure in figures)
        print(f"{row.subject:10} {row.what:16} {text} {'' if row.is_flat else 'GROWS'}")
    for fault in faults:
        print(fault)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
