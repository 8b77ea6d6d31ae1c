"""A ledger that records everything an adapter delivers, as it comes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress

from orderledger import Ledger, Message, UnknownOrder
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
    """`received` has the events that the adapter delivered, in order. `outcomes` are those of all
    recorded messages."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.received: list[FeedEvent] = []
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
        async for event in venue.listen():
            if isinstance(event, Messages):
                self.record(event.messages)
            self.received.append(event)

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until a condition holds, in which an order may still be missing. Fails if it never
        does, and with the error that ended the listening."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not self._holds(holds):
                    if self._work is not None and self._work.done():
                        self._work.result()
                    await asyncio.sleep(0.002)
        except TimeoutError:
            raise AssertionError(
                f"never true; received: {self.received[-5:]}, orders: {self.ledger.orders()[:5]}"
            ) from None

    @staticmethod
    def _holds(holds: Callable[[], object]) -> bool:
        with suppress(UnknownOrder):
            return bool(holds())
        return False

    @property
    def kinds(self) -> list[str]:
        """The events, in a word each; messages by their types."""
        return [
            word
            for event in self.received
            for word in (
                [message.type for message in event.messages]
                if isinstance(event, Messages)
                else [type(event).__name__]
            )
        ]

    @property
    def ups_and_downs(self) -> list[Up | Down]:
        return [event for event in self.received if isinstance(event, (Up, Down))]

    @property
    def states(self) -> list[str]:
        """Up and Down, in a word each."""
        return [type(event).__name__ for event in self.ups_and_downs]

    @property
    def unreadable(self) -> list[UnreadablePayload]:
        return [event for event in self.received if isinstance(event, UnreadablePayload)]
