"""A ledger as a world's gateway has it: its commits take virtual time, and some fail before or
after they were made."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any, Self, TypeVar

from orderledger import Ledger, Message, Outcome
from orderledger.infrastructure.errors import OutcomeUnknown, StoreUnreachable

Result = TypeVar("Result")


class WorldLedger:
    """The methods of a ledger that a gateway uses. `failures()`: the share of commits that fail
    now."""

    def __init__(self, ledger: Ledger, chance: Random, failures: Callable[[], float]) -> None:
        self._ledger = ledger
        self._chance = chance
        self._failures = failures
        self.internals = ledger.internals
        self.views = ledger.views
        self.order = ledger.order
        self.history = ledger.history
        self.status = ledger.status

    @property
    def recording(self) -> Self:
        return self

    async def arecord(self, message: Message) -> Outcome:
        return await self._failing(lambda: self._ledger.arecord(message))

    async def arecord_together(
        self, messages: Sequence[Message], *, fence: int | None = None
    ) -> list[Outcome]:
        return await self._failing(
            lambda: self._ledger.recording.arecord_together(messages, fence=fence)
        )

    async def _failing(self, commit: Callable[[], Awaitable[Result]]) -> Result:
        await self._pause()
        fails = self._chance.random() < self._failures()
        if fails and self._chance.random() < 0.6:
            raise self._chance.choice((StoreUnreachable, OutcomeUnknown))("the disk is full")
        result: Any = await commit()
        await self._pause()
        if fails:
            raise OutcomeUnknown("the store failed in the middle of a commit")
        return result  # type: ignore[no-any-return]

    async def _pause(self) -> None:
        await asyncio.sleep(self._chance.choice((0.0, 0.0, 0.001, 0.02, 0.2)))


def without_threads(ledger: Ledger) -> Ledger:
    """Let the caller commit, in its own step: then a seed repeats everything."""
    ledger._committer._is_stopping = True
    return ledger
