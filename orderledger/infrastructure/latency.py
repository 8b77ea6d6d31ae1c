"""How long things take: histograms that cost little to keep and are read at any time."""

import threading
import time
from collections import deque
from math import log2

STEPS_PER_OCTAVE = 4
"""A percentile is told to within a fifth."""
COMMITS_REMEMBERED = 10_000


class Histogram:
    """Of durations, from a microsecond up. Thread-safe enough: a count may be lost to a race, none is made up."""

    __slots__ = ("_counts", "_most", "_total")

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._total = 0
        self._most = 0.0

    def add(self, seconds: float, times: int = 1) -> None:
        """A duration, as often as it occurred."""
        step = int(log2(max(1.0, seconds * 1e6)) * STEPS_PER_OCTAVE)
        self._counts[step] = self._counts.get(step, 0) + times
        self._total += times
        self._most = max(self._most, seconds)

    def percentile(self, share: float) -> float:
        """Seconds within which this share of all was done; the upper end of its step, and never more than the most."""
        left = share * self._total
        for step in sorted(self._counts):
            left -= self._counts[step]
            if left <= 0:
                return float(min(self._most, 2 ** ((step + 1) / STEPS_PER_OCTAVE) / 1e6))
        return 0.0

    def shown(self) -> dict[str, int]:
        """`count`, and microseconds: the median, two percentiles and the most."""
        named = {"latency_us_p50": 0.5, "latency_us_p90": 0.9, "latency_us_p99": 0.99}
        microseconds = {name: round(self.percentile(share) * 1e6) for name, share in named.items()}
        return {"count": self._total, **microseconds, "latency_us_max": round(self._most * 1e6)}


class Latencies:
    """Of one open ledger: how long a message waits for its commit, how long a commit takes, how far the views are behind."""

    def __init__(self) -> None:
        self.queue = Histogram()
        self.commit = Histogram()
        self.views = Histogram()
        self._commits: deque[tuple[int, float]] = deque(maxlen=COMMITS_REMEMBERED)
        self._lock = threading.Lock()

    def committed(self, position: int, seconds: float) -> None:
        """A commit has brought the log to this position."""
        self.commit.add(seconds)
        self._commits.append((position, time.perf_counter()))

    def projected(self, position: int) -> None:
        """The views are there."""
        now = time.perf_counter()
        with self._lock:
            while self._commits and self._commits[0][0] <= position:
                self.views.add(now - self._commits.popleft()[1])

    def shown(self) -> dict[str, dict[str, int]]:
        return {"queue": self.queue.shown(), "commit": self.commit.shown(), "views": self.views.shown()}
