"""HTTP queries, repeated until there is an answer or the attempts are used up.

Only for requests that may be repeated: queries, never orders. An answer must be a JSON document;
anything else, such as a proxy's error page, does not count.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from orderledger.extend.runtime import EventLogger, secrecy
from orderledger.venues.base.tls import trusted_certificates
from orderledger.venues.base.transport.backoff import Backoff
from orderledger.venues.base.transport.pacing import BANNED, Pacing, Share
from orderledger.venues.base.transport.patience import seconds_for
from orderledger.venues.base.transport.rate_limiter import RateLimiter
from orderledger.venues.base.transport.secrecy import Secrecy
from orderledger.venues.base.transport.text import parsed
from orderledger.venues.errors import VenueRefused, VenueUnavailable

MOST_BYTES = 64 * 1024 * 1024
LONGEST_WAIT = 90.0
"""If a venue asks for a longer pause, it is unavailable: daily limits must not block a program."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

logger = EventLogger(__name__)


class Censor(logging.Filter):
    """Removes secrets from a library's log messages."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        shown = Secrecy().hide(secrecy.masked(text))
        if shown != text:
            record.msg, record.args = shown, ()
        return True


logging.getLogger("httpx").addFilter(Censor())  # it logs whole addresses, including tokens

Parameters = Mapping[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """An attempt without an answer, and the pause that the venue asked for, if any."""

    fault: str
    wait: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    document: Any


class Http:
    """HTTP requests to one venue, repeated until there is an answer.

    Each attempt takes at most `timeout` seconds and waits for `rate_limiter`. Timeouts, lost
    connections, 5xx, 408, 429 and answers that are not JSON are retried, up to `attempts` times in
    all. Between attempts it waits for `backoff` plus any pause that the venue asks for
    (Retry-After, X-Ratelimit-Expiry). Then VenueUnavailable is raised. Another 4xx raises
    VenueRefused at once. `pacing` is shared by all requests of a key: it learns of 429 and 418, and
    holds the other requests back too. `is_busy(status, said)` names further refusals that mean
    "later"; `pause_in(said)` finds the seconds to wait in the text of a refusal. `limits` are of
    single paths, instead of `rate_limiter`. Errors and logs never contain `secrets`, the values of
    headers, or parameters named auth or token.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        rate_limiter: RateLimiter | Share | None = None,
        attempts: int = 5,
        timeout: float = 10.0,
        backoff: Backoff | None = None,
        secrets: Iterable[str] = (),
        is_busy: Callable[[int, str], bool] = lambda status, answer_text: False,
        pause_in: Callable[[str], float] = lambda answer_text: 0.0,
        limits: Mapping[str, RateLimiter | Share] | None = None,
        pacing: Pacing | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        epoch: Callable[[], float] = time.time,
    ) -> None:
        if attempts < 1:
            raise ValueError(f"attempts must be at least 1, not {attempts}")
        self._client = client_of(base_url, headers, timeout)
        self._rate_limiter = rate_limiter
        self.pacing = rate_limiter.pacing if isinstance(rate_limiter, Share) else pacing
        self._attempts = attempts
        self._timeout = timeout
        self._backoff = backoff or Backoff(random.Random())
        self._secrecy = Secrecy(secrets, headers)
        self._is_busy = is_busy
        self._pause_in = pause_in
        self._limits = limits or {}
        self._sleep = sleep
        self._epoch = epoch

    async def get(
        self,
        path: str,
        params: Parameters | None = None,
        *,
        weight: int = 1,
        headers: Mapping[str, str] | None = None,
        limit: str | None = None,
    ) -> Any:
        """The document at `path`, with fractions as Decimals. `limit`: the name of its limit where
        that is not the path."""
        request = self._client.build_request("GET", path, params=params, headers=headers)
        secrecy = self._secrecy.and_of(headers, params)
        return await self._ask(request, limit or path, weight, secrecy)

    async def post(
        self,
        path: str,
        *,
        json: Any = None,
        form: Parameters | None = None,
        weight: int = 1,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The answer to a query that is sent as a body: `json`, or a `form`."""
        request = self._client.build_request(
            "POST", path, json=json, data=dict(form) if form else None, headers=headers
        )
        return await self._ask(request, path, weight, self._secrecy.and_of(headers, form))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _ask(self, request: httpx.Request, path: str, weight: int, secrecy: Secrecy) -> Any:
        backoff = self._backoff.anew()
        what = secrecy.hide(f"{request.method} {request.url.path}")
        rate_limiter = self._limits.get(path, self._rate_limiter)
        for attempt in range(1, self._attempts + 1):
            if rate_limiter is not None:
                await rate_limiter.spend(weight)
            outcome = await self._attempt(request, secrecy, seconds_for(attempt) or self._timeout)
            if isinstance(outcome, _Answer):
                if self.pacing is not None:
                    self.pacing.accepted()
                return outcome.document
            fault = secrecy.hide(outcome.fault)
            logger.debug(
                "no_answer", query=what, why=fault, attempt=attempt, attempts=self._attempts
            )
            if attempt == self._attempts or outcome.wait > LONGEST_WAIT:
                break
            await self._sleep(outcome.wait + backoff.next())
        raise VenueUnavailable(f"{what}: {fault} (attempt {attempt} of {self._attempts})")

    async def _attempt(
        self, request: httpx.Request, secrecy: Secrecy, seconds: float
    ) -> _Answer | _Failure:
        try:
            async with asyncio.timeout(seconds):
                response = await self._client.send(request, stream=True)
                try:
                    body = await _read(response)
                finally:
                    await response.aclose()
        except (TimeoutError, httpx.TimeoutException):
            return _Failure(fault=f"no answer within {seconds:g} s")
        except (httpx.HTTPError, httpx.StreamError) as error:
            return _Failure(fault=f"{type(error).__name__}: {error}")
        return self._judged(response, body, secrecy)

    def _judged(
        self, response: httpx.Response, body: bytes, secrecy: Secrecy
    ) -> _Answer | _Failure:
        status = response.status_code
        answer_text = secrecy.hide(body[:8192].decode("utf-8", "replace"))[
            :4096
        ]  # otherwise a secret could be cut in two before it is hidden
        if status in (429, BANNED) or (status >= 400 and self._is_busy(status, answer_text)):
            wait = max(self._asked_to_wait(response.headers), self._pause_in(answer_text))
            if self.pacing is not None:
                is_stated = wait > 0 or "Retry-After" in response.headers
                self.pacing.turned_away(status, wait if is_stated else None)
            return _Failure(fault=f"HTTP {status}: {answer_text[:200]}", wait=wait)
        if status >= 500 or status == 408 or 300 <= status < 400:
            return _Failure(
                fault=f"HTTP {status}: {answer_text[:200]}",
                wait=self._asked_to_wait(response.headers),
            )
        if status >= 400:
            raise VenueRefused(status, answer_text)
        if len(body) > MOST_BYTES:
            return _Failure(fault=f"HTTP {status}, and more than {MOST_BYTES} bytes")
        try:
            return _Answer(document=parsed(body))
        except ValueError as error:
            return _Failure(fault=f"HTTP {status}, and no JSON ({error}): {answer_text[:100]}")

    def _asked_to_wait(self, headers: httpx.Headers) -> float:
        return asked_to_wait(headers, self._epoch())


def asked_to_wait(headers: Mapping[str, str], epoch: float) -> float:
    """The seconds to wait, if the venue states them in a readable form."""
    retry_after, expiry = headers.get("Retry-After", ""), headers.get("X-Ratelimit-Expiry", "")
    return max(_seconds(retry_after, epoch), _milliseconds_of_epoch(expiry, epoch))


def client_of(
    base_url: str, headers: Mapping[str, str] | None, timeout: float
) -> httpx.AsyncClient:
    """A client of one server. A proxy from the environment is not used for a server on this
    machine.
    """
    trust_env = urlsplit(base_url).hostname not in LOOPBACK
    verify = trusted_certificates(trust_env=trust_env)
    return httpx.AsyncClient(
        base_url=base_url,
        headers=dict(headers or {}),
        timeout=timeout,
        trust_env=trust_env,
        verify=verify,
    )


async def _read(response: httpx.Response) -> bytes:
    """The body, or a little more of it than the limit allows."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MOST_BYTES:
            break
    return bytes(body)


def _seconds(retry_after: str, epoch: float) -> float:
    """Retry-After: seconds, or a date."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(parsedate_to_datetime(retry_after).timestamp() - epoch, 0.0)
    except (ValueError, OverflowError):
        return 0.0


def _milliseconds_of_epoch(expiry: str, epoch: float) -> float:
    """X-Ratelimit-Expiry: the end of the current window."""
    return max(int(expiry) / 1000 - epoch, 0.0) if expiry.strip().isdecimal() else 0.0
