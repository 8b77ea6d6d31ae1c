"""One account at a simulated exchange through the real classes of ccxt, and a ledger that records
what is delivered."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.infrastructure.clock import SystemClock
from orderledger.infrastructure.messages.registry import Request, Submit
from orderledger.simulation.ccxt import binance, kraken
from orderledger.simulation.ccxt.simulated import PERPETUALS
from orderledger.simulation.market import (
    ExchangeSimulator,
    FeeSchedule,
    SimulatedInstrument,
    SimulatedOrder,
)
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.server import VenueServer
from orderledger.venues.base.transport import Backoff
from orderledger.venues.base.venue import FeedEvent, Messages
from orderledger.venues.ccxt.exchange import connected
from orderledger.venues.ccxt.order_entry import CcxtOrderEntry
from orderledger.venues.ccxt.settings import CcxtSettings
from orderledger.venues.ccxt.venue import CcxtVenue
from orderledger.venues.reconciliation.book import BookRecords

SPOT = (
    SimulatedInstrument(
        name="ETH/USD", price=Decimal(2500), tick=Decimal("0.01"), lot=Decimal("0.0001")
    ),
    SimulatedInstrument(
        name="BTC/USD", price=Decimal(60000), tick=Decimal("0.1"), lot=Decimal("0.00001")
    ),
)
INSTRUMENTS = {"binanceusdm": PERPETUALS, "kraken": SPOT}
CREDENTIALS = {"binanceusdm": (binance.TOKEN, binance.TOKEN), "kraken": (kraken.KEY, kraken.SECRET)}
SENDING_KEYS = {"binanceusdm": binance.TOKEN, "kraken": kraken.SENDING_KEY}
PATIENCE = 60.0
ACCOUNT = "ccxt:main"

both = pytest.mark.parametrize("name", INSTRUMENTS)


class Account:
    """`venue` reads and `entry` sends, each with an exchange object of its own."""

    def __init__(self, name: str, **venue: Any) -> None:
        self.name = name
        self.instruments = INSTRUMENTS[name]
        self.clock = SystemClock()
        self.faults = Faults(1)
        currency = "USD" if name == "kraken" else "USDT"
        fees = FeeSchedule(maker=Decimal("0.0002"), taker=Decimal("0.0005"))
        self.market = ExchangeSimulator(
            clock=self.clock,
            accounts=["main"],
            instruments=self.instruments,
            first_order_id=8_000_001,
            currency=currency,
            fees=fees,
        )
        make: Any = kraken.KrakenServer if name == "kraken" else binance.BinanceServer
        self.server: VenueServer = make(self.market, "main", self.instruments, faults=self.faults)
        self.ledger = Ledger.open("memory://", update_views=False)
        self.told: list[FeedEvent] = []
        self._venue = venue
        self.venue: CcxtVenue
        self.entry: CcxtOrderEntry

    @asynccontextmanager
    async def open(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator["Account"]:
        for variable, value in zip(
            ("CCXT_KEY", "CCXT_SECRET"), CREDENTIALS[self.name], strict=True
        ):
            monkeypatch.setenv(variable, value)
        monkeypatch.setenv("CCXT_SENDING_KEY", SENDING_KEYS[self.name])
        async with self.server:
            symbols = [one.name for one in self.instruments] if self.name != "kraken" else []
            options: dict[str, Any] = {
                "symbols": symbols,
                "poll_seconds": 0.1,
                "idle_seconds": 0.1,
                "settled_seconds": 0.05,
            }
            self.venue = CcxtVenue(
                ACCOUNT,
                exchange=connected(self.settings()),
                records=BookRecords(self.ledger),
                now=self.clock.now,
                backoff=Backoff(Random(1), first=0.001, most=0.02),
                **{**options, **self._venue},
            )
            keys = {"apiKey": {"env": "CCXT_SENDING_KEY"}, "secret": {"env": "CCXT_SECRET"}}
            self.entry = CcxtOrderEntry(
                connected(self.settings(credentials=keys), sends=True),
                account=ACCOUNT,
                now=self.clock.now,
            )
            try:
                yield self
            finally:
                await self.venue.aclose()
                await self.entry.aclose()
                self.ledger.close()

    def settings(self, **other: Any) -> CcxtSettings:
        usual = {
            "venue": "ccxt",
            "exchange": self.name,
            "account": ACCOUNT,
            "url": self.server.http_url,
            "websocket_url": self.server.websocket_url,
            "milliseconds_per_request": 0.001,
            "credentials": {"apiKey": {"env": "CCXT_KEY"}, "secret": {"env": "CCXT_SECRET"}},
        }
        return CcxtSettings.model_validate({**usual, **other})

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        work = asyncio.create_task(self._listen())
        try:
            await self.until(lambda: self.told)
            yield
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not holds():
                await asyncio.sleep(0.005)

    def place(self, **terms: Any) -> SimulatedOrder:
        """An order at the exchange that the ledger does not know."""
        return self.market.place("main", **{**self.terms(), **terms})

    def request(self, name: str = "led-1", **other: Any) -> Any:
        """Record a request as a gateway would, and return its row."""
        terms: dict[str, Any] = {**self.terms(), "order_type": "limit", **other}
        named: dict[str, Any] = {"account": ACCOUNT, "client_order_id": name}
        aliases = self.entry.prepare({**named, **terms})
        self.ledger.record_many([Request(**named, aliases=aliases, **terms), Submit(**named)])
        return self.ledger.order(name)

    def terms(self) -> dict[str, Any]:
        one = self.instruments[0]
        return {
            "instrument": one.name,
            "side": "buy",
            "quantity": 10 * one.lot,
            "limit_price": one.price,
        }

    def record(self, messages: Any) -> None:
        self.ledger.record_many(messages)

    @property
    def heard(self) -> list[Any]:
        return [
            message for told in self.told if isinstance(told, Messages) for message in told.messages
        ]

    async def _listen(self) -> None:
        async for event in self.venue.listen():
            if isinstance(event, Messages):
                self.ledger.record_many(event.messages)
            self.told.append(event)
