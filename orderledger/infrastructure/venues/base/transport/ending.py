"""How what runs beside others comes to its end, and waits for one."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from typing import Any

ENDING_SECONDS = 3.0


class Ended(Exception):
    """In a line of what is heard: nothing more comes."""


async def happens_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, so long at the most: whether it has happened."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


async def ended(tasks: Collection["asyncio.Task[Any]"], *, within: float = ENDING_SECONDS) -> None:
    """Wait for tasks that end by themselves. Those that have not in so many seconds are canceled."""
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=within)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
