"""Orders that were made elsewhere and that the venue has forgotten: their end is concluded, never
that of an order of ours."""

from datetime import timedelta
from typing import Any

import pytest

from orderledger.venues.base.translation import Fault
from orderledger.venues.reconciliation.reconciler import Reconciled
from orderledger.venues.reconciliation.reverting import repairs_of, reverting
from tests.scenarios import ACCOUNT, at, fill, message, request
from tests.venues.reconciliation.desk import WORKING, Desk, kinds, left
from tests.venues.reconciliation.plain_venue import Known

HOUR = 3600


@pytest.fixture
def forgotten(desk: Desk) -> Desk:
    """An order of somebody else's of which only a fill is left at the venue, found absent a minute
    after the start."""
    desk.venue.orders["V-7"] = Known("V-7", at=at(3), is_open=False, is_forgotten=True)
    desk.venue.trade("V-7", "F-7", "4", at(5))
    found = desk.reconcile(60)
    assert left(found) == ["absent_order:V-7"]
    return desk


def seen(desk: Desk) -> tuple[Any, ...]:
    (row,) = desk.ledger.orders()
    return row["status"], str(row["cum_quantity"]), row["reason"]


def after(desk: Desk, hours: float, **rules: Any) -> Reconciled:
    return desk.reconcile(60 + hours * HOUR, lookback=timedelta(hours=3), **rules)


def test_an_order_made_elsewhere_that_the_venue_has_forgotten_is_concluded_to_have_ended(
    forgotten: Desk,
) -> None:
    assert left(after(forgotten, 0.9)) == ["absent_order:V-7"]
    assert seen(forgotten) == ("partially_filled", "4", None)
    found = after(forgotten, 1)
    assert (kinds(found), left(found)) == ([("absent_order", True)], [])
    assert seen(forgotten) == ("canceled", "4", "concluded_absent")
    event = next(one for one in forgotten.ledger.events() if one["name"] == "order_canceled.v1")
    assert (event["source"], event["actor"], event["causation_id"]) == (
        "reconciliation",
        "reconciliation",
        "absent_order:V-7",
    )
    assert (
        event["text"].startswith("ended, as concluded at ")  # type: ignore[union-attr]
        and "unknown to it when queried, since " in event["text"]  # type: ignore[operator]
    )
    assert set(event["evidence"]) == {"absent_since", "asked_at", "cum_quantity"}
    asked = len(forgotten.venue.asked)
    assert (after(forgotten, 1.5).appended, left(after(forgotten, 2))) == (0, [])
    assert [
        question for question in forgotten.venue.asked[asked:] if question.startswith("order")
    ] == []


def test_how_long_the_venue_has_to_know_nothing_can_be_set(forgotten: Desk) -> None:
    assert left(after(forgotten, 2, concluding=timedelta(hours=3))) == ["absent_order:V-7"]
    assert left(after(forgotten, 2.1, concluding=timedelta(minutes=5))) == []


def test_an_order_made_elsewhere_that_was_never_filled_is_over_as_well(desk: Desk) -> None:
    desk.venue.orders["V-7"] = Known("V-7", at=at(3))
    desk.reconcile(30)
    desk.venue.orders["V-7"].is_open, desk.venue.orders["V-7"].is_forgotten = False, True
    assert left(desk.reconcile(60)) == ["absent_order:V-7"]
    assert left(after(desk, 1)) == []
    assert seen(desk) == ("canceled", "0", "concluded_absent")


@pytest.mark.parametrize("hours", [1, 24, 24 * 365])
def test_an_order_of_ours_is_never_ended_by_absence(desk: Desk, hours: int) -> None:
    """The venue's word alone ends it, however long that takes."""
    desk.record(
        *WORKING, fill("F-1", "4", at=at(5), venue_order_id="V-1", instrument="BTC-USD", side="buy")
    )
    desk.venue.orders["V-1"] = Known(
        "V-1", cloid="0xc1", at=at(3), is_open=False, is_forgotten=True
    )
    desk.venue.trade("V-1", "F-1", "4", at(5))
    desk.reconcile(60)
    assert left(after(desk, hours)) == ["absent_order:C-1"]
    assert desk.order("status", "certainty") == ("partially_filled", "unresolved")


def test_a_fill_that_comes_later_counts(forgotten: Desk) -> None:
    after(forgotten, 1)
    forgotten.venue.trade("V-7", "F-8", "2", at(60 + HOUR + 30))
    found = after(forgotten, 1.5)
    assert ("missing_fill", True) in kinds(found)
    assert seen(forgotten) == ("canceled", "6", "concluded_absent")
    assert str(forgotten.ledger.positions()[0]["position_quantity"]) == "6"


