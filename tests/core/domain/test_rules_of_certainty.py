"""Rule 2.8 of the contract: an unknown outcome stays unknown until evidence comes."""

from typing import Any

import pytest

from tests.scenarios import SENT, WORKING, at, fill, given, in_any_order, message


@pytest.mark.parametrize("reason", ["timeout", "503", "connection_dropped"])
def test_a_submission_without_an_answer_is_unresolved_and_still_counts(reason: str) -> None:
    given(*SENT).when(message("unresolved", reason=reason)).then_order(
        status="pending_new",
        certainty="unresolved",
        leaves_quantity="10",
        is_open=True,
        ended_at=None,
    )


@pytest.mark.parametrize(
    "evidence",
    [
        message("acknowledged"),
        fill("F-1", "4"),
        message("status_observed", status="new"),
        message("rejected"),
        message("canceled"),
    ],
    ids=lambda evidence: str(evidence["type"]),
)
def test_any_evidence_of_the_venue_resolves_it(evidence: dict[str, Any]) -> None:
    given(*SENT, message("unresolved", reason="timeout")).when(evidence).then_order(
        certainty="confirmed"
    )


def test_evidence_that_overtook_the_timeout_resolves_it_too() -> None:
    given(*SENT, message("acknowledged")).when(message("unresolved", reason="timeout")).then_order(
        status="new", certainty="confirmed"
    )


def test_a_cancel_without_an_answer_leaves_the_order_unresolved() -> None:
    scenario = given(*WORKING, message("request_cancel", request_id="R-1")).when(
        message("unresolved", reason="timeout")
    )
    scenario.then_order(status="new", pending="cancel", certainty="unresolved", is_open=True)
    scenario.when(message("cancel_rejected", request_id="R-1")).then_order(
        status="new", pending=None, certainty="confirmed"
    )


@pytest.mark.parametrize("kind", ["cancel", "replace"])
@pytest.mark.parametrize(
    "silence",
    [message("unresolved", reason="timeout"), message("absent")],
    ids=lambda one: str(one["type"]),
)
def test_a_request_refused_for_an_unknown_order_is_answered_and_does_not_confirm_the_order(
    kind: str, silence: dict[str, Any]
) -> None:
    """FIX matrix B.1.f: the venue does not know what it was asked to cancel or replace."""
    terms = {"quantity": "8"} if kind == "replace" else {}
    scenario = given(*SENT, silence, message(f"request_{kind}", request_id="R-1", **terms))
    scenario.when(message(f"{kind}_rejected", request_id="R-1", reason="unknown_order"))
    scenario.then_order(
        status="pending_new",
        pending=None,
        certainty="unresolved",
        is_open=True,
        leaves_quantity="10",
    )


def test_a_working_order_is_unchanged_when_a_cancel_is_refused_as_of_an_unknown_order() -> None:
    given(*WORKING, message("request_cancel")).when(
        message("cancel_rejected", reason="unknown_order")
    ).then_order(status="new", pending=None, certainty="confirmed")


def test_absence_ends_nothing_and_is_overcome_by_the_next_report() -> None:
    scenario = given(*WORKING, fill("F-1", "4")).when(message("absent"))
    scenario.then_outcome("recorded").then_order(
        status="partially_filled",
        certainty="unresolved",
        leaves_quantity="6",
        is_open=True,
        ended_at=None,
    )
    scenario.when(fill("F-2", "1")).then_order(certainty="confirmed", leaves_quantity="5")


def test_absence_seen_before_the_last_report_says_nothing() -> None:
    row = in_any_order(SENT, message("absent", at=at(10)), message("acknowledged", at=at(11)))
    assert (row["status"], row["certainty"]) == ("new", "confirmed")


def test_of_an_absence_and_a_report_of_one_time_the_later_in_the_log_counts() -> None:
    scenario = given(*WORKING, message("status_observed", status="new", at=at(10))).when(
        message("absent", at=at(10))
    )
    scenario.then_order(certainty="unresolved", absent_at=at(10))
    scenario.when(message("status_observed", pending="cancel", at=at(10))).then_order(
        certainty="confirmed", absent_at=None
    )


def test_of_two_absences_the_one_that_happened_later_counts() -> None:
    given(*SENT, message("absent", at=at(12))).when(message("absent", at=at(11))).then_order(
        absent_at=at(12)
    )


def test_absence_of_an_ended_order_is_only_to_be_expected() -> None:
    given(*WORKING, message("canceled")).when(message("absent")).then_outcome(
        "recorded"
    ).then_order(status="canceled", certainty="confirmed")


def test_an_order_that_was_asked_for_and_absent_stays_unresolved_however_often_that_is_said() -> (
    None
):
    scenario = given(*SENT, message("unresolved", reason="timeout"))
    for second in range(10, 15):
        scenario.when(message("absent", at=at(second))).then_order(
            certainty="unresolved", is_open=True, leaves_quantity="10"
        )


def test_after_an_absence_the_order_may_be_sent_again_under_the_same_id() -> None:
    scenario = given(*SENT, message("unresolved", reason="timeout"), message("absent"))
    scenario.when(message("submit", at=at(20))).then_outcome("recorded").then_order(
        status="pending_new", submitted_at=at(20)
    )
