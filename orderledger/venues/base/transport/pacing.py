"""`Pacing`: the turns of all requests to one venue with one key, within the venue's rate limits.

Orders, cancels and queries of a process share one `Pacing`. A rate limit delays a request and never
refuses it; cancels are first, and a query yields to the orders of the next seconds. A pause that
the venue asks for (`Retry-After`, a ban) holds every request back.
"""

import asyncio
import hashlib
import threading
import time
from bisect import insort
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from itertools import count
from typing import Protocol
from weakref import WeakValueDictionary

from orderledger.venues.base.transport.rate_limiter import SHORTEST_WAIT, RateLimiter
from orderledger.venues.base.transport.turns import LONGEST_NAP, Turn, present_turn
from orderledger.venues.errors import NotSent, VenueUnavailable

RATE_LIMITED = "rate_limited"
YIELD_SECONDS = 2.0
"""A query lets the orders of this time go before it. Longer, and a bot that sends at the venue's
rate would learn of no fill."""
Place = tuple[bool, float, int, Mapping[str, int]]
"""A place in the queue: cancels are False, the time from which it counts, a number, the costs."""
LONGEST_QUERY_WAIT = 90.0
"""A query that would wait longer raises VenueUnavailable: a ban must not block a program."""
BAN_SECONDS = 120.0
"""The shortest ban of an address (418), where the answer does not state its end
(binance-spot-api-docs, rest-api.md, "IP Limits")."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds without a request after a refusal that states no time. Each refusal in a row doubles
them."""
BANNED = 418
ORDERS = "orders"
"""The name of a limit of requests that place or cancel orders."""
REQUESTS = "requests"
"""The name of a limit that counts requests of all kinds in units of its own."""
ONE_WINDOW = ""
"""The name of the limit of a venue that has one."""


class Limit(Protocol):
    """A rate limit: `RateLimiter` (a window) or `Counter` (a counter that decays)."""

    def charge(self, weight: int) -> None: ...
    def seconds_until(self, weight: int) -> float: ...
    @property
    def used(self) -> int: ...
    @property
    def most(self) -> int: ...


