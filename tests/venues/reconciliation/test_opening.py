"""Positions that were held before the first run's window: opened as they were, also where they are
closed by now."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderledger import Adjust
from orderledger.venues import VenueUnavailable
from orderledger.venues.base.venue import Answer, PriorPosition
from orderledger.venues.reconciliation.opening import BY_FIRST_FILL
from tests.scenarios import ACCOUNT, at, fill
from tests.venues.reconciliation.desk import WORKING, Desk, kinds, left
from tests.venues.reconciliation.plain_venue import Known

WINDOW: dict[str, Any] = {"lookback": timedelta(seconds=100), "overlap": timedelta(0)}


def traded(desk: Desk, *fills: tuple[str, str, int, str], opening: str = "0") -> None:
    """Fills at the venue: side, quantity, second and price of each. `opening` is what was held
    before them."""
    for number, (side, quantity, second, price) in enumerate(fills):
        desk.venue.orders[f"V-{number}"] = Known(
            f"V-{number}",
            side=side,
            quantity=quantity,
            at=at(second),
            is_open=False,
            is_forgotten=True,
        )
        desk.venue.trade(f"V-{number}", f"F-{number}", quantity, at(second), price=price)
    desk.venue.opening = {"BTC-USD": opening}


def position(desk: Desk) -> tuple[str, str, str]:
    (row,) = desk.ledger.pnl()
    return str(row["position_quantity"]), str(row["average_open_price"]), str(row["realized_pnl"])


def opened(desk: Desk) -> list[tuple[str, str, datetime, str | None]]:
    return [
        (str(row["quantity"]), str(row["price"]), row["at"], row["reason"])
        for row in desk.ledger.log.account_events(account=ACCOUNT, kind="adjust")
    ]


@pytest.mark.parametrize(("opening", "side"), [("5", "sell"), ("-5", "buy")])
def test_a_position_that_was_held_before_and_closed_since_leaves_none(
    desk: Desk, opening: str, side: str
) -> None:
    """Behaviour 18: no phantom positions. What it had cost nobody tells, so that closing it
    realizes nothing."""
    traded(desk, (side, "2", 950, "110"), (side, "3", 960, "110"), opening=opening)
    found = desk.reconcile(1000, **WINDOW)
    assert ("opening_position", True) in kinds(found)
    assert not [name for name in left(found) if "position" in name]
    ((quantity, price, moment, reason),) = opened(desk)
    assert (quantity, price, reason) == (opening, "110", "opening_position")
    assert at(900) - timedelta(microseconds=1) <= moment < at(901)
    assert position(desk) == ("0", "0", "0")
    assert desk.reconcile(1060).appended == 0


def test_a_dry_run_shows_such_an_opening(desk: Desk) -> None:
    traded(desk, ("sell", "5", 950, "110"), opening="5")
    thought, done = desk.reconcile(1000, is_dry_run=True, **WINDOW), desk.reconcile(1000, **WINDOW)
    assert [(one.id, one.text) for one in thought.breaks] == [
        (one.id, one.text) for one in done.breaks
    ]
    shown = [
        (str(repair.quantity), str(repair.price), repair.reason, repair.text)
        for found in (thought, done)
        for one in found.breaks
        for repair in one.repairs
        if isinstance(repair, Adjust)
    ]
    assert shown == [("5", "110", "opening_position", BY_FIRST_FILL)] * 2


def test_a_position_of_before_the_window_that_the_ledger_had_wrong_stays_a_difference(
    desk: Desk,
) -> None:
    """By its fills since then alone it would be flat: nothing says that anything else was held
    before."""
    desk.record(
        *WORKING, fill("F-1", "4", at=at(5), venue_order_id="V-1", instrument="BTC-USD", side="buy")
    )
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3), claims={"cum_quantity": "4"})
    desk.venue.held = {}
    found = desk.reconcile(1000, **WINDOW)
    assert [one for one in kinds(found) if "position" in one[0]] == [("position_differs", False)]


def test_later_runs_open_nothing(desk: Desk) -> None:
    desk.reconcile(30)
    traded(desk, ("sell", "5", 950, "110"), opening="5")
    found = desk.reconcile(1000)
    assert "position_differs:BTC-USD" in left(found)
    assert opened(desk) == []


def test_what_is_held_still_is_opened_at_the_price_that_makes_its_average_the_venue_s(
    desk: Desk,
) -> None:
    """The venue says 100. Two more at 109 since then: the five before had cost 96.4."""
    traded(desk, ("buy", "2", 950, "109"), opening="5")
    desk.reconcile(1000, **WINDOW)
    assert opened(desk)[0][:2] == ("5", "96.4")
    assert position(desk) == ("7", "100", "0")


def test_what_was_closed_in_part_has_the_venue_s_average(desk: Desk) -> None:
    traded(desk, ("buy", "1", 940, "106"), ("sell", "3", 950, "120"), opening="5")
    desk.reconcile(1000, **WINDOW)
    assert opened(desk)[0][:2] == ("5", "98.8")
    assert position(desk) == ("3", "100", "60")


def test_a_position_that_has_turned_since_has_an_average_of_its_own(desk: Desk) -> None:
    """Its average no longer depends on what was held before."""
    traded(desk, ("sell", "8", 950, "100"), opening="5")
    desk.reconcile(1000, **WINDOW)
    assert opened(desk)[0][:2] == ("5", "100")
    assert position(desk)[:2] == ("-3", "100")


class Tells:
    """Makes the plain venue tell what was held before its first fill."""

    def __init__(self, desk: Desk, quantity: str, price: str | None, second: float) -> None:
        told = desk.venue.fills_since
        number = None if price is None else Decimal(price)
        held = PriorPosition(
            instrument="BTC-USD", quantity=Decimal(quantity), price=number, at=at(second)
        )

        async def fills_since(account: str, since: datetime) -> Answer:
            answer = await told(account, since)
            is_in = since <= held.at
            return Answer(
                messages=answer.messages,
                faults=answer.faults,
                prior_positions=[held] if is_in else [],
            )

        desk.venue.fills_since = fills_since  # type: ignore[method-assign]


def test_what_the_venue_s_fills_say_was_held_is_opened_whatever_else_is_missing(desk: Desk) -> None:
    """Two more were sold that no fill tells of: that stays a difference, and is not taken for what
    was held."""
    traded(desk, ("sell", "3", 950, "110"), opening="3")
    Tells(desk, "5", "100", 950)
    found = desk.reconcile(1000, **WINDOW)
    assert [one for one in kinds(found) if "position" in one[0]] == [
        ("opening_position", True),
        ("position_differs", False),
    ]
    assert opened(desk) == [("5", "100", at(950) - timedelta(microseconds=1), "opening_position")]
    assert position(desk) == ("2", "100", "30")
    assert (
        found.breaks[-2].text
        == "0 here before the first fill that the venue reports, 5 at the venue"
    )


def test_where_the_venue_says_that_nothing_was_held_nothing_is_opened(desk: Desk) -> None:
    traded(desk, ("buy", "3", 950, "110"), opening="4")
    Tells(desk, "0", None, 950)
    found = desk.reconcile(1000, **WINDOW)
    assert ("position_differs", False) in kinds(found)
    assert opened(desk) == []


def test_what_the_venue_says_was_held_without_its_cost_is_opened_at_a_price_that_is_known(
    desk: Desk,
) -> None:
    traded(desk, ("sell", "5", 950, "110"), opening="5")
    Tells(desk, "5", None, 950)
    desk.reconcile(1000, **WINDOW)
    assert position(desk) == ("0", "0", "0")


def test_what_the_venue_says_was_held_shows_in_a_dry_run(desk: Desk) -> None:
    traded(desk, ("sell", "5", 950, "110"), opening="5")
    Tells(desk, "5", "100", 950)
    thought, done = desk.reconcile(1000, is_dry_run=True, **WINDOW), desk.reconcile(1000, **WINDOW)
    assert kinds(thought) == kinds(done)
    assert left(thought) == left(done)
    counts = [(one.certificate.fills, one.certificate.positions) for one in (thought, done)]
    assert counts == [(1, 1), (1, 1)]


def test_a_position_that_is_flat_and_moves_is_not_opened(desk: Desk) -> None:
    traded(desk, ("sell", "5", 950, "110"), opening="5")
    moving: Any = iter([{}, {"BTC-USD": "1"}, {}])
    desk.venue._held = lambda: next(moving)  # type: ignore[method-assign]
    with pytest.raises(VenueUnavailable, match="changes during the query"):
        desk.reconcile(1000, **WINDOW)
