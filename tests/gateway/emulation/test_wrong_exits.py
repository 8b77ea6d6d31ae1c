"""Exits on the wrong side of their entry are refused: they would trade at once."""

from typing import Any

import pytest

from orderledger import InvalidSetting, Ledger
from tests.gateway.desk import buy, in_a_loop, sell, trading, venue_of

STOP: dict[str, Any] = {"price": None, "order_type": "stop", "quantity": "5"}


@pytest.mark.parametrize(
    ("entry", "exits", "said"),
    [
        (buy("E", quantity="5"), {"take_profit": buy("X", quantity="5")},
         "take_profit: an exit of a buy order is a sell"),
        (sell("E", quantity="5"), {"stop_loss": sell("X", **STOP, stop_price="66000")},
         "stop_loss: an exit of a sell order is a buy"),
        (buy("E", quantity="5"), {"take_profit": "60000", "stop_loss": "62000"},
         "take_profit: its price, 60000, is not above that of stop_loss, 62000: the"),
        (buy("E", quantity="5"), {"take_profit": "62000", "stop_loss": "62000"}, "take_profit"),
        (sell("E", quantity="5"), {"take_profit": "67000", "stop_loss": "66000"},
         "take_profit: its price, 67000, is not below that of stop_loss, 66000: the"),
        (buy("E", quantity="5"), {"stop_loss": "64001"},
         "stop_loss: its price, 64001, is above the limit price of the entry, 64000: it would be"),
        (sell("E", quantity="5"), {"stop_loss": "63000"},
         "stop_loss: its price, 63000, is below the limit price of the entry, 64000"),
        (buy("E", quantity="5"),
         {"take_profit": sell("X", **STOP | {"order_type": "take_profit"}, stop_price="61000"),
          "stop_loss": "62000"},
         "take_profit: its price, 61000, is not above"),
    ],
)  # fmt: skip
@in_a_loop
async def test_an_exit_on_the_wrong_side_is_refused_and_nothing_is_recorded(
    ledger: Ledger, entry: Any, exits: dict[str, Any], said: str
) -> None:
    async with trading(ledger, venue_of()) as gateway:
        with pytest.raises(InvalidSetting) as refused:
            await gateway.submit_bracket(entry, **exits)
    assert said in str(refused.value)
    assert not ledger.orders()


@pytest.mark.parametrize(
    ("entry", "exits"),
    [
        (buy("E", quantity="5", price="70000"), {"take_profit": "66000", "stop_loss": "62000"}),
        (buy("E", quantity="5"), {"stop_loss": "64000"}),
        (sell("E", quantity="5"), {"take_profit": "62000", "stop_loss": "66000"}),
        (buy("E", quantity="5", price=None), {"stop_loss": "90000"}),
        (buy("E", quantity="5"),
         {"take_profit": "66000",
          "stop_loss": sell("X", price=None, order_type="trailing_stop", trail_offset="90000",
                            trail_offset_type="amount", quantity="5")}),
    ],
)  # fmt: skip
@in_a_loop
async def test_an_exit_that_may_be_meant_is_taken(
    ledger: Ledger, entry: Any, exits: dict[str, Any]
) -> None:
    """A limit price of an entry may be far beyond the market, as its worst price."""
    async with trading(ledger, venue_of()) as gateway:
        sent = await gateway.submit_bracket(entry, **exits)
    assert {one.state for one in sent} <= {"acknowledged", "held"}, sent
