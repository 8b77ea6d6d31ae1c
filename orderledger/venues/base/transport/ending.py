"""Waiting for tasks and events to end."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from typing import Any

ENDING_SECONDS = 3.0


class Ended(Exception):
    """Queue item that marks the end."""


async def happens_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, at most this long. Returns whether it has happened."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


async def ended(tasks: Collection["asyncio.Task[Any]"], *, within: float = ENDING_SECONDS) -> None:
    """Wait for tasks that end by themselves, and cancel those still running after this many
    seconds.
    """
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=within)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
