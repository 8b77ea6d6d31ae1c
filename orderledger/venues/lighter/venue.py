"""Lighter as a venue of the ledger: its accounts are read by websocket and REST. It sends no orders
and signs nothing."""

import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from orderledger import Balance, Message, PositionMode
from orderledger.extend.values import Clock, SystemClock
from orderledger.extend.views import Row
from orderledger.venues.base.base_venue import BaseVenue, Feed
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.transport import Backoff, Http
from orderledger.venues.base.venue import Abilities, Answer, Listing, Records
from orderledger.venues.lighter.interpreting import Interpreter
from orderledger.venues.lighter.markets import Markets
from orderledger.venues.lighter.pace import LighterPace
from orderledger.venues.lighter.queries import LighterQueries
from orderledger.venues.lighter.rest import STANDARD, Allowance, Rest, http_for, pacing_for
from orderledger.venues.lighter.settings import NETWORKS
from orderledger.venues.lighter.stream import LighterStream
from orderledger.venues.lighter.tokens import LighterAccount, hidden
from orderledger.venues.lighter.vocabulary import VENUE

__all__ = ["MAINNET", "TESTNET", "LighterAccount", "LighterVenue"]

MAINNET = NETWORKS["mainnet"].url
TESTNET = NETWORKS["testnet"].url

ABILITIES = Abilities(
    client_ids=(
        "our index identifies one order among the open ones; the venue does not state whether it "
        "may be reused"
    ),
    fill_identity="market, trade id and side: a self-trade is two fills",
    has_fill_ids=True,
    streams=True,
    orders_reach_back="open orders without limit; ended ones page by page; by client order index "
    "a day, or 1000 orders",
    fills_reach_back="page by page, as far back as the venue lists them",
    lists_transfers=False,
)


class LighterVenue(BaseVenue):
    """Accounts at Lighter, by their names in the ledger.

    `websocket_url`: by default that of `url`. `markets`: the markets kept from an earlier run, so
    that no query is needed before the first frame. `http`: by default one within the `allowance`.
    """

    name = VENUE
    abilities = ABILITIES
    position_mode = PositionMode.NET  # a position has a `sign` (apidocs.lighter.xyz, account)

    def __init__(
        self,
        accounts: Mapping[str, LighterAccount],
        *,
        url: str = MAINNET,
        websocket_url: str | None = None,
        records: Records | None = None,
        markets: Markets | Mapping[Any, Any] | None = None,
        allowance: Allowance = STANDARD,
        http: Http | None = None,
        clock: Clock | None = None,
        backoff: Backoff | None = None,
        pace: LighterPace | None = None,
    ) -> None:
        now, pace = (clock or SystemClock()).now, pace or LighterPace()
        indexes = "+".join(str(one.account_index) for one in accounts.values())
        pacing = pacing_for(url, allowance, indexes)
        http = http or http_for(url, allowance, pacing=pacing)
        super().__init__(accounts, records=records, now=now, http=http, hidden=hidden)
        rest = Rest(http, allowance)
        self._interpreter = Interpreter(
            rest, dict(accounts), self.records, Markets.of(markets or {})
        )
        self._queries = LighterQueries(rest, self._interpreter, now)
        self._rest_lag = self.query_lag = pace.rest_lag
        self._stream = LighterStream(
            websocket_url or NETWORKS.websocket_url(url),
            self,
            self._interpreter,
            backoff=backoff or Backoff(random.Random()),
            pace=pace,
        )

    @property
    def markets(self) -> Markets:
        """The currently known markets. Keep them for the next run."""
        return self._interpreter.markets

    def make_feeds(self) -> Iterable[Feed]:
        return [self._stream]

    def terms_of(self, instrument: str) -> Terms | None:
        return self.markets.terms_of(instrument)

    async def open_orders(self, account: str) -> Listing:
        """All open orders as of `rest_lag` ago: younger ones may be missing."""
        asked_at = self.now()
        translation, venue_order_ids = await self._queries.open_orders(account, asked_at)
        return await self.listing(account, translation, venue_order_ids, asked_at - self._rest_lag)

    async def order(self, account: str, order: Row) -> Sequence[Message] | None:
        asked_at = self.now()
        translation = await self._queries.order(account, order)
        return (
            None if translation is None else await self.about_order(account, translation, asked_at)
        )

    async def fills_since(self, account: str, since: datetime) -> Answer:
        translation = await self._queries.fills_since(account, since)
        return await self.answer(account, translation.messages, translation.faults)

    async def positions(self, account: str) -> Sequence[Balance]:
        return self.balances(await self._queries.positions(account))

    async def prices(self, instruments: Sequence[str]) -> Mapping[str, Decimal]:
        """The mark price of perpetuals, the last trade of spot markets."""
        return await self._queries.prices(instruments)

    def reports_position(self, instrument: str) -> bool:
        """False for spot instruments such as `ETH/USDC`: these are balances of two currencies."""
        return "/" not in instrument
