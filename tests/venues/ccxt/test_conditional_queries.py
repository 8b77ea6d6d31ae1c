"""Stop orders at Binance USD-M are another kind of order, with ids of their own: they are queried
among the conditional orders.

Source: developers.binance.com, USD-M futures, "Query Algo Order" (`GET /fapi/v1/algoOrder`); the
row is that of ccxt's `parse_order`.
"""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from random import Random
from typing import Any

import ccxt
import pytest

from orderledger.infrastructure.clock import SystemClock
from orderledger.venues.base.transport import Backoff
from orderledger.venues.ccxt.venue import CcxtVenue
from orderledger.venues.ccxt.vocabulary import CLIENT_ID
from tests.venues.ccxt.offline import ACCOUNT, SYMBOLS, entry, order

ALGO = {
    "algoId": 3358,
    "clientAlgoId": "led1",
    "algoType": "CONDITIONAL",
    "orderType": "STOP",
    "symbol": "ETHUSDT",
    "side": "SELL",
    "positionSide": "BOTH",
    "timeInForce": "GTC",
    "quantity": "2.00",
    "algoStatus": "NEW",
    "triggerPrice": "2400.00",
    "price": "2390.00",
    "createTime": 1763458576201,
    "updateTime": 1763458576201,
}
LISTS = ("openOrders", "openAlgoOrders", "allOrders", "allAlgoOrders", "userTrades")
STOP: dict[str, Any] = {
    "side": "sell",
    "order_type": "stop_limit",
    "stop_price": Decimal(2400),
    "limit_price": Decimal(2390),
}


def queried(status: str, **terms: Any) -> tuple[Sequence[Any] | None, list[str]]:
    """What a query finds, and the paths of its requests. The exchange knows the conditional order
    alone."""
    found, urls = queried_at(status, **terms)
    return found, [path_of(url) for url in urls]


def path_of(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


def queried_at(status: str, **terms: Any) -> tuple[Sequence[Any] | None, list[str]]:
    """As `queried`, with whole addresses."""
    one = entry("binanceusdm", "swap")
    exchange = one._exchange
    urls: list[str] = []

    async def fetch(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        urls.append(url)
        path = path_of(url)
        if path == "algoOrder" and ("algoId=3358" in url or "clientAlgoId=led1" in url):
            return {**ALGO, "algoStatus": status}
        if path in LISTS:
            return []
        raise ccxt.OrderNotFound('binanceusdm {"code":-2013,"msg":"Order does not exist."}')

    exchange.fetch = fetch
    venue = CcxtVenue(
        ACCOUNT,
        exchange=exchange,
        records=None,
        now=SystemClock().now,
        backoff=Backoff(Random(1)),
        symbols=[SYMBOLS["swap"]],
    )
    row = order("swap", **{"aliases": {CLIENT_ID: "led1"}, "venue_order_ids": [], **terms})
    return asyncio.run(venue.order(ACCOUNT, row)), urls


@pytest.mark.parametrize("ids", [["3358"], []])
def test_a_stop_order_is_found_among_the_conditional_orders(ids: list[str]) -> None:
    found, paths = queried("NEW", **STOP, venue_order_ids=ids)
    assert paths[0] == "algoOrder"
    assert found is not None
    assert [str(one.status) for one in found if one.type == "status_observed"] == ["new"]


def test_a_trailing_stop_is_found_among_the_conditional_orders() -> None:
    terms = {"trail_offset": Decimal(1), "trail_offset_type": "percent", "limit_price": None}
    found, paths = queried("NEW", venue_order_ids=[], order_type="trailing_stop", **terms)
    assert paths[0] == "algoOrder" and found is not None


def test_the_end_of_a_stop_order_is_found() -> None:
    found, _ = queried("CANCELED", **STOP, venue_order_ids=["3358"])
    assert found is not None and "canceled" in {
        one.type if one.type != "status_observed" else str(one.status) for one in found
    }


def test_another_order_is_not_queried_among_the_conditional_orders() -> None:
    found, paths = queried("NEW", venue_order_ids=["17"])
    assert found is None and paths == ["order"]


def test_the_open_orders_of_one_instrument_are_queried() -> None:
    """Those of all cost up to 40 times as much, and delay orders (developers.binance.com, USD-M,
    "Current All Open Orders")."""
    terms = {"venue_order_ids": [], "aliases": {CLIENT_ID: "another"}}
    found, urls = queried_at("NEW", **terms)
    lists = [url for url in urls if path_of(url) in ("openOrders", "openAlgoOrders")]
    assert found is None and len(lists) == 2
    assert all("symbol=ETHUSDT" in url for url in lists), lists
