"""Calls in threads: an end of an iteration ends no wait."""

import asyncio

import pytest

from orderledger import AsyncLedger
from orderledger.infrastructure.threads import to_thread


def ended() -> int:
    return next(iter(()))


def test_a_stop_iteration_in_a_thread_reaches_the_task_that_waits() -> None:
    with pytest.raises(RuntimeError, match="StopIteration"):
        asyncio.run(asyncio.wait_for(to_thread(ended), 5))


def test_a_stop_iteration_in_a_query_reaches_the_task_that_waits() -> None:
    async def story() -> None:
        async with AsyncLedger.open("memory://") as ledger:
            with pytest.raises(RuntimeError, match="StopIteration"):
                await asyncio.wait_for(ledger.run(lambda _: ended()), 5)

    asyncio.run(story())
