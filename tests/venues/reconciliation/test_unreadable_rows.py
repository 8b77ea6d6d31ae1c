"""What of a venue's answer cannot be read is a break that stays open: nobody certifies what was not
understood."""

from datetime import timedelta
from typing import Any

from orderledger.venues.base.translation import Fault
from tests.scenarios import at
from tests.venues.reconciliation.desk import RULES, Desk, kinds, left
from tests.venues.reconciliation.plain_venue import Known

NOTHING_AGAIN: dict[str, Any] = {"overlap": timedelta(0), "certifying": timedelta(0)}
"""Every run is certified, and the next one asks for what came after it."""

ROW = Fault("sz is not a number", '{"tid": 1, "sz": "a lot"}')


def unread(desk: Desk, row: Fault = ROW) -> None:
    """A fill that cannot be read, of an order that is gone, and whose position was closed."""
    desk.venue.unread_fills[at(15)] = row


def test_a_fill_that_cannot_be_read_stays_open_and_the_second_run_appends_nothing(
    desk: Desk,
) -> None:
    unread(desk)
    first, second = desk.reconcile(60), desk.reconcile(120)
    assert kinds(first) == kinds(second) == [("unreadable_fill", False)]
    assert left(first) == left(second) != []
    (found,) = first.breaks
    assert (found.text, found.theirs) == ("cannot be read: sz is not a number", ROW.payload)
    assert (first.is_recorded, second.is_recorded, second.appended) == (True, False, 0)
    (shown,) = desk.ledger.reconciliations.certificates()
    assert [one["id"] for one in shown["open_breaks"]] == [found.id]


def test_fills_are_asked_for_from_where_one_could_not_be_read_until_it_can_be(desk: Desk) -> None:
    unread(desk)
    found = [desk.reconcile(60 + 60 * run, **NOTHING_AGAIN) for run in range(4)]
    assert [kinds(one) for one in found] == [[("unreadable_fill", False)]] * 4
    desk.venue.unread_fills.clear()
    desk.venue.orders["V-1"] = Known("V-1", is_open=False, at=at(15))
    desk.venue.trade("V-1", "F-1", "6", at(15))
    assert ("missing_fill", True) in kinds(desk.reconcile(600, **NOTHING_AGAIN))
    assert [trade["fill_id"] for trade in desk.ledger.trades()] == ["F-1"]
    assert left(desk.reconcile(660, **NOTHING_AGAIN)) == []


def test_what_cannot_be_read_is_asked_for_as_far_back_as_a_first_comparison_would(
    desk: Desk,
) -> None:
    unread(desk)
    hour = RULES.lookback.total_seconds()
    assert (
        left(desk.reconcile(60, **NOTHING_AGAIN))
        == left(desk.reconcile(hour, **NOTHING_AGAIN))
        != []
    )
    assert left(desk.reconcile(hour + 60, **NOTHING_AGAIN)) == []


def test_an_order_in_the_list_that_cannot_be_read_stays_open(desk: Desk) -> None:
    desk.venue.unread_orders.append(ROW)
    assert kinds(desk.reconcile(60)) == [("unreadable_order", False)]
    desk.venue.unread_orders.clear()
    assert left(desk.reconcile(120)) == []


def test_a_dry_run_shows_what_cannot_be_read(desk: Desk) -> None:
    unread(desk)
    thought = desk.reconcile(60, is_dry_run=True)
    assert kinds(thought) == [("unreadable_fill", False)] and left(thought) == left(
        desk.reconcile(60)
    )


def test_a_row_that_reads_otherwise_in_each_answer_is_not_asked_for_from_further_back_each_time(
    desk: Desk,
) -> None:
    desk.reconcile(10)
    desk.venue.asked.clear()
    for run in range(4):
        unread(desk, Fault("sz is not a number", {"tid": 1, "sz": "a lot", "mark": str(run)}))
        desk.reconcile(60 + 60 * run)
    asked = [what for what in desk.venue.asked if what.startswith("fills since")]
    assert asked == asked[:1] * 4
