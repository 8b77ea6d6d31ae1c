"""An account that keeps a long and a short position of one instrument: each is compared for
itself."""

from typing import Any

import pytest

from tests.scenarios import ACCOUNT, Document, at, fill, message
from tests.venues.reconciliation.desk import Desk, kinds

HEDGE = message(
    "instrument",
    client_order_id=None,
    instrument="BTC-USD",
    currency="USD",
    position_mode="hedge",
    at=at(1),
)
BOTH = [("long", "1"), ("short", "-1")]


def trade(second: int, side: str, price: str, **fields: Any) -> Document:
    told = {
        "client_order_id": f"C-{second}",
        "instrument": "BTC-USD",
        "side": side,
        "at": at(second),
    }
    return fill(f"F-{second}", "1", price, **told, **fields)


LONG, SHORT = (
    trade(10, "buy", "2000", position_side="long"),
    trade(20, "sell", "2100", position_side="short"),
)
UNSIDED = trade(10, "buy", "2000"), trade(20, "sell", "2100")


def held(desk: Desk) -> dict[str, Any]:
    return {row["position_side"]: row["position_quantity"] for row in desk.ledger.positions()}


def of_positions(found: Any) -> list[tuple[str, bool, str]]:
    return [
        (one.id, one.is_settled, one.text) for one in found.breaks if "position" in one.kind.value
    ]


def adjusted(desk: Desk) -> list[tuple[str | None, str]]:
    return [
        (row["position_side"], str(row["quantity"]))
        for row in desk.ledger.log.account_events(account=ACCOUNT, kind="adjust")
    ]


def test_a_long_and_a_short_agree_with_the_two_rows_of_the_venue(desk: Desk) -> None:
    desk.record(HEDGE, LONG, SHORT)
    desk.venue.sides = BOTH
    found = desk.reconcile(1000)
    assert (of_positions(found), found.certificate.positions) == ([], 2)
    assert {row["position_side"]: row["reported_quantity"] for row in desk.ledger.positions()} == {
        "long": 1,
        "short": -1,
    }
    assert desk.reconcile(1060).appended == 0


def test_fills_without_a_side_are_never_certified_against_a_long_and_a_short(desk: Desk) -> None:
    """They would net to nothing, with a profit that never was, and an opening position of either
    side would certify it."""
    desk.record(*UNSIDED)
    desk.venue.sides = BOTH
    found = desk.reconcile(1000)
    assert [one[:2] for one in of_positions(found)] == [
        ("position_differs:BTC-USD:long", False),
        ("position_differs:BTC-USD:short", False),
    ]
    assert adjusted(desk) == []
    desk.record({**UNSIDED[0], "position_side": "long"}, {**UNSIDED[1], "position_side": "short"})
    found = desk.reconcile(1060)
    assert (of_positions(found), held(desk)) == ([], {"long": 1, "short": -1})


def test_a_position_that_nobody_knows_here_is_a_break_that_nothing_settles(desk: Desk) -> None:
    desk.record(HEDGE, LONG, UNSIDED[1])
    desk.venue.sides = BOTH
    found = desk.reconcile(1000, may_adjust=True)
    names = [f"position_differs:BTC-USD{side}" for side in ("", ":long", ":short")]
    assert sorted(one[:2] for one in of_positions(found)) == [(name, False) for name in names]
    assert adjusted(desk) == []


@pytest.mark.parametrize(
    ("sides", "subject", "text"),
    [
        ([("long", "1"), ("long", "2")], "BTC-USD:long", "the venue states it more than once"),
        (
            [("long", "1"), (None, "3")],
            "BTC-USD",
            "the venue states 3 without a position side, and keeps two positions",
        ),
    ],
)
def test_rows_that_contradict_each_other_are_a_break_and_the_later_never_wins(
    desk: Desk, sides: list[tuple[str | None, str]], subject: str, text: str
) -> None:
    desk.record(HEDGE, LONG)
    desk.venue.sides = sides
    found = desk.reconcile(1000, may_adjust=True)
    assert of_positions(found) == [(f"position_differs:{subject}", False, text)]
    assert adjusted(desk) == []


def test_each_side_that_was_held_before_is_opened_for_itself(desk: Desk) -> None:
    desk.record(HEDGE)
    desk.venue.sides = BOTH
    found = desk.reconcile(1000)
    assert kinds(found) == [("opening_position", True)] * 2
    assert (adjusted(desk), held(desk)) == (
        [("long", "1"), ("short", "-1")],
        {"long": 1, "short": -1},
    )
    assert desk.reconcile(1060).appended == 0


def test_one_side_that_differs_is_adjusted_and_the_other_stays(desk: Desk) -> None:
    desk.record(HEDGE, LONG, SHORT)
    desk.venue.sides = BOTH
    desk.reconcile(1000)
    desk.venue.sides = [("long", "1"), ("short", "-4")]
    found = desk.reconcile(1060, may_adjust=True)
    assert (of_positions(found)[0][:2], adjusted(desk)) == (
        ("position_differs:BTC-USD:short", True),
        [("short", "-4")],
    )
    assert held(desk) == {"long": 1, "short": -4}


def test_a_side_that_the_venue_no_longer_lists_is_kept_as_flat(desk: Desk) -> None:
    desk.record(HEDGE, LONG, SHORT)
    desk.venue.sides = BOTH
    desk.reconcile(1000)
    desk.record(trade(1010, "buy", "2050", position_side="short"))
    desk.venue.sides = [("long", "1")]
    found = desk.reconcile(1060)
    assert (of_positions(found), found.certificate.positions) == ([], 2)
    assert {row["position_side"]: row["reported_quantity"] for row in desk.ledger.positions()} == {
        "long": 1,
        "short": 0,
    }
