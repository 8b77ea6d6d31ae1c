"""The terms that follow from others in a request that ccxt would send."""

import re
from typing import Any

import pytest

from orderledger.venues.ccxt.sending.found import completed as _completed
from orderledger.venues.ccxt.sending.tables import Shape

BASE: dict[str, Any] = {"quantity_in": "base"}


@pytest.mark.parametrize(
    ("by_cost", "side", "order_type", "expected"),
    [
        (True, "buy", "market", "quote"),
        (True, "sell", "market", "base"),
        (True, "buy", "limit", "base"),
        (False, "buy", "market", "base"),
    ],
)
def test_where_market_buys_are_by_cost_their_quantity_is_money(
    by_cost: bool, side: str, order_type: str, expected: str
) -> None:
    found = _completed(
        {**BASE, "side": side, "order_type": order_type},
        Shape(path=re.compile("orders"), buys_by_cost=by_cost),
    )
    assert found["quantity_in"] == expected


@pytest.mark.parametrize(
    ("position", "side", "reduces"),
    [
        ("long", "sell", True),
        ("long", "buy", False),
        ("short", "buy", True),
        ("short", "sell", False),
    ],
)
def test_in_hedge_mode_an_order_against_its_position_only_reduces_it(
    position: str, side: str, reduces: bool
) -> None:
    found = _completed(
        {**BASE, "side": side, "position_side": position, "reduce_only": None},
        Shape(path=re.compile("orders")),
    )
    assert found["reduce_only"] is reduces


@pytest.mark.parametrize(("side", "direction"), [("buy", "up"), ("sell", "down")])
def test_a_stop_triggers_on_the_side_where_it_loses(side: str, direction: str) -> None:
    shape = Shape(path=re.compile("orders"))
    assert (
        _completed({**BASE, "side": side, "stop_price": "1"}, shape)["stop_direction"] == direction
    )
    given = {**BASE, "side": side, "stop_price": "1", "stop_direction": "given"}
    assert _completed(given, shape)["stop_direction"] == "given"
