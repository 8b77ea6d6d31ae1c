"""Runs queries in bounded threads, and caches their answers as bytes while the ledger does not
change.
"""

import asyncio
import contextvars
import time
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from orderledger import Ledger, StoreError
from orderledger.extend.runtime import OutOfTime, check_time, deadline, threads
from orderledger.serve.freshness import Freshness
from orderledger.serve.problems import Problem
from orderledger.serve.settings import ServerLimits

Found = TypeVar("Found")

GRACE_SECONDS = 0.1
"""The client is answered first, then the query stops."""


@dataclass(frozen=True, slots=True)
class JsonAnswer:
    """A body of JSON. `position`: a log position that it includes, for its ETag; None if it
    depends on more. `log`: distinguishes logs that have the same positions.
    """

    body: bytes
    position: int | None = None
    log: str = ""

    @property
    def etag(self) -> bytes | None:
        if self.position is None:
            return None
        return b'W/"%d-%s"' % (self.position, self.log.encode())

    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers of the answer, except for those of every answer."""
        tag = [(b"etag", self.etag)] if self.etag is not None else []
        length = (b"content-length", str(len(self.body)).encode())
        return [(b"content-type", b"application/json"), length, *tag]


class Pool:
    """Threads for one kind of query, and a bound on those that wait."""

    def __init__(self, name: str, running: int, waiting: int, seconds: float) -> None:
        self.threads = ThreadPoolExecutor(running, thread_name_prefix=f"orderledger-{name}")
        self._most = running + waiting
        self._seconds = seconds
        self._taken = 0

    async def run(self, query: Callable[[], Found]) -> Found:
        """The result of a query in one of the threads. Raises Problem if too many wait, or if it
        takes too long: it is then stopped, or does not begin.
        """
        if self._taken >= self._most:
            raise Problem("busy", "too many queries at once")
        loop = asyncio.get_running_loop()
        until = time.monotonic() + self._seconds + GRACE_SECONDS
        running = self.threads.submit(contextvars.copy_context().run, _within, until, query)
        self._taken += 1
        running.add_done_callback(lambda done: self._leave_soon(loop))
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.wrap_future(running)
        except (TimeoutError, OutOfTime):
            raise Problem("busy", f"the query took more than {self._seconds:g} s") from None

    def _leave_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(self._leave)

    def _leave(self) -> None:
        self._taken -= 1

    def close(self) -> None:
        self.threads.shutdown(wait=False, cancel_futures=True)


def _within(until: float, query: Callable[[], Found]) -> Found:
    """The result of a query. Raises OutOfTime soon after the deadline."""
    with deadline(until):
        try:
            return threads.contained(query)
        except StoreError:
            check_time()  # the database was interrupted
            raise


class Cache:
    """Cached answers by path and query. All are dropped when the store changes, or when they
    take too many bytes.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._mark: Hashable = None
        self._answers: dict[Hashable, Any] = {}

    def get(self, mark: Hashable, key: Hashable) -> Any | None:
        return self._answers.get(key) if mark == self._mark and mark is not None else None

    def put(self, mark: Hashable, key: Hashable, answer: Any, size: int) -> None:
        """Cache an answer whose query began after the mark was taken."""
        if mark != self._mark or self._bytes + size > self._most:
            self._answers.clear()
            self._mark, self._bytes = mark, 0
        if size <= self._most:
            self._answers[key] = answer
            self._bytes += size


class QueryPools:
    """Queries the ledger, with separate threads for live views and for folds of the log."""

    def __init__(self, ledger: Ledger, limits: ServerLimits) -> None:
        self.ledger = ledger
        self._live = Pool("queries", limits.queries, limits.queries_waiting, limits.answer_seconds)
        self._folds = Pool("folds", limits.folds, limits.folds_waiting, limits.answer_seconds)
        self.freshness = Freshness(ledger, self._live.threads)
        self.cache = Cache(limits.cache_bytes)

    async def ask(self, query: Callable[[], Found], *, is_fold: bool = False) -> Found:
        """The result of a query. `is_fold`: it folds the log as of another time."""
        return await (self._folds if is_fold else self._live).run(query)

    def close(self) -> None:
        self._live.close()
        self._folds.close()
        self.freshness.close()
