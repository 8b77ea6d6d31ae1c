"""Take-profit orders, icebergs, and amounts of quote currency: sent as meant, or not at all."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger.venues.ccxt.sending.tables import languages
from orderledger.venues.ccxt.terms_sent import terms_sent
from tests.venues.ccxt.test_sending import told

TAKES = {"order_type": "take_profit_limit", "stop_price": Decimal(2600)}
TAKES_AT_MARKET = {**TAKES, "order_type": "take_profit", "limit_price": None}


@pytest.mark.parametrize(
    ("name", "kind", "terms", "mark"),
    [
        ("binance", "spot", TAKES, "type=TAKE_PROFIT_LIMIT"),
        ("binance", "spot", TAKES_AT_MARKET, "type=TAKE_PROFIT&"),
        ("binanceusdm", "swap", TAKES, "type=TAKE_PROFIT&"),
        ("binanceusdm", "swap", TAKES_AT_MARKET, "type=TAKE_PROFIT_MARKET"),
        ("kraken", "spot", TAKES, "ordertype=take-profit-limit"),
        ("kraken", "spot", TAKES_AT_MARKET, "ordertype=take-profit&"),
        ("binance", "spot", {"display_quantity": Decimal("0.5")}, "icebergQty=0.5"),
        (
            "binance",
            "spot",
            {
                "order_type": "market",
                "limit_price": None,
                "quantity": None,
                "quote_quantity": Decimal(100),
            },
            "quoteOrderQty=100",
        ),
    ],
)
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_term_of_a_desk_is_in_the_request(
    name: str, kind: str, terms: dict[str, Any], mark: str, side: str
) -> None:
    outcome, text = told(name, kind, side=side, **terms)
    assert outcome == "sent", text
    assert mark in f"{text}&"


@pytest.mark.parametrize(
    ("name", "kind", "terms"),
    [
        ("okx", "spot", TAKES),
        ("bybit", "spot", {"display_quantity": Decimal("0.5")}),
        ("okx", "spot", {"quote_quantity": Decimal(100)}),
        ("binanceusdm", "swap", {"quote_quantity": Decimal(100), "order_type": "market"}),
    ],
)
def test_a_term_that_is_not_in_the_request_does_not_leave(
    name: str, kind: str, terms: dict[str, Any]
) -> None:
    outcome, text = told(name, kind, **terms)
    assert outcome != "sent", text


def test_the_abilities_follow_from_the_tables() -> None:
    plain = terms_sent("an exchange without a table", "spot")
    assert (plain["order_types"], plain["conditions"]) == ({"limit", "market"}, frozenset())
    for name in languages():
        assert terms_sent(name, "spot")["order_types"] >= {"limit", "market"}
    assert "position_side" not in terms_sent("kraken", "spot")["conditions"]
    assert "position_side" in terms_sent("binanceusdm", "contract")["conditions"]
