"""ccxt's exchanges without floats, and with ccxt's errors converted to venue errors. Imports
ccxt; only modules that query or send import this one.
"""

import asyncio
import functools
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable
from difflib import get_close_matches
from typing import Any

from orderledger import InvalidSetting
from orderledger.extend.messages import facts
from orderledger.extend.runtime import did_you_mean, secrecy
from orderledger.venues.base.transport.http import Censor
from orderledger.venues.base.venue_clock import elapsed
from orderledger.venues.ccxt.calls import Call, noted, open_session, present_call
from orderledger.venues.ccxt.conditional import with_ordinary_id
from orderledger.venues.ccxt.importing import ccxt
from orderledger.venues.ccxt.pacing import ExchangePacing, pacing_in
from orderledger.venues.ccxt.quirks import quirks_of
from orderledger.venues.ccxt.reading import UNREADABLE
from orderledger.venues.ccxt.sending import Request
from orderledger.venues.ccxt.settings import CcxtSettings
from orderledger.venues.ccxt.timing import ADJUSTS, adjusts_by_default, keep_time, timed
from orderledger.venues.errors import VenueError, VenueRefused, VenueUnavailable

# it logs whole requests, including keys
logging.getLogger("ccxt.base.exchange").addFilter(Censor())

TIMEOUT_MILLISECONDS = 10_000
SHOWN = 300
ORIGIN = re.compile(r"^\w+://[^/]*")
QUERY = re.compile(r"\?\S+")
STATUS, ADDRESS, HEADERS, TEXT, DOCUMENT = 0, 2, 4, 5, 6
"""Positions among the arguments of `handle_errors`: the HTTP status, the address, the headers, the
text of the answer, and its document."""
FIELDS_OF_A_ROW = 5
"""A document with at least this many fields is a row; a refusal unknown to ccxt has fewer."""
LATER = (ccxt.RateLimitExceeded, ccxt.DDoSProtection, ccxt.InvalidNonce, ccxt.OnMaintenance)
LATER_STATUSES = frozenset({408, 418, 425, 429})
CUT_SHORT = ("{", "[", "<", "")
"""First characters of an answer that should have been JSON."""

COPIED = (
    "urls",
    "hostname",
    "aiohttp_trust_env",
    "aiohttp_proxy",
    "httpProxy",
    "httpsProxy",
    "socksProxy",
    "wsProxy",
    "wssProxy",
    "wsSocksProxy",
)
"""Of the caller's own exchange: where it connects."""

exact_json: Callable[[str], Any] = functools.partial(
    json.loads, parse_float=str, parse_constant=str
)
"""Numbers with a fraction as the text that was received."""


def exact(base: Any) -> Any:
    """A class of ccxt in which no number becomes a float, unreadable text is an error, and
    orders are sent once.
    """

    async def fetch(
        self: Any, url: str, method: str = "GET", headers: Any = None, body: Any = None
    ) -> Any:
        """Raises BadResponse if ccxt would return text that is not JSON, which it then reads as
        an empty list.
        """
        if (call := present_call()) is not None:
            headers = call.headers(headers)
            call.begin(Request(method, url, headers, body))
        began = elapsed()
        answer = await base.fetch(self, url, method, headers, body)
        if self.on_date is not None:
            self.on_date((self.last_response_headers or {}).get("Date"), began)
        if isinstance(answer, str) and answer.lstrip()[:1] in CUT_SHORT:
            raise ccxt.BadResponse(f"{method} {url}: the answer is not JSON")
        return answer

    def handle_errors(self: Any, *answer: Any) -> Any:
        """Keep the document before ccxt evaluates it."""
        if (call := present_call()) is not None:
            call.status, call.answer = answer[STATUS], answer[DOCUMENT]
        return base.handle_errors(self, *answer)

    def client(self: Any, url: str) -> Any:
        is_new = url not in (self.clients or {})
        made = base.client(self, url)
        if is_new:
            made.handle_text_or_binary_message = functools.partial(_read_frame, self, made)
        return made

    def parse_order(self: Any, row: Any, market: Any = None) -> Any:
        parse = functools.partial(base.parse_order, self)
        return with_ordinary_id(
            _parsed(parse, row, market, self.milliseconds()), quirks_of(self.id)
        )

    def parse_trade(self: Any, row: Any, market: Any = None) -> Any:
        return _parsed(functools.partial(base.parse_trade, self), row, market, self.milliseconds())

    def open_once(self: Any, lazy: bool = False) -> None:
        open_session(self, base.open, lazy)

    own = (fetch, handle_errors, client, parse_order, parse_trade)
    exactly = {
        "number": str,
        "on_json_response": staticmethod(exact_json),
        "on_unread": None,
        "on_date": None,
        "open": open_once,
    }
    return type(base.__name__, (base,), {**exactly, **{method.__name__: method for method in own}})


