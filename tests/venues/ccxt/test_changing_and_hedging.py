"""Cancels, changes, and orders in hedge mode: what ccxt would send of them."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.venues.ccxt.offline import entry, order, outcome_of
from tests.venues.ccxt.test_sending import SENT, STOP, TERM, told


def changed(
    name: str, kind: str, what: str, faulty: Callable[[Any], Any] | None = None, **terms: Any
) -> tuple[str, str]:
    """The same for a cancel or a change of the order 1234567890. `faulty`: what ccxt makes of its
    arguments."""

    async def whole() -> tuple[str, str]:
        sender = entry(name, kind)
        row = order(kind, venue_order_id="1234567890", **terms)
        if faulty is not None:
            method = f"{'edit' if what == 'replace' else 'cancel'}_order"
            made = getattr(sender._exchange, method)
            setattr(sender._exchange, method, lambda *asked: made(*faulty(asked)))
        if what == "cancel":
            return await outcome_of(sender, sender.cancel(row, "R-1"))
        asked = {"request_id": "R-1", "quantity": Decimal(3), "limit_price": Decimal("2500.6")}
        return await outcome_of(sender, sender.replace(row, asked))

    return asyncio.run(whole())


@pytest.mark.parametrize(("name", "kind"), SENT)
def test_a_cancel_names_its_order_or_does_not_leave(name: str, kind: str) -> None:
    outcome, text = changed(name, kind, "cancel")
    assert (outcome, "1234567890" in text) == ("sent", True), text
    outcome, text = changed(name, kind, "cancel", lambda asked: ("1234567891", *asked[1:]))
    assert outcome == TERM, text


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("binanceusdm", "swap"),
        ("bybit", "spot"),
        ("okx", "swap"),
        ("kraken", "spot"),
        ("deribit", "swap"),
    ],
)
def test_a_change_says_its_new_terms_or_does_not_leave(name: str, kind: str) -> None:
    assert changed(name, kind, "replace")[0] == "sent"
    for faulty in (
        lambda asked: ("1234567891", *asked[1:]),
        lambda asked: (*asked[:4], "4", *asked[5:]),
        lambda asked: (*asked[:5], "2500.7", *asked[6:]),
    ):
        assert changed(name, kind, "replace", faulty)[0] == TERM


@pytest.mark.parametrize(
    ("name", "kind", "part"),
    [
        ("binanceusdm", "swap", "/fapi/v1/algoOrder"),
        ("okx", "swap", "/trade/cancel-algos"),
        ("gate", "swap", "/price_orders/"),
        ("bitget", "swap", "/cancel-plan-order"),
        ("kucoin", "spot", "/stop-order/"),
        ("bybit", "spot", '"orderFilter":"StopOrder"'),
    ],
)
def test_a_stop_order_is_canceled_where_stop_orders_are(name: str, kind: str, part: str) -> None:
    outcome, text = changed(name, kind, "cancel", order_type="stop_limit", stop_price=STOP)
    assert (outcome, part in text) == ("sent", True), text


HEDGED = {
    "binanceusdm": ("positionSide=LONG", "positionSide=LONG", "positionSide=SHORT"),
    "bybit": ('"positionIdx":1', '"positionIdx":1', '"positionIdx":2'),
    "okx": ('"posSide":"long"', '"posSide":"long"', '"posSide":"short"'),
    "gate": ('"size":2', '"reduce_only":true', '"size":-2'),
    "bitget": (
        '"tradeSide":"Open","side":"buy"',
        '"tradeSide":"Close","side":"buy"',
        '"tradeSide":"Open","side":"sell"',
    ),
    "kucoinfutures": ('"positionSide":"LONG"', '"positionSide":"LONG"', '"positionSide":"SHORT"'),
    "mexc": ('"side":1', '"side":4', '"side":3'),
    "htx": ('"position_side":"long"', '"position_side":"long"', '"position_side":"short"'),
    "blofin": ('"positionSide":"long"', '"positionSide":"long"', '"positionSide":"short"'),
}
"""What opens a long position, closes it, and opens a short one."""


@pytest.mark.parametrize("name", HEDGED)
def test_in_hedge_mode_the_position_is_named_and_closed_without_reduce_only(name: str) -> None:
    asked: tuple[dict[str, Any], ...] = (
        {"side": "buy", "position_side": "long"},
        {"side": "sell", "position_side": "long", "reduce_only": True},
        {"side": "sell", "position_side": "short"},
    )
    for terms, part in zip(asked, HEDGED[name], strict=True):
        outcome, text = told(name, "swap", **terms)
        assert (outcome, part in text) == ("sent", True), text
        if name in ("binanceusdm", "okx"):  # both refuse reduce-only in hedge mode
            assert "reduceOnly" not in text
    outcome, text = told(name, "swap", side="buy", position_side="long", reduce_only=True)
    assert outcome == "position_side", text


@pytest.mark.parametrize(
    ("name", "kind"),
    [("deribit", "swap"), ("krakenfutures", "swap"), ("hyperliquid", "swap"), ("kraken", "spot")],
)
def test_a_position_side_is_not_sent_where_there_is_none(name: str, kind: str) -> None:
    assert told(name, kind, position_side="long")[0] == "position_side"
    assert told(name, kind, position_side="net")[0] == "sent"
