"""Combinations are filled by whole units; their fills are those of their legs."""

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from orderledger import InvalidMessage, Ledger
from orderledger.infrastructure.messages.facts import to_fact
from orderledger.infrastructure.messages.parsing import parse_document
from tests.core.domain.telling import told
from tests.scenarios import ACCOUNT, Document, at, fill, given, message, readable, request

LEGS = [
    {"instrument": "C-480", "side": "buy", "ratio": 1},
    {"instrument": "C-490", "side": "sell", "ratio": 2},
]


def spread(**fields: Any) -> Document:
    terms = {"instrument": "C-480/490", "quantity": "3", "limit_price": "5", "legs": LEGS}
    return request(**{**terms, **fields})


FIRST = fill("F-1", "3", "18", leg=0)
SECOND = fill("F-2", "5", "6", leg=1)


def test_a_combination_is_not_filled_by_its_first_leg() -> None:
    given(spread()).when(FIRST).then_order(
        status="partially_filled", cum_quantity="0", leaves_quantity="3", average_price=None
    )


@pytest.mark.parametrize("fills", permutations((FIRST, SECOND)))
def test_it_is_filled_by_whole_units_at_the_average_prices_of_its_legs(
    fills: tuple[Document, ...],
) -> None:
    given(spread(), fills[0]).when(fills[1]).then_order(
        status="partially_filled",
        cum_quantity="2",
        leaves_quantity="1",
        average_price="6",
        anomalies=[],
    )


def test_it_is_filled_with_its_last_leg() -> None:
    given(spread(), FIRST, SECOND).when(fill("F-3", "1", "6", leg=1)).then_order(
        status="filled", cum_quantity="3", leaves_quantity="0", average_price="6", is_open=False
    )


def test_a_bust_of_one_leg_opens_it_again() -> None:
    busted = message("fill_busted", fill_id="F-2")
    given(spread(quantity="2"), fill("F-1", "2", leg=0), fill("F-2", "4", leg=1)).when(
        busted
    ).then_order(status="partially_filled", cum_quantity="0", average_price=None)


def test_a_fill_of_the_only_leg_with_its_instrument_needs_no_number() -> None:
    named = fill("F-2", "2", "6", instrument="C-490", side="sell")
    given(spread(quantity="1"), fill("F-1", "1", "18", instrument="C-480")).when(named).then_order(
        status="filled", average_price="6", anomalies=[]
    )


@pytest.mark.parametrize(
    ("other", "detail"),
    [
        ({"leg": 2}, "a fill names leg 2, and the legs are 0 to 1"),
        ({"instrument": "C-480/490"}, "a fill of C-480/490 names none of the legs"),
        (
            {"leg": 0, "instrument": "C-490"},
            "a fill is not of the side or instrument of leg 0 (buy C-480)",
        ),
        (
            {"leg": 1, "side": "buy"},
            "a fill is not of the side or instrument of leg 1 (sell C-490)",
        ),
        ({}, "a fill of no instrument names none of the legs"),
    ],
)
def test_a_fill_of_no_leg_or_of_another_than_it_says_contradicts_the_order(
    ledger: Ledger, other: dict[str, Any], detail: str
) -> None:
    document = fill("F-1", "1", **other)
    given(spread()).when(document).then_order(anomalies=["terms_conflict"])
    told(ledger, spread(), document)
    (found,) = ledger.anomalies()
    assert found["detail"] == f"{detail}; the fill counts as reported"


def test_a_leg_may_not_have_more_than_its_part() -> None:
    given(spread()).when(fill("F-1", "4", leg=0)).then_order(
        anomalies=["overfill"], cum_quantity="0"
    )


def test_a_package_that_is_sold_trades_each_leg_on_its_other_side(ledger: Ledger) -> None:
    told(ledger, spread(side="sell"), FIRST, SECOND)
    rows = [readable(row) for row in ledger.trades()]
    assert [(row["instrument"], row["side"], row["leg"]) for row in rows] == [
        ("C-480", "sell", 0),
        ("C-490", "buy", 1),
    ]
    assert [
        (row["instrument"], row["position_quantity"]) for row in map(readable, ledger.pnl())
    ] == [("C-480", "-3"), ("C-490", "5")]
    assert ledger.order("C-1", account=ACCOUNT)["average_price"] == Decimal(6)


def test_a_replace_of_the_package_changes_its_units() -> None:
    given(spread(), FIRST, SECOND).when(message("replaced", quantity="2")).then_order(
        status="filled", quantity="2", anomalies=["overfill"]
    )


def test_a_canceled_package_keeps_the_legs_that_were_filled(ledger: Ledger) -> None:
    told(ledger, spread(), FIRST, message("canceled"))
    row = readable(ledger.order("C-1", account=ACCOUNT))
    assert (row["status"], row["cum_quantity"], row["leaves_quantity"]) == ("canceled", "0", "0")
    assert row["legs"] == [
        {**LEGS[0], "filled_quantity": "3", "average_price": "18"},
        {**LEGS[1], "filled_quantity": "0", "average_price": None},
    ]
    assert ledger.exposure(account=ACCOUNT, instrument="C-490") == []


def test_exposure_counts_what_each_leg_may_still_fill(ledger: Ledger) -> None:
    asked = message("request_replace", request_id="R-1", quantity="4")
    told(ledger, spread(), message("submit"), FIRST, asked)
    rows = {row["instrument"]: row for row in ledger.exposure(account=ACCOUNT)}
    assert {
        name: (row["position_quantity_least"], row["position_quantity_most"])
        for name, row in rows.items()
    } == {"C-480": (3, 4), "C-490": (-8, 0)}
    (one,) = ledger.exposure(account=ACCOUNT, instrument="C-490")
    assert one == rows["C-490"]
    held = {row["instrument"]: row for row in ledger.positions()}
    assert held["C-490"]["open_sell_quantity"] == 6
    assert held["C-480"]["open_buy_quantity"] == 0


def test_the_claims_of_one_leg_are_not_compared_with_the_package() -> None:
    claimed = fill("F-1", "1", leg=0, reported={"cum_quantity": "1", "leaves_quantity": "0"})
    given(spread()).when(claimed).then_order(anomalies=[])


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"quantity": "1.5"}, "quantity"),
        ({"quantity": None, "quote_quantity": "100"}, "quantity"),
        ({"legs": [{**LEGS[0], "ratio": 0}]}, "legs.0.ratio"),
    ],
)
def test_a_combination_is_ordered_by_whole_units(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidMessage) as error:
        to_fact(parse_document(spread(**fields)))
    assert error.value.field == field


def test_a_request_with_other_legs_is_another_order(ledger: Ledger) -> None:
    outcomes = told(ledger, spread(at=at(1)), spread(at=at(2)), spread(legs=LEGS[:1]))
    assert [outcome.outcome for outcome in outcomes] == ["recorded", "duplicate", "refused"]
