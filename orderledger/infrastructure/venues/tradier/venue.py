"""Tradier behind the protocol of venues: what to ask, and how to listen."""

import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta

from orderledger.infrastructure.errors import VenueUnavailable
from orderledger.infrastructure.messages.registry import Balance, BustFill, CorrectFill, Fill, Instrument, Message
from orderledger.infrastructure.messages.reports import Report
from orderledger.infrastructure.venues.base.fields import Unreadable, can_be_id
from orderledger.infrastructure.venues.base.networks import TRADIER
from orderledger.infrastructure.venues.base.transport import Backoff, Budget, Http, Socket
from orderledger.infrastructure.venues.base.unread import Unread
from orderledger.infrastructure.venues.base.venue import Abilities, Answer, Listing, Records, Told
from orderledger.infrastructure.venues.tradier.asking import KEPT_FOR, Questions, is_quota
from orderledger.infrastructure.venues.tradier.context import Context, Memory
from orderledger.infrastructure.venues.tradier.listening import Listener
from orderledger.infrastructure.venues.tradier.rows import key_of, read_row
from orderledger.infrastructure.venues.tradier.tags import ids_of, tag_for
from orderledger.infrastructure.venues.tradier.translate import order_ids, translated_orders, translated_positions
from orderledger.infrastructure.venues.tradier.vocabulary import TAG_ALIAS
from orderledger.projections.view import Row

LIVE = TRADIER["live"].url
SANDBOX = TRADIER["sandbox"].url
STREAM_OF_URL = ""
"""Stands for the stream that belongs to the `url`."""
LIVE_BUDGET = 120
SANDBOX_BUDGET = 60
"""Questions in a minute, for each token."""

ABILITIES = Abilities(
    client_ids="a tag names whatever bears it: nothing stops two orders from bearing the same",
    fill_identity="made here: the order's id, the leg's id if there is one, and the quantity filled by then",
    has_fill_ids=False,
    streams=True,
    orders_reach_back="the present session; a month by the filtered list",
    fills_reach_back="a month, as what was filled in all: no single executions",
)
QUIET_SECONDS = 150.0
"""Tradier's heart beats about once a minute: two beats may be missed."""


