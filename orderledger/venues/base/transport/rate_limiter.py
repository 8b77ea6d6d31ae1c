"""A limit on the requests to a venue."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

SHORTEST_WAIT = 0.001
"""Without it, rounding could give a wait of 0 again and again."""


MARGIN, MOST_MARGIN = 0.05, 1.0
"""A window is longer by this part, by `MOST_MARGIN` seconds at most. Two requests may reach the
venue closer together than they were sent.
"""


class RateLimiter:
    """Allows at most `weight` within any `per_seconds` and a `MARGIN`: a sliding window.

    Requests are served in order: a light one does not overtake a heavy one that waits.
    """

    def __init__(
        self,
        weight: int,
        per_seconds: float = 60.0,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if weight <= 0 or per_seconds <= 0:
            raise ValueError(f"not a limit: {weight} per {per_seconds} seconds")
        self.weight = weight
        self.per_seconds = per_seconds
        self._window = per_seconds + min(per_seconds * MARGIN, MOST_MARGIN)
        self._now = now
        self._sleep = sleep
        self._turn = asyncio.Lock()
        self._spent: deque[tuple[float, int]] = deque()
        self._used = 0
        self._open = 0

    async def spend(self, weight: int = 1) -> None:
        """Wait until `weight` fits into the window, and count it. Raises ValueError if it never
        fits.
        """
        if not 0 <= weight <= self.weight:
            raise ValueError(f"a weight of {weight} exceeds the limit of {self.weight}")
        async with self._turn:
            while self.free < weight:
                await self._sleep(max(self.seconds_until(weight), SHORTEST_WAIT))
            self.charge(weight)

    def charge(self, weight: int) -> None:
        """Count weight that is already used, without waiting: the answer may show the weight,
        such as one per row.
        """
        if weight > 0:
            self._spent.append((self._now(), weight))
            self._used += weight

    @property
    def most(self) -> int:
        """The greatest weight that fits into one window."""
        return self.weight

    def begin(self, weight: int) -> None:
        """Count a request until its answer, because the venue counts it at some time before."""
        self._open += weight

    def end(self, weight: int) -> None:
        """Count an answered request within the window that begins now."""
        self._open -= weight
        self.charge(weight)

    @property
    def used(self) -> int:
        """The weight used within the window that ends now, unanswered requests included."""
        oldest = self._now() - self._window
        while self._spent and self._spent[0][0] <= oldest:
            self._used -= self._spent.popleft()[1]
        return self._used + self._open

    @property
    def free(self) -> int:
        """The weight that may be used at once, 0 or more."""
        return max(self.weight - self.used, 0)

    def seconds_until(self, weight: int) -> float:
        """Seconds until `weight` fits, if nothing else is used before. A weight above the limit
        fits into several windows, one after the other.
        """
        windows = max((weight - 1) // self.weight, 0)
        too_much = self.used + weight - windows * self.weight - self.weight
        if too_much <= 0:
            return windows * self._window
        for moment, spent in [*self._spent, (self._now(), self._open)]:  # answered now, at best
            too_much -= spent
            if too_much <= 0:
                return moment + self._window - self._now() + windows * self._window
        return (windows + 1) * self._window
