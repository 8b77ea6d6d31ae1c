"""Quantities that a venue reports for one position at one time."""

from decimal import Decimal
from itertools import permutations

import pytest

from orderledger import Ledger
from tests.core.contract.streams import fill, of_account, opened, parsed
from tests.scenarios import Document


def stated(second: int, quantity: str, **fields: str) -> Document:
    return of_account("balance", second, instrument="BTC-USD", quantity=quantity, **fields)


def reported(ledger: Ledger) -> tuple[dict[str, Decimal | None], list[str]]:
    """The reported quantity by position side, and the details of conflicts."""
    found = [row for row in ledger.anomalies() if row["code"] == "balance_conflict"]
    assert ledger.views.check().differences == ()
    quantities = {row["position_side"]: row["reported_quantity"] for row in ledger.positions()}
    return quantities, [row["detail"] for row in found]


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_of_two_quantities_of_one_time_none_counts(order: tuple[int, ...]) -> None:
    reported_in_turn = [stated(1, "4"), stated(2, "5"), stated(2, "6")]
    with opened("memory://") as ledger:
        ledger.record_many(parsed(fill(None, "F-1", 1, venue_order_id="V-1", quantity="5")))
        for number in order:
            ledger.record_many(parsed(reported_in_turn[number]))
            ledger.views.catch_up()
        conflict = ["BTC-USD: the venue reported 5 and 6 for one time"]
        assert reported(ledger) == ({"net": None}, conflict)
        ledger.record_many(parsed(stated(3, "5")))
        assert reported(ledger) == ({"net": Decimal(5)}, [])


def test_one_quantity_that_is_reported_twice_counts() -> None:
    with opened("memory://") as ledger:
        again = {**stated(2, "5"), "message_id": "again"}
        ledger.record_many(parsed(stated(2, "5"), again))
        assert reported(ledger) == ({"net": Decimal(5)}, [])


def test_quantities_of_two_sides_are_two_positions() -> None:
    with opened("memory://") as ledger:
        sides = (stated(2, "5", position_side="long"), stated(2, "-6", position_side="short"))
        ledger.record_many(parsed(*sides))
        assert reported(ledger) == ({"long": Decimal(5), "short": Decimal(-6)}, [])


def test_a_conflict_outlives_a_rename() -> None:
    with opened("memory://") as ledger:
        ledger.record_many(parsed(stated(2, "5"), stated(2, "6")))
        ledger.record_many(parsed(of_account("rename", 3, instrument="BTC-USD", to="XBT-USD")))
        assert reported(ledger)[1] == ["BTC-USD: the venue reported 5 and 6 for one time"]
