"""Hyperliquid as a venue of the ledger: as many accounts as the venue allows by websocket, the
others polled in turn.

Any address can be read without a key, so that other people's accounts can be recorded as well.
"""

import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from orderledger import Balance, Message, PositionMode
from orderledger.extend.values import Clock, SystemClock
from orderledger.extend.views import Row as OrderView
from orderledger.venues.base.base_venue import BaseVenue, Feed
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.transport import Backoff, Http, RateLimiter, pacing_of
from orderledger.venues.base.venue import Abilities, Answer, Listing, Records
from orderledger.venues.hyperliquid.answers import HyperliquidAnswers
from orderledger.venues.hyperliquid.endpoints import HyperliquidEndpoints
from orderledger.venues.hyperliquid.instruments import Instruments
from orderledger.venues.hyperliquid.legs_memory import LegsMemory
from orderledger.venues.hyperliquid.limits import HyperliquidLimits, round_seconds, weight_limit
from orderledger.venues.hyperliquid.order_legs import AccountLegs
from orderledger.venues.hyperliquid.polling import Rotation
from orderledger.venues.hyperliquid.settings import NETWORKS
from orderledger.venues.hyperliquid.stream import HyperliquidStream, subscriptions
from orderledger.venues.hyperliquid.venue_context import (
    MAIN_EXCHANGE,
    Pace,
    VenueContext,
)
from orderledger.venues.hyperliquid.vocabulary import (
    AS_AT_THE_VENUE,
    CLOID,
    NAME,
    Symbols,
    cloid_for,
)
from orderledger.venues.hyperliquid.watching import WatchedAccount

URL = NETWORKS["mainnet"].url
ADDRESS = re.compile(r"0x[0-9a-f]{40}")

ABILITIES = Abilities(
    client_ids=(
        "our cloid (`hyperliquid.cloid`) identifies one order; the venue documents no rule for "
        "reuse"
    ),
    fill_identity="block time, coin, trade id and side; without a trade id also order id, start "
    "position, size and price",
    has_fill_ids=True,
    streams=True,
    orders_reach_back="the last 2000 orders of an account, by number: minutes for a market maker",
    fills_reach_back="years, but only the last 10 000 fills of an account are guaranteed",
)


