"""Listening to Lighter: one websocket for all accounts, subscribed anew whenever it comes back.

An account is up once the venue has confirmed both of its channels that count, orders and trades. What comes before that is
held back. Every frame is also a tick: it may be time for a new token, or too late for a confirmation.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from orderledger.domain.values import Source
from orderledger.infrastructure.errors import VenueUnavailable
from orderledger.infrastructure.messages.registry import Balance, Message
from orderledger.infrastructure.venues.base.fields import Document
from orderledger.infrastructure.venues.base.translation import Fault
from orderledger.infrastructure.venues.base.transport import Backoff, Closed, Frame, Opened, Socket, parsed
from orderledger.infrastructure.venues.base.transport.websocket import Send
from orderledger.infrastructure.venues.base.unread import garbled
from orderledger.infrastructure.venues.base.venue import Down, Garbled, Heard, Told, Up
from orderledger.infrastructure.venues.lighter.interpreting import Interpreter
from orderledger.infrastructure.venues.lighter.rest import refusal_of
from orderledger.infrastructure.venues.lighter.tokens import ends_of, hidden, renew_at, token_of
from orderledger.infrastructure.venues.lighter.vocabulary import ALREADY_SUBSCRIBED, EXPIRED_TOKEN

ORDERS, TRADES, POSITIONS = "account_all_orders", "account_all_trades", "account_all_positions"
CHANNELS = (ORDERS, TRADES, POSITIONS)
NEEDED = frozenset({ORDERS, TRADES})
PING = json.dumps({"type": "ping"})
PONG = json.dumps({"type": "pong"})
MOST_KEPT = 10_000
"""Faults that wait for the next frame: of more, the oldest are forgotten."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Session:
    """What is known of one connection. `held` is what was heard of an account before it was up; `refusal` what the venue said
    no with."""

    opened_at: datetime
    renew_at: datetime | None
    confirmed: dict[str, set[str]] = field(default_factory=dict)
    held: dict[str, list[Heard]] = field(default_factory=dict)
    up: set[str] = field(default_factory=set)
    refusal: str | None = None


