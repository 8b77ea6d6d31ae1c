"""Keeps the views up to date while a collector runs, or sees to it that they are: `follow` does so, or raises."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog

EVERY = 0.05
BEHIND_MOST = 5.0
"""Seconds. While feeds keep the recorder busy, the views of what they say wait, so long at the most."""

Follow = Callable[[], Any]


class Views:
    """What is recorded comes first: a feed cannot be held back for long, and views can be made at any time."""

    def __init__(self, follow: Follow, *, is_busy: Callable[[], bool], retry_seconds: float) -> None:
        self._follow = follow
        self._is_busy = is_busy
        self._retry_seconds = retry_seconds
        self._log = structlog.get_logger("orderledger.collect")

    async def keep(self) -> None:
        """For ever. It has a thread of its own: a question to the ledger never waits for its turn behind the views."""
        loop, thread = asyncio.get_running_loop(), ThreadPoolExecutor(1, "orderledger-views")
        try:
            while True:
                await self._followed(loop.run_in_executor(thread, self._follow))
                kept_at = loop.time()
                await asyncio.sleep(EVERY)
                while self._is_busy() and loop.time() - kept_at < BEHIND_MOST:
                    await asyncio.sleep(EVERY)
        finally:
            thread.shutdown(wait=False)

    async def _followed(self, following: Awaitable[Any]) -> None:
        try:
            await following
        except Exception as error:  # the log is what counts: whoever asks the views is told what is wrong with them
            self._log.warning("views_not_kept", why=str(error))
            await asyncio.sleep(self._retry_seconds)
