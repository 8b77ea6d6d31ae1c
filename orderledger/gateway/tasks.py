"""The tasks of a gateway: they continue when their caller is canceled."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

from orderledger.extend.runtime import EventLogger

Result = TypeVar("Result")

log = EventLogger("orderledger.gateway")


class Tasks:
    """The running tasks of a gateway, in its event loop."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Result]) -> "asyncio.Task[Result]":
        """Begin to do something that nobody need wait for."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("sending failed", error=str(error))

    async def shielded(self, work: Awaitable[Result]) -> Result:
        """Wait for work that continues if the waiting task is canceled."""

        async def run() -> Result:
            return await work

        return await asyncio.shield(self.start(run()))

    async def wait(self, seconds: float) -> None:
        """Wait until all have ended, for some seconds at most."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
