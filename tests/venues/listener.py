"""What the harnesses of all venues share: a ledger that records everything an adapter delivers, as
it comes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress

from orderledger import Ledger, UnknownOrder
from orderledger.infrastructure.messages.registry import Message
from orderledger.venues.base.venue import (
    Down,
    FeedEvent,
    Messages,
    UnreadablePayload,
    Up,
    Venue,
)

PATIENCE = 60.0
"""Seconds after which a test that waits has failed."""


class Listener:
    """`told` is what was delivered while it listened, in order; `outcomes` are those of all
    messages recorded."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.told: list[FeedEvent] = []
        self.outcomes: list[str] = []
        self._work: asyncio.Task[None] | None = None

    def record(self, messages: Iterable[Message] | None) -> list[str]:
        outcomes: list[str] = [
            outcome.outcome for outcome in self.ledger.record_many(messages or ())
        ]
        self.outcomes += outcomes
        return outcomes

    def listen_to(self, venue: Venue) -> "asyncio.Task[None]":
        """Listen in a task, until it is cancelled or the venue is closed."""
        self._work = asyncio.create_task(self._listen(venue))
        return self._work

    @asynccontextmanager
    async def listening_to(self, venue: Venue) -> AsyncIterator["asyncio.Task[None]"]:
        work = self.listen_to(venue)
        try:
            yield work
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def _listen(self, venue: Venue) -> None:
        async for told in venue.listen():
            if isinstance(told, Messages):
                self.record(told.messages)
            self.told.append(told)

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until it holds; an order that is not there yet does not. Fails when it never does,
        and with what the listening has failed with."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not self._holds(holds):
                    if self._work is not None and self._work.done():
                        self._work.result()
                    await asyncio.sleep(0.002)
        except TimeoutError:
            raise AssertionError(
                f"never so; told: {self.told[-5:]}, orders: {self.ledger.orders()[:5]}"
            ) from None

    @staticmethod
    def _holds(holds: Callable[[], object]) -> bool:
        with suppress(UnknownOrder):
            return bool(holds())
        return False

    @property
    def kinds(self) -> list[str]:
        """What was told, in a word each; messages by their types."""
        return [
            word
            for told in self.told
            for word in (
                [message.type for message in told.messages]
                if isinstance(told, Messages)
                else [type(told).__name__]
            )
        ]

    @property
    def ups_and_downs(self) -> list[Up | Down]:
        return [told for told in self.told if isinstance(told, (Up, Down))]

    @property
    def states(self) -> list[str]:
        """Up and Down, in a word each."""
        return [type(told).__name__ for told in self.ups_and_downs]

    @property
    def unreadable(self) -> list[UnreadablePayload]:
        return [told for told in self.told if isinstance(told, UnreadablePayload)]
