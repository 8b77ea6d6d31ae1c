"""`Call`: the requests and answer of one ccxt call, and the HTTP session that sends each order
once.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp

from orderledger.venues.base.venue_clock import elapsed
from orderledger.venues.ccxt.absence import Expiry
from orderledger.venues.ccxt.sending import Change, Orders, Request


@dataclass(slots=True)
class Call:
    """The record of one ccxt call. It shows whether the `meant` request was sent (any request,
    if none was given), and the answer to the last one as a document. None if the answer is not a
    document. `is_meant`: the last request is the one that was meant. `has_left`: it was passed
    to a connection. `expiry` and `expires_at`: how and when the meant request expires, if it does.
    `seconds`: the longest wait for the answer to a request. `began`: when the last one was sent, by
    `elapsed`.
    """

    meant: Orders | Change | None = None
    expiry: Expiry | None = None
    expires_at: datetime | None = None
    is_sent: bool = False
    is_meant: bool = False
    has_left: bool = False
    address: str = ""
    status: int = 0
    answer: Any = None
    seconds: float | None = None
    began: float | None = None

    def headers(self, headers: Mapping[str, str] | None) -> dict[str, str]:
        """The headers of a request, with its expiry."""
        has_expiry = self.expiry is not None and self.expires_at is not None
        more = self.expiry.headers(self.expires_at) if has_expiry else {}  # type: ignore[union-attr, arg-type]
        return {**(headers or {}), **more}

    def begin(self, request: Request) -> None:
        """Check a request that is about to be sent. Raises NotSent if it is neither the meant
        one nor a query.
        """
        self.is_meant = self.has_left = False
        if self.meant is None or self.meant.is_in(request):
            if self.expiry is not None and self.expires_at is not None:
                self.expiry.check(request, self.expires_at)
            self.is_sent, self.is_meant = True, self.meant is not None
        self.address, self.status, self.answer = request.address, 0, None
        self.began = elapsed()


_present: ContextVar[Call | None] = ContextVar("call", default=None)
_seconds: ContextVar[float | None] = ContextVar("seconds", default=None)


def present_call() -> Call | None:
    """The call in progress, if it is tracked."""
    return _present.get()


@contextmanager
def noted(
    meant: Orders | Change | None = None,
    expiry: Expiry | None = None,
    expires_at: datetime | None = None,
) -> Iterator[Call]:
    """Track the ccxt calls in this block, and send only the meant request."""
    call = Call(meant, expiry, expires_at, seconds=_seconds.get())
    token = _present.set(call)
    try:
        yield call
    finally:
        _present.reset(token)


@contextmanager
def waiting(seconds: float | None) -> Iterator[None]:
    """The calls in this block wait for each answer so long, and no longer. None: as usual."""
    token = _seconds.set(seconds)
    try:
        yield
    finally:
        _seconds.reset(token)


async def _leave_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Send the meant request exactly once. aiohttp resends GET, PUT and DELETE after a lost
    connection (aiohttp 3.14 client.py, `IDEMPOTENT_METHODS`; Deribit takes orders by GET), and
    any request after a redirect.
    """
    if (call := present_call()) is not None and call.is_meant:
        if call.has_left:
            raise aiohttp.ClientConnectionError(
                "the connection was lost or redirected: the request is not sent again"
            )
        call.has_left = True
    return await handler(request)


def open_session(exchange: Any, open_base: Callable[[Any, bool], None], lazy: bool) -> None:
    """Open ccxt's session as one that sends each order once."""
    is_new = exchange.own_session and exchange.session is None
    open_base(exchange, lazy)
    if is_new:
        made: aiohttp.ClientSession = exchange.session
        connector, trust_env = made.connector, made.trust_env
        made.detach()
        exchange.session = aiohttp.ClientSession(
            connector=connector, trust_env=trust_env, middlewares=(_leave_once,)
        )
