"""What the exchanges report of a desk's orders, read through ccxt's own parsers: each order comes
back as the order that was sent."""

import asyncio
from decimal import Decimal
from random import Random
from typing import Any

import ccxt
import pytest

from orderledger import Ledger, Request
from orderledger.infrastructure.clock import SystemClock
from orderledger.venues.base.transport import Backoff
from orderledger.venues.ccxt.venue import CcxtVenue
from orderledger.venues.ccxt.vocabulary import CLIENT_ID
from orderledger.venues.reconciliation.book import BookRecords
from tests.venues.ccxt.asked_terms import ASKED
from tests.venues.ccxt.offline import ACCOUNT, SYMBOLS, entry, order
from tests.venues.ccxt.reported import ALGO, KRAKEN, KRAKEN_DESCR, OKX, REPORTED
from tests.venues.ccxt.telling import told

TYPES = ("take_profit", "take_profit_limit", "trailing_stop", "gtd", "day")
PARSED_ALIKE = {("kucoinfutures", "take_profit"), ("okx", "trailing_stop")}
"""Of KuCoin futures and of OKX spot: the rows have the same fields as those that are tested."""


def parsed(name: str, kind: str, raw: Any) -> Any:
    """The unified row of a document."""

    async def whole() -> Any:
        sender = entry(name, kind)
        try:
            return sender._exchange.parse_order(raw)
        finally:
            await sender.aclose()

    return asyncio.run(whole())


@pytest.mark.parametrize(("name", "kind", "term"), REPORTED)
def test_an_order_is_read_as_it_was_sent(name: str, kind: str, term: str) -> None:
    (message,) = told(name, order=parsed(name, kind, REPORTED[name, kind, term]))
    claims = message.reported
    assert term in (claims.order_type, claims.time_in_force)
    assert claims.quantity == 2
    is_conditional = term not in ("limit", "gtd", "day", "trailing_stop")
    assert (claims.stop_price is not None) is is_conditional
    if term == "trailing_stop":
        assert claims.limit_price is None  # Kraken states the offset as a price


def test_each_type_that_is_sent_is_read_back() -> None:
    for (name, kind), terms in ASKED.items():
        for term in {one.split(":")[0] for one in terms} & set(TYPES):
            is_read = (name, kind, term) in REPORTED or (name, term) in PARSED_ALIKE
            assert is_read, (name, kind, term)


@pytest.mark.parametrize(
    ("name", "document", "place", "terms"),
    [
        (
            "okx",
            {"code": "0", "data": [{**OKX, "ordType": "move_order_stop", "callbackSpread": "5"}]},
            "algoClOrdId=led1",
            {"order_type": "trailing_stop", "trail_offset": Decimal(5)},
        ),
        (
            "okx",
            {"code": "0", "data": [{**OKX, "tpTriggerPx": "2600", "tpOrdPx": "-1"}]},
            "algoClOrdId=led1",
            {"order_type": "take_profit", "stop_price": Decimal(2600)},
        ),
        (
            "binanceusdm",
            {**ALGO, "orderType": "TRAILING_STOP_MARKET", "callbackRate": "1.5"},
            "clientAlgoId=led1",
            {"order_type": "trailing_stop", "trail_offset": Decimal("1.5")},
        ),
    ],
)
def test_a_conditional_order_is_found_by_its_client_id(
    name: str, document: Any, place: str, terms: dict[str, Any]
) -> None:
    """okx.com/docs-v5, "GET / Algo order details"; developers.binance.com, "Query Algo Order"."""
    one = entry(name, "swap")
    asked: list[str] = []

    async def fetch(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        asked.append(url)
        if place in url:
            return document
        raise ccxt.OrderNotFound("does not exist")

    one._exchange.fetch = fetch
    venue = CcxtVenue(
        ACCOUNT,
        exchange=one._exchange,
        records=None,
        now=SystemClock().now,
        backoff=Backoff(Random(1)),
        symbols=[SYMBOLS["swap"]],
    )
    row = order("swap", **{"aliases": {CLIENT_ID: "led1"}, "venue_order_ids": [], **terms})
    found = asyncio.run(venue.order(ACCOUNT, row))
    assert found is not None and place in asked[0]
    first: Any = found[0]
    assert first.reported.order_type == terms["order_type"]


@pytest.mark.parametrize("has_ledger", [True, False])
def test_an_amount_of_quote_currency_is_not_read_as_the_quantity(has_ledger: bool) -> None:
    """Kraken reports `vol` in the currency of the order (oflags viqc): 100 USDT, not 100 ETH."""
    raw = {
        **KRAKEN, "status": "closed", "vol": "100", "vol_exec": "0.04", "cost": "100",
        "price": "2500", "oflags": "viqc,fciq", "closetm": KRAKEN["opentm"] + 1,
        "descr": {**KRAKEN_DESCR, "type": "buy", "ordertype": "market", "price": "0"},
    }  # fmt: skip
    row = parsed("kraken", "spot", raw)
    with Ledger.open("memory://") as ledger:
        if has_ledger:
            ledger.record(
                Request(
                    account=ACCOUNT,
                    client_order_id="Q-1",
                    aliases={CLIENT_ID: raw["cl_ord_id"]},
                    instrument="ETH/USDT",
                    side="buy",
                    order_type="market",
                    quote_quantity="100",
                )
            )
        (message,) = told("kraken", BookRecords(ledger), order=row)
    assert message.reported.cum_quantity == Decimal("0.04")
    assert (message.reported.quantity, message.reported.status) == (None, "filled")
