"""The terms of an order that a venue takes natively, before it is recorded as sent."""

import dataclasses
from typing import Any

import pytest

from orderledger import Request
from orderledger.extend.values import HELD
from orderledger.gateway.emulation.marking import TRIGGER, is_emulated, marked
from orderledger.gateway.terms import CONDITIONS, fault_of_terms
from orderledger.venues.base.order_entry import EntryAbilities

TRAILING = EntryAbilities(
    order_types=frozenset({"market", "limit", "trailing_stop"}),
    conditions=frozenset({"trail_offset"}),
)


def order(**terms: Any) -> Any:
    names = ("limit_price", "stop_price", "time_in_force", "expire_at", *CONDITIONS)
    return {**dict.fromkeys(names), "order_type": "trailing_stop", "quantity": 1, **terms}


@pytest.mark.parametrize(
    ("offset", "reason"), [(None, "incorrect_trail_offset"), (5, None)], ids=["without", "with"]
)
def test_a_trailing_stop_that_the_venue_watches_needs_its_offset(
    offset: int | None, reason: str | None
) -> None:
    found = fault_of_terms(order(trail_offset=offset), TRAILING)
    assert (None if found is None else found.reason) == reason


def trailing(unit: str, **terms: Any) -> Request:
    return Request(
        account="sim:main",
        client_order_id="T-1",
        instrument="BTC-USD",
        side="sell",
        quantity="1",
        order_type="trailing_stop",
        trail_offset="5",
        trail_offset_type=unit,
        **terms,
    )


def test_a_trailing_stop_is_held_unless_the_venue_has_it_in_this_unit() -> None:
    percent_only = dataclasses.replace(TRAILING, trail_offset_types=frozenset({"percent"}))
    assert not is_emulated(trailing("amount"), TRAILING)
    assert not is_emulated(trailing("percent"), percent_only)
    assert is_emulated(trailing("amount"), percent_only)
    assert is_emulated(trailing("percent"), EntryAbilities())
    assert marked(trailing("percent"), percent_only).tags == {}
    assert marked(trailing("amount"), percent_only).tags[HELD] == TRIGGER


def test_an_order_that_the_gateway_holds_stays_held_where_the_venue_has_its_type_now() -> None:
    held = marked(trailing("percent"), EntryAbilities())
    assert is_emulated(held, TRAILING)
