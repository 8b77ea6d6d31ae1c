"""The terms of an order in each venue's words, and orders that a venue cannot take: they are
refused before anything is sent."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from orderledger import InvalidSetting, Request
from orderledger.infrastructure.extras import needed
from orderledger.projections.view import Row
from orderledger.venues import NotSent
from orderledger.venues.hyperliquid.actions import modify_action, order_wire
from orderledger.venues.hyperliquid.signing import signer_of
from orderledger.venues.lighter.signing import SdkSigner
from orderledger.venues.lighter.transactions import Scale, created
from orderledger.venues.tradier.forms import form_of

OPTION = "SPY260619P00480000"
ETH = Scale(tick=Decimal("0.01"), lot=Decimal("0.0001"))


def order(**terms: Any) -> Row:
    usual = {
        "instrument": "SPY",
        "side": "buy",
        "quantity": "10",
        "order_type": "limit",
        "limit_price": "500.250",
    }
    request = Request(account="venue:main", client_order_id="C-1", **{**usual, **terms})
    return {
        "aliases": {},
        "venue_order_id": None,
        "cum_quantity": Decimal(0),
        **request.model_dump(),
    }


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (
            {},
            {
                "class": "equity",
                "side": "buy",
                "quantity": "10",
                "type": "limit",
                "duration": "day",
                "price": "500.25",
            },
        ),
        ({"side": "sell", "time_in_force": "gtc"}, {"side": "sell", "duration": "gtc"}),
        ({"reduce_only": True}, {"side": "buy_to_cover"}),
        ({"side": "sell", "tags": {"tradier.side": "sell_short"}}, {"side": "sell_short"}),
        ({"tags": {"tradier.duration": "pre"}}, {"duration": "pre"}),
        ({"order_type": "market", "limit_price": None}, {"type": "market", "price": None}),
        (
            {"order_type": "stop", "limit_price": None, "stop_price": "490"},
            {"type": "stop", "stop": "490", "price": None},
        ),
        (
            {"instrument": OPTION},
            {"class": "option", "symbol": "SPY", "option_symbol": OPTION, "side": "buy_to_open"},
        ),
        ({"instrument": OPTION, "side": "sell", "reduce_only": True}, {"side": "sell_to_close"}),
    ],
)
def test_the_form_of_tradier(terms: dict[str, Any], expected: dict[str, str | None]) -> None:
    form = form_of(order(**terms))
    assert {name: form.get(name) for name in expected} == expected
    assert form["tag"] == "C-1"


PUT_480, PUT_475 = "SPY260619P00480000", "SPY260619P00475000"
SPREAD = [
    {"instrument": PUT_480, "side": "buy", "ratio": 1},
    {"instrument": PUT_475, "side": "sell", "ratio": 2},
]


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (
            {},
            {
                "class": "multileg",
                "symbol": "SPY",
                "type": "debit",
                "price": "1.05",
                "side[0]": "buy_to_open",
                "quantity[0]": "3",
                "option_symbol[0]": PUT_480,
                "side[1]": "sell_to_open",
                "quantity[1]": "6",
                "option_symbol[1]": PUT_475,
                "duration": "day",
                "tag": "C-1",
            },
        ),
        (
            {"side": "sell", "reduce_only": True},
            {"type": "credit", "side[0]": "sell_to_close", "side[1]": "buy_to_close"},
        ),
        ({"order_type": "market", "limit_price": None}, {"type": "market", "price": None}),
        (
            {"tags": {"tradier.side": "buy_to_close,sell_to_open"}},
            {"side[0]": "buy_to_close", "side[1]": "sell_to_open"},
        ),
    ],
)
def test_a_combination_is_a_multileg_order_of_tradier(
    terms: dict[str, Any], expected: dict[str, str | None]
) -> None:
    usual = {"instrument": "SPY-SPREAD", "quantity": "3", "limit_price": "1.05", "legs": SPREAD}
    form = form_of(order(**{**usual, **terms}))
    assert {name: form.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("legs", "terms", "reason"),
    [
        ([{"instrument": "SPY", "side": "buy", "ratio": 1}, *SPREAD], {}, "unknown_instrument"),
        (
            [{**SPREAD[0], "instrument": "QQQ260619P00480000"}, SPREAD[1]],
            {},
            "unknown_instrument",
        ),
        ([*SPREAD, *SPREAD, SPREAD[0]], {}, "unsupported_term"),
        (SPREAD, {"order_type": "stop", "stop_price": "1"}, "unsupported_order_type"),
        (SPREAD, {"tags": {"tradier.side": "sell_to_open"}}, "incorrect_side"),
    ],
)
def test_a_combination_that_tradier_cannot_take_is_not_sent(
    legs: list[dict[str, Any]], terms: dict[str, Any], reason: str
) -> None:
    with pytest.raises(NotSent) as raised:
        form_of(order(**terms, legs=legs))
    assert raised.value.reason == reason


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"quantity": "0.5"}, "incorrect_quantity"),
        ({"post_only": True}, "unsupported_order_type"),
        ({"order_type": "trailing_stop"}, "unsupported_order_type"),
        ({"time_in_force": "fok"}, "unsupported_time_in_force"),
        ({"instrument": "BTC-USD"}, "unknown_instrument"),
        ({"tags": {"tradier.side": "sell_short"}}, "incorrect_side"),
    ],
)
def test_what_tradier_cannot_take_is_not_sent(terms: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotSent) as raised:
        form_of(order(**terms))
    assert raised.value.reason == reason


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({}, {"t": {"limit": {"tif": "Gtc"}}, "b": True, "p": "500.25", "s": "10", "r": False}),
        (
            {"side": "sell", "time_in_force": "ioc", "reduce_only": True},
            {"t": {"limit": {"tif": "Ioc"}}, "b": False, "r": True},
        ),
        ({"post_only": True, "time_in_force": "gtc"}, {"t": {"limit": {"tif": "Alo"}}}),
        ({"quantity": "1e-7", "limit_price": "2e3"}, {"s": "0.0000001", "p": "2000"}),
        (
            {"order_type": "stop", "limit_price": "480", "stop_price": "490.0"},
            {"t": {"trigger": {"isMarket": True, "triggerPx": "490", "tpsl": "sl"}}, "p": "480"},
        ),
        (
            {"order_type": "take_profit", "stop_price": "490.0"},
            {"t": {"trigger": {"isMarket": True, "triggerPx": "490", "tpsl": "tp"}}},
        ),
        (
            {"order_type": "take_profit_limit", "stop_price": "490.0", "trigger_source": "mark"},
            {"t": {"trigger": {"isMarket": False, "triggerPx": "490", "tpsl": "tp"}}},
        ),
        ({"order_type": "market"}, {"t": {"limit": {"tif": "Ioc"}}, "p": "500.25"}),
        (
            {"order_type": "stop_limit", "stop_price": "490.0"},
            {
                "t": {"trigger": {"isMarket": False, "triggerPx": "490", "tpsl": "sl"}},
                "p": "500.25",
            },
        ),
    ],
)
def test_the_order_of_hyperliquid(terms: dict[str, Any], expected: dict[str, Any]) -> None:
    wire = order_wire(order(**terms), asset=3)
    assert {name: wire[name] for name in expected} == expected
    assert list(wire) == ["a", "b", "p", "s", "r", "t", "c"], (
        "the venue signs over this order of keys"
    )


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"order_type": "market", "limit_price": None}, "incorrect_limit_price"),
        (
            {"order_type": "stop", "limit_price": None, "stop_price": "1"},
            "incorrect_limit_price",
        ),
        ({"order_type": "market", "time_in_force": "gtc"}, "unsupported_time_in_force"),
        ({"order_type": "stop", "stop_price": "1", "post_only": True}, "unsupported_time_in_force"),
        (
            {"order_type": "stop", "stop_price": "1", "trigger_source": "last"},
            "unsupported_term",
        ),
        ({"time_in_force": "fok"}, "unsupported_time_in_force"),
        ({"order_type": "trailing_stop"}, "unsupported_order_type"),
    ],
)
def test_what_hyperliquid_cannot_take_is_not_sent(terms: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotSent) as raised:
        order_wire(order(**terms), asset=0)
    assert raised.value.reason == reason


def test_a_change_at_hyperliquid_works_what_has_not_filled() -> None:
    partly = {**order(), "cum_quantity": Decimal(4)}
    (row,) = modify_action(partly, {"quantity": Decimal(12), "limit_price": None}, 0)["modifies"]
    assert (row["order"]["s"], row["order"]["p"]) == ("8", "500.25")
    with pytest.raises(NotSent, match="filled already"):
        modify_action(partly, {"quantity": Decimal(4)}, 0)


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (
            {},
            {
                "base_amount": 100_000,
                "price": 50_025,
                "is_ask": False,
                "order_type": 0,
                "time_in_force": 1,
                "expiry": -1,
            },
        ),
        (
            {"time_in_force": "ioc", "side": "sell"},
            {"is_ask": True, "time_in_force": 0, "expiry": 0},
        ),
        ({"post_only": True}, {"time_in_force": 2, "expiry": -1}),
        (
            {"time_in_force": "gtd", "expire_at": datetime(2026, 12, 1, tzinfo=UTC)},
            {"time_in_force": 1, "expiry": 1_796_083_200_000},
        ),
        (
            {"order_type": "stop_limit", "stop_price": "490.01"},
            {"order_type": 3, "trigger_price": 49_001},
        ),
        ({"order_type": "market"}, {"order_type": 1, "time_in_force": 0, "expiry": 0}),
        (
            {"order_type": "stop", "stop_price": "490.01"},
            {"order_type": 2, "time_in_force": 0, "expiry": -1, "price": 50_025},
        ),
        ({"order_type": "take_profit", "stop_price": "490"}, {"order_type": 4, "expiry": -1}),
        (
            {"order_type": "take_profit_limit", "stop_price": "490"},
            {"order_type": 5, "time_in_force": 1},
        ),
    ],
)
def test_the_transaction_of_lighter(terms: dict[str, Any], expected: dict[str, Any]) -> None:
    made = created(order(**terms), ETH)
    assert {name: getattr(made, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"quantity": "0.00005"}, "incorrect_quantity"),
        ({"limit_price": "500.255"}, "incorrect_price"),
        ({"limit_price": "50000000"}, "incorrect_price"),
        ({"order_type": "market", "limit_price": None}, "incorrect_price"),
        ({"order_type": "trailing_stop"}, "unsupported_order_type"),
        (
            {"order_type": "stop", "stop_price": "1", "time_in_force": "ioc"},
            "unsupported_time_in_force",
        ),
        ({"order_type": "stop_limit"}, "incorrect_price"),
        ({"time_in_force": "fok"}, "unsupported_time_in_force"),
    ],
)
def test_what_lighter_cannot_take_is_not_sent(terms: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotSent) as raised:
        created(order(**terms), ETH)
    assert raised.value.reason == reason


def test_a_missing_package_is_named_with_its_extra() -> None:
    with pytest.raises(InvalidSetting, match=r"pip install 'orderledger\[lighter\]'"):
        needed("lighter_of_nobody.signer", "lighter")


@pytest.mark.slow
@pytest.mark.parametrize("key", ["no key", "0x12", ""])
def test_a_wrong_key_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(InvalidSetting) as raised:
        signer_of(key, is_mainnet=True)
    assert str(raised.value).startswith("private_key: does not hold a private key")
    with pytest.raises(InvalidSetting) as raised:
        SdkSigner(url="http://127.0.0.1:1", account_index=1, api_key_index=3, private_key=key)
    assert str(raised.value).startswith("private_key: does not hold a private key")
