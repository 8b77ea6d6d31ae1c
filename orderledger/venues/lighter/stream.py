"""Lighter's stream: one websocket for all accounts, which subscribes again whenever it reconnects.

An account is up once the venue has confirmed its channels of orders and trades. Messages that come
before are held back. With every frame the time is checked: a token may have to be renewed, or a
confirmation may be overdue.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from orderledger import Balance, Message, Source
from orderledger.extend.runtime import EventLogger
from orderledger.venues.base.base_venue import BaseVenue
from orderledger.venues.base.fields import Document
from orderledger.venues.base.translation import Fault
from orderledger.venues.base.transport import (
    Backoff,
    Closed,
    Event,
    Frame,
    Opened,
    Socket,
    parsed,
)
from orderledger.venues.base.transport.websocket import Send
from orderledger.venues.base.venue import Down, Up
from orderledger.venues.errors import VenueUnavailable
from orderledger.venues.lighter.interpreting import Interpreter
from orderledger.venues.lighter.pace import LighterPace
from orderledger.venues.lighter.rest import refusal_of
from orderledger.venues.lighter.tokens import ends_of, hidden, renew_at, token_of
from orderledger.venues.lighter.vocabulary import ALREADY_SUBSCRIBED, EXPIRED_TOKEN

ORDERS, TRADES, POSITIONS = "account_all_orders", "account_all_trades", "account_all_positions"
CHANNELS = (ORDERS, TRADES, POSITIONS)
NEEDED = frozenset({ORDERS, TRADES})
PING = json.dumps({"type": "ping"})
PONG = json.dumps({"type": "pong"})

logger = EventLogger(__name__)


@dataclass(slots=True)
class StreamSession:
    """The state of one connection. `held`: messages about an account that is not up yet.
    `refusal`: the reason for the venue's refusal.
    """

    opened_at: datetime
    renew_at: datetime | None
    confirmed: dict[str, set[str]] = field(default_factory=dict)
    held: dict[str, list[list[Message]]] = field(default_factory=dict)
    up: set[str] = field(default_factory=set)
    refusal: str | None = None


class LighterStream:
    """A feed of all accounts."""

    def __init__(
        self,
        url: str,
        venue: BaseVenue,
        interpreter: Interpreter,
        *,
        backoff: Backoff,
        pace: LighterPace,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._venue = venue
        self._interpreter = interpreter
        self._confirm_within = pace.confirm_within
        self._sleep = sleep
        self._patience = backoff.anew()
        self._subscriptions: list[str] = []
        self._renew_at: datetime | None = None
        self._refusals = 0
        self._session = StreamSession(venue.now(), None)
        self._held_markets: dict[str, set[str]] = {}
        self._refusal: str | None = None
        """Why accounts did not come up, on this connection or the last one."""
        self._socket = Socket(
            url,
            greet=self._greet,
            ping=lambda: PING,
            ping_every=pace.ping_every,
            quiet_for=pace.quiet_for,
            backoff=backoff,
            now=venue.now,
        )

    async def run(self) -> None:
        """Deliver received messages. Messages of accounts that did not come up follow when the
        connection ends.
        """
        async with aclosing(cast(AsyncGenerator[Event, None], self._socket.events())) as events:
            async for event in events:
                match event:
                    case Opened():
                        self._session = StreamSession(event.at, self._renew_at)
                    case Frame():
                        await self._take(event)
                    case Closed():
                        await self._close(event)
        await self._deliver_held_back()

    async def disconnect(self) -> None:
        await self._socket.aclose()

    def error_for(self, account: str) -> str | None:
        """Why the account is not up."""
        if self._socket.fault is not None:
            return self._socket.fault
        return None if account in self._session.up else self._refusal

    async def _close(self, closed: Closed) -> None:
        self._refusal = self._session.refusal or hidden(closed.reason)
        up = [account for account in self._interpreter.accounts if account in self._session.up]
        if up:
            await self._venue.queue.put(
                Down(accounts=up, at=closed.at, reason=hidden(closed.reason))
            )
        await self._deliver_held_back()

    async def _greet(self, _: Send) -> None:
        """Get the markets, and a token for each account. The subscriptions are sent once the venue
        has sent its greeting."""
        if self._refusals > 1:
            await self._sleep(self._patience.next())
        await self._interpreter.load()
        now, renewals = self._venue.now(), list[datetime]()
        self._subscriptions = []
        for account in self._interpreter.accounts.values():
            token = token_of(account)
            ends_at = ends_of(token)
            if ends_at is not None and ends_at <= now:
                raise VenueUnavailable(f"the token for account {account.account_index} has expired")
            renewals += [at for at in (renew_at(token, now),) if at is not None]
            for channel in CHANNELS:
                frame = {
                    "type": "subscribe",
                    "channel": f"{channel}/{account.account_index}",
                    "auth": token,
                }
                self._subscriptions.append(json.dumps(frame))
        self._renew_at = min(renewals, default=None)

    async def _take(self, frame: Frame) -> None:
        try:
            document = parsed(frame.text)
        except ValueError as fault:
            await self._venue.deliver_faults(
                list(self._interpreter.accounts), [Fault(str(fault), frame.text)], frame.at
            )
            return
        kind = document.get("type") if isinstance(document, dict) else None
        self._tick(frame.at)
        if kind == "connected":
            for subscription in self._subscriptions:
                await self._socket.send(subscription)
        elif kind == "ping":
            await self._socket.send(PONG)
        elif kind == "shutdown":
            self._socket.renew("the venue is closing this connection")
        elif (code := refusal_of(document)) is not None:
            self._refused(code, document)
        else:
            await self._take_of_accounts(document, frame.at)

    async def _take_of_accounts(self, document: Any, at: datetime) -> None:
        channel, account = self._addressed(document)
        for name in self._interpreter.accounts if account is None else [account]:
            translation = await self._interpreter.translated(name, document, at)
            messages = list(translation.messages)
            if channel == POSITIONS and not translation.faults:
                messages += self._flat(name, messages, at)
            await self._deliver(name, messages, self._is_confirmation(document, channel, name), at)
            await self._venue.deliver_faults([name], translation.faults, at)

    async def _deliver(
        self, account: str, messages: list[Message], is_last_confirmation: bool, at: datetime
    ) -> None:
        """Deliver messages, except those of accounts that are not up yet: these follow when the
        account is up."""
        session = self._session
        if account not in session.up:
            session.held.setdefault(account, []).append(messages)
            if not is_last_confirmation:
                return
            session.up.add(account)
            self._refusals = 0
            self._patience.reset()
            await self._venue.queue.put(Up(accounts=[account], at=at))
            for held in session.held.pop(account):
                await self._venue.deliver(account, held)
            return
        await self._venue.deliver(account, messages)

    def _is_confirmation(self, document: Any, channel: str | None, account: str) -> bool:
        """Check whether all required channels are confirmed."""
        kind = document.get("type") if isinstance(document, dict) else None
        confirmed = self._session.confirmed.setdefault(account, set())
        if isinstance(kind, str) and kind.startswith("subscribed/") and channel is not None:
            confirmed.add(channel)
        return confirmed >= NEEDED

    def _addressed(self, document: Any) -> tuple[str | None, str | None]:
        """The channel and the account that a frame names, if any."""
        named = document.get("channel") if isinstance(document, dict) else None
        if not isinstance(named, str):
            return None, None
        channel, _, index = named.replace("/", ":").partition(":")
        accounts = self._interpreter.accounts
        return channel, next(
            (name for name, account in accounts.items() if str(account.account_index) == index),
            None,
        )

    def _flat(self, account: str, messages: list[Message], at: datetime) -> list[Message]:
        """The positions that a frame of all positions leaves out: they are flat now."""
        quantities = {
            message.instrument or "": message.quantity
            for message in messages
            if isinstance(message, Balance) and message.instrument
        }
        before = self._held_markets.get(account, set())
        self._held_markets[account] = {
            instrument for instrument, quantity in quantities.items() if quantity
        }
        gone = sorted(before - quantities.keys())
        return [
            Balance(
                account=account,
                source=Source.VENUE_PUSH,
                at=at,
                instrument=instrument,
                quantity=Decimal(0),
            )
            for instrument in gone
        ]

    async def _deliver_held_back(self) -> None:
        held, self._session.held = self._session.held, {}
        for account, of_account in held.items():
            for messages in of_account:
                await self._venue.deliver(account, messages)

    def _refused(self, code: int, document: Document) -> None:
        if code == ALREADY_SUBSCRIBED:
            return
        shown = hidden(json.dumps(document, default=str))[:500]
        if code == EXPIRED_TOKEN:
            self._refusals += 1
            self._socket.renew("the venue wants a new token")
        elif shown != self._refusal:
            logger.warning("refused", venue="lighter", why=shown)
        self._refusal = self._session.refusal = shown

    def _tick(self, at: datetime) -> None:
        session = self._session
        if session.renew_at is not None and at >= session.renew_at:
            self._socket.renew("the token has to be renewed")
        elif (
            len(session.up) < len(self._interpreter.accounts)
            and at > session.opened_at + self._confirm_within
        ):
            self._socket.renew("subscriptions that were not confirmed")