class Hyperliquid(BaseVenue):
    """Accounts by their names in the ledger, with their addresses; the first of them are streamed.

    `exchanges`: exchanges of builders (HIP-3) to list besides the main one and spot; each costs one
    more query per poll. `is_legacy`: subscribe to `webData2` instead of `openOrders`. `records`:
    the ledger's data.
    """

    name = NAME
    abilities = ABILITIES
    position_mode = (
        PositionMode.NET
    )  # positions are `oneWay` (hyperliquid.gitbook.io, clearinghouseState)

    def __init__(
        self,
        accounts: Mapping[str, str],
        *,
        url: str = URL,
        websocket_url: str | None = None,
        limits: HyperliquidLimits | None = None,
        pace: Pace | None = None,
        exchanges: Sequence[str] = (),
        is_legacy: bool = False,
        symbols: Symbols = AS_AT_THE_VENUE,
        records: Records | None = None,
        clock: Clock | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        clock, backoff, self.limits = (
            clock or SystemClock(),
            backoff or Backoff(random.Random()),
            limits or HyperliquidLimits(),
        )
        pacing = pacing_of(NAME, url, "", weight_limit(self.limits))  # the venue counts addresses
        rate_limiter = pacing.share()
        http = Http(url, rate_limiter=rate_limiter, backoff=backoff)
        super().__init__(accounts, records=records, now=clock.now, http=http)
        self._watched = _watched(accounts, records)
        endpoints, all_exchanges = (
            HyperliquidEndpoints(http, rate_limiter),
            (MAIN_EXCHANGE, *exchanges),
        )
        self._context = VenueContext(
            base=self,
            websocket_url=websocket_url or NETWORKS.websocket_url(url),
            endpoints=endpoints,
            clock=clock,
            limits=self.limits,
            pace=pace or Pace(),
            backoff=backoff,
            connections=RateLimiter(self.limits.connections_per_minute, self.limits.minute),
            symbols=symbols,
            exchanges=all_exchanges,
            is_legacy=is_legacy,
            records=records,
        )
        self._instruments = Instruments(endpoints, all_exchanges, symbols, clock.now)
        self._answers = HyperliquidAnswers(self._context, self._instruments)
        watched, room = list(self._watched.values()), self._room_for_streams()
        self._streamed = {account.name: account for account in watched[:room]}
        self._rotation = Rotation(watched[room:], self._context)

    @property
    def streamed(self) -> Sequence[str]:
        """The accounts that are streamed by websocket."""
        return tuple(self._streamed)

    @property
    def polled(self) -> Sequence[str]:
        """The accounts that are polled in turn."""
        return tuple(name for name in self.accounts if name not in self._streamed)

    @property
    def delay_seconds(self) -> float:
        """The time between two polls of an account while nothing else is queried: the delay of
        its events.
        """
        if not self.polled:
            return 0.0
        return max(
            self._context.pace.round,
            round_seconds(len(self.polled), len(self._context.exchanges), self.limits),
        )

    def delay_of(self, account: str) -> float:
        """The delay of one account: 0 if it is streamed."""
        return 0.0 if account in self._streamed else self.delay_seconds

    @property
    def counts(self) -> Counter[str]:
        """Counters over all accounts: new, changed, gone and unexplained orders, messages,
        frames, polls, faults.
        """
        return sum((account.counts for account in self._watched.values()), Counter())

    def counts_of(self, account: str) -> Counter[str]:
        return Counter(self._watched[account].counts)

    @staticmethod
    def alias_of(client_order_id: str) -> dict[str, str]:
        """The alias with which to record an order before sending it with this cloid."""
        return {CLOID: cloid_for(client_order_id)}

    def make_feeds(self) -> Iterable[Feed]:
        for account in self._watched.values():
            account.is_up = False
        yield self._rotation
        yield from [
            HyperliquidStream(account, self._context, self._poll_instead)
            for account in self._streamed.values()
        ]

    def terms_of(self, instrument: str) -> Terms | None:
        return self._instruments.terms_of(instrument)

    async def prices(self, instruments: Sequence[str]) -> Mapping[str, Decimal]:
        """The middle of bid and ask."""
        exchanges = {name.partition(":")[0] if ":" in name else "" for name in instruments}
        mids: dict[str, Any] = {}
        for exchange in sorted(exchanges):
            mids |= await self._context.endpoints.mids(exchange)
        return {
            name: Decimal(mids[name]) for name in instruments if isinstance(mids.get(name), str)
        }

    async def open_orders(self, account: str) -> Listing:
        return await self._answers.open_orders(self._watched[account])

    async def order(self, account: str, order: OrderView) -> Sequence[Message] | None:
        return await self._answers.order(self._watched[account], order)

    async def fills_since(self, account: str, since: datetime) -> Answer:
        return await self._answers.fills_since(self._watched[account], since)

    async def positions(self, account: str) -> Sequence[Balance]:
        return await self._answers.positions(self._watched[account])

    def reports_position(self, instrument: str) -> bool:
        """False for spot (`@107`, `PURR/USDC`, `#250`), and for a builder's exchange that is not
        listed.
        """
        exchange, is_of_builder, _ = instrument.partition(":")
        is_spot = instrument[:1] in ("@", "#") or "/" in instrument
        return not is_spot and (not is_of_builder or exchange in self._context.exchanges)

    def _room_for_streams(self) -> int:
        """The number of accounts that can be streamed."""
        each = subscriptions("", self._context.exchanges, is_legacy=self._context.is_legacy)
        return self.limits.streams(len(self._watched), len(each))

    def _poll_instead(self, account: WatchedAccount) -> None:
        """Poll an account that the venue will not stream."""
        self._streamed.pop(account.name, None)
        self._rotation.add(account)


def _watched(accounts: Mapping[str, str], records: Records | None) -> dict[str, WatchedAccount]:
    """The accounts by name. They share one memory of order legs."""
    memory = LegsMemory()
    watched = {
        name: WatchedAccount(name, _address(text), AccountLegs(name, records, memory))
        for name, text in accounts.items()
    }
    if len({account.address for account in watched.values()}) < len(watched):
        raise ValueError("two accounts have the same address")
    return watched


def _address(text: str) -> str:
    address = text.lower()
    if not ADDRESS.fullmatch(address):
        raise ValueError(f"{text!r} is not an address: 0x and 40 hexadecimal digits")
    return address
