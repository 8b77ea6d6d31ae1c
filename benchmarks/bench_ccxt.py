"""The adapter of ccxt on one process: a pushed frame, by ccxt's own parser, to messages that are
delivered.

An update is an `ORDER_TRADE_UPDATE` of Binance USD-M: one order and one fill, read, translated
beside a ledger that knows the orders, and taken from the delivery queue. No network and no commit.
The floor is ccxt alone: the frame read and parsed.
"""

import asyncio
import json
import statistics
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from random import Random
from typing import Any, cast

from measuring import Bench, Figure, in_turns, ratio

from orderledger import Ledger, Request
from orderledger.infrastructure.clock import SystemClock
from orderledger.venues.base.transport import Backoff
from orderledger.venues.base.venue import FeedEvent, Messages
from orderledger.venues.ccxt.exchange import connected, exact_json
from orderledger.venues.ccxt.settings import CcxtSettings
from orderledger.venues.ccxt.venue import CcxtVenue
from orderledger.venues.ccxt.vocabulary import CLIENT_ID
from orderledger.venues.reconciliation.book import BookRecords

UPDATES = 8_000
ORDERS = 200
ACCOUNT, SYMBOL, START = "binance:main", "ETH/USDT:USDT", 1_790_000_000_000
TARGET = 2_000
MARKET = {
    "id": "ETHUSDT",
    "symbol": SYMBOL,
    "base": "ETH",
    "quote": "USDT",
    "settle": "USDT",
    "type": "swap",
    "swap": True,
}
MARKET |= {
    "contract": True,
    "linear": True,
    "inverse": False,
    "contractSize": "1",
    "active": True,
    "spot": False,
}
MARKET |= {
    "precision": {"price": "0.05", "amount": "0.01"},
    "limits": {},
    "baseId": "ETH",
    "quoteId": "USDT",
    "settleId": "USDT",
}


class Nobody:
    """The websocket's place in ccxt: nobody waits for its updates here."""

    subscriptions: dict[str, Any] = {}  # noqa: RUF012

    def resolve(self, result: Any, name: str) -> None:
        """Ignore it."""


def main() -> None:
    bench = Bench(__doc__)
    updates = UPDATES // 4 if bench.is_quick else UPDATES
    frames = [_frame(number) for number in range(updates)]
    floor, ours = in_turns(
        bench.rounds, lambda: asyncio.run(_alone(frames)), lambda: asyncio.run(_delivered(frames))
    )
    rate, bottom = statistics.median(ours), statistics.median(floor)
    name = "updates of an order and a fill, CPU seconds"
    bench.add(
        Figure(
            name,
            "",
            rate,
            "updates/s",
            bottom,
            "ccxt alone",
            ratio(ours, floor),
            f">= {TARGET:,} updates/s",
        )
    )
    bench.close()


async def _alone(frames: list[str]) -> float:
    exchange, client = _exchange(), Nobody()
    began = time.process_time()
    for frame in frames:
        exchange.handle_message(client, exact_json(frame))
    return len(frames) / (time.process_time() - began)


async def _delivered(frames: list[str]) -> float:
    exchange, client = _exchange(), Nobody()
    with Ledger.open("memory://", update_views=False) as ledger:
        ledger.record_many([_request(number) for number in range(ORDERS)])
        venue = CcxtVenue(
            ACCOUNT,
            exchange=exchange,
            records=BookRecords(ledger),
            now=SystemClock().now,
            backoff=Backoff(Random(1)),
            symbols=[SYMBOL],
        )
        taken = asyncio.create_task(_take(venue))
        began = time.process_time()
        for frame in frames:
            exchange.handle_message(client, exact_json(frame))
            trades, orders = [exchange.myTrades[-1]], [exchange.orders[-1]]
            for told in (venue._pushed_trades(trades), venue._pushed_orders(orders)):
                assert not told.faults
                await venue.deliver(ACCOUNT, told.messages)
        await venue.queue.close()
        assert await taken >= 2 * len(frames)
        return len(frames) / (time.process_time() - began)


async def _take(venue: CcxtVenue) -> int:
    taken = 0
    async with aclosing(cast(AsyncGenerator[FeedEvent, None], venue.queue.events())) as events:
        async for event in events:
            taken += len(event.messages) if isinstance(event, Messages) else 0
    return taken


def _exchange() -> Any:
    exchange = connected(
        CcxtSettings.model_validate(
            {
                "venue": "ccxt",
                "exchange": "binanceusdm",
                "account": ACCOUNT,
                "credentials": _credentials(),
            },
        )
    )
    exchange.set_markets([MARKET])
    return exchange


def _credentials() -> dict[str, Any]:
    import os

    os.environ["BENCH_CCXT_KEY"] = "nobody-asks"
    return {name: {"env": "BENCH_CCXT_KEY"} for name in ("apiKey", "secret")}


def _request(number: int) -> Request:
    return Request(
        account=ACCOUNT,
        client_order_id=f"C-{number}",
        aliases={CLIENT_ID: f"C-{number}"},
        instrument=SYMBOL,
        side="buy",
        quantity="1000",
        order_type="limit",
        limit_price="2500",
    )


def _frame(number: int) -> str:
    """The fill of one lot of one order after the other."""
    order, filled = number % ORDERS, number // ORDERS + 1
    row = {
        "s": "ETHUSDT",
        "c": f"C-{order}",
        "S": "BUY",
        "o": "LIMIT",
        "f": "GTC",
        "q": "1000",
        "p": "2500",
        "ap": "2500",
    }
    row |= {
        "sp": "0",
        "x": "TRADE",
        "X": "PARTIALLY_FILLED",
        "i": 8_000_000 + order,
        "l": "0.01",
        "z": f"{filled}e-2",
        "L": "2500",
    }
    row |= {
        "N": "USDT",
        "n": "0.005",
        "T": START + number,
        "t": 70_000 + number,
        "m": True,
        "R": False,
        "ps": "BOTH",
        "rp": "0",
    }
    return json.dumps(
        {"e": "ORDER_TRADE_UPDATE", "E": START + number, "T": START + number, "o": row}
    )


if __name__ == "__main__":
    main()
