"""A made-up Tradier, a ledger, and the adapter between them, for tests over real sockets."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from orderledger import Ledger, UnknownOrder
from orderledger.infrastructure.clock import SystemClock
from orderledger.infrastructure.venues.base.venue import Down, FeedEvent, Messages, UnreadablePayload, Up
from orderledger.infrastructure.venues.tradier.venue import TradierVenue
from orderledger.simulation.market import ExchangeSimulator, SimulatedOrder
from orderledger.simulation.servers import Faults
from orderledger.simulation.tradier.server import TradierServer
from tests.venues.tradier.payloads import ACCOUNT, NUMBER, TAG, Book

PATIENCE_SECONDS = 60.0
STORM: list[Any] = ["server_error", "too_many_requests", "malformed", "lose_answer"]


@dataclass(slots=True)
class Harness:
    """`told` is all that was heard, `book` what became of it."""

    fake: TradierServer
    book: Book
    venue: TradierVenue
    told: list[FeedEvent] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)

    @property
    def exchange(self) -> ExchangeSimulator:
        return self.fake.exchange

    def place(self, tag: str | None = TAG, **terms: Any) -> SimulatedOrder:
        usual = {"instrument": "SPY", "side": "buy", "quantity": "10", "limit_price": "500.25"}
        return self.exchange.place(NUMBER, client_id=tag, **{**usual, **terms})

    async def send(self, **form: str) -> httpx.Response:
        """Post an order, as a trader would. Raises httpx.HTTPError where there is no answer."""
        headers = {"Authorization": f"Bearer {self.fake.token}", "Accept": "application/json"}
        async with httpx.AsyncClient(headers=headers, trust_env=False) as client:
            return await client.post(f"{self.fake.url}/accounts/{NUMBER}/orders", data=form)

    def record(self, messages: Any) -> list[str]:
        outcomes = [self.book.ledger.record(message) for message in messages]
        return [outcome.outcome for outcome in outcomes]

    async def until_streamed(self) -> None:
        """Wait for a connection that has said what it wants to hear."""
        await self.until(lambda: bool(self.fake.sockets and self.fake.sockets[0].sent))

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for something to be so, without saying how long it takes."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                with suppress(UnknownOrder):
                    if is_so():
                        return
                await asyncio.sleep(0.005)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Record all that is heard, meanwhile."""
        task = asyncio.create_task(self._listen())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _listen(self) -> None:
        async for one in self.venue.listen():
            self.told.append(one)
            if isinstance(one, Messages):
                self.outcomes += self.record(one.messages)

    def kinds(self) -> list[str]:
        """Downs and Ups, in order."""
        return [type(one).__name__ for one in self.told if isinstance(one, (Down, Up))]

    def unreadable(self) -> list[str]:
        return [one.fault for one in self.told if isinstance(one, UnreadablePayload)]

    def status(self, name: str) -> tuple[str, str, list[str]]:
        """Status, filled quantity, anomalies."""
        order = self.book.order(name)
        return order["status"], str(order["cum_quantity"]), order["anomalies"]

    def is_filled(self, name: str) -> bool:
        return bool(self.status(name)[0] == "filled")


def adapter(fake: TradierServer, book: Book, **options: Any) -> TradierVenue:
    """A new one, that knows nothing but the ledger."""
    usual: dict[str, Any] = {
        "accounts": {ACCOUNT: NUMBER},
        "token": fake.token,
        "records": book.records,
        "now": SystemClock().now,
        "sleep": asyncio.sleep,
        "chance": random.Random(7),
        "url": fake.url,
        "stream_url": fake.websocket_url,
        "requests_per_minute": 100_000,
        "poll_seconds": 0.02,
        "idle_seconds": 0.02,
    }
    return TradierVenue(**{**usual, **options})


@asynccontextmanager
async def a_harness(
    *,
    url: str = "memory://",
    exchange: ExchangeSimulator | None = None,
    faults: Faults | None = None,
    fake_options: dict[str, Any] | None = None,
    **options: Any,
) -> AsyncIterator[Harness]:
    exchange = exchange or ExchangeSimulator(clock=SystemClock(), accounts=[NUMBER], first_order_id=900101, currency="USD")
    with Ledger.open(url, update_views=False) as ledger:
        book = Book(ledger)
        async with TradierServer(exchange, faults=faults, **(fake_options or {})) as fake:
            venue = adapter(fake, book, **options)
            try:
                yield Harness(fake, book, venue)
            finally:
                await venue.aclose()


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(story)
