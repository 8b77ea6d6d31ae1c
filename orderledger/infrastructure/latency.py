"""Latency histograms: cheap to update, readable at any time."""

import threading
import time
from collections import deque
from math import log2

STEPS_PER_OCTAVE = 4
"""A percentile is exact to within a fifth."""
COMMITS_REMEMBERED = 10_000


class Histogram:
    """A histogram of durations from a microsecond up. Races between threads may lose a count, but never add one."""

    __slots__ = ("_counts", "_most", "_total")

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._total = 0
        self._most = 0.0

    def add(self, seconds: float, times: int = 1) -> None:
        """Add a duration that occurred `times` times."""
        step = int(log2(max(1.0, seconds * 1e6)) * STEPS_PER_OCTAVE)
        self._counts[step] = self._counts.get(step, 0) + times
        self._total += times
        self._most = max(self._most, seconds)

    def percentile(self, share: float) -> float:
        """The duration in seconds that this share does not exceed: the upper end of its step, at most the maximum."""
        left = share * self._total
        for step in sorted(self._counts):
            left -= self._counts[step]
            if left <= 0:
                return float(min(self._most, 2 ** ((step + 1) / STEPS_PER_OCTAVE) / 1e6))
        return 0.0

    def shown(self) -> dict[str, int]:
        """`count`, and in microseconds the median, two percentiles and the maximum."""
        named = {"latency_us_p50": 0.5, "latency_us_p90": 0.9, "latency_us_p99": 0.99}
        microseconds = {name: round(self.percentile(share) * 1e6) for name, share in named.items()}
        return {"count": self._total, **microseconds, "latency_us_max": round(self._most * 1e6)}


class Latencies:
    """Latencies of one open ledger: messages waiting for a commit, commits, and views behind the log."""

    def __init__(self) -> None:
        self.queue = Histogram()
        self.commit = Histogram()
        self.views = Histogram()
        self._commits: deque[tuple[int, float]] = deque(maxlen=COMMITS_REMEMBERED)
        self._lock = threading.Lock()

    def committed(self, position: int, seconds: float) -> None:
        """Note a commit that brought the log to this position."""
        self.commit.add(seconds)
        self._commits.append((position, time.perf_counter()))

    def projected(self, position: int) -> None:
        """Note that the views have reached this position."""
        now = time.perf_counter()
        with self._lock:
            while self._commits and self._commits[0][0] <= position:
                self.views.add(now - self._commits.popleft()[1])

    def shown(self) -> dict[str, dict[str, int]]:
        return {"queue": self.queue.shown(), "commit": self.commit.shown(), "views": self.views.shown()}
