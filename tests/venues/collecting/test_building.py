"""What a section of the settings makes of its venue."""

import pytest

from orderledger.venues.base.venue import NoRecords
from orderledger.venues.hyperliquid.adapter import build
from orderledger.venues.hyperliquid.settings import HyperliquidSettings

ACCOUNTS = [{"account": "hyperliquid:main", "address": "0x" + "aa" * 20}]


@pytest.mark.parametrize(
    ("exchanges", "is_told"), [((), False), (("xyz",), True), (("flx",), False)]
)
def test_positions_on_a_builders_exchange_are_told_where_it_is_named(
    exchanges: tuple[str, ...], is_told: bool
) -> None:
    settings = HyperliquidSettings.model_validate(
        {"venue": "hyperliquid", "accounts": ACCOUNTS, "exchanges": exchanges}
    )
    venue = build(settings, NoRecords())
    assert (venue.reports_position("xyz:TSLA"), venue.reports_position("BTC")) == (is_told, True)
