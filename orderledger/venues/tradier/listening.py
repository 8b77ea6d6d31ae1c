"""Tradier's stream of account events, used in addition to polling."""

import json
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing
from typing import Any, cast

from orderledger.venues.base.polling import PolledVenue, PollFeed
from orderledger.venues.base.translation import Fault, Translation
from orderledger.venues.base.transport import (
    Backoff,
    Event,
    Frame,
    Opened,
    Send,
    Socket,
    parsed,
)
from orderledger.venues.errors import VenueError
from orderledger.venues.tradier.context import TradierContext
from orderledger.venues.tradier.endpoints import TradierEndpoints
from orderledger.venues.tradier.translate import translated

QUIET_SECONDS = 150.0
"""Tradier's heartbeat comes about once a minute: two may be missed."""


class EventStream:
    """Delivers events about orders, and queries each order whose event lacks details.

    A connection that is cut costs only time: each new one is followed by a query of all orders.
    `context`: of the payloads of an account. `polls`: the polled accounts, by their numbers at
    Tradier.
    """

    def __init__(
        self,
        url: str,
        token: str,
        venue: PolledVenue,
        context: Callable[[str], TradierContext],
        endpoints: TradierEndpoints,
        polls: Mapping[str, PollFeed],
        backoff: Backoff,
    ) -> None:
        self._venue = venue
        self._context = context
        self._endpoints = endpoints
        self._polls = polls
        self._socket = Socket(
            url,
            greet=self._greet,
            quiet_for=QUIET_SECONDS,
            backoff=backoff,
            now=venue.now,
            secrets=[token],
        )

    async def run(self) -> None:
        try:
            async with aclosing(cast(AsyncGenerator[Event, None], self._socket.events())) as events:
                async for event in events:
                    if isinstance(event, Opened):
                        self._query_all()
                    elif isinstance(event, Frame):
                        for text in event.text.splitlines():
                            await self._take(text)
        finally:
            await self._socket.aclose()

    async def disconnect(self) -> None:
        await self._socket.aclose()

    def error_for(self, account: str) -> str | None:
        """Why the last connection attempt failed: meanwhile accounts are only polled."""
        return self._socket.fault

    async def _greet(self, send: Send) -> None:
        """Begin a session. Tradier allows one at a time: each connection requests its own."""
        session = await self._endpoints.session()
        await send(json.dumps({"events": ["order"], "sessionid": session, "excludeAccounts": []}))

    async def _take(self, text: str) -> None:
        try:
            document = parsed(text)
        except ValueError as fault:
            accounts = [poll.account for poll in self._polls.values()]
            await self._venue.deliver_faults(accounts, [Fault(str(fault), text)], self._venue.now())
            self._query_all()
            return
        for number, poll in self._about(document):
            if poll.is_up:
                await self._take_event(number, poll, document)
            else:
                poll.query_soon()

    def _about(self, document: Any) -> Iterator[tuple[str, PollFeed]]:
        """The accounts that an event is about. If only one account exists, an event without an
        account belongs to it.
        """
        named = document.get("account") if isinstance(document, dict) else None
        if isinstance(named, (str, int)):
            yield from [
                (number, poll) for number, poll in self._polls.items() if number == str(named)
            ]
        elif len(self._polls) == 1:
            yield from self._polls.items()

    async def _take_event(self, number: str, poll: PollFeed, document: Any) -> None:
        translation = translated(document, self._context(poll.account))
        await poll.deliver(translation)
        for venue_order_id in translation.questions:
            try:
                rows = await self._endpoints.order(number, venue_order_id)
            except VenueError:
                poll.query_soon()  # its answer states the error
                return
            answer = self._venue.translate_orders(poll.account, rows) if rows else Translation()
            await poll.deliver(answer)
            if answer.questions or not rows:
                poll.query_soon()
        if translation.faults:
            poll.query_soon()

    def _query_all(self) -> None:
        for poll in self._polls.values():
            poll.query_soon()
