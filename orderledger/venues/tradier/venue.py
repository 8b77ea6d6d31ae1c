"""Tradier as a venue of the ledger: its orders are polled, and its stream reports changes
between two polls.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from orderledger import Balance, Fill, FillBusted, FillCorrected, Message
from orderledger.extend.messages import Report
from orderledger.extend.views import Row
from orderledger.venues.base.base_venue import Feed
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.fields import Unreadable, can_be_id, word
from orderledger.venues.base.polling import PolledVenue, PollFeed
from orderledger.venues.base.translation import Translation
from orderledger.venues.base.transport import Backoff, Http, RateLimiter, pacing_of
from orderledger.venues.base.transport.pacing import ONE_WINDOW
from orderledger.venues.base.venue import Abilities, Answer, Records
from orderledger.venues.tradier.context import TradierContext, TradierMemory
from orderledger.venues.tradier.endpoints import KEPT_FOR, TradierEndpoints, is_quota
from orderledger.venues.tradier.history import history_messages
from orderledger.venues.tradier.listening import EventStream
from orderledger.venues.tradier.positions import terms_of
from orderledger.venues.tradier.reading import quoted_price
from orderledger.venues.tradier.rows import key_of, read_row
from orderledger.venues.tradier.settings import LIVE_PER_MINUTE, NETWORKS
from orderledger.venues.tradier.tags import group_id_of, ids_of, is_in_group, tag_of
from orderledger.venues.tradier.translate import (
    order_ids,
    translated_orders,
    translated_positions,
)
from orderledger.venues.tradier.vocabulary import NAME, TAG_ALIAS

LIVE = NETWORKS["live"].url
SANDBOX = NETWORKS["sandbox"].url
STREAM_OF_URL = ""
"""Means the stream that belongs to the `url`."""

ABILITIES = Abilities(
    client_ids="a tag identifies no order for certain: two orders may have the same",
    fill_identity="derived: the order's id, the leg's id if any, and the quantity filled by then",
    has_fill_ids=False,
    streams=True,
    orders_reach_back="the current session; a month by the filtered list",
    fills_reach_back="a month, as total filled quantities: no single executions",
)


class TradierVenue(PolledVenue):
    """Accounts of one Tradier token: their names in the ledger, with their numbers at Tradier.

    `stream_url`: by default that of `url`; None: poll only. `sleep` waits, `chance` spreads
    retries, `backoff` gives the pauses before them. `kept_for`: how long an answer about earlier
    days is reused.
    """

    name = NAME
    abilities = ABILITIES

    def __init__(
        self,
        *,
        accounts: Mapping[str, str],
        token: str,
        records: Records,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
        backoff: Backoff,
        url: str = LIVE,
        stream_url: str | None = STREAM_OF_URL,
        requests_per_minute: int = LIVE_PER_MINUTE,
        poll_seconds: float = 2.0,
        idle_seconds: float = 15.0,
        attempts: int = 5,
        timeout: float = 10.0,
        kept_for: timedelta = KEPT_FOR,
    ) -> None:
        self._backoff = backoff
        pacing = pacing_of(NAME, url, token, {ONE_WINDOW: RateLimiter(requests_per_minute)})
        http = Http(
            url,
            headers={
                "Authorization": f"Bearer {token}",
                "Accept": "application/json",
            },  # the default is XML
            rate_limiter=pacing.share(),
            attempts=attempts,
            timeout=timeout,
            backoff=self._backoff,
            secrets=[token],
            is_busy=is_quota,
            sleep=sleep,
        )
        super().__init__(accounts, records=records, now=now, http=http)
        self.poll_seconds, self.idle_seconds = poll_seconds, idle_seconds
        self._numbers = dict(accounts)
        self._memory = TradierMemory()
        self._token = token
        self._stream_url = (
            NETWORKS.websocket_url(url) if stream_url == STREAM_OF_URL else stream_url
        )
        self._endpoints = TradierEndpoints(http, now, kept_for)

    def make_feeds(self) -> Iterable[Feed]:
        """An account is Down when its polls fail. A cut stream only causes delay."""
        polls = {self._numbers[account]: PollFeed(self, account) for account in self.accounts}
        yield from polls.values()
        if self._stream_url is not None:
            yield EventStream(
                self._stream_url,
                self._token,
                self,
                self.context,
                self._endpoints,
                polls,
                self._backoff.anew(),
            )

    async def order_rows(self, account: str) -> list[Any]:
        return await self._endpoints.orders(self._numbers[account])

    def translate_orders(self, account: str, rows: Sequence[Any]) -> Translation:
        return translated_orders(rows, self.context(account))

    def key_of(self, row: Any) -> str:
        return key_of(row)

    def open_ids(self, rows: Sequence[Any]) -> frozenset[str]:
        return order_ids(rows, is_open_only=True)

    def terms_of(self, instrument: str) -> Terms | None:
        return terms_of(instrument)

    async def order(self, account: str, order: Row) -> Sequence[Message] | None:
        """Query by the venue's ids; without an answer, by id or tag among the orders of today,
        then of earlier days. An order of a group is queried by the id of the group, if that is
        known: Tradier's pages do not say that the ids of a group's orders can be queried.
        """
        number, asked_at = self._numbers[account], self.now()
        group_id, tag = group_id_of(order), tag_of(order)
        ids = ids_of(order) if group_id is None else [group_id]
        for venue_order_id in filter(can_be_id, reversed(ids)):
            rows = await self._endpoints.order(number, venue_order_id)
            if rows is not None:
                return await self._about(account, order, rows, asked_at)
        if not ids and tag is None:
            return None
        rows = _of(await self._endpoints.orders(number), ids, tag)
        if rows:
            return await self._about(account, order, rows, asked_at)
        since: datetime = order.get("requested_at") or order.get("acknowledged_at") or asked_at
        earlier = _of(
            await self._endpoints.earlier_orders(number, since), ids, tag
        )  # may be a minute old
        return await self._about(account, order, earlier, None) if earlier else None

    async def _about(
        self, account: str, order: Row, rows: Sequence[Any], asked_at: datetime | None
    ) -> Sequence[Message]:
        """The messages of these rows that are about the order. The row of a group is about several
        orders."""
        translation = self.translate_orders(account, rows)
        if is_in_group(order):
            own = [message for message in translation.messages if _is_about(message, order)]
            translation = replace(translation, messages=own)
        return await self.about_order(account, translation, asked_at)

    async def fills_since(self, account: str, since: datetime) -> Answer:
        """The messages of these days' orders with fills, by the time of their last change.

        A fill that the ledger has is not repeated; one that was counted twice is busted.
        """
        number = self._numbers[account]
        earlier = await self._endpoints.earlier_orders(number, since)
        rows = {key_of(row): row for row in [*earlier, *await self._endpoints.orders(number)]}
        changed = [row for row in rows.values() if _may_have_filled(row, since)]
        translation = translated_orders(changed, self.context(account))
        filled = {
            one.venue_order_id
            for one in translation.messages
            if isinstance(one, (Fill, FillCorrected, FillBusted))
        }
        reports = [
            one
            for one in translation.messages
            if isinstance(one, Report) and one.venue_order_id in filled
        ]
        reach = self._endpoints.reach()
        moved = history_messages(
            await self._endpoints.history(number, since), self.context(account)
        )
        messages = sorted([*reports, *moved.messages], key=lambda message: message.at or since)
        faults = [*translation.faults, *moved.faults]
        return await self.answer(
            account, messages, faults, begins_at=reach if since < reach else None
        )

    async def positions(self, account: str) -> Sequence[Balance]:
        """All positions as of now, at their cost. Cash is not queried: the ledger has nothing to
        compare it with."""
        at = self.now()
        rows = await self._endpoints.positions(self._numbers[account])
        return self.balances(translated_positions(rows, self.context(account, received_at=at)))

    async def prices(self, instruments: Sequence[str]) -> Mapping[str, Decimal]:
        """The middle of bid and ask, else the last trade."""
        found: dict[str, Decimal] = {}
        for row in await self._endpoints.quotes(instruments):
            name, price = word(row, "symbol"), quoted_price(row)
            if name in instruments and price is not None:
                found[str(name)] = price
        return found

    def context(self, account: str, received_at: datetime | None = None) -> TradierContext:
        return TradierContext(
            account=account, records=self.records, memory=self._memory, received_at=received_at
        )


def _of(rows: Sequence[object], venue_order_ids: Sequence[str], tag: str | None) -> list[object]:
    """The rows of an order: by its ids, or without one, all rows with its tag."""
    if venue_order_ids:
        return [row for row in rows if key_of(row) in venue_order_ids]
    return [
        row for row in rows if isinstance(row, dict) and tag is not None and row.get("tag") == tag
    ]


def _is_about(message: Message, order: Row) -> bool:
    if not isinstance(message, Report):
        return True
    named, name = message.aliases.get(TAG_ALIAS), order["aliases"][TAG_ALIAS]
    is_named = message.client_order_id == order["client_order_id"] or named == name
    return is_named or message.venue_order_id in ids_of(order)


def _may_have_filled(raw: object, since: datetime) -> bool:
    """Whether a row can show a fill since then. True for an unreadable one."""
    try:
        row = read_row(raw)
    except Unreadable:
        return True
    return row.latest_at >= since and row.has_filled
