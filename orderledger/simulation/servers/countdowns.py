"""`Countdowns`: the dead man's switches of a simulated venue. Each fires unless it is renewed."""

import asyncio
from collections import Counter
from collections.abc import Callable


class Countdowns:
    """Timers by name: a symbol, or the empty name for everything. `fire` cancels the orders.

    `started` and `fired` count by name. A timer that has fired is off until it is started again.
    """

    def __init__(self, fire: Callable[[str], object]) -> None:
        self.started: Counter[str] = Counter()
        self.fired: Counter[str] = Counter()
        self._fire = fire
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def start(self, name: str, seconds: float) -> None:
        """Restart a timer. 0 switches it off."""
        if (timer := self._timers.pop(name, None)) is not None:
            timer.cancel()
        if seconds > 0:
            self.started[name] += 1
            loop = asyncio.get_running_loop()
            self._timers[name] = loop.call_later(seconds, self._end, name)

    @property
    def running(self) -> list[str]:
        """The names of the timers that run."""
        return sorted(self._timers)

    def _end(self, name: str) -> None:
        del self._timers[name]
        self.fired[name] += 1
        self._fire(name)