class TradierVenue:
    """Tradier, for some accounts of one token. `accounts`: the ledger's name of each, and Tradier's number of it.

    Polls every `poll_seconds` while orders are open, and every `idle_seconds` otherwise. `stream_url`: by
    default that of `url`; None: only polls.
    `records` tells what the ledger has already. `now` gives aware UTC, `sleep` waits, `chance` spreads new attempts; `backoff`:
    the pauses before them. `kept_for`: how long an answer about earlier days stands.
    """

    name = "tradier"
    abilities = ABILITIES

    def __init__(
        self,
        *,
        accounts: Mapping[str, str],
        token: str,
        records: Records,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
        chance: random.Random,
        url: str = LIVE,
        stream_url: str | None = STREAM_OF_URL,
        budget: int = LIVE_BUDGET,
        poll_seconds: float = 2.0,
        idle_seconds: float = 15.0,
        attempts: int = 5,
        timeout: float = 10.0,
        backoff: Backoff | None = None,
        kept_for: timedelta = KEPT_FOR,
    ) -> None:
        self.accounts: Sequence[str] = tuple(accounts)
        self._numbers = dict(accounts)
        self._records = records
        self._memory = Memory()
        self._now = now
        self._sleep = sleep
        self._token = token
        self._stream_url = TRADIER.websocket_url(url) if stream_url == STREAM_OF_URL else stream_url
        self._poll_seconds = poll_seconds
        self._idle_seconds = idle_seconds
        self._backoff = backoff or Backoff(chance)
        self._http = _http(url, token, Budget(budget), self._backoff, sleep, attempts=attempts, timeout=timeout)
        self._questions = Questions(self._http, now, kept_for)
        self._unread = Unread(now)
        self._listener: Listener | None = None

    async def listen(self) -> AsyncGenerator[Told, None]:
        """Sweeps of all orders, and what the stream tells between them. Each new connection of the stream is followed by a
        sweep. An account is Down when its sweeps fail; a stream that is cut costs time, and nothing else."""
        listener = Listener(
            numbers=self._numbers,
            questions=self._questions,
            context_of=self._context,
            now=self._now,
            poll_seconds=self._poll_seconds,
            idle_seconds=self._idle_seconds,
        )
        socket = self._socket(listener) if self._stream_url is not None else None
        self._listener = listener
        try:
            with self._unread.told_to(listener.tell):
                async with aclosing(listener.told(socket)) as told:
                    async for one in told:
                        yield one
        finally:
            self._listener = None

    async def hang_up(self) -> None:
        if self._listener is not None:
            await self._listener.hang_up()

    def fault_of(self, account: str) -> str | None:
        """While the stream is down, too: then an account is heard of less often."""
        return None if self._listener is None else self._listener.fault_of(self._numbers[account])

    async def open_orders(self, account: str) -> Listing:
        """Messages about all orders of the session, and the ids of those that are not known to have ended."""
        at = self._now()
        rows = await self._questions.orders(self._numbers[account])
        translation = translated_orders(rows, self._context(account))
        faults = await self._unread.say(account, translation.faults)
        names = order_ids(rows, is_open_only=True)
        return Listing(messages=translation.messages, faults=faults, venue_order_ids=names, at=at)

    async def order(self, account: str, order: Row) -> Sequence[Message] | None:
        """By the venue's ids; where that gives nothing, by id or tag among the orders of today, then of the days before."""
        number = self._numbers[account]
        for venue_order_id in filter(can_be_id, reversed(ids_of(order))):
            rows = await self._questions.order(number, venue_order_id)
            if rows is not None:
                return await self._answered(rows, account)
        tag = self._tag_of(order)
        if not ids_of(order) and tag is None:
            return None
        rows = _of(await self._questions.orders(number), ids_of(order), tag)
        if not rows:
            since: datetime = order.get("requested_at") or order.get("acknowledged_at") or self._now()
            rows = _of(await self._questions.earlier_orders(number, since), ids_of(order), tag)
        return await self._answered(rows, account) if rows else None

    async def fills_since(self, account: str, since: datetime) -> Answer:
        """All that the orders of these days say which have filled anything, by the time of their last change.

        Fills that the ledger has already are not told again, but taken back where they were counted twice.
        """
        number = self._numbers[account]
        earlier = await self._questions.earlier_orders(number, since)
        rows = {key_of(row): row for row in [*earlier, *await self._questions.orders(number)]}
        changed = [row for row in rows.values() if _may_have_filled(row, since)]
        translation = translated_orders(changed, self._context(account))
        faults = await self._unread.say(account, translation.faults)
        filled = {one.venue_order_id for one in translation.messages if isinstance(one, (Fill, CorrectFill, BustFill))}
        told = [
            message
            for message in translation.messages
            if isinstance(message, Instrument) or (isinstance(message, Report) and message.venue_order_id in filled)
        ]
        reach = self._questions.reach()
        begins_at = reach if since < reach else None
        return Answer(messages=sorted(told, key=lambda message: message.at or since), faults=faults, begins_at=begins_at)

    async def positions(self, account: str) -> Sequence[Balance]:
        """All positions, as of now, at what they cost. Cash is not asked for: there is nothing here to hold it against."""
        at = self._now()
        rows = await self._questions.positions(self._numbers[account])
        translation = translated_positions(rows, self._context(account, heard_at=at))
        return self._unread.held(translation.messages, translation.faults)

    def tells_position_of(self, instrument: str) -> bool:
        """Of all that can be traded there."""
        return True

    async def aclose(self) -> None:
        await self._http.aclose()

    def _context(self, account: str, heard_at: datetime | None = None) -> Context:
        return Context(account=account, records=self._records, memory=self._memory, heard_at=heard_at)

    async def _answered(self, rows: Sequence[object], account: str) -> Sequence[Message]:
        translation = translated_orders(rows, self._context(account))
        if not translation.messages and translation.faults:
            raise VenueUnavailable(f"the order cannot be read: {translation.faults[0].fault}")
        await self._unread.say(account, translation.faults)
        return translation.messages

    def _socket(self, listener: Listener) -> Socket:
        assert self._stream_url is not None
        return Socket(
            self._stream_url,
            greet=listener.greet,
            quiet_for=QUIET_SECONDS,
            backoff=self._backoff.anew(),
            now=self._now,
            secrets=[self._token],
        )

    @staticmethod
    def _tag_of(order: Row) -> str | None:
        tag: str | None = (order.get("aliases") or {}).get(TAG_ALIAS)
        client_order_id: str | None = order.get("client_order_id")
        return tag or (tag_for(client_order_id) if client_order_id else None)


def _http(
    url: str,
    token: str,
    budget: Budget,
    backoff: Backoff,
    sleep: Callable[[float], Awaitable[None]],
    *,
    attempts: int,
    timeout: float,
) -> Http:
    """Tradier answers in XML to those who do not ask for JSON."""
    return Http(
        url,
        headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
        budget=budget,
        attempts=attempts,
        timeout=timeout,
        backoff=backoff,
        secrets=[token],
        is_busy=is_quota,
        sleep=sleep,
    )


def _of(rows: Sequence[object], venue_order_ids: Sequence[str], tag: str | None) -> list[object]:
    """The rows of an order: by its ids, or if it has none, all that bear its tag."""
    if venue_order_ids:
        return [row for row in rows if key_of(row) in venue_order_ids]
    return [row for row in rows if isinstance(row, dict) and tag is not None and row.get("tag") == tag]


def _may_have_filled(raw: object, since: datetime) -> bool:
    """Whether a row can tell of a fill since then. One that cannot be read can."""
    try:
        row = read_row(raw)
    except Unreadable:
        return True
    return row.latest_at >= since and row.has_filled
