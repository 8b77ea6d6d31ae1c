"""Lighter's REST: requests within the allowance, with a valid token, over all pages. A refusal
is never an answer.
"""

import json
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from orderledger.venues.base.fields import Document
from orderledger.venues.base.paging import by_cursor
from orderledger.venues.base.transport import Backoff, Http, Pacing, RateLimiter, pacing_of
from orderledger.venues.base.transport.pacing import ONE_WINDOW, ORDERS, REQUESTS, Limit
from orderledger.venues.errors import VenueRefused, VenueUnavailable
from orderledger.venues.lighter.tokens import LighterAccount, hidden, token_of
from orderledger.venues.lighter.vocabulary import (
    DEFAULT_WEIGHT,
    EXPIRED_TOKEN,
    OK,
    PREMIUM_ORDERS_PER_MINUTE,
    TOO_MANY,
    VENUE,
    WEIGHTS,
)

PREFIX = "/api/v1/"
PAGE = 100
"""The largest page."""

Parameters = Mapping[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """The weight of requests allowed in a minute. `weights`: the weight of a call; others weigh
    `default_weight`.

    `orders_per_minute`: the limit of transactions, where they have one of their own. None: they use
    the same allowance, so leave room for them.

    Source: apidocs.lighter.xyz, docs/rate-limits.
    """

    per_minute: int
    weights: Mapping[str, int] = field(default_factory=dict)
    default_weight: int = 1
    orders_per_minute: int | None = None

    def weight(self, call: str) -> int:
        return self.weights.get(call, self.default_weight)

    @property
    def limits(self) -> dict[str, Limit]:
        """The limits of `Pacing`, new ones at each call."""
        queries = RateLimiter(self.per_minute)
        if self.orders_per_minute is None:
            return {ONE_WINDOW: queries}
        return {ORDERS: RateLimiter(self.orders_per_minute), REQUESTS: queries}

    @property
    def of_queries(self) -> str:
        """The name of the limit in which queries count."""
        return ONE_WINDOW if self.orders_per_minute is None else REQUESTS

    @property
    def costs_of_transaction(self) -> Mapping[str, int]:
        """The weight of a transaction in these limits."""
        is_apart = self.orders_per_minute is not None
        return {ORDERS: 1} if is_apart else {ONE_WINDOW: self.weight("sendTx")}


STANDARD = Allowance(per_minute=60)
PREMIUM = Allowance(
    per_minute=24_000,
    weights=WEIGHTS,
    default_weight=DEFAULT_WEIGHT,
    orders_per_minute=PREMIUM_ORDERS_PER_MINUTE,
)
BUILDER = replace(PREMIUM, per_minute=240_000, orders_per_minute=STANDARD.per_minute)
"""More queries than a premium account has, and the transactions of a standard one."""


def http_for(
    url: str,
    allowance: Allowance,
    *,
    attempts: int = 5,
    backoff: Backoff | None = None,
    pacing: Pacing | None = None,
) -> Http:
    """HTTP within the allowance, which repeats requests that the venue refuses as too many."""
    pacing = pacing or Pacing(allowance.limits)
    return Http(
        url,
        rate_limiter=pacing.share(allowance.of_queries),
        attempts=attempts,
        backoff=backoff or Backoff(random.Random()),
        is_busy=lambda _, text: code_of(text) in TOO_MANY,
    )


def pacing_for(url: str, allowance: Allowance, account: str) -> Pacing:
    """The pacing of an account, by its index, for queries and transactions."""
    return pacing_of(VENUE, url, account, allowance.limits)


def code_of(text: str) -> int | None:
    """The venue's own code in a refusal."""
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return refusal_of(document)


def refusal_of(document: Any) -> int | None:
    """The code of a refusal, flat or nested in `error`. None if the document is not a refusal."""
    if not isinstance(document, dict):
        return None
    inner = document.get("error")
    code = (inner if isinstance(inner, dict) else document).get("code")
    return (
        code
        if isinstance(code, int) and not isinstance(code, bool) and code not in (0, OK)
        else None
    )


class Rest:
    """Requests to the venue. Each returns the answer, or raises VenueUnavailable or
    VenueRefused."""

    def __init__(self, http: Http, allowance: Allowance) -> None:
        self._http = http
        self._allowance = allowance

    async def get(
        self, call: str, params: Parameters, account: LighterAccount | None = None
    ) -> Document:
        """One answer. If the venue reports that the token has expired, a new one is used for a
        second attempt.
        """
        try:
            return await self._get(call, params, account)
        except VenueRefused as refused:
            if account is None or code_of(refused.said) != EXPIRED_TOKEN:
                raise
        return await self._get(call, params, account)

    async def listed(
        self, call: str, params: Parameters, account: LighterAccount, name: str
    ) -> AsyncIterator[Document]:
        """The pages of a list in the field `name`."""

        async def fetch(cursor: str) -> Document:
            return await self.get(
                call, {**params, **({"cursor": cursor} if cursor else {})}, account
            )

        async for page in by_cursor(fetch, name, what=call):
            yield page

    async def _get(self, call: str, params: Parameters, account: LighterAccount | None) -> Document:
        headers = None if account is None else {"authorization": token_of(account)}
        document = await self._http.get(
            f"{PREFIX}{call}", params, weight=self._allowance.weight(call), headers=headers
        )
        if not isinstance(document, dict):
            raise VenueUnavailable(f"{call}: the answer is not an object")
        code = refusal_of(document)
        if code in TOO_MANY:
            raise VenueUnavailable(f"{call}: {code}, too many requests")
        if code is not None:
            raise VenueRefused(OK, hidden(json.dumps(document, default=str)))
        return document
