"""How long to wait before trying again."""

import random


class Backoff:
    """Waits that grow by `factor` from `first` to `most` seconds. Each is cut by chance, by up to half of it, so that
    clients that failed together do not come back together."""

    def __init__(self, chance: random.Random, *, first: float = 0.2, most: float = 10.0, factor: float = 2.0) -> None:
        if not (0 < first <= most and factor >= 1):
            raise ValueError(f"no growing waits: first {first}, most {most}, factor {factor}")
        self._chance = chance
        self._first = first
        self._most = most
        self._factor = factor
        self._bound = first

    def next(self) -> float:
        """Seconds to wait now: between half of the present bound and all of it. The bound grows."""
        bound = self._bound
        self._bound = min(bound * self._factor, self._most)
        return bound * self._chance.uniform(0.5, 1.0)

    def reset(self) -> None:
        """All is well again: the next wait is a first one."""
        self._bound = self._first

    def anew(self) -> "Backoff":
        """The same waits from the first one on, drawn from the same chance: one for each of several that try at once."""
        return Backoff(self._chance, first=self._first, most=self._most, factor=self._factor)
