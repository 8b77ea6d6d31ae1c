"""Public prices of a simulated Binance USD-M, for programs that need a market before they trade.
freqtrade's dry run fills its orders from the order book.

Sources: developers.binance.com, "Market Data Endpoints" of USD-M futures: `depth` is
`lastUpdateId`, `bids` and `asks` of price and quantity; a row of `klines` has twelve columns, from
the open time to an unused one; `ticker/24hr` has `lastPrice`, `ticker/bookTicker` the best prices.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from aiohttp import web

from orderledger import Side
from orderledger.extend.values import ZERO
from orderledger.simulation.ccxt.binance_wallet import milliseconds
from orderledger.simulation.market import ExchangeSimulator, SimulatedInstrument
from orderledger.simulation.market.book import OPPOSITE

MINUTE = 60_000
INTERVALS = {"1m": MINUTE, "5m": 5 * MINUTE, "1h": 60 * MINUTE, "8h": 480 * MINUTE}
DEEP = Decimal(1000)
"""Quantity at the best price where nobody's order rests."""
Row = dict[str, Any]


class PublicPrices:
    """Prices of a server's instruments.

    `prices`: the last price by instrument; without one, the instrument's own. Orders that rest at
    the exchange are not moved, and not filled. `depth_after`: seconds until a request for the
    order book is answered, by its `limit`.
    """

    def __init__(
        self,
        exchange: ExchangeSimulator,
        instruments: Mapping[str, SimulatedInstrument],
        prices: Mapping[str, Decimal],
    ) -> None:
        self._exchange, self._instruments, self._prices = exchange, instruments, prices
        self.depth_after: dict[int, float] = {}

    def price(self, symbol: str) -> Decimal:
        """The last price."""
        instrument = self._instruments[symbol]
        return self._prices.get(instrument.name, instrument.price)

    def best(self, symbol: str, side: Side) -> Decimal:
        """The best bid or ask: one tick from the last price."""
        tick = self._instruments[symbol].tick
        return self.price(symbol) + (tick if OPPOSITE[side] is Side.BUY else -tick)

    async def depth(self, asked: Mapping[str, str]) -> Row:
        """The order book."""
        await asyncio.sleep(self.depth_after.get(int(asked.get("limit", 500)), 0.0))
        symbol, now = asked["symbol"], milliseconds(self._exchange.clock.now())
        bids, asks = ([[self.best(symbol, side), DEEP]] for side in (Side.BUY, Side.SELL))
        return {"lastUpdateId": now, "E": now, "T": now, "bids": bids, "asks": asks}

    async def klines(self, asked: Mapping[str, str]) -> list[list[Any]]:
        """Candles at the last price, oldest first."""
        price, length = self.price(asked["symbol"]), INTERVALS.get(asked["interval"], MINUTE)
        last = milliseconds(self._exchange.clock.now()) // length * length
        first = max(last - int(asked.get("limit", 500)) * length, 0)
        begin = max(first, int(asked.get("startTime", 0)) // length * length)
        return [
            [at, price, price, price, price, DEEP, at + length - 1, price * DEEP, 1, DEEP, ZERO, 0]
            for at in range(begin, last + 1, length)
        ]

    async def day(self, asked: Mapping[str, str]) -> Any:
        """The last 24 hours: of one instrument, or of all."""
        return self._each(asked, self._day)

    async def best_prices(self, asked: Mapping[str, str]) -> Any:
        """Best bid and ask: of one instrument, or of all."""
        return self._each(asked, self._best_prices)

    async def ping(self, asked: Mapping[str, str]) -> Row:
        """An empty answer."""
        return {}

    async def none(self, asked: Mapping[str, str]) -> list[Any]:
        """An empty list: funding has not been paid yet."""
        return []

    def _each(self, asked: Mapping[str, str], row: Callable[[str], Row]) -> Any:
        if "symbol" in asked:
            return row(asked["symbol"])
        return [row(symbol) for symbol in self._instruments]

    def _day(self, symbol: str) -> Row:
        price, now = self.price(symbol), milliseconds(self._exchange.clock.now())
        same = dict.fromkeys(
            ("lastPrice", "openPrice", "highPrice", "lowPrice", "weightedAvgPrice"), price
        )
        numbers = {"volume": DEEP, "quoteVolume": price * DEEP, "priceChange": ZERO}
        return {"symbol": symbol, **same, **numbers, "priceChangePercent": ZERO, "closeTime": now}

    def _best_prices(self, symbol: str) -> Row:
        return {
            "symbol": symbol,
            "bidPrice": self.best(symbol, Side.BUY),
            "bidQty": DEEP,
            "askPrice": self.best(symbol, Side.SELL),
            "askQty": DEEP,
            "time": milliseconds(self._exchange.clock.now()),
        }


def market_routes(prices: PublicPrices, public: Any) -> Iterable[web.RouteDef]:
    """The routes of public prices. `public` makes a handler of a method."""
    return (
        web.get("/fapi/v1/depth", public(prices.depth)),
        web.get("/fapi/v1/klines", public(prices.klines)),
        web.get("/fapi/v1/markPriceKlines", public(prices.klines)),
        web.get("/fapi/v1/ticker/24hr", public(prices.day)),
        web.get("/fapi/v1/ticker/bookTicker", public(prices.best_prices)),
        web.get("/fapi/v1/ping", public(prices.ping)),
        web.get("/fapi/v1/fundingRate", public(prices.none)),
    )
