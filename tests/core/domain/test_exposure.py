"""Exposure, worked out by hand: a position of 2 bought at 100 with a fee of 1, marked at 110, and
what its open orders may make of it."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger.projections.exposure import exposure_row
from orderledger.projections.positions import Terms

HELD = {
    "account": "sim:main",
    "instrument": "BTC-USD",
    "position_side": "net",
    "position_id": "",
    "reason": None,
    "position_quantity": Decimal(2),
    "net_pnl": Decimal(-1),
    "unrealized_pnl": Decimal(20),
    "mark_price": Decimal(110),
    "currency": "USD",
}
FLAT = {**HELD, "position_quantity": Decimal(0), "net_pnl": Decimal(0), "unrealized_pnl": None}


def order(
    side: str | None,
    quantity: str | None,
    price: str | None,
    *,
    unresolved: bool = False,
    **more: Any,
) -> Any:
    return {
        "client_order_id": "C-1",
        "venue_order_id": "V-1",
        "side": side,
        "quantity": None if quantity is None else Decimal(quantity),
        "cum_quantity": Decimal(0),
        "limit_price": None if price is None else Decimal(price),
        "status": "new",
        "pending": None,
        "certainty": "unresolved" if unresolved else "confirmed",
        "outstanding": None,
        **more,
    }


def exposed(*orders: Any, held: Any = HELD, terms: Terms | None = None) -> Any:
    return exposure_row(held, terms or Terms(), list(orders))


def interval(row: Any, name: str) -> list[Decimal | None]:
    return [row[f"{name}_least"], row[name], row[f"{name}_most"]]


def numbers(*texts: str | None) -> list[Decimal | None]:
    return [None if text is None else Decimal(text) for text in texts]


def test_without_open_orders_everything_is_certain() -> None:
    row = exposed()
    assert interval(row, "position_quantity") == numbers("2", "2", "2")
    assert interval(row, "notional") == numbers("220", "220", "220")
    assert interval(row, "total_pnl") == numbers("19", "19", "19")
    assert row["orders"] == []


def test_open_orders_move_the_position_and_unresolved_ones_the_pnl_too() -> None:
    row = exposed(
        order("buy", "3", "105"),  # working: the venue would have told us of a fill
        order("sell", "4", "120", unresolved=True),  # if it was filled: 4 * (120 - 110) = 40 gained
        order("buy", "1", "115", unresolved=True),  # if it was filled: 1 * (110 - 115) = -5
    )
    assert interval(row, "position_quantity") == numbers("-2", "2", "6")
    assert interval(row, "notional") == numbers("220", "220", "660")
    assert interval(row, "total_pnl") == numbers("14", "19", "59")
    assert (row["open_buy_quantity"], row["open_sell_quantity"]) == (Decimal(4), Decimal(4))
    assert (row["unresolved_buy_quantity"], row["unresolved_sell_quantity"]) == (
        Decimal(1),
        Decimal(4),
    )


def test_what_is_filled_already_cannot_be_filled_again() -> None:
    row = exposed(order("buy", "3", "105", unresolved=True, cum_quantity=Decimal(2)))
    assert interval(row, "position_quantity") == numbers("2", "2", "3")
    assert interval(row, "total_pnl") == numbers("19", "19", "24")


def test_an_outstanding_replace_counts_with_its_quantity_and_at_both_prices() -> None:
    replace = {"quantity": "6", "limit_prices": ["100"]}
    row = exposed(
        order("sell", "4", "120", unresolved=True, pending="replace", outstanding=replace)
    )
    assert interval(row, "position_quantity") == numbers("-4", "2", "2")
    assert interval(row, "total_pnl") == numbers(
        "-41", "19", "79"
    )  # 6 sold at 100 lose 60, at 120 they gain 60
    assert row["orders"][0]["leaves_quantity_most"] == Decimal(6)


def test_an_outstanding_replace_to_less_does_not_count_until_the_venue_confirms_it() -> None:
    row = exposed(
        order(
            "buy", "4", "105", pending="replace", outstanding={"quantity": "1", "limit_prices": []}
        )
    )
    assert row["position_quantity_most"] == Decimal(6)


def test_the_multiplier_applies_to_notional_and_pnl() -> None:
    row = exposed(order("buy", "1", "115", unresolved=True), terms=Terms(multiplier=Decimal("0.1")))
    assert interval(row, "notional") == numbers("22", "22", "33")
    assert interval(row, "total_pnl") == numbers("18.5", "19", "19")


def test_an_inverse_instrument_gains_in_its_base_currency() -> None:
    held = {**FLAT, "mark_price": Decimal(31_000), "currency": "BTC"}
    terms = Terms(multiplier=Decimal(100), inverse=True, currency="BTC")
    row = exposed(order("buy", "3", "30000", unresolved=True), held=held, terms=terms)
    # 100 * 3 * (1/30000 - 1/31000) = 1/3100, and 100 * 3 / 31000 = 3/310
    assert row["total_pnl_least"] == Decimal(0)
    assert abs(row["total_pnl_most"] - Decimal(1) / 3100) < Decimal("1e-27")
    assert abs(row["notional_most"] - Decimal(3) / 310) < Decimal("1e-27")


@pytest.mark.parametrize(
    ("side", "bounds"), [("buy", ("2", "2", None)), ("sell", (None, "2", "2"))]
)
def test_an_order_of_unknown_quantity_has_no_bound_on_its_side(
    side: str, bounds: tuple[str | None, ...]
) -> None:
    row = exposed(order(side, None, "105"))
    assert interval(row, "position_quantity") == numbers(*bounds)
    assert row[f"open_{side}_quantity"] is None
    assert row["orders"][0]["leaves_quantity_most"] is None


def test_an_unresolved_order_of_unknown_quantity_bounds_the_pnl_on_the_side_it_cannot_reach() -> (
    None
):
    assert interval(exposed(order("buy", None, "105", unresolved=True)), "total_pnl") == numbers(
        "19", "19", None
    )
    assert interval(exposed(order("buy", None, "115", unresolved=True)), "total_pnl") == numbers(
        None, "19", "19"
    )


def test_an_order_of_unknown_side_counts_on_both() -> None:
    row = exposed(order(None, "3", "105", unresolved=True))
    assert interval(row, "position_quantity") == numbers("-1", "2", "5")
    assert interval(row, "total_pnl") == numbers("4", "19", "34")


def test_a_market_order_fills_at_the_mark() -> None:
    assert interval(exposed(order("buy", "5", None, unresolved=True)), "total_pnl") == numbers(
        "19", "19", "19"
    )


def test_without_a_mark_nothing_open_is_valued() -> None:
    held = {**FLAT, "mark_price": None}
    certain, doubtful = (
        exposed(held=held),
        exposed(order("buy", "5", None, unresolved=True), held=held),
    )
    assert interval(certain, "total_pnl") == numbers("0", "0", "0")
    assert interval(certain, "notional") == numbers("0", "0", "0")
    assert interval(doubtful, "total_pnl") == numbers(None, "0", None)
    assert interval(doubtful, "notional") == numbers("0", "0", None)
    held = {**HELD, "mark_price": None, "unrealized_pnl": None}
    assert interval(exposed(held=held), "total_pnl") == numbers(None, None, None)


def test_without_a_settlement_currency_there_is_no_pnl() -> None:
    held = {**HELD, "net_pnl": None, "currency": None}
    assert interval(
        exposed(order("buy", "1", "1", unresolved=True), held=held), "total_pnl"
    ) == numbers(None, None, None)
