"""Any venue's adapter in harness: its fake, and a ledger that records what it tells. Venues are
named as in `tests.worlds`."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from aiohttp import web

from orderledger import Ledger, Request, Submit
from orderledger.domain.values import OrderType
from orderledger.infrastructure.clock import SteppingClock
from orderledger.simulation.market import SimulatedOrder, step
from orderledger.simulation.servers import Faults
from orderledger.venues.base.venue import Venue
from orderledger.venues.collecting.collector import Collector
from orderledger.venues.collecting.counters import AccountCounters
from orderledger.venues.reconciliation.book import BookRecords
from orderledger.venues.reconciliation.reconciler import Rules
from tests.venues.listener import Listener
from tests.worlds.plan import VENUES, plan_of
from tests.worlds.venues import kind_of

START = datetime(2026, 9, 21, 14, tzinfo=UTC)
ODD = "7777"
"""A quantity that `spoiled` makes unreadable."""
POLLED = frozenset({"ccxt", "invex", "nobitex", "tradier", "wallex"})
"""Venues whose orders are asked for while they are listened to: an account is up by an answer."""
FILLS_IN_ORDERS = frozenset({"invex", "nobitex", "tradier", "wallex"})
"""Venues whose list of orders shows those that have filled and ended too."""
STEP = timedelta(milliseconds=20)
"""Of the clock, at each reading: what an adapter waits for by the clock comes soon."""
HAPPENINGS = 60
RULES = Rules(pause=0.001, opening_pause=0.001)


every_venue = pytest.mark.parametrize("name", VENUES)
SPOT = frozenset({"invex", "nobitex", "wallex"})
"""Venues that have currencies and no positions, and that are polled without a websocket."""
every_stream = pytest.mark.parametrize("name", [name for name in VENUES if name not in SPOT])
with_positions = with_changes = every_stream


class Harness(Listener):
    """One account of one venue, which is streamed if the venue streams, unless `streams` is 0.
    `told` is what was listened to; it is recorded as it comes. `account` is the ledger's name of
    the account, `there` the simulated exchange's."""

    def __init__(self, name: str, *, streams: int = 1) -> None:
        self.kind = kind_of(replace(plan_of(0, name, is_calm=True), accounts=1, streams=streams))
        ((self.account, self.there),) = self.kind.names.items()
        self.clock = SteppingClock(START, STEP)
        self.faults = Faults(1)
        self.exchange = self.kind.exchange(self.clock)
        self.server = self.kind.serve(self.exchange, self.faults, self.clock)
        super().__init__(Ledger.open("memory://", clock=self.clock, update_views=False))
        self.venue: Venue
        self._chance = Random(1)

    def overhear(self, note: Callable[[web.Request], None]) -> None:
        """Be shown each request before it is answered."""
        counted = self.server.name_of

        async def overheard(request: web.Request) -> str:
            note(request)
            return await counted(request)

        self.server.name_of = overheard  # type: ignore[method-assign]

    @asynccontextmanager
    async def served(self) -> AsyncIterator["Harness"]:
        async with self.server:
            self.venue = self.kind.connect(
                self.server, BookRecords(self.ledger), self.clock, Random(1)
            )
            try:
                yield self
            finally:
                await self.venue.aclose()
                self.ledger.close()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["asyncio.Task[None]"]:
        async with self.listening_to(self.venue) as work:
            yield work

    @asynccontextmanager
    async def collected(self) -> AsyncIterator[AccountCounters]:
        """By a collector, that has come up and reconciles again and again, until it is stopped and
        has ended."""
        every = timedelta(milliseconds=100)
        collector = Collector(
            self.ledger, [self.venue], self.clock, rules=RULES, every=every, retry_seconds=0.01
        )
        counters, stop = collector.counters[self.account], asyncio.Event()
        running = asyncio.create_task(collector.run(stop))
        await self.until(lambda: counters.is_up)
        yield counters
        stop.set()
        await running

    async def live(self) -> None:
        """For a while, in which much happens."""
        for _ in range(HAPPENINGS):
            self.happen(1)
            await asyncio.sleep(0.005)

    async def settle(self, counters: AccountCounters) -> None:
        """Until it is up, and has been reconciled twice from beginning to end."""
        done = counters.reconciled
        await self.until(lambda: counters.is_up and counters.reconciled > done + 2)

    def place(self, **terms: Any) -> SimulatedOrder:
        """An order to buy ten lots of the first instrument."""
        one = self.kind.instruments[0]
        usual = {
            "instrument": one.name,
            "side": "buy",
            "quantity": 10 * one.lot,
            "limit_price": one.price,
        }
        return self.exchange.place(self.there, **{**usual, **terms})

    def request(self, name: str = "C-1") -> SimulatedOrder:
        """The same, as an order of ours: recorded with its alias, then sent."""
        return self.place(client_id=self.record_request(name))

    def record_request(self, name: str, **other: Any) -> str:
        """Its client id at the venue. `other`: terms that are not the usual ones."""
        one, client_id = self.kind.instruments[0], self.kind.client_id(self.account, name)
        named: dict[str, Any] = {
            "account": self.account,
            "client_order_id": name,
            "at": self.clock.now(),
        }
        terms: dict[str, Any] = {
            "instrument": one.name,
            "side": "buy",
            "quantity": 10 * one.lot,
            "limit_price": one.price,
        }
        usual = {**terms, "order_type": OrderType.LIMIT, "aliases": {self.kind.alias: client_id}}
        request = Request(**named, **{**usual, **other})
        self.ledger.record_many([request, Submit(**named)])
        return client_id

    def happen(self, times: int) -> None:
        for _ in range(times):
            step(
                self.exchange, self._chance, [self.there], self.kind.instruments,
                happenings=self.kind.happenings,
                client_id=self.kind.others_client_id, with_new_id=self.kind.new_ids,
            )  # fmt: skip


def played(name: str, story: Callable[[Harness], Awaitable[None]], **options: Any) -> None:
    async def whole() -> None:
        async with Harness(name, **options).served() as harness:
            await story(harness)

    asyncio.run(whole())


def spoiled(text: str) -> str:
    return re.sub(rf'"?\b{ODD}(\.0+)?\b"?', '"a lot"', text)
