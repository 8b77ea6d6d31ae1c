"""`BaseVenue`: shared behaviour of all adapters. An adapter adds its vocabulary, its translation
and its endpoints.

A subclass makes its feeds in `make_feeds`, and passes received messages to `deliver`. Its answers
to the ledger's queries go through `listing`, `answer`, `about_order` and `balances`. Both add the
definitions of instruments (`terms_of`).
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
from orderledger.venues.base.transport import Pacing, ended
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
"""Our own value, used if a venue documents no time: none of the venues of this package does."""


class Feed(Protocol):
    """One source of events while `listen` runs: a websocket, or an account that is queried
    repeatedly.
    """

    async def run(self) -> None:
        """Deliver until canceled, or until `disconnect` has been called and everything received is
        delivered."""

    async def disconnect(self) -> None:
        """Make `run` end soon by itself."""

    def error_for(self, account: str) -> str | None:
        """Why this account has no working feed. None if it has, or if this feed does not serve
        it.
        """


class Connections(Protocol):
    """Connections to a venue, such as `Http`."""

    async def aclose(self) -> None:
        """Close all of them."""


class BaseVenue:
    """Implements `listen`, `disconnect`, `error_for` and `aclose` of `Venue`.

    `now` gives aware UTC. `hidden` removes secrets from a text that is shown. `http` is closed by
    `aclose`.
    """

    name: str
    abilities: Abilities
    position_mode: PositionMode | None = None
    """True if the venue documents that an instrument always has one net position. Its fills then
    name no position side.
    """
    query_lag: timedelta = QUERY_LAG
    """How far the answer to a query about one order may lag behind the venue's state."""

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
        self.pacing: Pacing | None = getattr(http, "pacing", None)
        self._hidden = hidden
        self._definitions = Definitions()
        self._feeds: list[Feed] = []
        self._tasks: list[asyncio.Task[None]] = []

    # For subclasses to implement.

    def make_feeds(self) -> Iterable[Feed]:
        """The feeds of one `listen` call."""
        raise NotImplementedError

    def terms_of(self, instrument: str) -> Terms | None:
        """The terms of an instrument, from the venue's own list. None if they are not known."""
        return None

    def reports_position(self, instrument: str) -> bool:
        """Whether `positions` would include this instrument if any of it were held."""
        return True

    def reports_balance(self, currency: str) -> bool:
        """Whether `positions` would include this currency if any of it were held. A missing one is
        then 0 at the venue."""
        return False

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
        """Deliver the unreadable part of a frame, or of rows that a feed queried."""
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
        except Exception as error:  # a fault of this program: the listener raises it
            await self.queue.fail(error)

    # Answers

    def defined(self, messages: Sequence[Message]) -> list[Message]:
        """The messages of an answer, with the definition of each instrument before its first
        fill. Each answer is independent of earlier ones, which may not have been recorded.
        """
        return Definitions().added_to(messages, self._terms_of, self.now)

    async def listing(
        self, account: str, translation: Translation, venue_order_ids: Iterable[str], at: datetime
    ) -> Listing:
        """A full list of open orders."""
        faults = await self.unread.report(account, translation.faults)
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
        """Fills and related messages, oldest first."""
        faults_shown = await self.unread.report(account, faults)
        return Answer(
            messages=self.defined(messages),
            faults=faults_shown,
            begins_at=begins_at,
            prior_positions=prior_positions,
        )

    async def about_order(
        self, account: str, translation: Translation, asked_at: datetime | None = None
    ) -> list[Message]:
        """The state of one order. `asked_at`: the time of the query; None for an answer that may
        be older than the query. Raises VenueUnavailable if no part of the answer can be read.
        """
        if translation.faults and not translation.messages:
            raise VenueUnavailable(
                f"the order cannot be read: {self._hidden(translation.faults[0].fault)}"
            )
        await self.unread.report(account, translation.faults)
        return self.answered(translation.messages, asked_at)

    def answered(self, messages: Sequence[Message], asked_at: datetime | None) -> list[Message]:
        """The messages of an answer about one order, with what they prove for the time of the
        query.
        """
        return self.defined(
            messages if asked_at is None else answered(messages, asked_at - self.query_lag)
        )

    def balances(self, translation: Translation) -> list[Balance]:
        """All positions that are not flat. Raises VenueUnavailable if a row cannot be read:
        without it, the position would count as flat.
        """
        return self.unread.held(translation.messages, translation.faults)
