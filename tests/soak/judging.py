"""Judges samples: whether a value stays flat, and whether the disk grows with the events only."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

WARM_UP_SECONDS = 1_200.0
"""Caches fill before: of ended orders, 1,000 to 3,000 in a process that records, and the last 4,000
of a collector."""

MEGABYTE = 1 << 20
FLOORS = {"memory": 8 * MEGABYTE, "files": 3, "wal": 16 * MEGABYTE, "bytes per event": 0}
SHARES = {"memory": 0.05, "files": 0.05, "wal": 0.05, "bytes per event": 0.1}
"""A value is flat if it grows by at most this share of its median, or by the floor, in the time
that is judged. A write-ahead log is truncated to 16 MB after a long read."""

POINTS = 200


@dataclass(frozen=True, slots=True)
class Judged:
    """`growth`: by the slope, over the seconds that are judged."""

    subject: str
    what: str
    median: float
    largest: float
    growth: float
    bound: float

    @property
    def is_flat(self) -> bool:
        return self.growth <= self.bound


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The median of the slopes between all pairs of points (Theil and Sen): single peaks do not
    count. Of many points, some evenly chosen ones."""
    step = max(1, len(points) // POINTS)
    pairs = combinations(points[::step], 2)
    slopes = [(later[1] - first[1]) / (later[0] - first[0]) for first, later in pairs]
    return median(slopes) if slopes else 0.0


def judged(subject: str, what: str, points: Sequence[tuple[float, float]]) -> Judged:
    """`points`: seconds and values after the warm-up."""
    values = [value for _, value in points]
    growth = slope(points) * (points[-1][0] - points[0][0])
    middle = median(values)
    bound = max(FLOORS[what], SHARES[what] * middle)
    return Judged(subject, what, middle, max(values), growth, bound)
