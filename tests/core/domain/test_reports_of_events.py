"""A split or a settlement that is reported again with its side is one fact."""

from itertools import permutations
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.projections.positions import LOT_CHOICES
from tests.core.contract.streams import fill, of_account, parsed

HEDGE = of_account(
    "instrument", 0, instrument="PERP", kind="margined", settlement="USD", position_mode="hedge"
)
LONG = fill(None, "1", 1, instrument="PERP", quantity="10", price="100", venue_order_id="V-1",
            position_side="long")  # fmt: skip
SHORT = fill(None, "2", 1.5, instrument="PERP", side="sell", quantity="6", price="100",
             venue_order_id="V-2", position_side="short")  # fmt: skip
SPLIT: dict[str, Any] = {"instrument": "PERP", "ratio": [2, 1]}
PART: dict[str, Any] = {"instrument": "PERP", "kind": "expiry", "quantity": "4", "price": "110"}


def quantities(*messages: dict[str, Any]) -> dict[str, Any]:
    with Ledger.open("memory://") as ledger:
        ledger.record_many(parsed(*messages))
        assert ledger.views.check().differences == ()
        return {row["position_side"]: row["position_quantity"] for row in ledger.pnl()}


@pytest.mark.parametrize("named", [{}, {"message_id": "E-1"}], ids=["without id", "with id"])
@pytest.mark.parametrize(("type_", "of", "left"), [("split", SPLIT, 20), ("settle", PART, 6)])
def test_one_report_names_the_side(
    type_: str, of: dict[str, Any], left: int, named: dict[str, Any]
) -> None:
    bare = of_account(type_, 2, **of, **named)
    sided = of_account(type_, 2, **of, **named, position_side="long")
    for order in permutations((HEDGE, LONG, bare, sided)):
        assert quantities(*order) == {"long": left}, order


def test_reports_for_both_sides_stand_for_one_without() -> None:
    sides = [of_account("split", 2, **SPLIT, position_side=side) for side in ("long", "short")]
    told = (HEDGE, LONG, SHORT, *sides)
    assert quantities(*told) == {"long": 20, "short": -12}
    assert quantities(*told, of_account("split", 2, **SPLIT)) == {"long": 20, "short": -12}


def test_of_two_reports_with_one_id_the_first_counts() -> None:
    first = of_account("settle", 2, **PART, message_id="E-1", position_side="long")
    other = of_account("settle", 3, **{**PART, "quantity": "5"}, message_id="E-1",
                       position_side="long")  # fmt: skip
    for order in ((first, other), (other, first)):
        assert quantities(HEDGE, LONG, *order) == {"long": 6}


def test_two_settlements_with_ids_of_their_own_are_two() -> None:
    two = [
        of_account("settle", 2, **PART, message_id=name, position_side="long")
        for name in ("E-1", "E-2")
    ]
    assert quantities(HEDGE, LONG, *two) == {"long": 2}


def test_a_bust_of_the_id_withdraws_both_reports() -> None:
    bare = of_account("settle", 2, **PART, message_id="E-1")
    sided = of_account("settle", 2, **PART, message_id="E-1", position_side="long")
    bust = of_account("settlement_busted", 3, instrument="PERP", settlement_id="E-1")
    for order in permutations((bare, sided, bust)):
        assert quantities(HEDGE, LONG, *order) == {"long": 10}, order


@pytest.mark.parametrize("ratio", [[1, 3], [7, 3], [1, 7]])
@pytest.mark.parametrize("held", ["100", "0.001", "12345678901.000001"])
def test_after_a_split_that_does_not_end_all_can_be_sold(ratio: list[int], held: str) -> None:
    stock = of_account("instrument", 0, instrument="XYZ", kind="security", quote="USD")
    bought = fill(None, "1", 1, instrument="XYZ", quantity=held, price="30", venue_order_id="V-1")
    split = of_account("split", 2, instrument="XYZ", ratio=ratio)
    with Ledger.open("memory://") as ledger:
        ledger.record_many(parsed(stock, bought, split))
        (left,) = (row["position_quantity"] for row in ledger.pnl())
        sold = fill(None, "2", 3, instrument="XYZ", side="sell", quantity=format(left, "f"),
                    price="90", venue_order_id="V-2")  # fmt: skip
        ledger.record_many(parsed(sold))
        for method in LOT_CHOICES:
            (row,) = ledger.pnl(method=method)
            assert row["position_quantity"] == 0, method
        assert ledger.lots() == []


def test_the_brokers_quantity_wins_over_the_ratio() -> None:
    stock = of_account("instrument", 0, instrument="XYZ", kind="security", quote="USD")
    bought = fill(None, "1", 1, instrument="XYZ", quantity="100", price="30", venue_order_id="V-1")
    split = of_account("split", 2, instrument="XYZ", ratio=[1, 3], quantity="33.3333")
    sold = fill(None, "2", 3, instrument="XYZ", side="sell", quantity="33.3333", price="90",
                venue_order_id="V-2")  # fmt: skip
    assert quantities(stock, bought, split, sold) == {"net": 0}
