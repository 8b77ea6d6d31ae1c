"""Orders to exchanges without a table: what ccxt adds to them is named, and their client id stands
where it is read."""

import asyncio
import inspect
import re
from decimal import Decimal
from typing import Any

import ccxt.async_support
import pytest

from orderledger.venues import NotSent
from orderledger.venues.ccxt.sending.plain_orders import READS_UNIFIED_ID, UNIFIED_ID
from orderledger.venues.ccxt.sending.tables import languages
from tests.venues.ccxt.offline import entry, order, sent
from tests.venues.ccxt.test_sending import TERM, told


@pytest.mark.parametrize(
    ("name", "kind"),
    [("bitbank", "spot"), ("bitflyer", "spot"), ("bitso", "spot"), ("coinsph", "spot")],
)
def test_an_order_whose_client_id_is_passed_on_unread_does_not_leave(name: str, kind: str) -> None:
    """Their request builders do not know the client id: ccxt passes it on as `clientOrderId`,
    undocumented there."""
    outcome, text = told(name, kind)
    assert (outcome, "client_order_id" in text, name in text) == (TERM, True, True), text


@pytest.mark.parametrize("name", sorted(READS_UNIFIED_ID))
def test_the_exchanges_whose_field_has_the_unified_name_are_those_whose_request_builders_say_so(
    name: str,
) -> None:
    assert name not in languages()
    base = getattr(ccxt.async_support, name)
    is_builder = re.compile("create_.*order|order_request").match
    builders = [
        made for called, made in inspect.getmembers(base, inspect.isfunction) if is_builder(called)
    ]
    assert any(f"'{UNIFIED_ID}'" in inspect.getsource(one) for one in builders)


@pytest.mark.parametrize(
    ("name", "kind", "field"),
    [
        (
            "weex",
            "swap",
            "positionSide",
        ),  # LONG for each buy, also for one that closes a short position
        ("deepcoin", "swap", "tdMode"),  # cross
        ("hitbtc", "swap", "margin_mode"),  # cross
        ("hashkey", "swap", "side"),  # BUY_OPEN, also for one that closes
        ("zebpay", "swap", "marginAsset"),  # INR
    ],
)
def test_a_field_that_ccxt_adds_is_named(name: str, kind: str, field: str) -> None:
    outcome, text = told(name, kind)
    assert (outcome, field in text) == (TERM, True), text


def with_params(name: str, changed: dict[str, Any], **terms: Any) -> str:
    """Why an order is not sent if a request builder of ccxt adds this to it. None takes a field
    out."""

    async def whole() -> str:
        sender = entry(name)
        sender._exchange.markets["ETH/USDT"]["id"] = terms.pop("market_id", "ETHUSDT")
        made = sender._exchange.create_order

        async def faulty(*asked: Any) -> Any:
            params = {**asked[5], **changed}
            return await made(
                *asked[:5], {field: value for field, value in params.items() if value is not None}
            )

        sender._exchange.create_order = faulty
        try:
            with pytest.raises(NotSent) as raised:
                await sender.submit(order(**terms))
            assert not sent(sender)
            assert raised.value.reason == TERM
            return raised.value.text
        finally:
            await sender.aclose()

    return asyncio.run(whole())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("leverage", "2"),  # as the quantity
        ("leverage", "led1"),
        ("marginMode", "cross"),
        ("positionSide", "LONG"),
        ("positionIdx", 1),
        ("reduceOnly", True),
        ("hidden", True),
        ("stopPrice", "2500.5"),  # as the limit price
        ("quoteOrderQty", "2"),
        ("expireTime", 1_800_000_000_000),
        ("something", "else"),
    ],
)
@pytest.mark.parametrize("name", ["bitstamp", "poloniex", "latoken"])
def test_a_field_that_is_no_term_of_the_order_is_named(name: str, field: str, value: Any) -> None:
    assert field in with_params(name, {field: value})


def test_another_field_with_the_same_text_is_no_client_id() -> None:
    assert "client_order_id" in with_params(
        "bitstamp", {"clientOrderId": None}, client_order_id="2", quantity=Decimal(2)
    )


def test_a_number_that_is_the_name_of_the_market_elsewhere_is_no_leverage() -> None:
    assert "leverage" in with_params("bitstamp", {"leverage": "7"}, market_id="7")


def test_a_quantity_in_the_field_of_the_price_does_not_leave() -> None:
    text = with_params("latoken", {"quantity": "2500.5", "price": "2"})
    assert "quantity" in text or "price" in text
