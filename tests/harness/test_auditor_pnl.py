"""The oracle is right on cases worked out by hand: positions and P&L."""

from fractions import Fraction

import pytest

from tests.auditing.cases import at, audited, fill, only, request
from tests.auditor import Auditor


def trades_through_zero() -> Auditor:
    """Buy 2 at 100, buy 2 at 110, sell 3 at 120, sell 3 at 90."""
    buys = [request(), fill(1, "B-1", "2", "100"), fill(2, "B-2", "2", "110")]
    sells = [fill(3, "S-1", "3", "120", fee="3", fee_currency="USD"), fill(4, "S-2", "3", "90")]
    sell = request(0, client_order_id="C-2", side="sell")
    of_the_instrument = {"account": "sim:main", "instrument": "BTC-USD"}
    defined = {"type": "instrument", "currency": "USD", **of_the_instrument}
    marked = {"type": "mark", "price": "80", **of_the_instrument}
    return audited(
        defined, *buys, sell, *(sold | {"client_order_id": "C-2"} for sold in sells), marked
    )


@pytest.mark.parametrize(
    ("method", "realized"),
    [
        ("average", 3 * (120 - 105) + (90 - 105)),
        ("fifo", 2 * (120 - 100) + (120 - 110) + (90 - 110)),
        ("lifo", 2 * (120 - 110) + (120 - 100) + (90 - 100)),
    ],
)
def test_a_fill_through_zero_closes_and_reopens(method: str, realized: int) -> None:
    row = only(trades_through_zero().pnl(method))
    assert (row["position_quantity"], row["average_open_price"], row["realized_pnl"]) == (
        -2,
        90,
        realized,
    )
    assert (row["unrealized_pnl"], row["net_pnl"], row["fees"]) == (20, realized - 3, {"USD": 3})
    assert (row["currency"], row["fills"], row["bought_quantity"], row["sold_quantity"]) == (
        "USD",
        4,
        4,
        6,
    )


@pytest.mark.parametrize(("method", "realized"), [("average", 15), ("fifo", 20), ("lifo", 10)])
def test_the_methods_differ_in_what_a_partial_close_realizes(method: str, realized: int) -> None:
    sell = request(0, client_order_id="C-2", side="sell")
    sold = fill(3, "S-1", "1", "120", client_order_id="C-2")
    row = only(
        audited(request(), fill(1, "B-1", "1"), fill(2, "B-2", "1", "110"), sell, sold).pnl(method)
    )
    assert (row["realized_pnl"], row["average_open_price"]) == (
        realized,
        {"average": 105, "fifo": 110, "lifo": 100}[method],
    )


def test_an_inverse_instrument_is_worth_its_quantity_over_the_price() -> None:
    account = {"account": "sim:main", "instrument": "BTC-USD"}
    auditor = audited(
        {"type": "instrument", "multiplier": "100", "inverse": True, "currency": "BTC", **account},
        request(),
        fill(1, "B-1", "1", "10000"),
        fill(2, "B-2", "1", "20000", fee="0.001"),
        request(0, client_order_id="C-2", side="sell"),
        fill(3, "S-1", "1", "40000", client_order_id="C-2"),
        {"type": "mark", "price": "20000", **account},
        {"type": "funding", "amount": "-0.0005", "currency": "BTC", **account},
    )
    row = only(auditor.pnl())
    assert row["average_open_price"] == Fraction(2) / (Fraction(1, 10000) + Fraction(1, 20000))
    assert row["realized_pnl"] == 100 * (Fraction(3, 40000) - Fraction(1, 40000))
    assert row["unrealized_pnl"] == 100 * (Fraction(3, 40000) - Fraction(1, 20000))
    assert row["net_pnl"] == row["realized_pnl"] - Fraction("0.001") - Fraction("0.0005")
    assert only(auditor.pnl("fifo"))["realized_pnl"] == 100 * (
        Fraction(1, 10000) - Fraction(1, 40000)
    )


def test_an_adjustment_replaces_the_position_and_realizes_nothing() -> None:
    adjusted = {
        "type": "adjust",
        "account": "sim:main",
        "instrument": "BTC-USD",
        "quantity": "-4",
        "price": "90",
        "reason": "opening",
    }
    row = only(
        audited(
            request(),
            fill(1, "B-1", "1", "100"),
            fill(3, "B-2", "1", "80"),
            adjusted | {"at": at(2).isoformat()},
        ).pnl()
    )
    assert (
        row["position_quantity"],
        row["average_open_price"],
        row["realized_pnl"],
        row["fills"],
    ) == (-3, 90, 10, 2)
