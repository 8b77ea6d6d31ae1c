"""`Quotas`: the rate limits of a simulated venue, counted at the server, with bans."""

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

TOO_MANY, BANNED = 429, 418


@dataclass(slots=True)
class Quota:
    """At most `most` within any `seconds`. `header`: where answers state what is used."""

    name: str
    most: int
    seconds: float
    header: str = ""
    came: deque[tuple[float, int]] = field(default_factory=deque)

    def used(self, now: float) -> int:
        """The costs that count now."""
        while self.came and self.came[0][0] <= now - self.seconds:
            self.came.popleft()
        return sum(cost for _, cost in self.came)


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """A request that the server did not look at: the status, and the seconds to wait."""

    status: int
    retry_after: int


class Quotas:
    """The limits of one address and key. `costs`: what a request counts in each quota, by its
    name. `refused` counts refusals by status, and `too_early` requests within a pause or a ban.

    A request too many gets 429 with `Retry-After`. One that comes before that time bans the
    address: 418 with the seconds until the end of the ban (binance-spot-api-docs, rest-api.md, "IP
    Limits"). Windows slide, which is stricter than the intervals that Binance documents.
    """

    def __init__(
        self,
        quotas: Sequence[Quota],
        costs: Mapping[str, Mapping[str, int]],
        *,
        ban_seconds: float = 120.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.quotas = {quota.name: quota for quota in quotas}
        self.refused: Counter[int] = Counter()
        self.too_early = 0
        self._costs = costs
        self._ban_seconds = ban_seconds
        self._now = now
        self._pause_until = self._banned_until = 0.0

    def ban(self, seconds: float) -> None:
        """Ban the address from now on."""
        self._banned_until = self._now() + seconds

    def take(self, name: str) -> TurnedAway | None:
        """Count a request, or say why it is turned away."""
        now = self._now()
        if now < self._banned_until or now < self._pause_until:
            self.too_early += 1
            if now >= self._banned_until:
                self.ban(self._ban_seconds)
            return self._refuse(BANNED, self._banned_until - now)
        costs = {
            **self._costs.get("*", {}),
            **self._costs.get(name, {}),
        }
        for quota_name, cost in costs.items():
            quota = self.quotas[quota_name]
            if quota.used(now) + cost > quota.most:
                wait = quota.came[0][0] + quota.seconds - now if quota.came else quota.seconds
                self._pause_until = now + wait
                return self._refuse(TOO_MANY, wait)
        for quota_name, cost in costs.items():
            if cost:
                self.quotas[quota_name].came.append((now, cost))
        return None

    def headers(self) -> dict[str, str]:
        """The used amounts, as the venue states them."""
        now = self._now()
        return {
            quota.header: str(quota.used(now)) for quota in self.quotas.values() if quota.header
        }

    def _refuse(self, status: int, seconds: float) -> TurnedAway:
        self.refused[status] += 1
        return TurnedAway(status, int(seconds) + 1)
