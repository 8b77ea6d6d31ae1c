"""A made-up Tradier, a ledger, and the adapter between them, for tests over real sockets."""

import asyncio
import random
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import httpx

from orderledger import Ledger
from orderledger.infrastructure.clock import SystemClock
from orderledger.simulation.market import ExchangeSimulator, SimulatedOrder
from orderledger.simulation.servers import Faults
from orderledger.simulation.tradier.server import TradierServer
from orderledger.testing.listener import Listener
from orderledger.venues.base.transport import Backoff
from orderledger.venues.tradier.venue import TradierVenue
from tests.venues.tradier.payloads import ACCOUNT, NUMBER, TAG, Book

STORM: list[Any] = ["server_error", "too_many_requests", "malformed", "lose_answer"]


class Harness(Listener):
    """`book` is what became of all that was told."""

    def __init__(self, fake: TradierServer, book: Book, venue: TradierVenue) -> None:
        super().__init__(book.ledger)
        self.fake = fake
        self.book = book
        self.venue = venue

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

    async def until_streamed(self) -> None:
        """Wait for a connection that has said what it wants to hear."""
        await self.until(lambda: bool(self.fake.sockets and self.fake.sockets[0].sent))

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Record all that is heard, meanwhile."""
        async with self.listening_to(self.venue):
            yield

    def faults(self) -> list[str]:
        return [one.fault for one in self.unreadable]

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
        "backoff": Backoff(random.Random(7)),
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
    exchange = exchange or ExchangeSimulator(
        clock=SystemClock(), accounts=[NUMBER], first_order_id=900101, currency="USD"
    )
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
