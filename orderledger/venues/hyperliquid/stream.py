"""One account on its own websocket, because `orderUpdates` does not name the account."""

import asyncio
import contextlib
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from websockets.asyncio.client import ClientConnection

from orderledger.venues.base.translation import Fault, as_text
from orderledger.venues.base.transport import (
    Closed,
    Frame,
    Opened,
    RateLimiter,
    Socket,
    happens_within,
    parsed,
)
from orderledger.venues.base.transport.websocket import Send
from orderledger.venues.base.venue import Down, Up
from orderledger.venues.errors import VenueError
from orderledger.venues.hyperliquid import payload_rows
from orderledger.venues.hyperliquid.message_context import Translated
from orderledger.venues.hyperliquid.order_rows import HyperliquidOrder
from orderledger.venues.hyperliquid.rows import is_of_another
from orderledger.venues.hyperliquid.translate import translate_frame
from orderledger.venues.hyperliquid.venue_context import VenueContext
from orderledger.venues.hyperliquid.watching import Gone, WatchedAccount

GREETING = "Websocket connection established."
PING = json.dumps({"method": "ping"})
TOO_MANY_USERS = re.compile(r"Cannot track more than (\d+) total users")
ALREADY_SUBSCRIBED = "Already subscribed"
MOST_REFUSALS = 3
NEVER = -1
REPORTED = ("orderUpdates", "userFills", "userFundings", "userNonFundingLedgerUpdates")
LISTS = {"openOrders": "orders", "webData2": "openOrders"}

Subscription = dict[str, Any]


class TooManyUsers(Exception):
    """The venue will not stream one more account to this IP address."""


class RationedSocket(Socket):
    """A websocket that waits for the rate limit of new connections before it connects."""

    def __init__(self, url: str, *, connections: RateLimiter, **options: Any) -> None:
        super().__init__(url, **options)
        self._connections = connections

    async def _connected(self) -> ClientConnection | None:
        await self._connections.spend(1)
        return await super()._connected()


def subscriptions(address: str, exchanges: Sequence[str], *, is_legacy: bool) -> list[Subscription]:
    """The subscriptions of one account."""
    lists: list[Subscription] = (
        [{"type": "webData2", "user": address}]
        if is_legacy
        else [
            {"type": "openOrders", "user": address, **({"dex": name} if name else {})}
            for name in exchanges
        ]
    )
    return [{"type": name, "user": address} for name in REPORTED] + lists


