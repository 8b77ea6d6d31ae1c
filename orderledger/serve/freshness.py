"""Detects whether the store has changed since an answer was made. A client that recorded, here
or in another process, reads its own write.
"""

import asyncio
import sqlite3
from collections.abc import Hashable
from concurrent.futures import Executor
from contextlib import suppress
from pathlib import Path

from orderledger import Ledger
from orderledger.extend.runtime import threads
from orderledger.extend.store import Store


class Freshness:
    """A mark of the store's state. If two marks are equal, nothing was committed in between."""

    def __init__(self, ledger: Ledger, threads: Executor) -> None:
        self._ledger = ledger
        self._threads = threads
        self._asking: asyncio.Future[Hashable] | None = None
        self._next: asyncio.Future[Hashable] | None = None
        self._connection = _connected(ledger.internals.store)

    def mark_now(self) -> Hashable | None:
        """The mark, if it is available without waiting: SQLite counts the commits of all other
        connections in some microseconds.
        """
        if self._connection is None:
            return None
        try:
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error:
            return None

    async def mark(self) -> Hashable:
        """The mark: the last position of the log, read by a query that begins now. Waiting
        callers share one query.
        """
        now = self.mark_now()
        if now is not None:
            return now
        if (
            self._asking is not None
        ):  # that query may have begun before a commit that this caller knows of
            if self._next is None:
                self._next = asyncio.ensure_future(self._ask_after(self._asking))
            return await asyncio.shield(self._next)
        self._asking = asyncio.ensure_future(self._ask())
        return await asyncio.shield(self._asking)

    async def _ask_after(self, before: "asyncio.Future[Hashable]") -> Hashable:
        with suppress(Exception):
            await asyncio.shield(before)
        self._asking, self._next = self._next, None
        return await self._ask()

    async def _ask(self) -> Hashable:
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, threads.contained, self._look)
        finally:
            self._asking = None

    def _look(self) -> Hashable:
        """After the log went back, it reaches the same positions again, with other events."""
        position = self._ledger.log.position()
        return self._ledger.internals.store.epoch.number, position

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def _connected(store: Store) -> sqlite3.Connection | None:
    """The event loop's own connection to a SQLite file. None for other stores."""
    if store.file is None:
        return None
    try:
        connection = sqlite3.connect(
            f"{Path(store.file).as_uri()}?mode=ro", uri=True, timeout=0, isolation_level=None
        )
        connection.execute("PRAGMA data_version").fetchone()
    except sqlite3.Error:
        return None
    return connection
