"""The table of order terms holds: what an entry says that it sends, it can express, and nothing
else."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from orderledger import OrderType, TimeInForce
from orderledger.projections.view import Row
from orderledger.venues import NotSent, order_entry
from orderledger.venues.base.order_entry import EntryAbilities
from orderledger.venues.hyperliquid.actions import order_wire
from orderledger.venues.hyperliquid.order_entry import HyperliquidOrderEntry
from orderledger.venues.lighter.order_entry import LighterOrderEntry
from orderledger.venues.lighter.transactions import Scale, created
from orderledger.venues.tradier.forms import form_of
from orderledger.venues.tradier.order_entry import TradierOrderEntry
from tests.venues.order_entry.test_terms import order

Express = Callable[[Row], object]
ENTRIES: Mapping[str, tuple[EntryAbilities, Express]] = {
    "hyperliquid": (HyperliquidOrderEntry.abilities, lambda row: order_wire(row, asset=0)),
    "lighter": (LighterOrderEntry.abilities, lambda row: created(row, Scale.UNKNOWN)),
    "tradier": (TradierOrderEntry.abilities, form_of),
}
WITH_STOP = ("stop", "stop_limit", "take_profit", "take_profit_limit")
AT_MARKET = ("market", "stop", "take_profit", "trailing_stop")


def terms_of(order_type: str, abilities: EntryAbilities) -> dict[str, Any]:
    """The prices that an order of this type needs at this venue."""
    has_limit = order_type not in AT_MARKET or order_type in abilities.needs_limit
    return {
        "order_type": order_type,
        "limit_price": "500.25" if has_limit else None,
        "stop_price": "490" if order_type in WITH_STOP else None,
        **({"trail_offset": "1", "trail_offset_type": "amount"} if "trail" in order_type else {}),
    }


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("order_type", [one for one in OrderType if one != "other"])
def test_an_order_type_is_expressed_exactly_if_the_table_has_it(
    name: str, order_type: OrderType
) -> None:
    abilities, express = ENTRIES[name]
    row = order(**terms_of(order_type, abilities))
    if order_type in abilities.order_types:
        assert express(row)
    else:
        with pytest.raises(NotSent):
            express(row)


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("in_force", list(TimeInForce))
def test_a_time_in_force_is_expressed_exactly_if_the_table_has_it(
    name: str, in_force: TimeInForce
) -> None:
    abilities, express = ENTRIES[name]
    until = {"expire_at": "2026-12-01T00:00:00Z"} if in_force == "gtd" else {}
    row = order(time_in_force=in_force, **until)
    if in_force in abilities.times_in_force:
        assert express(row)
    else:
        with pytest.raises(NotSent):
            express(row)


@pytest.mark.parametrize("name", ENTRIES)
def test_without_its_worst_price_an_order_is_not_expressed(name: str) -> None:
    abilities, express = ENTRIES[name]
    for order_type in abilities.needs_limit:
        row = order(**{**terms_of(order_type, abilities), "limit_price": None})
        with pytest.raises(NotSent):
            express(row)


SETTINGS: Mapping[str, dict[str, Any]] = {
    "tradier": {"number": "VA000001", "token": {"env": "VENUE_KEY"}},
    "nobitex": {"token": {"env": "VENUE_KEY"}},
    "hyperliquid": {
        "accounts": [
            {
                "account": "desk:main",
                "address": "0x" + "ab" * 20,
                "private_key": {"env": "VENUE_KEY"},
            }
        ]
    },
}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("is_native", [True, False])
def test_the_setting_decides_who_holds_groups(
    name: str, is_native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENUE_KEY", "0x" + "5e" * 32)
    given = {**SETTINGS[name], "native_groups": is_native}
    abilities = order_entry(name, account="desk:main", **given).abilities
    assert abilities.groups_by_setting
    assert abilities.groups == (abilities.groups_by_setting if is_native else frozenset())
