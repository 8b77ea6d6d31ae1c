"""Positions that move while they are asked for: never set by a number that was only passed through,
and certified in the end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from orderledger.venues import VenueUnavailable
from tests.scenarios import at, fill, message
from tests.venues.reconciliation.desk import WORKING, Desk, kinds, left
from tests.venues.reconciliation.plain_venue import Known

BTC = {"venue_order_id": "V-1", "instrument": "BTC-USD", "side": "buy"}


@pytest.fixture
def trading(desk: Desk) -> Callable[[], None]:
    """Buys one, and hears of it at once."""
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))

    def trade() -> None:
        name, second = f"F-{len(desk.venue.fills)}", desk.clock.now()
        desk.venue.trade("V-1", name, "1", second)
        desk.record(fill(name, "1", at=second, **BTC))

    trade()
    return trade


def held(desk: Desk) -> str:
    return str(desk.ledger.positions()[0]["position_quantity"])


def before_each_answer(desk: Desk, happens: Callable[[], None]) -> None:
    told = desk.venue._held

    def telling() -> dict[str, str]:
        happens()
        return told()

    desk.venue._held = telling  # type: ignore[method-assign]


@pytest.mark.parametrize(
    "rules", [{}, {"may_open": False}, {"may_open": False, "may_adjust": True}]
)
@pytest.mark.parametrize("is_told", [True, False])
def test_an_account_that_never_rests_agrees_with_what_was_booked_on_either_side_of_the_answer(
    desk: Desk, trading: Callable[[], None], rules: dict[str, Any], is_told: bool
) -> None:
    """Each time one fill: by what is known after the answer alone it seems, look after look, as if
    one were too many."""
    if is_told:
        before_each_answer(desk, trading)
    else:
        desk.venue.while_positions_are_told = trading
    found = desk.reconcile(60, **rules)
    assert (kinds(found), found.certificate.positions, found.is_recorded) == ([], 1, True)


def test_a_position_that_never_rests_is_not_adjusted_and_the_account_is_certified_all_the_same(
    desk: Desk, trading: Callable[[], None]
) -> None:
    desk.reconcile(60)
    desk.venue.opening = {"BTC-USD": "50"}
    before_each_answer(desk, trading)
    found = desk.reconcile(120, may_adjust=True)
    assert (kinds(found), left(found)) == (
        [("position_differs", False)],
        ["position_differs:BTC-USD"],
    )
    assert found.is_recorded


def test_of_two_positions_the_one_that_rests_is_adjusted(
    desk: Desk, trading: Callable[[], None]
) -> None:
    desk.reconcile(60)
    desk.venue.opening = {"BTC-USD": "50"}
    before_each_answer(desk, trading)
    told = desk.venue._held
    desk.venue._held = lambda: {**told(), "ETH-USD": "7"}  # type: ignore[method-assign]
    found = desk.reconcile(120, may_adjust=True)
    assert [(one.id, one.is_settled) for one in found.breaks] == [
        ("position_differs:BTC-USD", False),
        ("position_differs:ETH-USD", True),
    ]
    assert {row["instrument"]: str(row["position_quantity"]) for row in desk.ledger.positions()}[
        "ETH-USD"
    ] == "7"


@pytest.mark.parametrize("is_dry_run", [False, True])
def test_a_trade_between_the_list_of_orders_and_the_positions_is_in_an_adjusted_position_once(
    desk: Desk, trading: Callable[[], None], is_dry_run: bool
) -> None:
    desk.reconcile(60)
    desk.venue.opening = {"BTC-USD": "5"}
    desk.venue.trade("V-1", "missed", "2", at(61))
    happening = iter([trading])
    before_each_answer(desk, lambda: next(happening, lambda: None)())
    found = desk.reconcile(120, may_adjust=True, is_dry_run=is_dry_run)
    (differs,) = [one for one in found.breaks if one.kind == "position_differs"]
    assert held(desk) == ("9" if not is_dry_run else "2")
    assert [str(getattr(repair, "quantity", None)) for repair in differs.repairs] == ["8"]


def test_a_position_is_not_opened_while_it_moves(desk: Desk) -> None:
    desk.venue.opening = {"BTC-USD": "5"}
    moving = iter(range(1, 9))
    steady = desk.venue._held
    desk.venue._held = lambda: {"BTC-USD": str(next(moving))}  # type: ignore[method-assign]
    with pytest.raises(VenueUnavailable, match="changes during the query"):
        desk.reconcile(60)
    desk.venue._held = steady  # type: ignore[method-assign]
    assert kinds(desk.reconcile(120)) == [("opening_position", True)]
    assert held(desk) == "5"


def test_a_position_is_opened_beside_a_fill_that_was_taken_back_since(desk: Desk) -> None:
    """It stood when the position began."""
    desk.record(*WORKING, fill("F-1", "4", at=at(3)))
    desk.record(message("fill_busted", fill_id="F-1", at=at(95)))
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.venue.opening = {"BTC-USD": "5"}
    lookback = timedelta(seconds=30)
    found = desk.reconcile(100, lookback=lookback, overlap=timedelta(0))
    assert kinds(found) == [("opening_position", True)]
    assert desk.ledger.positions()[0]["position_quantity"] == 5
    assert desk.reconcile(160, lookback=lookback).breaks == []
