"""`Sender`: HTTP requests that change something at a venue. Each is sent once and never
repeated."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from orderledger.venues.base.transport.http import asked_to_wait, client_of
from orderledger.venues.base.transport.pacing import BANNED, Pacing
from orderledger.venues.base.transport.secrecy import Secrecy
from orderledger.venues.base.transport.text import parsed
from orderledger.venues.base.venue_clock import VenueClock, elapsed
from orderledger.venues.errors import NotSent, Unanswered

MOST_BYTES = 4 * 1024 * 1024
LONGEST_TEXT = 2000
TOO_MANY = 429
TOO_LATE_OR_MANY = frozenset({408, 425, TOO_MANY})
"""Statuses after which the request may still be executed; 429 only if the venue does not state
otherwise.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """The venue's answer. `document`: None if it is not JSON. `text`: the beginning of the body,
    without secrets.
    """

    status: int
    document: Any
    text: str


class Sender:
    """Sends orders to one venue over HTTP.

    `is_refusal(document)` names answers with 429 that state that the request was refused.
    `timeout`: seconds from the beginning of a request to the end of its answer. Errors never
    contain `secrets` or the values of headers. `clock` takes the header `Date` of each answer.
    `pacing` learns of 429 and 418; `pause_in(text)` finds the seconds to wait in its text. The
    caller takes the turns.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,
        secrets: Iterable[str] = (),
        is_refusal: Callable[[Any], bool] = lambda document: False,
        clock: VenueClock | None = None,
        pacing: Pacing | None = None,
        pause_in: Callable[[str], float] = lambda answer_text: 0.0,
    ) -> None:
        self._client = client_of(base_url, headers, timeout)
        self._clock = clock
        self._timeout = timeout
        self._secrecy = Secrecy(secrets, headers)
        self._is_refusal = is_refusal
        self._pacing = pacing
        self._pause_in = pause_in

    async def send(
        self, method: str, path: str, *, json: Any = None, form: Mapping[str, str] | None = None
    ) -> HttpAnswer:
        """Send one request, and return the venue's statement: 2xx with JSON, or 4xx.

        Raises NotSent if no connection was made. Raises Unanswered after a timeout, a lost
        connection, 3xx, 5xx, 408, 429, or a 2xx that cannot be read.
        """
        request = self._client.build_request(
            method, path, json=json, data=dict(form) if form else None
        )
        began = elapsed()
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._client.send(request)
        except (
            httpx.ConnectError,
            httpx.ConnectTimeout,
            httpx.PoolTimeout,
            httpx.UnsupportedProtocol,
        ) as error:
            raise NotSent("not_connected", self._hidden(error)) from None
        except (TimeoutError, httpx.TimeoutException):
            raise Unanswered("timeout", f"no answer within {self._timeout:g} s") from None
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise Unanswered("connection_lost", self._hidden(error)) from None
        if self._clock is not None:
            self._clock.note_date(response.headers.get("Date"), began)
        return self._judged(response)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    def _judged(self, response: httpx.Response) -> HttpAnswer:
        status, body = response.status_code, response.content[:MOST_BYTES]
        body_text = self._secrecy.hide(body[: 4 * LONGEST_TEXT].decode("utf-8", "replace"))[
            :LONGEST_TEXT
        ]
        try:
            document = parsed(body)
        except ValueError:
            document = None
        self._note_rate(response, body_text)
        if status == TOO_MANY and self._is_refusal(document):
            return HttpAnswer(status=status, document=document, text=body_text)
        if status >= 500 or 300 <= status < 400 or status in TOO_LATE_OR_MANY:
            raise Unanswered(f"http_{status}", body_text[:200])
        if status < 300 and document is None:
            raise Unanswered("unreadable", f"HTTP {status}, and no JSON: {body_text[:200]}")
        return HttpAnswer(status=status, document=document, text=body_text)

    def _note_rate(self, response: httpx.Response, text: str) -> None:
        if self._pacing is None:
            return
        if response.status_code not in (TOO_MANY, BANNED):
            self._pacing.accepted()
            return
        asked = max(asked_to_wait(response.headers, time.time()), self._pause_in(text))
        is_stated = asked > 0 or "Retry-After" in response.headers
        self._pacing.turned_away(response.status_code, asked if is_stated else None)

    def _hidden(self, error: Exception) -> str:
        return self._secrecy.hide(f"{type(error).__name__}: {error}")
