"""An adapter, its simulated venue, and a ledger that records what the adapter delivers."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from aiohttp import web

from orderledger import Ledger, OrderType, Request, Submit
from orderledger.extend.values import SteppingClock
from orderledger.simulation.market import SimulatedOrder, step
from orderledger.simulation.servers import Faults
from orderledger.testing.listener import Listener
from orderledger.testing.venue import VenueUnderTest
from orderledger.venues.base.venue import Venue
from orderledger.venues.collecting.collector import Collector
from orderledger.venues.collecting.counters import AccountCounters
from orderledger.venues.reconciliation.book import BookRecords
from orderledger.venues.reconciliation.reconciler import Rules

START = datetime(2026, 9, 21, 14, tzinfo=UTC)
ODD = "7777"
"""A quantity that `spoiled` makes unreadable."""
STEP = timedelta(milliseconds=20)
"""The clock advances by this at each reading, so that waits by the clock end soon."""
HAPPENINGS = 60
RULES = Rules(pause=0.001, opening_pause=0.001)


class VenueHarness(Listener):
    """One account of a venue. `account` is its name in the ledger, `there` in the simulated
    exchange."""

    def __init__(self, under_test: VenueUnderTest) -> None:
        self.under_test = under_test
        ((self.account, self.there),) = under_test.names.items()
        self.clock = SteppingClock(START, STEP)
        self.faults = Faults(1)
        self.exchange = under_test.exchange(self.clock)
        self.server = under_test.serve(self.exchange, self.faults, self.clock)
        super().__init__(Ledger.open("memory://", clock=self.clock, update_views=False))
        self.venue: Venue
        self._chance = Random(1)

    def overhear(self, note: Callable[[web.Request], None]) -> None:
        """Call `note` with each request before the server answers it."""
        counted = self.server.name_of

        async def overheard(request: web.Request) -> str:
            note(request)
            return await counted(request)

        self.server.name_of = overheard  # type: ignore[method-assign]

    @asynccontextmanager
    async def served(self) -> AsyncIterator["VenueHarness"]:
        async with self.server:
            self.venue = self.under_test.connect(
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
        """Run a collector, which is up and reconciles repeatedly, until the block ends."""
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
        """Let much happen at the venue for a while."""
        for _ in range(HAPPENINGS):
            self.happen(1)
            await asyncio.sleep(0.005)

    async def settle(self, counters: AccountCounters) -> None:
        """Wait until the account is up, and was reconciled twice from beginning to end."""
        done = counters.reconciled
        await self.until(lambda: counters.is_up and counters.reconciled > done + 2)

    def place(self, **terms: Any) -> SimulatedOrder:
        """Place an order at the venue: by default, buy ten lots of the first instrument."""
        one = self.under_test.instruments[0]
        usual = {
            "instrument": one.name,
            "side": "buy",
            "quantity": 10 * one.lot,
            "limit_price": one.price,
        }
        return self.exchange.place(self.there, **{**usual, **terms})

    def request(self, name: str = "C-1") -> SimulatedOrder:
        """Record an order of ours with its alias, then place it."""
        return self.place(client_id=self.record_request(name))

    def record_request(self, name: str, **other: Any) -> str:
        """Record an order without placing it, and return its client id at the venue. `other`: terms
        beside the usual ones."""
        one, client_id = (
            self.under_test.instruments[0],
            self.under_test.client_id(self.account, name),
        )
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
        usual = {
            **terms,
            "order_type": OrderType.LIMIT,
            "aliases": {self.under_test.alias: client_id},
        }
        request = Request(**named, **{**usual, **other})
        self.ledger.record_many([request, Submit(**named)])
        return client_id

    def happen(self, times: int) -> None:
        """Let so many things happen at the venue, by chance."""
        for _ in range(times):
            step(
                self.exchange, self._chance, [self.there], self.under_test.instruments,
                happenings=self.under_test.happenings,
                client_id=self.under_test.others_client_id, with_new_id=self.under_test.new_ids,
            )  # fmt: skip


def played(under_test: VenueUnderTest, story: Callable[[VenueHarness], Awaitable[None]]) -> None:
    """Run a story with a harness of this venue."""

    async def whole() -> None:
        async with VenueHarness(under_test).served() as harness:
            await story(harness)

    asyncio.run(whole())


def spoiled(text: str) -> str:
    """The text with each quantity `ODD` made unreadable."""
    return re.sub(rf'"?\b{ODD}(\.0+)?\b"?', '"a lot"', text)
