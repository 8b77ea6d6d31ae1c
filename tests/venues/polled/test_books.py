"""Order books of the polled spot venues: requests and answers as their documents have them."""

import json
from decimal import Decimal
from typing import Any

import pytest

from orderledger.venues import OrderBook, PriceLevel, VenueUnavailable
from orderledger.venues.base.transport import parsed
from orderledger.venues.invex.adapter import INVEX
from orderledger.venues.nobitex.adapter import NOBITEX
from orderledger.venues.polled.table import SpotTable
from orderledger.venues.wallex.adapter import WALLEX

NOBITEX_ANSWER = """{"status": "ok", "lastUpdate": 1644991756704, "lastTradePrice": "35650565900",
"asks": [["1476091000", "1.016"], ["1479700000", "0.2561"]],
"bids": [["1470001120", "0.126571"], ["1470000000", "0.818994"]]}"""
"""The sample of docs/market-data.md, "orderbook-v3"."""
WALLEX_ANSWER = """{"success": true, "message": "", "result": {
"ask": [{"price": "21300.0000000000000000", "quantity": 0.005, "sum": "106.5"}],
"bid": [{"price": "21100.0000000000000000", "quantity": 1e-06, "sum": "0.0211"},
        {"price": "20889.8100000000000000", "quantity": 0.001472, "sum": "30.74980032"}]}}"""
"""The sample of api-docs.wallex.ir."""
INVEX_ANSWER = """{"ask_orders": [{"depth": 1, "price": "68010", "quantity": "0.5"}],
"bid_orders": [{"depth": 2, "price": "67980", "quantity": "1"},
               {"depth": 1, "price": "67990", "quantity": "2"}]}"""
"""By the schema `OrderDTOV1` of swagger.yaml, which does not say which side of the list is best."""


def book(table: SpotTable, answer: str) -> OrderBook:
    assert table.book is not None
    return table.book.read(parsed(answer))


def levels(*pairs: tuple[str, str]) -> list[PriceLevel]:
    return [PriceLevel(Decimal(price), Decimal(quantity)) for price, quantity in pairs]


def test_a_documented_answer_is_read_with_the_best_price_first() -> None:
    nobitex = book(NOBITEX, NOBITEX_ANSWER)
    assert nobitex.bids == levels(("1470001120", "0.126571"), ("1470000000", "0.818994"))
    assert nobitex.asks == levels(("1476091000", "1.016"), ("1479700000", "0.2561"))
    assert nobitex.last_price == Decimal("35650565900")
    wallex = book(WALLEX, WALLEX_ANSWER)
    assert wallex.bids == levels(("21100", "0.000001"), ("20889.81", "0.001472"))
    assert wallex.asks == levels(("21300", "0.005"))
    assert book(INVEX, INVEX_ANSWER).bids == levels(("67990", "2"), ("67980", "1"))


@pytest.mark.parametrize(
    ("answer", "price"),
    [
        ({"bids": [["1", "1"]], "asks": [["4", "1"]], "lastTradePrice": "9"}, "2.5"),
        ({"bids": [["1", "1"]], "asks": [], "lastTradePrice": "9"}, "9"),
        ({"bids": [], "asks": []}, None),
    ],
)
def test_the_price_is_the_middle_else_the_last_trade(answer: Any, price: str | None) -> None:
    expected = None if price is None else Decimal(price)
    assert book(NOBITEX, json.dumps(answer)).price == expected


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"bids": [["1", "1"]]},
        {"bids": [["1"]], "asks": []},
        {"bids": [["0", "1"]], "asks": []},
        {"bids": [["x", "1"]], "asks": []},
        {"bids": "none", "asks": []},
    ],
)
def test_an_answer_that_cannot_be_read_is_not_an_empty_book(answer: Any) -> None:
    with pytest.raises(VenueUnavailable):
        book(NOBITEX, json.dumps(answer))


@pytest.mark.parametrize(
    ("table", "instrument", "request_"),
    [
        (NOBITEX, "BTC/IRR", ("/v3/orderbook/BTCIRT", {})),
        (NOBITEX, "ETH/USDT", ("/v3/orderbook/ETHUSDT", {})),
        (WALLEX, "BTC/IRT", ("/v1/depth", {"symbol": "BTCTMN"})),
        (INVEX, "BTC/IRR", ("/trading/v1/market-depth", {"symbol": "BTC_IRR", "depth": 20})),
    ],
)
def test_a_request_names_the_market_as_the_documents_do(
    table: SpotTable, instrument: str, request_: Any
) -> None:
    assert table.book is not None
    assert table.book.of(table.markets.symbol(instrument) or "") == request_


def test_nobitex_paces_order_books_by_its_documented_limit() -> None:
    assert NOBITEX.book is not None
    assert NOBITEX.per_minute[NOBITEX.book.path] == 300