class Counter:
    """A counter that each request raises and that falls by `per_second`, down to 0. A request
    waits until it fits below `most`.

    Kraken counts orders so (docs.kraken.com, "Spot Trading Limits"), and ccxt all requests.
    """

    def __init__(
        self, most: int, per_second: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        if most <= 0 or per_second <= 0:
            raise ValueError(f"not a limit: {most}, falling by {per_second} a second")
        self._most = most
        self._per_second = per_second
        self._now = now
        self._value, self._at = 0.0, now()

    def charge(self, weight: int) -> None:
        """Count weight."""
        self._value, self._at = self._present() + weight, self._now()

    def seconds_until(self, weight: int) -> float:
        """Seconds until `weight` fits. One above `most` never does: see `Pacing`."""
        too_much = self._present() + weight - self._most
        return max(too_much, 0.0) / self._per_second

    @property
    def most(self) -> int:
        """The greatest weight that fits."""
        return self._most

    @property
    def used(self) -> int:
        """The present value."""
        return round(self._present())

    def _present(self) -> float:
        return max(self._value - (self._now() - self._at) * self._per_second, 0.0)


class Pacing:
    """Gives requests their turns. `limits`: the venue's limits by name; a request counts in those
    that its costs name.

    One object may be used by several event loops.
    """

    def __init__(
        self,
        limits: Mapping[str, Limit],
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.limits = dict(limits)
        self._now = now
        self._sleep = sleep
        self._waiting: list[Place] = []
        self._numbers = count()
        self._lock = threading.Lock()
        self._refusals = 0
        self._held_until = 0.0
        self._why = ""

    async def turn(self, costs: Mapping[str, int]) -> None:
        """Wait until a request with these costs may be sent, and count it.

        Raises NotSent for a request of the gateway whose patience would end before, and
        VenueUnavailable for a query that would wait longer than `LONGEST_QUERY_WAIT`.
        """
        turn = present_turn()
        if turn is not None:
            turn.end()  # its request before this one
        after = YIELD_SECONDS if turn is None else 0.0
        is_first = turn is not None and turn.is_first
        place = (not is_first, self._now() + after, next(self._numbers), costs)
        with self._lock:
            insort(self._waiting, place, key=lambda one: one[:3])
        try:
            while (wait := self._taken(place, turn)) > 0:
                if turn is None:
                    self._check_query(wait)
                    await self._sleep(min(wait, LONGEST_NAP))
                else:
                    self._check_patience(turn, wait)
                    await turn.nap(min(wait, LONGEST_NAP), self._sleep)
        finally:
            with self._lock:
                if place in self._waiting:
                    self._waiting.remove(place)
        if turn is not None:
            turn.begin()

    def share(self, name: str = ONE_WINDOW) -> "Share":
        """The limit `name`, for requests that count in no other."""
        return Share(self, name)

    def hold(self, seconds: float, why: str) -> None:
        """Send nothing for this long: the venue asked for it."""
        if (until := self._now() + seconds) > self._held_until:
            self._held_until, self._why = until, why

    def turned_away(self, status: int, seconds: float | None, text: str = "") -> None:
        """Note that the venue refused a request as too many. `seconds`: the pause that it asked
        for, None if it named none.
        """
        if seconds is None and status == BANNED:
            seconds = BAN_SECONDS
        elif seconds is None:
            seconds = min(FIRST_PAUSE * 2.0**self._refusals, LONGEST_PAUSE)
        self._refusals += 1
        ban = "banned this address" if status == BANNED else f"answered {status}"
        self.hold(seconds, f"the venue {ban} {text[:100]}".strip())

    def accepted(self) -> None:
        """Note an answer that is not such a refusal."""
        self._refusals = 0

    def note_used(self, name: str, used: int) -> None:
        """Take over the venue's own count, if it is higher: others may use the same key or
        address."""
        limit = self.limits.get(name)
        if limit is not None and used > limit.used:
            limit.charge(used - limit.used)

    @property
    def held_seconds(self) -> float:
        """Seconds for which no request is sent, as the venue asked for. 0 without a pause."""
        return max(self._held_until - self._now(), 0.0)

    def expected_wait(self, orders: int) -> float:
        """Seconds until so many more orders may have been sent, by the limits that count orders and
        the venue's pause."""
        counting = [one for name, one in self.limits.items() if name != REQUESTS]
        return max(self.held_seconds, *(one.seconds_until(orders) for one in counting), 0.0)

    def _taken(self, place: Place, turn: Turn | None) -> float:
        """Take the turn and return 0, or return the seconds to wait for it."""
        with self._lock:
            wait = self._held_until - self._now()
            for name, weight in place[3].items():
                ahead = sum(
                    other[3].get(name, 0) for other in self._waiting if other[:3] < place[:3]
                )
                limit = self.limits[name]
                # alone, a weight above the limit may go when nothing else counts
                fits = ahead + weight if ahead else min(weight, limit.most)
                wait = max(wait, limit.seconds_until(fits))
            if wait > 0:
                return max(wait, SHORTEST_WAIT)
            for name, weight in place[3].items():
                limit = self.limits[name]
                if turn is not None and isinstance(limit, RateLimiter):
                    limit.begin(weight)
                    turn.charged.append(partial(limit.end, weight))
                else:
                    limit.charge(weight)
            self._waiting.remove(place)
            return 0.0

    def _check_patience(self, turn: Turn, wait: float) -> None:
        left = turn.remaining
        if left is not None and wait > left:
            raise NotSent(
                RATE_LIMITED,
                f"it would wait {wait:.1f} s for its turn, and waits {max(left, 0):.1f} s at most"
                f"{self._reason()}",
            )

    def _check_query(self, wait: float) -> None:
        if wait > LONGEST_QUERY_WAIT:
            raise VenueUnavailable(
                f"{RATE_LIMITED}: a query would wait {wait:.0f} s for its turn{self._reason()}"
            )

    def _reason(self) -> str:
        return f": {self._why}" if self.held_seconds > 0 else ""


class Share:
    """One limit of a `Pacing`, used as a `RateLimiter`."""

    def __init__(self, pacing: Pacing, name: str) -> None:
        self.pacing = pacing
        self._name = name

    async def spend(self, weight: int = 1) -> None:
        """Wait for the turn of a request."""
        await self.pacing.turn({self._name: weight} if weight else {})

    def charge(self, weight: int) -> None:
        """Count weight that an answer shows to be used."""
        if weight:
            self.pacing.limits[self._name].charge(weight)


def paced_by(per_second: float) -> Pacing:
    """A pacing with one limit: so many requests a second."""
    window = (
        RateLimiter(int(per_second), 1.0) if per_second >= 1 else RateLimiter(1, 1 / per_second)
    )
    return Pacing({ONE_WINDOW: window})


_shared: WeakValueDictionary[tuple[str, ...], Pacing] = WeakValueDictionary()


def pacing_of(venue: str, url: str, key: str, limits: Mapping[str, Limit]) -> Pacing:
    """The pacing of a venue and key in this process, while somebody uses it. Limits that it does
    not have yet are added."""
    name = (venue, url.rstrip("/"), hashlib.sha256(key.encode()).hexdigest())
    found = _shared.get(name)
    if found is None:
        found = _shared[name] = Pacing({})
    found.limits = {**limits, **found.limits}
    return found
