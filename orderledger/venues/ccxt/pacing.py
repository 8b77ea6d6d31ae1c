"""The pacing of an exchange of ccxt: its own costs of requests, and the limits of orders that they
do not state.

ccxt's own limiter serves requests in their order, so a cancel waits behind every order. Here
`throttle` of each exchange object waits for a turn in the `Pacing` that all objects with the same
key share. Needs no ccxt.
"""

import functools
import math
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.resources import files
from typing import Any

from orderledger.venues.base.transport import Pacing, RateLimiter, pacing_of
from orderledger.venues.base.transport.http import asked_to_wait
from orderledger.venues.base.transport.pacing import BANNED, REQUESTS, Counter, Limit
from orderledger.venues.ccxt.vocabulary import NAME

UNITS = 1_000
"""Parts of ccxt's cost, which has fractions."""
TOO_MANY = 429
THROTTLED = re.compile(r"Throttled: ?([0-9]{10})")
"""Kraken names the second before which nothing is taken (docs.kraken.com, Spot Error Messages)."""
LATEST_RESET = 90.0
"""Seconds. A reset farther away is another kind of time."""
RESETS = ("x-bapi-limit-reset-timestamp", "x-gate-ratelimit-reset-timestamp")
RESETS_IN_MS = ("gw-ratelimit-reset",)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLimit:
    """A row of `pacing.toml`. See the head of the file."""

    exchanges: Sequence[str]
    source: str
    name: str
    most: int
    requests: Mapping[str, int | str]
    window: float | None = None
    falls_by: float | None = None
    each: str = ""

    def limit(self) -> Limit:
        if self.window is not None:
            return RateLimiter(self.most, self.window)
        assert self.falls_by is not None
        return Counter(self.most, self.falls_by)

    def cost(self, request: str, params: Any) -> int:
        """The cost of a request in this limit. 0: none."""
        for pattern, cost in self.requests.items():
            if fnmatchcase(request, pattern):
                return cost if isinstance(cost, int) else _items(params, cost)
        return 0

    def name_for(self, params: Any) -> str:
        """The name of the limit for a request: one for every value of `each`."""
        if not self.each:
            return self.name
        first = params[0] if isinstance(params, list) and params else params
        value = first.get(self.each, "") if isinstance(first, dict) else ""
        return f"{self.name} {value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A header that states what is used."""

    exchanges: Sequence[str]
    source: str
    header: str
    limit: str
    address: str = ""
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A status after which the exchange takes nothing for at least `seconds`. `text`: what the
    answer then says. In an answer without it, a pause that the answer states counts instead."""

    exchanges: Sequence[str]
    source: str
    status: int
    seconds: float
    text: str


@functools.cache
def tables() -> tuple[list[OrderLimit], list[Used], list[Pause]]:
    """The rows of `pacing.toml`."""
    text = files(__package__).joinpath("pacing.toml").read_text("utf-8")
    read = tomllib.loads(text)
    return (
        [OrderLimit(**row) for row in read["limits"]],
        [Used(**row) for row in read["used"]],
        [Pause(**row) for row in read["pauses"]],
    )


class ExchangePacing:
    """The pacing of one exchange object. `key`: what the exchange knows the caller by."""

    def __init__(self, exchange: Any, key: str) -> None:
        limits, used, pauses = tables()
        self._limits = [row for row in limits if exchange.id in row.exchanges]
        self._used = [row for row in used if exchange.id in row.exchanges]
        self._pauses = [row for row in pauses if exchange.id in row.exchanges]
        name = f"{NAME}:{exchange.id}:{exchange.rateLimit}"
        self.pacing: Pacing = pacing_of(name, str(exchange.urls["api"]), key, _requests(exchange))

    async def turn(self, costs: Mapping[str, int]) -> None:
        """Wait for the turn of a request."""
        await self.pacing.turn(costs)

    def costs(self, cost: float, api: Any, method: str, path: str, params: Any) -> dict[str, int]:
        """The costs of a request, by the names of limits."""
        where = "/".join(api) if isinstance(api, list | tuple) else str(api)
        request = f"{where} {method} {path}"
        costs = {REQUESTS: math.ceil(cost * UNITS)} if cost > 0 else {}
        for row in self._limits:
            if amount := row.cost(request, params):
                name = row.name_for(params)
                if name not in self.pacing.limits:
                    self.pacing.limits[name] = row.limit()
                costs[name] = amount
        return costs

    def note(
        self, status: int, address: str, headers: Mapping[str, str], text: str, epoch: float
    ) -> None:
        """Learn from an answer: what is used."""
        lower = {name.lower(): value for name, value in headers.items()}
        for row in self._used:
            value = lower.get(row.header.lower(), "")
            if row.address in address and value.isdecimal():
                self.pacing.note_used(row.limit, int(value) * row.times)
        pause = next((row for row in self._pauses if row.status == status), None)
        if pause is not None or status in (TOO_MANY, BANNED):
            self.refused(status, lower, text, epoch, pause)
        elif status < 400:
            self.pacing.accepted()

    def refused(
        self,
        status: int,
        headers: Mapping[str, str],
        text: str,
        epoch: float,
        pause: Pause | None = None,
    ) -> None:
        """Learn from an answer that refuses a request as too many."""
        pauses = list(_stated(headers, text, epoch))
        if pause is not None and (not pauses or pause.text in text.lower()):
            pauses.append(pause.seconds)
        self.pacing.turned_away(status, max(pauses, default=None))


def pacing_in(exchange: Any) -> Pacing | None:
    """The pacing of the requests of this exchange object. None for an object that is
    paced by ccxt alone."""
    paced = getattr(exchange, "pacing", None)
    return paced.pacing if paced is not None else None


def _stated(headers: Mapping[str, str], text: str, epoch: float) -> Iterator[float]:
    """The pauses that an answer names, in seconds."""
    lower = {name.lower(): value for name, value in headers.items()}
    if "retry-after" in lower:
        yield asked_to_wait({"Retry-After": lower["retry-after"]}, epoch)
    for name in RESETS:
        if (value := lower.get(name, "")).isdecimal():
            at = int(value) / (1_000 if len(value) > 10 else 1)
            if 0 < at - epoch < LATEST_RESET:
                yield at - epoch
    for name in RESETS_IN_MS:
        if (value := lower.get(name, "")).isdecimal() and int(value) < LATEST_RESET * 1_000:
            yield int(value) / 1_000
    if (found := THROTTLED.search(text)) is not None:
        yield max(int(found[1]) - epoch, 0.0)


def _requests(exchange: Any) -> dict[str, Limit]:
    """The limit of all requests, by ccxt's costs. `rollingWindowSize`: the exchange counts in a
    window; without it, requests go out one after the other, as ccxt's own limiter sends them."""
    per_cost = float(exchange.rateLimit or 0) / 1_000
    if not per_cost:
        return {REQUESTS: Counter(1_000_000 * UNITS, 1_000_000.0 * UNITS)}
    window = float(getattr(exchange, "rollingWindowSize", 0) or 0) / 1_000
    if window > per_cost:
        return {REQUESTS: RateLimiter(int(window / per_cost * UNITS), window)}
    return {REQUESTS: Counter(UNITS, UNITS / per_cost)}


def _items(params: Any, name: str) -> int:
    """The number of orders in a batch; `*`: the parameters are the batch."""
    rows = params if name == "*" else params.get(name) if isinstance(params, dict) else None
    return max(len(rows), 1) if isinstance(rows, list | tuple) else 1
