"""One account at each simulated exchange with brakes, for a gateway in this process or in another
one that is killed."""

import asyncio
import os
import sys
from contextlib import suppress
from decimal import Decimal
from random import Random
from typing import Any

from orderledger import Gateway, Ledger, LedgerError, Request
from orderledger.gateway import GatewaySettings
from orderledger.infrastructure.clock import SystemClock
from orderledger.simulation.ccxt import braked, kraken
from orderledger.simulation.ccxt.binance import TOKEN, BinanceServer
from orderledger.simulation.ccxt.bybit import BybitServer
from orderledger.simulation.ccxt.kraken import KrakenServer
from orderledger.simulation.ccxt.krakenfutures import KrakenFuturesServer
from orderledger.simulation.ccxt.okx import OkxServer
from orderledger.simulation.market import ExchangeSimulator, SimulatedInstrument
from orderledger.venues.base.transport import Backoff
from orderledger.venues.ccxt.exchange import connected
from orderledger.venues.ccxt.order_entry import CcxtOrderEntry
from orderledger.venues.ccxt.settings import CcxtSettings
from orderledger.venues.ccxt.venue import CcxtVenue
from orderledger.venues.reconciliation.book import BookRecords

ACCOUNT = "ccxt:main"
SERVERS: dict[str, Any] = {
    "binanceusdm": BinanceServer,
    "bybit": BybitServer,
    "kraken": KrakenServer,
    "krakenfutures": KrakenFuturesServer,
    "okx": OkxServer,
}
SYMBOLS = {
    "binanceusdm": "ETH/USDT:USDT",
    "bybit": "ETH/USDT:USDT",
    "kraken": "ETH/USD",
    "krakenfutures": "ETH/USD:USD",
    "okx": "ETH/USDT:USDT",
}
SECONDS = {"kraken": 2, "krakenfutures": 2, "okx": 10}
"""The time of each switch: short for the tests."""
OPTIONS: dict[str, dict[str, Any]] = {
    "bybit": {"defaultType": "swap", "fetchMarkets": {"types": ["linear"]}},
    "okx": {"defaultType": "swap", "fetchMarkets": {"types": ["swap"]}},
    "krakenfutures": {"defaultType": "swap"},
}


def server(name: str) -> Any:
    """A simulated exchange with one instrument."""
    instrument = SimulatedInstrument(
        name=SYMBOLS[name], price=Decimal(2500), tick=Decimal("0.05"), lot=Decimal("0.01")
    )
    exchange = ExchangeSimulator(
        clock=SystemClock(), accounts=["main"], instruments=[instrument], first_order_id=8_000_001
    )
    return SERVERS[name](exchange, "main", [instrument])


def exchange_of(name: str, url: str, *, sends: bool) -> Any:
    values = {"apiKey": braked.KEY, "secret": kraken.SECRET}
    if name == "binanceusdm":
        values = {"apiKey": TOKEN, "secret": TOKEN}
    elif name == "kraken":
        values["apiKey"] = kraken.SENDING_KEY if sends else kraken.KEY
    elif name == "okx":
        values["password"] = "password"
    os.environ.update({f"FAKE_{part.upper()}": value for part, value in values.items()})
    settings = CcxtSettings.model_validate(
        {
            "venue": "ccxt",
            "exchange": name,
            "account": ACCOUNT,
            "url": url,
            "websocket_url": url.replace("http", "ws"),
            "milliseconds_per_request": 1,
            "credentials": {part: {"env": f"FAKE_{part.upper()}"} for part in values},
            "options": OPTIONS.get(name, {}),
        }
    )
    return connected(settings, sends=sends)


def entry(name: str, url: str) -> CcxtOrderEntry:
    return CcxtOrderEntry(
        exchange_of(name, url, sends=True), account=ACCOUNT, now=SystemClock().now
    )


def venue(name: str, url: str, ledger: Ledger) -> CcxtVenue:
    return CcxtVenue(
        ACCOUNT,
        exchange=exchange_of(name, url, sends=False),
        records=BookRecords(ledger),
        now=SystemClock().now,
        backoff=Backoff(Random(1), first=0.001, most=0.02),
        symbols=[SYMBOLS[name]],
        streams=False,
    )


def order(name: str, number: int, **terms: Any) -> Request:
    fields: dict[str, Any] = {
        "account": ACCOUNT,
        "client_order_id": f"C{number}",
        "instrument": SYMBOLS[name],
        "side": "buy",
        "quantity": "0.01",
        "order_type": "limit",
        "limit_price": "2000",
        "time_in_force": "gtc",
    }
    return Request(**{**fields, **terms})


STOP = {"side": "sell", "order_type": "stop_limit", "stop_price": "2400", "limit_price": "2390"}
"""The terms of the orders that are sent to Binance: stops."""


async def main() -> None:
    """Set the switch, if there is one, send two orders, and renew until killed."""
    name, url, database = sys.argv[1:4]
    switches = [{"account": ACCOUNT, "seconds": SECONDS[name]}] if name in SECONDS else []
    settings = GatewaySettings.model_validate({"dead_mans_switches": switches})
    terms = STOP if name == "binanceusdm" else {}
    with Ledger.open(database) as ledger:
        async with Gateway(ledger, {ACCOUNT: entry(name, url)}, limits=settings) as gateway:
            for number in range(2):
                sent = await gateway.submit(order(name, number, **terms))
                print(sent.state, sent.reason, sent.text, flush=True)
            await asyncio.sleep(60)


if __name__ == "__main__":
    with suppress(LedgerError):
        asyncio.run(main())
