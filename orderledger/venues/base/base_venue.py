"""`BaseVenue`: what every adapter does alike. An adapter adds its vocabulary, its translation and
its endpoints.

A subclass makes its feeds in `make_feeds`, and puts what they receive through `deliver`. Its
answers to the ledger's queries go through `listing`, `answer`, `about_order` and `balances`. Both
add the definitions of instruments (`terms_of`).
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from orderledger import Balance, Message, PositionMode
from orderledger.venues.base.answered import answered
from orderledger.venues.base.definitions import Definitions, Now, Terms
from orderledger.venues.base.delivery import DeliveryQueue
from orderledger.venues.base.translation import Fault, Translation
from orderledger.venues.base.transport import ended
from orderledger.venues.base.unread import Hide, Unread, unreadable_payloads
from orderledger.venues.base.venue import (
    Abilities,
    Answer,
    FeedEvent,
    Listing,
    NoRecords,
    PriorPosition,
    Records,
)
from orderledger.venues.errors import VenueUnavailable

QUERY_LAG = timedelta(seconds=5)
"""Ours, where a venue documents no time: none of the venues of this package does."""


class Feed(Protocol):
    """One source of events while the venue is listened to: a websocket, or an account that is
    queried again and again."""

    async def run(self) -> None:
        """Deliver until canceled, or until `disconnect` has been called and everything received is
        delivered."""

    async def disconnect(self) -> None:
        """Have `run` end by itself soon."""

    def error_for(self, account: str) -> str | None:
        """Why this account is not listened to as it should be. None if it is, or if this feed is
        not about it."""


class Connections(Protocol):
    """Connections to a venue, such as `Http`."""

    async def aclose(self) -> None:
        """Close all of them."""


class BaseVenue:
    """Implements `listen`, `disconnect`, `error_for` and `aclose` of `Venue`.

    `now` gives aware UTC. `hidden` takes secrets out of a text that is shown. `http` is closed by
    `aclose`.
    """

    name: str
    abilities: Abilities
    position_mode: PositionMode | None = None
    """Set where the venue documents that an instrument has one net position, always. Its fills then
    say no side of a position."""
    query_lag: timedelta = QUERY_LAG
    """By how much the answer to a query about one order may be behind: it may show what was so much
    earlier."""

    def __init__(
        self,
        accounts: Iterable[str],
        *,
        records: Records | None,
        now: Now,
        http: Connections,
        hidden: Hide = str,
    ) -> None:
        self.accounts: Sequence[str] = tuple(accounts)
        self.records: Records = records or NoRecords()
        self.now = now
        self.queue = DeliveryQueue()
        self.unread = Unread(now, hidden)
        self._connections = http
        self._hidden = hidden
        self._definitions = Definitions()
        self._feeds: list[Feed] = []
        self._tasks: list[asyncio.Task[None]] = []

    # What a subclass gives.

    def make_feeds(self) -> Iterable[Feed]:
        """The feeds of one listening."""
        raise NotImplementedError

    def terms_of(self, instrument: str) -> Terms | None:
        """The terms of an instrument, as the venue's own list gives them. None if they are not
        known."""
        return None

    def reports_position(self, instrument: str) -> bool:
        """Whether `positions` would name this instrument if any of it were held."""
        return True

    # Listening

    async def listen(self) -> AsyncGenerator[FeedEvent, None]:
        """Everything the feeds deliver, until `disconnect`. One listener at a time."""
        self._feeds = []
        for feed in self.make_feeds():
            self.start(feed)
        try:
            with self.unread.delivering_to(self.queue.put):
                async with aclosing(self.queue.events()) as events:
                    async for event in events:
                        yield event
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._tasks = []
            self.queue.keep_undelivered()

    def start(self, feed: Feed) -> None:
        """Run one more feed."""
        self._feeds.append(feed)
        self._tasks.append(asyncio.create_task(self._run(feed)))

    async def disconnect(self) -> None:
        """End `listen` within a few seconds, after delivering what was received by then."""
        await asyncio.gather(*(feed.disconnect() for feed in self._feeds))
        await ended(self._tasks)
        await self.queue.close()

    def error_for(self, account: str) -> str | None:
        errors = (feed.error_for(account) for feed in self._feeds)
        return next((self._hidden(error) for error in errors if error is not None), None)

    async def aclose(self) -> None:
        """Close all connections. `listen` ends, if it still runs."""
        if self._tasks:
            await self.disconnect()
        await self._connections.aclose()

    async def deliver(self, account: str, messages: Sequence[Message], *, frames: int = 1) -> None:
        """Deliver messages about one account, in order."""
        defined = self._definitions.added_to(messages, self._terms_of, self.now)
        await self.queue.put_messages(account, defined, frames=frames)

    async def deliver_faults(
        self, accounts: Sequence[str], faults: Iterable[Fault], at: datetime
    ) -> None:
        """Deliver what could not be read of a frame, or of rows that a feed queried."""
        for one in unreadable_payloads(accounts, faults, at, self._hidden):
            await self.queue.put(one)

    def _terms_of(self, instrument: str) -> Terms | None:
        terms = self.terms_of(instrument)
        return (
            terms
            if terms is None or self.position_mode is None
            else replace(terms, position_mode=self.position_mode)
        )

    async def _run(self, feed: Feed) -> None:
        try:
            await feed.run()
        except Exception as error:  # a fault of this program: whoever listens raises it
            await self.queue.fail(error)

    # Answers

    def defined(self, messages: Sequence[Message]) -> list[Message]:
        """The messages of an answer, with the definition of each instrument before its first fill.
        An answer remembers nothing of those before it, which may not have been recorded."""
        return Definitions().added_to(messages, self._terms_of, self.now)

    async def listing(
        self, account: str, translation: Translation, venue_order_ids: Iterable[str], at: datetime
    ) -> Listing:
        """A full list of open orders."""
        faults = await self.unread.say(account, translation.faults)
        return Listing(
            messages=self.defined(translation.messages),
            faults=faults,
            venue_order_ids=frozenset(venue_order_ids),
            at=at,
        )

    async def answer(
        self,
        account: str,
        messages: Sequence[Message],
        faults: Iterable[Fault],
        *,
        begins_at: datetime | None = None,
        prior_positions: Sequence[PriorPosition] = (),
    ) -> Answer:
        """Fills and what belongs to them, oldest first."""
        said = await self.unread.say(account, faults)
        return Answer(
            messages=self.defined(messages),
            faults=said,
            begins_at=begins_at,
            prior_positions=prior_positions,
        )

    async def about_order(
        self, account: str, translation: Translation, asked_at: datetime | None = None
    ) -> list[Message]:
        """What is known of one order. `asked_at`: when it was asked; None for an answer that may be
        older than the question. Raises VenueUnavailable if nothing of the answer can be read."""
        if translation.faults and not translation.messages:
            raise VenueUnavailable(
                f"the order cannot be read: {self._hidden(translation.faults[0].fault)}"
            )
        await self.unread.say(account, translation.faults)
        return self.answered(translation.messages, asked_at)

    def answered(self, messages: Sequence[Message], asked_at: datetime | None) -> list[Message]:
        """The messages of an answer about one order, with what they prove of the time at which it
        was asked."""
        return self.defined(
            messages if asked_at is None else answered(messages, asked_at - self.query_lag)
        )

    def balances(self, translation: Translation) -> list[Balance]:
        """What is held and not flat. Raises VenueUnavailable if a row cannot be read: left out, it
        would be taken for flat."""
        return self.unread.held(translation.messages, translation.faults)
