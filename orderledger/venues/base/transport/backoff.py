"""The waits between attempts."""

import random


class Backoff:
    """Waits that grow by `factor` from `first` to `most` seconds. Each is shortened at random by up
    to half, so that clients that failed together do not return together."""

    def __init__(
        self, chance: random.Random, *, first: float = 0.2, most: float = 10.0, factor: float = 2.0
    ) -> None:
        if not (0 < first <= most and factor >= 1):
            raise ValueError(f"waits must grow: first {first}, most {most}, factor {factor}")
        self._chance = chance
        self._first = first
        self._most = most
        self._factor = factor
        self._bound = first

    def next(self) -> float:
        """The seconds to wait now: between half of the current bound and the whole bound. The
        bound grows.
        """
        bound = self._bound
        self._bound = min(bound * self._factor, self._most)
        return bound * self._chance.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Restart with the first wait, after a success."""
        self._bound = self._first

    def anew(self) -> "Backoff":
        """A copy that starts with the first wait, for one of several clients that try at once."""
        return Backoff(self._chance, first=self._first, most=self._most, factor=self._factor)
