"""Histograms of durations: counts in buckets whose bounds grow by 1, 2, 5, 10, from a microsecond
to 500 seconds."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from typing import Annotated, TypedDict

BOUNDS_US = tuple(digit * 10**power for power in range(9) for digit in (1, 2, 5))
"""The upper bounds of the buckets, in microseconds. A duration that equals a bound is in its
bucket. The last bucket has none."""


class Bucket(TypedDict):
    """The number of durations above the bound of the bucket before, up to the bound of this one."""

    up_to_us: Annotated[
        int | None,
        "Upper bound in microseconds, which belongs to the bucket; null for what is above all "
        "bounds.",
    ]
    count: Annotated[int, "How many durations."]


class Histogram:
    """Counts of durations by bucket, their sum and the longest. Threads that add at once may lose a
    count, but never add one."""

    __slots__ = ("_counts", "_most_us", "sum_us")

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS_US) + 1)
        self._most_us: float | None = None
        self.sum_us = 0.0

    def add(self, microseconds: float, times: int = 1) -> None:
        """Add a duration that occurred `times` times. A negative one is in the first bucket."""
        self._counts[bisect_left(BOUNDS_US, microseconds)] += times
        self.sum_us += microseconds * times
        if self._most_us is None or microseconds > self._most_us:
            self._most_us = microseconds

    @property
    def count(self) -> int:
        return sum(self._counts)

    @property
    def most_us(self) -> int:
        """The longest duration in microseconds, 0 if there is none."""
        return round(self._most_us or 0)

    def cumulative(self) -> Iterator[tuple[int | None, int]]:
        """Each bound, with the number of durations up to it."""
        return zip(
            (*BOUNDS_US, None), accumulate(self._counts.copy()), strict=True
        )  # other threads add meanwhile

    def buckets(self) -> list[Bucket]:
        """The buckets that are not empty."""
        bounds = (*BOUNDS_US, None)
        return [
            {"up_to_us": bound, "count": count}
            for bound, count in zip(bounds, self._counts, strict=True)
            if count
        ]
