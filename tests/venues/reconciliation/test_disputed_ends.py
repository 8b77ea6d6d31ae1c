"""The venue reports the end of an order, dated before a query by our clock that showed the order
working. Our clock is ahead of the venue's, so the order ends at the next answer."""

from typing import Any

import pytest

from orderledger import StatusObserved
from orderledger.venues.reconciliation.reverting import repairs_of, reverting
from tests.scenarios import ACCOUNT, at, message
from tests.venues.reconciliation.desk import WORKING, Desk, kinds, left
from tests.venues.reconciliation.plain_venue import Known

SHOWN = message(
    "status_observed",
    venue_order_id="V-1",
    status="new",
    at=at(3),
    asked_at=at(50),
    dated_by="receipt",
)
ENDED = message("canceled", venue_order_id="V-1", at=at(45))


@pytest.fixture
def disputed(desk: Desk) -> Desk:
    """The venue canceled the order at second 45 of its clock, and our clock was ahead."""
    desk.record(*WORKING, SHOWN, ENDED)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", is_open=False, at=at(45))
    assert desk.order("status", "is_open", "anomalies") == ("new", True, ["status_conflict"])
    return desk


def test_the_answer_ends_the_order_and_settles_the_break(disputed: Desk) -> None:
    found = disputed.reconcile(60)
    assert (kinds(found), left(found)) == ([("missing_end", True)], [])
    assert disputed.order("status", "is_open", "anomalies") == ("canceled", False, [])
    again = disputed.reconcile(120)
    assert (kinds(again), again.appended) == ([], 0)


def test_an_end_that_is_new_here_ends_the_order_too(desk: Desk) -> None:
    desk.record(*WORKING, SHOWN)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", is_open=False, at=at(45))
    found = desk.reconcile(60)
    assert (kinds(found), left(found)) == ([("missing_end", True)], [])
    assert desk.order("status", "anomalies") == ("canceled", [])
    assert desk.reconcile(120).appended == 0


def test_an_observed_end_ends_the_order_too(disputed: Desk) -> None:
    names: dict[str, Any] = {"account": ACCOUNT, "venue_order_id": "V-1"}
    disputed.venue.orders["V-1"] = Known("V-1", at=at(3), is_listed=False)
    disputed.venue.answers_more = [StatusObserved(**names, status="canceled", at=at(45))]
    found = disputed.reconcile(60)
    assert (kinds(found), left(found)) == ([("missing_end", True)], [])
    assert disputed.order("status", "anomalies") == ("canceled", [])


def test_a_clock_that_was_set_back_does_not_keep_the_order_open(disputed: Desk) -> None:
    found = disputed.reconcile(48)
    assert (kinds(found), left(found)) == ([("missing_end", True)], [])
    assert disputed.order("status") == ("canceled",)


def test_a_dry_run_shows_the_same_break_and_records_nothing(disputed: Desk) -> None:
    found = disputed.reconcile(60, is_dry_run=True)
    assert (kinds(found), left(found)) == ([("missing_end", True)], [])
    assert (found.breaks[0].repairs[-1].type, disputed.order("status")) == (
        "status_observed",
        ("new",),
    )


def test_the_end_is_reverted_and_not_drawn_again(disputed: Desk) -> None:
    found = disputed.reconcile(60)
    messages = reverting(disputed.ledger, repairs_of(disputed.ledger, found.breaks[0].id), at(61))
    assert {one.outcome for one in disputed.ledger.record_many(messages)} == {"recorded"}
    assert disputed.order("is_open") == (True,)
    assert left(disputed.reconcile(120)) == ["missing_end:V-1"]
    assert disputed.order("is_open") == (True,)


def test_an_operator_ends_the_order(disputed: Desk) -> None:
    refused = disputed.ledger.resolve("C-1", worked_as="V-1")
    assert (refused.outcome, refused.reason) == ("refused", "not_in_doubt")
    assert "decide canceled" in str(refused.text)
    assert disputed.ledger.resolve("C-1", canceled=True).outcome == "recorded"
    assert disputed.order("status", "is_open", "anomalies") == ("canceled", False, [])
