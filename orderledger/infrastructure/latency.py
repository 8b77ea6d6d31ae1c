"""Latencies of an open ledger: of the last messages and commits, and how far the views are behind
the log."""

import threading
import time
from collections import Counter, deque
from itertools import repeat

from orderledger.projections.histogram import Histogram

DURATIONS_KEPT = 10_000
"""Percentiles are exact, over the last so many durations."""


class Durations:
    """Durations in seconds: all are counted, the last ones kept. Threads that add at once may lose
    a count, but never add one."""

    __slots__ = ("_last", "histogram")

    def __init__(self) -> None:
        self.histogram = Histogram()
        self._last: deque[float] = deque(maxlen=DURATIONS_KEPT)

    def add(self, seconds: float, times: int = 1) -> None:
        """Add a duration that occurred `times` times."""
        self._last.extend(repeat(seconds, times))
        self.histogram.add(seconds * 1e6, times)

    def shown(self) -> dict[str, int]:
        """`count` and maximum of all, and the median and two percentiles of the last ones, in
        microseconds."""
        last = sorted(self._last.copy())  # other threads add meanwhile
        percentiles = {
            f"latency_us_p{percent}": _percentile(last, percent) for percent in (50, 90, 99)
        }
        return {
            "count": self.histogram.count,
            **percentiles,
            "latency_us_max": self.histogram.most_us,
        }


def _percentile(ordered: list[float], percent: int) -> int:
    """The least duration that this percentage does not exceed."""
    return _microseconds(ordered[-(-percent * len(ordered) // 100) - 1]) if ordered else 0


def _microseconds(seconds: float) -> int:
    return round(seconds * 1e6)


class Latencies:
    """Latencies of one open ledger: messages waiting for a commit, commits, and views behind the
    log. Also counts outcomes."""

    def __init__(self) -> None:
        self.queue = Durations()
        self.commit = Durations()
        self.views = Durations()
        self.outcomes: Counter[str] = Counter()
        self._commits: deque[tuple[int, float]] = deque(maxlen=DURATIONS_KEPT)
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

    def histograms(self) -> dict[str, Histogram]:
        return {
            "queue": self.queue.histogram,
            "commit": self.commit.histogram,
            "views": self.views.histogram,
        }

    def shown(self) -> dict[str, dict[str, int]]:
        return {
            "queue": self.queue.shown(),
            "commit": self.commit.shown(),
            "views": self.views.shown(),
        }
