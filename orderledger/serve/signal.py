"""Wakes all waiting tasks, and stores nothing for those that do not wait."""

import asyncio
from contextlib import suppress


class Signal:
    """A broadcast inside one event loop."""

    def __init__(self) -> None:
        self._waiting: asyncio.Future[None] | None = None

    def wake_all(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
        self._waiting = None

    async def wait(self, seconds: float) -> None:
        """Wait for the next `wake_all`, at most this long."""
        if self._waiting is None:
            self._waiting = asyncio.get_running_loop().create_future()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.shield(self._waiting)
