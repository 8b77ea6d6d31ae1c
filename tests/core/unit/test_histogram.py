"""Histograms of durations: each in the bucket whose bound it does not exceed, and their sum."""

import pytest

from orderledger.infrastructure.latency import Latencies
from orderledger.projections.histogram import BOUNDS_US, Histogram
from orderledger.projections.latency import Durations


def test_the_bounds_grow_by_one_two_five_ten() -> None:
    assert BOUNDS_US[:7] == (1, 2, 5, 10, 20, 50, 100)
    assert BOUNDS_US[-1] == 500_000_000


@pytest.mark.parametrize(
    ("microseconds", "up_to"),
    [
        (-7, 1),
        (0, 1),
        (1, 1),
        (1.5, 2),
        (2, 2),
        (3, 5),
        (20_000, 20_000),
        (20_001, 50_000),
        (500_000_000, 500_000_000),
        (500_000_001, None),
    ],
)
def test_a_duration_is_in_the_bucket_whose_bound_it_does_not_exceed(
    microseconds: float, up_to: int | None
) -> None:
    found = Histogram()
    found.add(microseconds, times=3)
    assert found.buckets() == [{"up_to_us": up_to, "count": 3}]
    assert dict(found.cumulative()) == {
        bound: 3 if up_to is not None and (bound is None or bound >= up_to) else 0
        for bound in BOUNDS_US
    } | {None: 3}
    assert (found.count, found.sum_us) == (3, 3 * microseconds)


def test_durations_of_orders_are_counted_before_they_are_rounded() -> None:
    """20,001 us have four digits as 20,000, which is another bucket."""
    found = Durations()
    for microseconds in (20_000, 20_001, 20_001):
        found.add(microseconds)
    assert found.histogram.buckets() == [
        {"up_to_us": 20_000, "count": 1},
        {"up_to_us": 50_000, "count": 2},
    ]
    assert found.percentile(99) == 20_000


def test_commits_of_a_process_have_a_histogram_of_all() -> None:
    latencies = Latencies()
    for seconds in (0.001, 0.0011, 0.3):
        latencies.committed(1, seconds)
    commits = latencies.histograms()["commit"]
    assert commits.buckets() == [
        {"up_to_us": 1_000, "count": 1},
        {"up_to_us": 2_000, "count": 1},
        {"up_to_us": 500_000, "count": 1},
    ]
    assert commits.sum_us == pytest.approx(302_100)
