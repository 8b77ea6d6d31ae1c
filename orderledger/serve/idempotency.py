"""`Idempotency-Key` on every POST: a request is executed once, even over a restart of the server.

By the draft "The Idempotency-Key HTTP Header Field" of the IETF
(draft-ietf-httpapi-idempotency-key-header-06). The answer is 422 for a key of another request,
409 while its request is being executed, and otherwise the answer of the first attempt.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from starlette.responses import Response
from starlette.types import Scope

from orderledger import Ledger, StoreError
from orderledger.extend.runtime import EventLogger, threads
from orderledger.serve.bodies import JSON
from orderledger.serve.callers import Caller
from orderledger.serve.problems import CONTENT_TYPE, Problem, invalid, problem_of
from orderledger.serve.request_keys import KeptAnswer, KeptRequest, RequestKeys

HEADER = "Idempotency-Key"
LONGEST_KEY = 255
THREADS = 4
"""Threads that write keys without waiting: no query can block them."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Posted:
    """The answer to a POST. `is_replayed`: it is the answer of an earlier attempt."""

    body: bytes
    media: str = JSON
    status: int = 200
    is_replayed: bool = False

    def headers(self) -> list[tuple[bytes, bytes]]:
        about = [
            (b"content-type", self.media.encode()),
            (b"content-length", str(len(self.body)).encode()),
        ]
        replayed = [(b"idempotency-replayed", b"true")] if self.is_replayed else []
        return [
            *about,
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            *replayed,
        ]

    def response(self) -> Response:
        response = Response(self.body, self.status)
        response.raw_headers = self.headers()
        return response


Act = Callable[[datetime | None], Awaitable[Posted]]
"""Executes a request. Takes the time of its first attempt, if it has a key."""


class IdempotentRequests:
    """Executes each request with a key once."""

    def __init__(self, ledger: Ledger) -> None:
        self._keys = RequestKeys(ledger.internals.store.database)
        self._clock = ledger.internals.clock
        self._running: dict[tuple[str, str], bytes] = {}
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="orderledger-keys")
        self._log = EventLogger("orderledger.serve")

    async def once(self, scope: Scope, body: bytes, act: Act) -> Posted:
        """The answer to a request, from this attempt or the first one. Raises Problem if its key
        belongs to another request, or if the request is being executed.
        """
        key = _key(scope["head"])
        if key is None:
            return await act(None)
        caller: Caller = scope["caller"]
        place, fingerprint = (caller.name, key), _fingerprint(scope, body)
        running = self._running.get(place)
        if running is not None:
            _check_same(running, fingerprint)
            raise Problem(
                "in_flight",
                "this request is being executed: send it again later for its answer",
                field=HEADER,
                fault="is in use",
            )
        self._running[place] = fingerprint
        try:
            return await self._bound(place, fingerprint, act)
        finally:
            del self._running[place]

    async def _bound(self, place: tuple[str, str], fingerprint: bytes, act: Act) -> Posted:
        kept = await self._in_thread(
            lambda: self._keys.reserve(*place, fingerprint, self._clock.now().astimezone(UTC))
        )
        _check_same(kept.fingerprint, fingerprint)
        if kept.answer is not None:
            return Posted(kept.answer.body, kept.answer.media, kept.answer.status, is_replayed=True)
        try:
            posted = await act(kept.begun_at)
        except Exception as error:
            posted = await self._failed(place, kept, error)
        answer = KeptAnswer(posted.status, posted.media, posted.body)
        await self._at_best(lambda: self._keys.keep(*place, answer))
        return posted

    async def _failed(self, place: tuple[str, str], kept: KeptRequest, error: Exception) -> Posted:
        """The answer of a failed attempt, if it is final. A request that was certainly not
        executed leaves its key free; one that may have been keeps it, and can be sent again.
        """
        problem = problem_of(error)
        if problem is not None and problem.kind == "refused":
            return Posted(problem.body(), CONTENT_TYPE, problem.status)
        if kept.is_new and problem is not None and problem.status < 500:
            await self._at_best(lambda: self._keys.free(*place))
        raise error

    async def _at_best(self, write: Callable[[], None]) -> None:
        """Write an entry that only saves work for a later attempt: what was recorded stays
        recorded.
        """
        try:
            await self._in_thread(write)
        except StoreError as error:
            self._log.warning("key_not_kept", why=str(error))

    async def _in_thread(self, call: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, threads.contained, call
        )

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _key(headers: Mapping[bytes, bytes]) -> str | None:
    """The key, which may be in quotes. Raises Problem if it is invalid."""
    given = headers.get(b"idempotency-key")
    if given is None:
        return None
    try:
        key = given.decode().strip().removeprefix('"').removesuffix('"')
    except UnicodeDecodeError:
        raise invalid(HEADER, "is not UTF-8") from None
    if not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
        raise invalid(HEADER, f"is not printable text of 1 to {LONGEST_KEY} characters")
    return key


def _fingerprint(scope: Scope, body: bytes) -> bytes:
    """A hash of the whole request: its content, and how its body is to be read."""
    media = scope["head"].get(b"content-type", b"").partition(b";")[0].strip().lower()
    about = hashlib.sha256()
    for part in (scope["raw_path"], scope["query_string"], media, body):
        about.update(b"%d:" % len(part))
        about.update(part)
    return about.digest()


def _check_same(known: bytes, fingerprint: bytes) -> None:
    if known != fingerprint:
        text = "another request has this Idempotency-Key: use a new key. Nothing was recorded"
        raise Problem("key_reused", text, field=HEADER, fault="belongs to another request")