def test_a_fill_since_it_was_absent_begins_the_time_anew(forgotten: Desk) -> None:
    forgotten.venue.trade("V-7", "F-8", "2", at(60 + HOUR / 2))
    assert left(after(forgotten, 1)) == ["absent_order:V-7"]
    assert left(after(forgotten, 1.9)) == ["absent_order:V-7"]
    assert seen(forgotten)[0] == "partially_filled"
    assert left(after(forgotten, 2.1)) == []


def test_an_order_that_the_venue_lists_again_works_again(forgotten: Desk) -> None:
    after(forgotten, 1)
    known = forgotten.venue.orders["V-7"]
    known.is_open, known.is_forgotten = True, False
    found = after(forgotten, 1.5)
    assert (kinds(found)[0], left(found)) == (("missing_order", True), [])
    (row,) = forgotten.ledger.orders()
    assert (row["status"], row["certainty"], str(row["leaves_quantity"])) == (
        "partially_filled",
        "confirmed",
        "6",
    )
    assert "status_conflict" not in row["anomalies"]
    assert after(forgotten, 2).appended == 0


def test_nothing_is_concluded_from_answers_that_cannot_be_read(forgotten: Desk) -> None:
    forgotten.venue.unread_orders = [Fault("oid is missing", {"oid": None})]
    assert "absent_order:V-7" in left(after(forgotten, 1))
    forgotten.venue.unread_orders = []
    forgotten.venue.unread_fills = {at(60 + HOUR): Fault("px is missing", {"px": None})}
    assert "absent_order:V-7" in left(after(forgotten, 1.5))
    forgotten.venue.unread_fills = {}
    assert left(after(forgotten, 2)) == []


def test_nothing_is_concluded_of_an_order_that_the_venue_still_answers_for(forgotten: Desk) -> None:
    forgotten.venue.orders["V-7"].is_forgotten = False
    assert kinds(after(forgotten, 1)) == [("missing_end", True)]
    assert seen(forgotten) == ("canceled", "4", None)


def test_a_conclusion_that_was_taken_back_is_not_drawn_again(forgotten: Desk) -> None:
    after(forgotten, 1)
    messages = reverting(
        forgotten.ledger,
        repairs_of(forgotten.ledger, "absent_order:V-7", ACCOUNT),
        forgotten.clock.now(),
    )
    forgotten.ledger.record_many(messages)
    assert seen(forgotten)[0] == "partially_filled"
    for hours in (1.5, 5):
        assert left(after(forgotten, hours)) == ["absent_order:V-7"]
    assert seen(forgotten)[0] == "partially_filled"


def test_a_dry_run_shows_the_conclusion_and_draws_none(forgotten: Desk) -> None:
    thought = after(forgotten, 1, is_dry_run=True)
    assert (kinds(thought), left(thought)) == ([("absent_order", True)], [])
    assert [repair.reason for one in thought.breaks for repair in one.repairs] == [
        "concluded_absent"
    ]
    assert seen(forgotten)[0] == "partially_filled"
    assert kinds(after(forgotten, 1)) == kinds(thought)


def test_an_order_that_turns_out_to_be_ours_is_no_longer_concluded(forgotten: Desk) -> None:
    forgotten.record(request())
    forgotten.record(message("acknowledged", venue_order_id="V-7", at=at(2)))
    assert left(after(forgotten, 1)) == ["absent_order:C-1"]


def test_an_order_that_turns_out_to_be_ours_after_the_conclusion_is_open_again(
    forgotten: Desk,
) -> None:
    after(forgotten, 1)
    forgotten.record(request(), message("acknowledged", venue_order_id="V-7", at=at(2)))
    for hours in (1.5, 9):
        assert left(after(forgotten, hours)) == ["absent_order:C-1"]
        assert forgotten.order("origin", "status", "certainty") == (
            "own",
            "partially_filled",
            "unresolved",
        )
    assert after(forgotten, 10).appended == 0


@pytest.mark.parametrize(
    ("terms", "may_be_it"),
    [({}, True), ({"side": "sell"}, False), ({"instrument": "ETH-USD"}, False)],
)
def test_nothing_is_concluded_while_an_order_of_ours_may_be_that_order(
    forgotten: Desk, terms: dict[str, Any], may_be_it: bool
) -> None:
    """Sent, and never answered: the venue's id of it is not known."""
    forgotten.record(request(**terms), message("submit"), message("unresolved", reason="timeout"))
    assert left(after(forgotten, 2)) == [
        "absent_order:C-1",
        *(["absent_order:V-7"] if may_be_it else []),
    ]
    forgotten.record(message("acknowledged", venue_order_id="V-1", at=at(2)))
    assert left(after(forgotten, 3)) == ["absent_order:C-1"]