def paced(base: Any) -> Any:
    """A class of ccxt whose requests wait for their turn in a `Pacing` that others share.

    ccxt's own limiter serves them in their order: a cancel would wait behind every order.
    """

    def calculate_rate_limiter_cost(
        self: Any, api: Any, method: Any, path: Any, params: Any, config: Any = None
    ) -> Any:
        cost = base.calculate_rate_limiter_cost(self, api, method, path, params, config or {})
        return cost if self.pacing is None else self.pacing.costs(cost, api, method, path, params)

    async def throttle(self: Any, cost: Any = None) -> None:
        """Wait for the turn of a request. ccxt's own limiter has no order but the first come."""
        if isinstance(cost, dict):
            await asyncio.sleep(0)  # as ccxt's own limiter: a lost connection is noticed meanwhile
            await self.pacing.turn(cost)
        else:
            await base.throttle(self, cost)

    def handle_errors(self: Any, *answer: Any) -> Any:
        """Learn of rate limits from an answer before ccxt evaluates it."""
        status, address, headers, text = (answer[one] for one in (STATUS, ADDRESS, HEADERS, TEXT))
        if self.pacing is None:
            return base.handle_errors(self, *answer)
        self.pacing.note(status, address, headers or {}, text or "", time.time())
        try:
            return base.handle_errors(self, *answer)
        except (ccxt.RateLimitExceeded, ccxt.DDoSProtection):
            if status < 400:
                self.pacing.refused(status, headers or {}, text or "", time.time())
            raise

    own = (calculate_rate_limiter_cost, throttle, handle_errors)
    return type(
        base.__name__, (base,), {"pacing": None, **{method.__name__: method for method in own}}
    )


def _parsed(parse: Callable[[Any, Any], Any], row: Any, market: Any, now: int) -> Any:
    """A row as ccxt parses it. A row that cannot be parsed affects only itself: it is parsed
    without the failing fields, and marked. ccxt would drop a row without a time, so it gets one.
    """
    try:
        parsed = parse(row, market)
    except Exception as error:
        parsed = _without_fault(parse, row, market)
        parsed = {
            "symbol": market and market.get("symbol"),
            **parsed,
            UNREADABLE: shown(error),
            "info": row,
        }
    if UNREADABLE in parsed and parsed.get("timestamp") is None:
        parsed["timestamp"] = now
    return parsed


def _without_fault(parse: Callable[[Any, Any], Any], row: Any, market: Any) -> Any:
    """The row without the fields that no parser accepts: fields are added one after the other,
    to find at least its id.
    """
    kept: dict[str, Any] = {}
    parsed: Any = {"id": None, "timestamp": None}
    for name, value in row.items() if isinstance(row, dict) else ():
        try:
            parsed = parse({**kept, name: value}, market)
        except Exception:  # error of a parser, for this field
            continue
        kept[name] = value
    return parsed


def _read_frame(exchange: Any, client: Any, frame: str | bytes) -> None:
    """Pass a frame to ccxt. An error would silently stop reading the connection."""
    text = frame.decode("utf-8", "replace") if isinstance(frame, bytes) else frame
    try:
        document = exact_json(text) if text.lstrip()[:1] in ("{", "[") else text
        if text.count("{") + text.count("[") > facts.NESTING_LIMIT:
            facts.evidence_of(document)  # raises for values that cannot be stored
        exchange.handle_message(client, document)
    except Exception as error:  # error of a ccxt parser, for a frame that it does not expect
        if exchange.on_unread is not None:
            exchange.on_unread(text, shown(error))


def connected(settings: CcxtSettings, *, sends: bool = False) -> Any:
    """The exchange with its credentials and addresses. Raises InvalidSetting, naming the field."""
    own: Any = settings.exchange
    if not isinstance(own, str):
        return _like(own, settings, sends=sends)
    base = _class_of(settings.exchange)
    quirks = quirks_of(settings.exchange)
    config = {
        "enableRateLimit": True,
        "timeout": TIMEOUT_MILLISECONDS,
        "options": {**dict(quirks.options), **settings.options},
    }
    if settings.milliseconds_per_request is not None:
        config["rateLimit"] = settings.milliseconds_per_request
    exchange = timed(paced(exact(base)))(config)
    if ADJUSTS not in settings.options and adjusts_by_default(exchange):
        exchange.options[ADJUSTS] = True
    keep_time(exchange)
    _check_methods(exchange)
    if sends:
        _send_once(exchange)
    if settings.network != "live":
        _use_sandbox(exchange)
    for name, secret in _credentials(exchange, settings, sends=sends).items():
        setattr(exchange, name, secret)
    if settings.url:
        exchange.urls["api"] = _moved(exchange.urls["api"], settings.url, settings.websocket_url)
        exchange.aiohttp_trust_env = False
    _pace(exchange)
    return exchange


def _pace(exchange: Any) -> None:
    """Share the pacing of all objects with this key. ccxt would pace each of them alone."""
    known = (exchange.apiKey, exchange.walletAddress, exchange.login, exchange.token)
    key = next((str(one) for one in known if one), "")
    exchange.pacing = ExchangePacing(exchange, key)


