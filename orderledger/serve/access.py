"""The first check of a request: sender, origin and permission. Then come cached answers, then
the routes.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orderledger.extend.runtime import EventLogger
from orderledger.serve.answers import JsonAnswer, QueryPools
from orderledger.serve.callers import EVERYBODY, NOBODY, Caller, roles_needed
from orderledger.serve.problems import Problem, problem_of
from orderledger.serve.settings import ServiceSettings
from orderledger.serve.tokens import Token

OPEN_PATHS = frozenset({"/", "/api/docs", "/health/live"})
OPEN_FOLDERS = ("/assets/",)
"""Paths without a token: the files of the page, which contain no data of the ledger, and whether
the process is alive.
"""

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src "
    "'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
OF_JSON = SECURITY[:2]
"""Enough for an answer that no browser runs: each header takes a microsecond (bench_service.py)."""
HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]{1,5})?", re.ASCII)
NO_CACHE = (b"cache-control", b"no-cache")
"""A browser revalidates each time, with the ETag."""


class Kept:
    """A cached answer, as the messages that send it."""

    __slots__ = ("body", "etag", "start", "unchanged")

    def __init__(self, answer: JsonAnswer) -> None:
        headers = [*answer.headers(), NO_CACHE, *OF_JSON]
        self.etag = answer.etag
        self.start: Message = {"type": "http.response.start", "status": 200, "headers": headers}
        self.body: Message = {"type": "http.response.body", "body": answer.body}
        without = [
            header for header in headers if header[0] not in (b"content-length", b"content-type")
        ]
        self.unchanged: Message = {"type": "http.response.start", "status": 304, "headers": without}

    async def send(self, send: Send, known: bytes | None) -> None:
        """Send it, or 304 if the client has it."""
        if known is not None and self.etag is not None and is_known(self.etag, known):
            await send(self.unchanged)
            await send({"type": "http.response.body", "body": b""})
        else:
            await send(self.start)
            await send(self.body)


class Access:
    """Checks a request's host, origin, token and role, before anything reads it. ASGI
    middleware."""

    def __init__(
        self, app: ASGIApp, settings: ServiceSettings, answers: QueryPools, messages: ASGIApp
    ) -> None:
        self._app = app
        self._messages = (
            messages  # without the routes, which take longer than the recording (bench_service.py)
        )
        self._tokens = settings.tokens
        self._hosts = settings.allowed_hosts()
        self._answers = answers
        self._log = EventLogger("orderledger.serve")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        try:
            headers = _headers(scope["headers"])
            self._check_place(headers)
            scope["caller"] = self._caller(scope, headers)
        except Problem as problem:
            self._log.warning(
                "refused", status=problem.status, why=problem.detail, path=scope["path"][:200]
            )
            await problem.response()(scope, receive, _secured(send))
            return
        scope["head"] = headers
        scope["direct"] = scope["method"] == "POST" and scope["path"] == "/api/messages"
        if scope["method"] == "GET":
            mark = self._answers.freshness.mark_now()
            kept = self._answers.cache.get(mark, (scope["raw_path"], scope["query_string"]))
            if kept is not None:
                await kept.send(send, headers.get(b"if-none-match"))
                return
        await self._route(scope, receive, send)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the routes. An error before the answer began is answered as a problem."""
        has_begun = False

        async def secured(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                if not scope["direct"]:
                    message = {**message, "headers": _with_security(message["headers"])}
            await send(message)

        try:
            await (self._messages if scope["direct"] else self._app)(scope, receive, secured)
        except Exception as error:
            problem = problem_of(error)
            if problem is None:
                self._log.exception("failed", path=scope["path"][:200])
                problem = Problem("internal_error", "the server failed; see its log")
            elif problem.status >= 500:
                self._log.warning(
                    "unanswered",
                    status=problem.status,
                    why=problem.detail,
                    path=scope["path"][:200],
                )
            if has_begun:
                raise ConnectionAbortedError("the answer had begun") from None
            await problem.response()(scope, receive, secured)

    def _check_place(self, headers: Mapping[bytes, bytes]) -> None:
        """Raise Problem for another server's name, as in DNS rebinding, and for the page of
        another site.
        """
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if _name_of(host) not in self._hosts:
            raise Problem(
                "wrong_host",
                "the Host header names another server",
                field="Host",
                fault="is not allowed: see --allow-host",
            )
        origin = headers.get(b"origin")
        if origin is not None and origin.decode("latin-1").lower() not in (
            f"http://{host}",
            f"https://{host}",
        ):
            raise Problem(
                "forbidden",
                "pages of other sites may not send requests",
                field="Origin",
                fault="is another site",
            )

    def _caller(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Caller:
        if self._tokens is None:
            return EVERYBODY
        path = scope["path"]
        if scope["method"] in ("GET", "HEAD") and (
            path in OPEN_PATHS or path.startswith(OPEN_FOLDERS)
        ):
            return NOBODY
        token = self._token(headers.get(b"authorization"))
        if token is None:
            raise Problem(
                "no_token",
                "send Authorization: Bearer TOKEN",
                field="Authorization",
                fault="has no valid token",
            )
        needed = roles_needed(scope["method"], path)
        if token.roles.isdisjoint(needed) and path != "/api/me":
            roles = " or ".join(needed)
            raise Problem(
                "forbidden",
                f"the token lacks the role {roles}",
                field="Authorization",
                fault=f"lacks {roles}",
            )
        return Caller(token.name, token.roles, token.digest)

    def _token(self, given: bytes | None) -> Token | None:
        scheme, _, text = (given or b"").partition(b" ")
        return (
            self._tokens.find(text.strip())
            if self._tokens is not None and scheme.lower() == b"bearer"
            else None
        )


def is_known(etag: bytes, given: bytes) -> bool:
    """Check an If-None-Match header for the ETag."""
    return given == etag or etag in [one.strip() for one in given.split(b",")]


def _headers(given: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The headers by name. Raises Problem for one that must not be repeated."""
    headers: dict[bytes, bytes] = {}
    for name, value in given:
        if name in headers and name in (
            b"host",
            b"origin",
            b"authorization",
            b"content-type",
            b"content-length",
        ):
            raise Problem(
                "invalid_request",
                "a header is given twice",
                field=name.decode("latin-1"),
                fault="is given twice",
            )
        headers[name] = value
    return headers


def _name_of(host: str) -> str:
    """The name in a Host header, without the port. Empty if there is none."""
    found = HOST.fullmatch(host)
    return (found[1] or found[2]) if found else ""


def _with_security(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    given = list(headers)
    names = {name for name, _ in given}
    return [*given, *(header for header in (*SECURITY, NO_CACHE) if header[0] not in names)]


def _secured(send: Send) -> Send:
    async def secured(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": _with_security(message["headers"])}
        await send(message)

    return secured