class HyperliquidStream:
    """A feed of one account. `give_up` is called if the venue will not stream another account."""

    def __init__(
        self,
        account: WatchedAccount,
        venue: VenueContext,
        give_up: Callable[[WatchedAccount], None],
    ) -> None:
        self._give_up = give_up
        self._account = account
        self._venue = venue
        self._wanted = subscriptions(account.address, venue.exchanges, is_legacy=venue.is_legacy)
        self._unanswered: set[tuple[str, str]] = set()
        self._early: list[Frame] = []
        self._connection = 0
        self._refusals = 0
        # Only the venue can explain what a failed stream has held back.
        self._held: list[tuple[HyperliquidOrder, int]] = [(row, NEVER) for row in account.legs.held]
        self._doubts = 0
        self._is_explaining = self._is_releasing = False
        self._later: set[asyncio.Task[None]] = set()
        self._ending = asyncio.Event()
        """Set once no more frames are received."""
        self._socket = RationedSocket(
            venue.websocket_url,
            connections=venue.connections,
            greet=self._greet,
            ping=lambda: PING,
            ping_every=venue.pace.ping,
            quiet_for=venue.pace.quiet,
            backoff=venue.backoff.anew(),
            now=venue.clock.now,
        )

    async def run(self) -> None:
        try:
            async with contextlib.aclosing(self._socket.events()) as events:  # type: ignore[type-var]
                async for event in events:
                    match event:
                        case Opened():
                            self._open()
                        case Frame():
                            await self._take(event)
                        case Closed():
                            await self._close(event.at, event.reason)
            await self._deliver_rest()
        except TooManyUsers:
            self._give_up(self._account)
        finally:
            for task in self._later:
                task.cancel()
            await asyncio.gather(*self._later, return_exceptions=True)
            await self._socket.aclose()

    def error_for(self, account: str) -> str | None:
        """Why the last connection attempt failed, or why the account is not up."""
        if account != self._account.name or self._account.is_up:
            return None
        return self._socket.fault or self._account.fault

    async def disconnect(self) -> None:
        await self._socket.aclose()

    async def _deliver_rest(self) -> None:
        """Deliver the messages that were held back. The existence of an order is delivered at
        once, so that the next reconciliation queries it. Its result has to be queried, because
        the other half of a modify would not be received any more.
        """
        await self._receive_early()
        account = self._account
        now = self._venue.clock.now()
        await self._deliver_all(
            payload_rows.introductions(
                account.legs.held, account.legs, self._venue.pushed(account)
            ),
            now,
        )
        self._ending.set()
        await asyncio.gather(*self._later, return_exceptions=True)
        with contextlib.suppress(VenueError):  # the next reconciliation queries it
            await self._ask_about(account.legs.held)

    async def _greet(self, send: Send) -> None:
        self._unanswered = {_key(subscription) for subscription in self._wanted}
        for subscription in self._wanted:
            await send(json.dumps({"method": "subscribe", "subscription": subscription}))

    def _open(self) -> None:
        self._connection += 1
        self._account.counts["connections"] += 1
        self._soon(partial(self._expect_answers, self._connection))

    async def _close(self, at: datetime, reason: str) -> None:
        self._connection += 1
        self._doubts += 1
        self._account.fault = reason
        if self._account.is_up:
            self._account.is_up = False
            await self._venue.base.queue.put(
                Down(accounts=(self._account.name,), at=at, reason=reason)
            )
        await self._receive_early()

    async def _expect_answers(self, connection: int) -> None:
        is_over = await happens_within(self._ending, self._venue.pace.acknowledge)
        if self._unanswered and connection == self._connection and not is_over:
            self._socket.renew(f"no answer to {len(self._unanswered)} subscriptions")

    async def _take(self, frame: Frame) -> None:
        if frame.text == GREETING:
            return
        self._account.counts["frames"] += 1
        try:
            payload = parsed(frame.text)
        except ValueError as error:
            await self._deliver_all(
                Translated(faults=[Fault(fault=str(error), payload=frame.text)]), frame.at
            )
            return
        channel = payload.get("channel") if isinstance(payload, dict) else None
        if channel == "subscriptionResponse":
            await self._answered(payload.get("data"), frame.at)
        elif channel == "error":
            self._refused(str(payload.get("data")))
        elif self._unanswered and channel != "pong":
            self._early.append(frame)
        else:
            await self._receive(payload, frame.at)

    async def _answered(self, data: Any, at: datetime) -> None:
        """Bring the account up once all its subscriptions are confirmed, and deliver the frames
        that came before."""
        subscription = data.get("subscription") if isinstance(data, dict) else None
        if isinstance(subscription, dict):
            self._unanswered.discard(_key(subscription))
        if self._unanswered or self._account.is_up:
            return
        self._account.is_up, self._account.fault, self._refusals = True, None, 0
        await self._venue.base.queue.put(Up(accounts=(self._account.name,), at=at))
        await self._receive_early()

    async def _receive_early(self) -> None:
        early, self._early = self._early, []
        for frame in early:
            await self._receive(parsed(frame.text), frame.at)

    def _refused(self, refusal: str) -> None:
        self._account.counts["errors"] += 1
        if TOO_MANY_USERS.search(refusal) and self._unanswered:
            # Right after a cut the venue may still count the old connection.
            self._refusals += 1
            if self._refusals >= MOST_REFUSALS:
                raise TooManyUsers(refusal)
            self._socket.renew(refusal)
        if ALREADY_SUBSCRIBED in refusal:  # sent twice by the network: it is confirmed
            self._unanswered = {key for key in self._unanswered if f'"{key[0]}"' not in refusal}

    async def _receive(self, payload: Any, at: datetime) -> None:
        if not isinstance(payload, dict) or is_of_another(
            payload.get("data"), self._account.address
        ):
            fault = Fault(fault="is not about this account", payload=as_text(payload))
            await self._deliver_all(Translated(faults=[fault]), at)
            return
        account, channel, data = self._account, payload.get("channel"), payload.get("data")
        listed = LISTS.get(channel) if isinstance(channel, str) else None
        if channel == "orderUpdates":
            account.note_statuses(data)
        elif listed is not None and isinstance(data, dict) and isinstance(data.get(listed), list):
            exchange = data.get("dex")
            rows = account.news(exchange if isinstance(exchange, str) else "", data[listed])
            payload = {**payload, "data": {**data, listed: rows}}
        await self._deliver_all(
            translate_frame(payload, account.legs, self._venue.pushed(account)), at
        )
        if account.gone() and not self._is_explaining:
            self._is_explaining = True
            self._soon(self._explain_later)
        self._held += [(row, self._doubts) for row in account.legs.newly_held()]
        if self._held and not self._is_releasing:
            self._is_releasing = True
            self._soon(self._release_later)

    async def _explain_later(self) -> None:
        """Query orders that left the lists, after a wait: a list may be faster than the status
        that explains it.
        """
        while self._account.gone() and not await happens_within(
            self._ending, self._venue.pace.hold
        ):
            with contextlib.suppress(VenueError):  # then again, after a while
                translated = await self._venue.explain(self._account)
                await self._deliver_all(translated, self._venue.clock.now())
        self._is_explaining = False

    async def _release_later(self) -> None:
        """Deliver the cancels whose orders have no new leg by now. If frames were missed meanwhile,
        query the venue instead."""
        while self._held:
            waiting = list(self._held)
            if await happens_within(self._ending, self._venue.pace.hold):
                return
            still = [(row, since) for row, since in waiting if self._account.legs.is_held(row)]
            await self._release([row for row, since in still if since == self._doubts])
            with contextlib.suppress(VenueError):  # then again, after a while
                await self._ask_about([row for row, since in still if since != self._doubts])
            self._held = [
                (row, since) for row, since in self._held if self._account.legs.is_held(row)
            ]
        self._is_releasing = False

    async def _ask_about(self, rows: Sequence[HyperliquidOrder]) -> None:
        if rows:
            asked_at = self._venue.clock.now()
            answers = await self._venue.rows_of(
                self._account, [Gone(row.venue_order_id, row.cloid) for row in rows]
            )
            context = self._venue.polled(self._account, asked_at)
            await self._deliver_all(
                payload_rows.statuses(answers, self._account.legs, context), self._venue.clock.now()
            )
            await self._release(rows)

    async def _release(self, rows: Sequence[HyperliquidOrder]) -> None:
        translated = payload_rows.release(
            rows, self._account.legs, self._venue.pushed(self._account)
        )
        await self._deliver_all(translated, self._venue.clock.now())

    async def _deliver_all(self, translated: Translated, at: datetime) -> None:
        self._doubts += len(translated.faults)
        await self._venue.deliver_all(self._account, translated, at=at)

    def _soon(self, work: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.create_task(self._reported(work))
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _reported(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception as error:
            await self._venue.base.queue.fail(error)


def _key(subscription: Subscription) -> tuple[str, str]:
    return str(subscription.get("type")), str(subscription.get("dex") or "")
