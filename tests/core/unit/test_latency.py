"""Latencies of an open ledger."""

from orderledger.infrastructure.latency import DURATIONS_KEPT, Durations, Latencies


def test_percentiles_are_exact() -> None:
    durations = Durations()
    for microseconds in range(1_000, 0, -1):
        durations.add(microseconds / 1e6)
    assert durations.shown() == shown(count=1_000, p50=500, p90=900, p99=990, most=1_000)


def test_percentiles_are_of_the_last_durations_count_and_maximum_of_all() -> None:
    durations = Durations()
    durations.add(0.5)
    durations.add(0.000002, times=DURATIONS_KEPT)
    assert durations.shown() == shown(count=DURATIONS_KEPT + 1, p50=2, p90=2, p99=2, most=500_000)


def shown(*, count: int, p50: int, p90: int, p99: int, most: int) -> dict[str, int]:
    latencies = {
        "latency_us_p50": p50,
        "latency_us_p90": p90,
        "latency_us_p99": p99,
        "latency_us_max": most,
    }
    return {"count": count, **latencies}


def test_nothing_measured_is_nothing_shown() -> None:
    nothing = {
        "count": 0,
        "latency_us_p50": 0,
        "latency_us_p90": 0,
        "latency_us_p99": 0,
        "latency_us_max": 0,
    }
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
