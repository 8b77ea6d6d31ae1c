"""Any exchange of ccxt as a venue of the ledger: its orders and trades are queried, and its
websockets report changes sooner.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from orderledger import Balance, InvalidSetting, Message, Source
from orderledger.extend.views import Row
from orderledger.venues.base.base_venue import Feed
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.polling import PolledVenue, PollFeed
from orderledger.venues.base.translation import Fault, Translation
from orderledger.venues.base.transport import Backoff
from orderledger.venues.base.unread import unreadable_payloads
from orderledger.venues.base.venue import Abilities, Answer, Listing, Records
from orderledger.venues.ccxt.context import CcxtContext, CcxtMemory
from orderledger.venues.ccxt.endpoints import CcxtEndpoints
from orderledger.venues.ccxt.exchange import Connections
from orderledger.venues.ccxt.holdings import (
    balance_messages,
    funding_messages,
    position_messages,
)
from orderledger.venues.ccxt.ledger import ledger_messages
from orderledger.venues.ccxt.markets import terms_of_market
from orderledger.venues.ccxt.orders import is_doubtful, venue_order_id
from orderledger.venues.ccxt.polled_rows import (
    ANSWER,
    MAKER,
    ORDER,
    TRADE,
    Polled,
    key_of,
    named,
    open_ids,
    translated_rows,
)
from orderledger.venues.ccxt.quirks import quirks_of
from orderledger.venues.ccxt.searching import OrderSearch
from orderledger.venues.ccxt.terms_sent import is_of_contracts
from orderledger.venues.ccxt.trade_pages import missing_among
from orderledger.venues.ccxt.trades import trade_messages
from orderledger.venues.ccxt.transfers import transfer_messages
from orderledger.venues.ccxt.translate import translated_makers, translated_orders
from orderledger.venues.ccxt.vocabulary import NAME
from orderledger.venues.ccxt.watching import SETTLED_SECONDS, WatchFeed
from orderledger.venues.errors import VenueUnavailable

ABILITIES = Abilities(
    client_ids="depends on the exchange: an id is trusted only if the ledger has issued it",
    fill_identity="the trade's id, with its symbol if ids are unique only within a symbol",
    has_fill_ids=True,
    streams=True,
    orders_reach_back="open orders, and single orders as long as the exchange keeps them",
    fills_reach_back="as far back as the exchange lists its trades",
)


class CcxtVenue(PolledVenue):
    """One account at one exchange.

    `exchange`: ccxt's, with numbers as text (see `exchange.connected`). `symbols`: the symbols that
    are queried one by one. Each query of trades covers the time since the last query, plus
    `overlap`.
    """

    name = NAME
    abilities = ABILITIES

    def __init__(
        self,
        account: str,
        *,
        exchange: Any,
        records: Records | None,
        now: Callable[[], datetime],
        backoff: Backoff,
        symbols: Sequence[str] = (),
        streams: bool = True,
        poll_seconds: float = 5.0,
        idle_seconds: float = 20.0,
        settled_seconds: float = SETTLED_SECONDS,
        overlap: timedelta = timedelta(minutes=1),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__([account], records=records, now=now, http=Connections(exchange))
        self.exchange = exchange
        self.poll_seconds, self.idle_seconds = poll_seconds, idle_seconds
        self.settled_seconds = settled_seconds
        self._streams, self._overlap, self._backoff = streams, overlap, backoff
        self._quirks = quirks_of(exchange.id)
        self._endpoints = CcxtEndpoints(
            exchange, self._quirks, tuple(symbols), now=now, sleep=sleep, backoff=self._backoff
        )
        self.abilities = replace(ABILITIES, lists_transfers=self._endpoints.lists_transfers)
        self._search = OrderSearch(
            self._endpoints, self._quirks, self.records, account, overlap=overlap, now=now
        )
        self._memory = CcxtMemory()
        self._open: dict[str, Any] = {}
        """The open orders of the last query."""
        self._traded_at: datetime | None = None
        """The time of the last query of trades."""
        if not symbols and self._endpoints.needs_symbol("fetchMyTrades"):
            raise InvalidSetting(
                "venues.symbols", f"is missing: {exchange.id} lists trades of one symbol at a time"
            )

    # Feeds

    def make_feeds(self) -> Iterable[Feed]:
        """The account is Down when its queries fail. A cut websocket only causes delay."""
        (account,) = self.accounts
        poll = PollFeed(self, account)
        yield poll
        self.exchange.on_unread = partial(self._take_unread, poll)
        watched = {
            "watchOrders": ("watch_orders", self._pushed_orders),
            "watchMyTrades": ("watch_my_trades", self._pushed_trades),
        }
        for name, (method, translate) in watched.items():
            if self._streams and self.exchange.has.get(name):
                yield WatchFeed(
                    self.exchange,
                    poll,
                    method,
                    translate,
                    self._backoff.anew(),
                    settled_seconds=self.settled_seconds,
                )

    async def order_rows(self, account: str) -> list[Polled]:
        """Query the open orders, those that were open at the last query but are missing now, and
        the last trades.
        """
        await self._load_markets()
        asked_at = self.now()
        rows = await self._endpoints.open_orders()
        trades = await self._endpoints.trades((self._traded_at or asked_at) - self._overlap)
        is_open = {name: row for row in rows if (name := venue_order_id(row)) is not None}
        context = self.context(account)
        doubtful = {name: row for name, row in is_open.items() if is_doubtful(row, context)}
        gone = {name: row for name, row in self._open.items() if name not in is_open}
        answers = [await self._answers(row) for row in {**gone, **doubtful}.values()]
        makers = await self._search.makers(trades)
        self._open, self._traded_at = is_open, asked_at
        listed = [row for row in rows if venue_order_id(row) not in doubtful]
        return [
            *((MAKER, row) for row in makers),
            *((TRADE, row) for row in trades),
            *(one for found in answers for one in found),
            *((ORDER, row) for row in listed),
        ]

    async def _answers(self, row: Any) -> list[Polled]:
        """Query one order that is not in the list, or may be in an outdated one."""
        asked_at = self._asked_at()
        return [(ANSWER, (asked_at, found)) for found in await self._search.again(row)]

    def _asked_at(self) -> datetime:
        """The time for which an answer is valid: an answer may lag behind the query."""
        return self.now() - timedelta(seconds=self._quirks.query_lag_seconds)

    def translate_orders(self, account: str, rows: Sequence[Polled]) -> Translation:
        return translated_rows(rows, self.context(account))

    def key_of(self, row: Polled) -> str:
        return key_of(row)

    def open_ids(self, rows: Sequence[Polled]) -> frozenset[str]:
        return open_ids(rows)

    def missing_in(self, rows: Sequence[Polled]) -> str | None:
        return missing_among([row for kind, row in rows if kind == TRADE])

    def _take_unread(self, poll: PollFeed, frame: str, why: str) -> None:
        """Report an unreadable frame: its content is queried."""
        for one in unreadable_payloads(self.accounts, [Fault(why, frame)], self.now()):
            self.queue.put_soon(one)
        poll.query_soon()

    # Queries

    async def open_orders(self, account: str) -> Listing:
        """All open orders. Raises VenueUnavailable if one has no readable id, or if the list may
        have been cut."""
        await self._load_markets()
        at = self.now()
        rows = await self._endpoints.open_orders()
        ids = [venue_order_id(row) for row in rows]
        if None in ids:
            raise VenueUnavailable("an open order has no readable id")
        if self._endpoints.may_be_cut(rows):
            raise VenueUnavailable(
                f"{len(rows)} open orders are as many as one answer can hold: set `symbols`"
            )
        context = self.context(account)
        return await self.listing(
            account, translated_orders(rows, context), [name for name in ids if name], at
        )

    async def order(self, account: str, order: Row) -> Sequence[Message] | None:
        """Query by the exchange's ids, else by the client id. `searching` has the details."""
        await self._load_markets()
        asked_at = self._asked_at()
        rows = await self._search.rows_of(order)
        if not rows:
            return None
        context = replace(self.context(account), asked_at=asked_at)
        trades = await self._search.trades_of(rows[-1], order)
        translated = (
            translated_makers(rows, context)
            + trade_messages(trades, context)
            + translated_orders(rows, context)
        )
        return await self.about_order(account, named(translated, order))

    async def fills_since(self, account: str, since: datetime) -> Answer:
        await self._load_markets()
        context = self.context(account)
        trades = await self._endpoints.trades(since)
        translated = translated_makers(await self._search.makers(trades), context)
        translated += trade_messages(trades, context)
        translated += funding_messages(await self._endpoints.fundings(since), context)
        translated += transfer_messages(await self._endpoints.transactions(since), context)
        ledger, listed = await self._endpoints.ledger(since), self._endpoints.listed
        translated += ledger_messages(ledger, context, listed)
        messages = sorted(translated.messages, key=lambda message: message.at or since)
        begins_at = self._endpoints.trades_begin_at()
        return await self.answer(
            account,
            messages,
            translated.faults,
            begins_at=begins_at if begins_at is not None and since < begins_at else None,
        )

    async def positions(self, account: str) -> Sequence[Balance]:
        """All positions in contracts, and the currencies."""
        await self._load_markets()
        context = self.context(account)
        translated = position_messages(await self._endpoints.positions(), context)
        is_wallet = not is_of_contracts(self.exchange)
        balance = await self._endpoints.balance()
        return self.balances(translated + balance_messages(balance, context, is_wallet=is_wallet))

    async def prices(self, instruments: Sequence[str]) -> Mapping[str, Decimal]:
        await self._load_markets()
        return await self._endpoints.prices(instruments)

    @property
    def venue_clock(self) -> Any:
        return getattr(self.exchange, "venue_clock", None)

    def reports_position(self, instrument: str) -> bool:
        """Contracts only: spot accounts have balances of currencies."""
        if not is_of_contracts(self.exchange) or not self.exchange.has.get("fetchPositions"):
            return False
        return bool((self._market(instrument) or {}).get("contract"))

    def terms_of(self, instrument: str) -> Terms | None:
        return terms_of_market(self._market(instrument), self.exchange.precisionMode)

    def context(self, account: str, source: Source = Source.VENUE_POLL) -> CcxtContext:
        return CcxtContext(
            account=account,
            exchange=self.exchange.id,
            records=self.records,
            memory=self._memory,
            source=source,
            received_at=self.now(),
            size_of=self._size_of,
        )

    def _pushed_orders(self, rows: list[Any]) -> Translation:
        context = self.context(self.accounts[0], Source.VENUE_PUSH)
        return translated_orders(
            rows,
            replace(context, takes_trades_of_orders=not self.exchange.has.get("watchMyTrades")),
        )

    def _pushed_trades(self, rows: list[Any]) -> Translation:
        return trade_messages(rows, self.context(self.accounts[0], Source.VENUE_PUSH))

    def _size_of(self, instrument: str) -> Decimal | None:
        terms = self.terms_of(instrument)
        return None if terms is None else terms.multiplier

    def _market(self, instrument: str) -> Any:
        return (self.exchange.markets or {}).get(instrument)

    async def _load_markets(self) -> None:
        if not self.exchange.markets:
            await self._endpoints.load_markets()
