"""The judge of a soak finds growth, and everything starts and works together. `make soak` runs it
for an hour."""

import asyncio
from pathlib import Path
from random import Random

import pytest

from tests.soak.__main__ import soak
from tests.soak.judging import MEGABYTE, judged, slope

MINUTES = range(10, 60)


def test_a_slope_ignores_single_peaks() -> None:
    points = [(float(second), 7.0 + (second % 10 == 0) * 100) for second in range(300)]
    assert slope(points) == 0
    assert slope([(at, 3 * at) for at, _ in points]) == 3


@pytest.mark.parametrize(
    ("what", "each_minute", "is_flat"),
    [
        ("memory", 0.0, True),
        ("memory", 0.05 * MEGABYTE, True),
        ("memory", 0.5 * MEGABYTE, False),
        ("files", 0.0, True),
        ("files", 0.2, False),
    ],
)
def test_growth_is_found_under_noise(what: str, each_minute: float, is_flat: bool) -> None:
    chance = Random(1)
    middle, noise = (100 * MEGABYTE, 3 * MEGABYTE) if what == "memory" else (40, 1)
    points = [
        (60.0 * at, middle + each_minute * at + chance.uniform(-noise, noise)) for at in MINUTES
    ]
    assert judged("service", what, points).is_flat == is_flat


@pytest.mark.slow
def test_everything_works_together_for_some_seconds(tmp_path: Path) -> None:
    report = asyncio.run(soak(tmp_path, 15, rate=20, readers=2))
    faults = [fault for fault in report["faults"] if not fault.endswith("grows")]
    assert not faults
    counts = report["counts"]
    assert counts["orders_sent"] and counts["frames of events"] and counts["answers"]
    subjects = {row["subject"] for row in report["rows"]}
    assert subjects >= {"recorder", "gateway", "collector", "service", "archive", "alerts", "disk"}
