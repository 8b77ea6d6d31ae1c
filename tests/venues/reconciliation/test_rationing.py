"""Of how many orders a run asks: the rest waits for the next run, the longest wait first, and the
certificate says so."""

from collections.abc import Sequence
from typing import Any

import pytest

from orderledger.venues.reconciliation import certificate
from orderledger.venues.reconciliation.reconciler import Reconciled
from tests.scenarios import at, message, request
from tests.venues.reconciliation.desk import Desk, left
from tests.venues.reconciliation.plain_venue import Known

MOST = 4


def asked(desk: Desk, since: int) -> list[str]:
    """The orders that were asked about since so many questions."""
    return [
        question.removeprefix("order ")
        for question in desk.venue.asked[since:]
        if question.startswith("order ")
    ]


def run(desk: Desk, second: float, **rules: Any) -> tuple[Reconciled, list[str]]:
    before = len(desk.venue.asked)
    found = desk.reconcile(second, most_questions=MOST, **rules)
    return found, asked(desk, before)


def waiting(found: Reconciled) -> list[str]:
    return [
        name.removeprefix("not_asked:") for name in left(found) if name.startswith("not_asked:")
    ]


def names(numbers: Sequence[int]) -> list[str]:
    return [f"C-{number:02}" for number in numbers]


@pytest.fixture
def ten(desk: Desk) -> Desk:
    """Ten orders of ours that the venue neither lists nor knows."""
    for number in range(10):
        named = {"client_order_id": f"C-{number:02}", "aliases": {"plain.cloid": f"0x{number}"}}
        desk.record(request(**named, at=at(number)), message("submit", **named, at=at(number)))
    return desk


def test_a_run_asks_about_so_many_orders_and_the_next_about_those_that_have_waited(
    ten: Desk,
) -> None:
    first, about = run(ten, 60)
    assert (about, waiting(first)) == (names(range(4)), names(range(4, 10)))
    second, about = run(ten, 120)
    assert (about, waiting(second)) == (names(range(4, 8)), names([0, 1, 2, 3, 8, 9]))
    third, about = run(ten, 180)
    assert (about, waiting(third)) == (names([8, 9, 0, 1]), names(range(2, 8)))
    later = [set(run(ten, 240 + 60 * number)[1]) for number in range(20)]
    assert {len(about) for about in later} == {MOST}
    for first_of_four in range(17):
        assert set().union(*later[first_of_four : first_of_four + 4]) == set(names(range(10)))


def test_the_certificate_says_since_when_an_order_has_waited_and_what_was_absent_stays_so(
    ten: Desk,
) -> None:
    first, _ = run(ten, 60)
    second, _ = run(ten, 120)
    since = {one.id: one.since for one in second.certificate.open_breaks}
    assert since["not_asked:C-09"] == first.at
    assert since["not_asked:C-00"] == second.at
    assert [name for name in left(second) if name.startswith("absent_order:")] == [
        f"absent_order:{name}" for name in names(range(8))
    ]
    (text,) = {one.text for one in first.breaks if one.kind.value == "not_asked"}
    assert (
        text
        == "pending_new here, not queried: a run queries 4 orders, and others had waited longer"
    )


def test_with_questions_enough_none_waits_and_the_second_run_appends_nothing(ten: Desk) -> None:
    found = ten.reconcile(60)
    assert waiting(found) == []
    assert (ten.reconcile(120).appended, len(asked(ten, 0))) == (0, 20)


def test_a_new_order_is_asked_about_before_those_that_were_asked_in_the_run_before(
    ten: Desk,
) -> None:
    run(ten, 60)
    run(ten, 120)
    named = {"client_order_id": "C-10", "aliases": {"plain.cloid": "0x10"}}
    ten.record(request(**named, at=at(121)), message("submit", **named, at=at(121)))
    assert sorted(run(ten, 180)[1]) == names([0, 1, 8, 9])
    assert sorted(run(ten, 240)[1]) == names([2, 3, 4, 10])


def test_an_order_that_differs_from_the_list_and_is_not_asked_about_is_not_certified(
    desk: Desk,
) -> None:
    for number in range(6):
        named = {"client_order_id": f"C-{number:02}", "aliases": {"plain.cloid": f"0x{number}"}}
        desk.record(
            request(**named), message("acknowledged", **named, venue_order_id=f"V-{number}")
        )
        desk.venue.orders[f"V-{number}"] = Known(
            f"V-{number}", cloid=f"0x{number}", at=at(3), price="99"
        )
    first, about = run(desk, 60)
    assert (about, waiting(first), first.certificate.orders) == (names(range(4)), names([4, 5]), 4)
    assert str(desk.ledger.order("C-05")["limit_price"]) == "100"
    second, about = run(desk, 120)
    assert (about, left(second), second.certificate.orders) == (names([4, 5]), [], 6)
    assert str(desk.ledger.order("C-05")["limit_price"]) == "99"


def test_an_order_that_has_ended_here_by_its_fills_is_asked_for_its_last_word_in_a_later_run(
    desk: Desk,
) -> None:
    """By then its fills may be told no more."""
    for number in range(6):
        named = {"client_order_id": f"C-{number:02}", "aliases": {"plain.cloid": f"0x{number}"}}
        desk.record(
            request(**named), message("acknowledged", **named, venue_order_id=f"V-{number}")
        )
        desk.venue.orders[f"V-{number}"] = Known(
            f"V-{number}", cloid=f"0x{number}", quantity="8", at=at(9), is_open=False
        )
        desk.venue.orders[f"V-{number}"].claims = {"quantity": "10", "cum_quantity": "9"}
        desk.venue.trade(f"V-{number}", f"F-{number}", "10", at(8))
    first, about = run(desk, 60)
    assert (len(about), len(waiting(first))) == (4, 2)
    desk.venue.fills = [fill for fill in desk.venue.fills if fill["venue_order_id"] in about]
    second, more = run(desk, 4000)
    assert sorted([*about, *more[:2]]) == names(range(6))
    assert waiting(second) == []


def test_a_dry_run_asks_as_many_and_leaves_the_same(ten: Desk) -> None:
    thought, about = run(ten, 60, is_dry_run=True)
    done, really = run(ten, 60)
    assert (about, left(thought)) == (really, left(done))


def test_a_certificate_holds_the_oldest_breaks_and_says_how_many_more_there_are(
    ten: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificate, "MOST_BREAKS", 8)
    found, _ = run(ten, 60)
    assert len(found.certificate.open_breaks) == 8
    assert left(found)[-1] == "more_breaks:3"
    (row,) = ten.ledger.reconciliations.certificates()
    assert len(row["open_breaks"]) == 8
    monkeypatch.setattr(certificate, "MOST_BREAKS", 10)
    assert len(left(run(ten, 120)[0])) == 10
