"""An order that ended here and that the venue lists as working: the order itself is queried, and
may be opened again."""

from datetime import datetime
from typing import Any

from tests.scenarios import at, message
from tests.venues.reconciliation.desk import WORKING, Desk, kinds, left
from tests.venues.reconciliation.plain_venue import LAG, Known


def ended(desk: Desk, second: float = 20) -> None:
    """The order was made at second 3, which is all that the venue's list says of its time."""
    desk.record(*WORKING, message("canceled", venue_order_id="V-1", at=at(second)))
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))


def observed(desk: Desk) -> list[dict[str, Any]]:
    """What answers to queries have shown."""
    return [
        event["payload"]
        for event in desk.ledger.history("C-1")
        if event["name"].startswith("status_observed.")
    ]


def test_the_order_is_queried_and_the_answer_is_recorded_with_the_time_of_the_question(
    desk: Desk,
) -> None:
    ended(desk)
    desk.reconcile(60)
    assert desk.venue.asked.count("order C-1") == 1
    (shown,) = observed(desk)
    assert (shown["status"], shown["dated_by"]) == ("new", "receipt")
    assert at(59) < datetime.fromisoformat(str(shown["asked_at"])) <= at(61) - LAG


def test_the_order_is_open_again_and_the_next_run_has_nothing_to_add(desk: Desk) -> None:
    ended(desk)
    found = desk.reconcile(60)
    assert (kinds(found), left(found)) == ([("status_differs", True)], [])
    assert desk.order("status", "leaves_quantity", "is_open", "ended_at") == (
        "new",
        "10",
        True,
        None,
    )
    again = desk.reconcile(120)
    assert (kinds(again), again.appended, desk.venue.asked.count("order C-1")) == ([], 0, 1)


def test_an_order_that_was_opened_again_ends_with_the_next_end(desk: Desk) -> None:
    ended(desk)
    desk.reconcile(60)
    desk.record(message("canceled", venue_order_id="V-1", at=at(90)))
    assert desk.order("status", "is_open", "anomalies") == ("canceled", False, [])
    desk.venue.orders["V-1"].is_open = False
    assert left(desk.reconcile(120)) == []


def test_a_dry_run_says_that_the_order_would_be_opened_and_does_not_open_it(desk: Desk) -> None:
    ended(desk)
    found = desk.reconcile(60, is_dry_run=True)
    assert (kinds(found), desk.order("status")) == ([("status_differs", True)], ("canceled",))


def test_an_answer_that_may_be_older_than_the_end_opens_nothing(desk: Desk) -> None:
    ended(desk, 60.1 - LAG.total_seconds() / 2)
    found = desk.reconcile(60)
    assert desk.order("status") == ("canceled",)
    assert left(found) == ["status_differs:V-1"]


def test_without_an_answer_of_the_order_itself_the_list_opens_nothing(desk: Desk) -> None:
    ended(desk)
    desk.venue.orders["V-1"].is_forgotten = True
    found = desk.reconcile(60)
    assert observed(desk) == []
    assert (desk.order("status"), left(found)) == (("canceled",), ["status_differs:V-1"])


def test_an_order_for_which_no_query_is_left_waits_for_the_next_run(desk: Desk) -> None:
    ended(desk)
    found = desk.reconcile(60, most_questions=0)
    assert (observed(desk), left(found)) == ([], ["not_asked:C-1"])
    desk.reconcile(120)
    assert len(observed(desk)) == 1


def test_a_list_older_than_the_end_opens_nothing(desk: Desk) -> None:
    ended(desk)

    def end() -> None:
        desk.venue.orders["V-1"].is_open = False

    desk.venue.while_asked = end
    found = desk.reconcile(60)
    assert (desk.order("status"), observed(desk), left(found)) == (("canceled",), [], [])
