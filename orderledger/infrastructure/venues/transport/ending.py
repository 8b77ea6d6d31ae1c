"""How what runs beside others comes to its end."""

import asyncio
from collections.abc import Collection
from typing import Any

ENDING_SECONDS = 3.0


class Ended(Exception):
    """In a line of what is heard: nothing more comes."""


async def ended(tasks: Collection["asyncio.Task[Any]"], *, within: float = ENDING_SECONDS) -> None:
    """Wait for tasks that end by themselves. Those that have not in so many seconds are canceled."""
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=within)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