def _like(own: Any, settings: "CcxtSettings", *, sends: bool) -> Any:
    """An exact exchange with the credentials, options, addresses and proxies of the caller's own.
    The caller's own is unchanged: it passes numbers through floats, and the caller closes it."""
    quirks = quirks_of(own.id)
    exchange = timed(paced(exact(_class_of(own.id))))(
        {"enableRateLimit": True, "timeout": own.timeout, "rateLimit": own.rateLimit}
    )
    _check_methods(exchange)
    exchange.options |= {**dict(quirks.options), **own.options, **settings.options}
    keep_time(exchange)
    for name in (*COPIED, *own.requiredCredentials):
        setattr(exchange, name, getattr(own, name))
    secrecy.learn(*(getattr(own, name) for name in own.requiredCredentials))
    if sends:
        _send_once(exchange)
    _pace(exchange)
    return exchange


def _send_once(exchange: Any) -> None:
    """ccxt would send an order again (base/exchange.py, `fetch2`)."""
    exchange.options["maxRetriesOnFailure"] = 0


async def asked(question: Callable[[], Awaitable[Any]], what: str) -> Any:
    """The answer to a query. Raises VenueUnavailable, VenueRefused, and ccxt's OrderNotFound
    unchanged.
    """
    with noted() as call:
        try:
            answer = await question()
        except ccxt.OrderNotFound:
            raise
        except Exception as error:
            raise venue_error(error, call, what) from error
    if call.is_sent and not holds_rows(call.answer):
        raise VenueUnavailable(f"{what}: the answer has neither a list nor an equivalent")
    return answer


def holds_rows(document: Any) -> bool:
    """Whether an answer can hold rows. ccxt reads any other document as an empty list."""
    if not isinstance(document, dict):
        return isinstance(document, list)
    inner = [value for name, value in document.items() if name not in ("error", "errors")]
    return (
        any(value is None or isinstance(value, (dict, list)) for value in inner)
        or len(inner) >= FIELDS_OF_A_ROW
    )


def venue_error(error: Exception, call: Call, what: str) -> VenueError:
    """An error of ccxt, or of its parsers for an unexpected answer, as a venue error."""
    message = f"{what}: {shown(error)}"
    is_later = isinstance(error, LATER) or call.status in LATER_STATUSES
    if isinstance(error, ccxt.ExchangeError) or (400 <= call.status < 500 and not is_later):
        return VenueRefused(call.status if call.status >= 400 else 400, message)
    return VenueUnavailable(message)


def shown(error: BaseException) -> str:
    """The text of an error, without secrets and without the request."""
    return f"{type(error).__name__}: {QUERY.sub('?…', secrecy.masked(str(error)))[:SHOWN]}"


def _class_of(name: str) -> Any:
    if name not in ccxt.async_support.exchanges:
        near = get_close_matches(name, ccxt.async_support.exchanges, n=3)
        hint = f": did you mean {', '.join(near)}?" if near else ""
        raise InvalidSetting(
            "venues.exchange", f"{name!r} is not an exchange of ccxt {ccxt.__version__}{hint}"
        )
    return getattr(ccxt.pro if name in ccxt.pro.exchanges else ccxt.async_support, name)


def _check_methods(exchange: Any) -> None:
    missing = [name for name in ("fetchOpenOrders", "fetchMyTrades") if not exchange.has.get(name)]
    if missing:
        why = (
            f"ccxt does not support {' or '.join(missing)} for {exchange.id}: its orders and "
            "fills cannot be recorded"
        )
        raise InvalidSetting("venues.exchange", why)


def _use_sandbox(exchange: Any) -> None:
    if not exchange.urls.get("test"):
        raise InvalidSetting("venues.network", f"ccxt has no test network for {exchange.id}")
    exchange.set_sandbox_mode(True)


def _credentials(exchange: Any, settings: CcxtSettings, *, sends: bool) -> dict[str, str]:
    known = exchange.requiredCredentials
    needed = [name for name, is_needed in known.items() if is_needed]
    reads_with = quirks_of(exchange.id).reads_with
    for name in settings.credentials:
        if name not in known:
            similar = did_you_mean(name, known)
            raise InvalidSetting(
                f"venues.credentials.{name}",
                f"is not one of {', '.join(known)}.{similar}".rstrip("."),
            )
    for name in needed if sends or reads_with is None else reads_with:
        if name not in settings.credentials:
            raise InvalidSetting(
                f"venues.credentials.{name}", f"is missing: {exchange.id} needs {', '.join(needed)}"
            )
    return {
        name: secret.read(f"venues.credentials.{name}")
        for name, secret in settings.credentials.items()
    }


def _moved(urls: Any, http: str, websocket: str) -> Any:
    """The addresses with another scheme and host."""
    if isinstance(urls, dict):
        return {name: _moved(inner, http, websocket) for name, inner in urls.items()}
    if not isinstance(urls, str):
        return urls
    origin = ORIGIN.match(websocket if urls.startswith("ws") else http)
    return ORIGIN.sub(origin.group() if origin else "", urls, count=1)


class Connections:
    """The connections of an exchange, closed together."""

    def __init__(self, exchange: Any) -> None:
        self._exchange = exchange
        self.pacing = pacing_in(exchange)

    async def aclose(self) -> None:
        self._exchange.timeout_on_exit = 0
        await self._exchange.close()
