"""Histograms of how long things take."""

from orderledger.infrastructure.latency import Histogram, Latencies


def test_percentiles_are_told_to_within_a_fifth_and_the_most_exactly() -> None:
    histogram = Histogram()
    for microseconds in range(1, 1_001):
        histogram.add(microseconds / 1e6)
    shown = histogram.shown()
    assert (shown["count"], shown["latency_us_max"]) == (1_000, 1_000)
    for name, exact in (("latency_us_p50", 500), ("latency_us_p90", 900), ("latency_us_p99", 990)):
        assert exact <= shown[name] <= exact * 1.2


def test_nothing_measured_is_nothing_shown() -> None:
    nothing = {"count": 0, "latency_us_p50": 0, "latency_us_p90": 0, "latency_us_p99": 0, "latency_us_max": 0}
    assert Latencies().shown() == {"queue": nothing, "commit": nothing, "views": nothing}


def test_the_views_are_behind_by_what_was_committed_and_is_not_in_them() -> None:
    latencies = Latencies()
    for position in (3, 7, 9):
        latencies.committed(position, 0.001)
    latencies.projected(7)
    assert latencies.shown()["views"]["count"] == 2
    latencies.projected(9)
    latencies.projected(9)
    assert (latencies.shown()["views"]["count"], latencies.shown()["commit"]["count"]) == (3, 3)