class Stream:
    """The accounts of an interpreter, listened to. `confirm_within`: how long a subscription may go without an answer."""

    def __init__(
        self,
        url: str,
        interpreter: Interpreter,
        *,
        now: Callable[[], datetime],
        backoff: Backoff,
        ping_every: float = 25.0,
        quiet_for: float = 150.0,
        confirm_within: timedelta = timedelta(seconds=30),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._interpreter = interpreter
        self._now = now
        self._confirm_within = confirm_within
        self._sleep = sleep
        self._patience = backoff.anew()
        self._subscriptions: list[str] = []
        self._renew_at: datetime | None = None
        self._refusals = 0
        self._session = Session(now(), None)
        self._held_markets: dict[str, set[str]] = {}
        self._garbled: deque[Garbled] = deque(maxlen=MOST_KEPT)
        """Yet to be told."""
        self._refusal: str | None = None
        """Why accounts did not come up on this connection, or the last one."""
        self._socket = Socket(
            url, greet=self._greet, ping=lambda: PING, ping_every=ping_every, quiet_for=quiet_for, backoff=backoff, now=now
        )

    async def events(self) -> AsyncGenerator[Told, None]:
        """All that is heard, until `aclose`; of accounts that did not come up, when the connection ends."""
        async for event in self._socket.events():
            match event:
                case Opened():
                    self._session = Session(event.at, self._renew_at)
                case Frame():
                    for told in await self._frame(event):
                        yield told
                case Closed():
                    self._refusal = self._session.refusal or hidden(event.reason)
                    up = [account for account in self._interpreter.accounts if account in self._session.up]
                    if up:
                        yield Down(accounts=up, at=event.at, reason=hidden(event.reason))
                    for heard in self._held_back():
                        yield heard
            while self._garbled:
                yield self._garbled.popleft()
        for heard in self._held_back():
            yield heard

    def fault_of(self, account: str) -> str | None:
        """Why the account is not up."""
        if self._socket.fault is not None:
            return hidden(self._socket.fault)
        return None if account in self._session.up else self._refusal

    async def tell(self, one: Garbled) -> None:
        """Have it told with what is heard next."""
        self._garbled.append(one)

    async def aclose(self) -> None:
        await self._socket.aclose()

    async def _greet(self, _: Send) -> None:
        """Before anything is heard: the markets, and a token for each account. They are sent once the venue has greeted us."""
        if self._refusals > 1:
            await self._sleep(self._patience.next())
        await self._interpreter.load()
        now, renewals = self._now(), list[datetime]()
        self._subscriptions = []
        for account in self._interpreter.accounts.values():
            token = token_of(account)
            ends_at = ends_of(token)
            if ends_at is not None and ends_at <= now:
                raise VenueUnavailable(f"the token for account {account.account_index} has ended")
            renewals += [at for at in (renew_at(token, now),) if at is not None]
            for channel in CHANNELS:
                frame = {"type": "subscribe", "channel": f"{channel}/{account.account_index}", "auth": token}
                self._subscriptions.append(json.dumps(frame))
        self._renew_at = min(renewals, default=None)

    async def _frame(self, frame: Frame) -> list[Told]:
        try:
            document = parsed(frame.text)
        except ValueError as fault:
            self._set_aside(list(self._interpreter.accounts), [Fault(str(fault), frame.text)], frame.at)
            return []
        kind = document.get("type") if isinstance(document, dict) else None
        if kind == "connected":
            for subscription in self._subscriptions:
                await self._socket.send(subscription)
        elif kind == "ping":
            await self._socket.send(PONG)
        elif kind == "shutdown":
            self._socket.renew("the venue shuts this connection down")
        elif (code := refusal_of(document)) is not None:
            self._refused(code, document)
        else:
            return await self._about_accounts(document, frame.at)
        self._tick(frame.at)
        return []

    async def _about_accounts(self, document: Any, at: datetime) -> list[Told]:
        self._tick(at)
        told: list[Told] = []
        channel, account = self._addressed(document)
        for name in self._interpreter.accounts if account is None else [account]:
            translation = await self._interpreter.told(name, document, at)
            self._set_aside([name], translation.faults, at)
            messages = list(translation.messages)
            if channel == POSITIONS and not translation.faults:
                messages += self._flat(name, messages, at)
            told += self._heard(name, messages, self._is_confirmation(document, channel, name), at)
        return told

    def _heard(self, account: str, messages: list[Message], is_last_confirmation: bool, at: datetime) -> list[Told]:
        """What may be told now: nothing of an account that is not up yet, and all of it when it comes up."""
        heard = [Heard(account=account, messages=messages)] if messages else []
        session = self._session
        if account in session.up:
            return list(heard)
        session.held.setdefault(account, []).extend(heard)
        if not is_last_confirmation:
            return []
        session.up.add(account)
        self._refusals = 0
        self._patience.reset()
        return [Up(accounts=[account], at=at), *session.held.pop(account)]

    def _is_confirmation(self, document: Any, channel: str | None, account: str) -> bool:
        """Whether this is the last that was missing."""
        kind = document.get("type") if isinstance(document, dict) else None
        confirmed = self._session.confirmed.setdefault(account, set())
        if isinstance(kind, str) and kind.startswith("subscribed/") and channel is not None:
            confirmed.add(channel)
        return confirmed >= NEEDED

    def _addressed(self, document: Any) -> tuple[str | None, str | None]:
        """The channel of a frame, and the account that it names, as far as it does."""
        named = document.get("channel") if isinstance(document, dict) else None
        if not isinstance(named, str):
            return None, None
        channel, _, index = named.replace("/", ":").partition(":")
        accounts = self._interpreter.accounts
        return channel, next((name for name, account in accounts.items() if str(account.account_index) == index), None)

    def _flat(self, account: str, messages: list[Message], at: datetime) -> list[Message]:
        """A frame of positions that leaves out what was held says that it is held no more."""
        told = {message.instrument: message.quantity for message in messages if isinstance(message, Balance)}
        before = self._held_markets.get(account, set())
        self._held_markets[account] = {instrument for instrument, quantity in told.items() if quantity}
        gone = sorted(before - told.keys())
        return [
            Balance(account=account, source=Source.VENUE_PUSH, at=at, instrument=instrument, quantity=Decimal(0))
            for instrument in gone
        ]

    def _held_back(self) -> list[Heard]:
        held, self._session.held = self._session.held, {}
        return [heard for of_account in held.values() for heard in of_account]

    def _refused(self, code: int, document: Document) -> None:
        if code == ALREADY_SUBSCRIBED:
            return
        said = hidden(json.dumps(document, default=str))[:500]
        if code == EXPIRED_TOKEN:
            self._refusals += 1
            self._socket.renew("the venue wants a new token")
        elif said != self._refusal:
            logger.warning("lighter says %s", said)
        self._refusal = self._session.refusal = said

    def _tick(self, at: datetime) -> None:
        session = self._session
        if session.renew_at is not None and at >= session.renew_at:
            self._socket.renew("the token is to be renewed")
        elif len(session.up) < len(self._interpreter.accounts) and at > session.opened_at + self._confirm_within:
            self._socket.renew("subscriptions that nobody confirmed")

    def _set_aside(self, accounts: Sequence[str], faults: Sequence[Fault], at: datetime) -> None:
        self._garbled += garbled(accounts, faults, at, hidden)
