"""Stop orders: each request carries the stop and its direction, or does not leave."""

import asyncio
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest

from orderledger.venues import NotSent
from orderledger.venues.ccxt.sending.terms import Product
from orderledger.venues.ccxt.terms_sent import terms_sent
from tests.venues.ccxt.offline import entry, order
from tests.venues.ccxt.test_sending import SENT, STOP, TERM, told

MARKS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("binance", "spot"): ("side=BUY&", "type=STOP_LOSS"),
    ("binanceusdm", "swap"): ("side=BUY&", "type=STOP"),
    ("bybit", "spot"): ('"Buy"', '"orderFilter":"StopOrder"'),
    ("bybit", "swap"): ('"triggerDirection":1', '"triggerDirection":'),
    ("okx", "spot"): ('"buy"', '"slTriggerPx":"2400"'),
    ("okx", "swap"): ('"buy"', '"slTriggerPx":"2400"'),
    ("kraken", "spot"): ("type=buy", "ordertype=stop-loss"),
    ("krakenfutures", "swap"): ("side=buy", "orderType=stp"),
    ("gate", "swap"): ('"rule":1', "/price_orders "),
    ("coinbase", "spot"): ("STOP_DIRECTION_STOP_UP", "stop_limit_stop_limit_gtc"),
    ("bitfinex", "spot"): ('"amount":"2"', '"EXCHANGE STOP'),
    ("htx", "spot"): ('"operator":"gte"', "-stop-limit"),
    ("hyperliquid", "swap"): ('"b":true', '"tpsl":"sl"'),
    ("alpaca", "spot"): ('"buy"', '"type":"stop_limit"'),
    ("hollaex", "spot"): ('"buy"', '"stop":'),
    ("bigone", "spot"): ('"operator":"GTE"', '"type":"STOP_'),
}
"""By exchange and kind of market: what stands in the request of a buy stop only, and what marks any
stop order."""
TERMS: tuple[Mapping[str, Any], ...] = (
    {},
    {"time_in_force": "ioc"},
    {"time_in_force": "fok"},
    {"post_only": True},
    {"reduce_only": True},
    {"order_type": "stop", "limit_price": None},
)


@pytest.mark.parametrize(("name", "kind"), SENT)
def test_a_stop_order_leaves_as_a_stop_order_with_each_other_term_or_not_at_all(
    name: str, kind: str
) -> None:
    for terms in TERMS:
        for side in ("buy", "sell"):
            outcome, text = told(
                name,
                kind,
                **{"order_type": "stop_limit", "stop_price": STOP, "side": side, **terms},
            )
            if outcome == "sent":
                up, mark = MARKS[name, kind]
                assert mark in text
                assert (up in text) is (side == "buy"), text


NOT_SENT = (TERM, "order_type", "invalid_order")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("bitget", "spot"), ("bitget", "swap"), ("kucoin", "spot"), ("kucoinfutures", "swap")],
)
@pytest.mark.parametrize("kind_of_stop", ["stop", "stop_limit", "take_profit", "take_profit_limit"])
def test_a_stop_whose_order_cannot_be_found_is_not_sent(
    name: str, kind: str, kind_of_stop: str
) -> None:
    """No page at hand says how the order is found that a stop makes: the gateway emulates it."""
    price = None if kind_of_stop in ("stop", "take_profit") else Decimal(2500)
    terms = {"order_type": kind_of_stop, "stop_price": STOP, "limit_price": price}
    for side in ("buy", "sell"):
        assert told(name, kind, side=side, **terms)[0] in NOT_SENT
    product: Product = "spot" if kind == "spot" else "contract"
    able = terms_sent(name, product)
    assert kind_of_stop not in able["order_types"]
    assert "trigger_source" not in able["conditions"]


@pytest.mark.parametrize(
    "terms", [{"time_in_force": "ioc"}, {"time_in_force": "fok"}, {"post_only": True}]
)
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_stop_that_ccxt_drops_at_htx_is_named(side: str, terms: Mapping[str, Any]) -> None:
    """ccxt writes the other type over the stop type (htx.py, `create_spot_order_request`). HTX
    reads `stop-price` for its stop types only (support notice of 2019-09-02)."""
    outcome, text = told(
        "htx", "spot", **{"order_type": "stop_limit", "stop_price": STOP, "side": side, **terms}
    )
    assert outcome == TERM, text
    assert "stop" in text


WITHOUT: Mapping[tuple[str, str], Callable[[dict[str, Any]], dict[str, Any]]] = {
    ("bybit", "swap"): lambda params: {**params, "triggerDirection": "descending"},
    ("coinbase", "spot"): lambda params: {**params, "stop_direction": "STOP_DIRECTION_STOP_DOWN"},
    ("htx", "spot"): lambda params: {**params, "operator": "lte"},
}
"""Parameters of createOrder that lose or turn the direction of a buy stop."""


def unsent(
    name: str, kind: str, other: Callable[[dict[str, Any]], dict[str, Any]], words: str
) -> None:
    """A buy stop with other parameters of createOrder does not leave."""

    async def whole() -> None:
        sender = entry(name, kind)
        made = sender._exchange.create_order

        async def faulty(*asked: Any) -> Any:
            return await made(*asked[:5], other(asked[5]))

        sender._exchange.create_order = faulty
        try:
            with pytest.raises(NotSent, match=words):
                await sender.submit(order(kind, order_type="stop_limit", stop_price=STOP))
        finally:
            await sender.aclose()

    asyncio.run(whole())


@pytest.mark.parametrize(("name", "kind"), WITHOUT)
def test_a_stop_without_its_direction_or_with_another_one_does_not_leave(
    name: str, kind: str
) -> None:
    unsent(name, kind, WITHOUT[name, kind], "stop_direction")


def renamed(params: dict[str, Any], name: str) -> dict[str, Any]:
    return {name if one == "stopLossPrice" else one: value for one, value in params.items()}


@pytest.mark.parametrize("kind", ["spot", "swap"])
def test_at_okx_a_stop_leaves_as_a_stop_loss_only(kind: str) -> None:
    """A trigger order has no direction: it waits "when a specific price level is crossed"
    (okx.com/docs-v5, "Place algo order")."""
    unsent("okx", kind, lambda params: renamed(params, "triggerPrice"), "not this order")
    unsent("okx", kind, lambda params: renamed(params, "takeProfitPrice"), "stop_direction|takes")
    unsent("okx", kind, lambda params: {**params, "takeProfitPrice": "2600"}, "not this order")


def test_at_okx_a_stop_of_a_spot_order_does_not_borrow() -> None:
    """Without `tdMode`, ccxt sends `cross` (okx.py, `create_order_request`)."""
    unsent("okx", "spot", lambda params: {**params, "tdMode": "cross"}, "tdMode")
