"""Rules 2.7 and 2.12 of the contract: what is the same command again, and what is refused, with its
reason."""

from typing import Any

import pytest

from orderledger.domain.decision import Reason
from tests.scenarios import (
    FILLED,
    SENT,
    WORKING,
    Document,
    at,
    fill,
    given,
    in_any_order,
    message,
    request,
    request_replace,
)

# The same again


def test_the_same_request_again_is_a_duplicate_whenever_it_is_made() -> None:
    given(*WORKING).when(request(at=at(60), quantity="10.0")).then_outcome("duplicate").then()


@pytest.mark.parametrize(
    "other",
    [
        request(quantity="11"),
        request(side="sell"),
        request(instrument="ETH-USD"),
        request(limit_price="101"),
        request(order_type="market", limit_price=None),
        request(time_in_force="ioc"),
        request(post_only=True),
        request(reduce_only=True),
        request(stop_price="90"),
        request(time_in_force="gtd", expire_at=at(3600)),
        request(strategy="other"),
        request(links={"proposal_id": "P-1"}),
    ],
)
def test_the_same_client_order_id_with_other_terms_is_refused(other: Document) -> None:
    given(*WORKING).when(other).then_outcome(
        "refused", "duplicate_client_order_id"
    ).then().then_order(quantity="10")


def test_the_same_client_order_id_with_other_links_is_refused() -> None:
    linked = (request(links={"trade_id": "T-1", "role": "entry"}),)
    given(*linked).when(request(links={"trade_id": "T-1", "role": "entry"})).then_outcome(
        "duplicate"
    )
    given(*linked).when(request(links={"trade_id": "T-1", "role": "exit"})).then_outcome(
        "refused", "duplicate_client_order_id"
    )
    given(*linked).when(request()).then_outcome("refused", "duplicate_client_order_id")


def test_the_request_as_it_was_made_is_the_same_after_a_replace() -> None:
    given(*WORKING, message("replaced", quantity="8")).when(request()).then_outcome(
        "duplicate"
    ).then_order(quantity="8")


@pytest.mark.parametrize(
    "evidence",
    [message("acknowledged"), fill("F-1", "4"), message("status_observed", status="new")],
)
def test_a_duplicate_order_reject_leaves_a_working_order_working(evidence: Document) -> None:
    given(*SENT, evidence).when(message("rejected", reason="duplicate_order")).then_outcome(
        "recorded"
    ).then_order(certainty="confirmed", is_open=True, reason=None)


def test_a_duplicate_order_reject_that_overtakes_the_acknowledgement_ends_nothing_either() -> None:
    row = in_any_order(
        SENT,
        message("rejected", reason="duplicate_order", at=at(10)),
        message("acknowledged", at=at(11)),
        fill("F-1", "4", at=at(12)),
    )
    assert (row["status"], row["is_open"], row["leaves_quantity"]) == (
        "partially_filled",
        True,
        "6",
    )


def test_a_duplicate_order_reject_of_an_order_nobody_has_seen_working_rejects_it() -> None:
    given(*SENT).when(message("rejected", reason="duplicate_order")).then_order(
        status="rejected", leaves_quantity="0"
    )


def test_a_duplicate_order_reject_of_the_copy_leaves_an_order_that_was_sent_again_open() -> None:
    """The first one was there after all: it is live until there is evidence that it is not."""
    sent_again = (
        *SENT,
        message("unresolved", reason="timeout"),
        message("absent"),
        message("submit", at=at(20)),
    )
    scenario = given(*sent_again).when(message("rejected", reason="duplicate_order", at=at(21)))
    scenario.then_order(
        status="pending_new", is_open=True, leaves_quantity="10", ended_at=None, reason=None
    )
    scenario.when(fill("F-1", "10", at=at(22))).then_outcome("recorded").then_order(
        status="filled", anomalies=[]
    )


def test_another_reject_of_an_order_that_was_sent_again_ends_it() -> None:
    sent_again = (
        *SENT,
        message("unresolved", reason="timeout"),
        message("absent"),
        message("submit", at=at(20)),
    )
    given(*sent_again).when(message("rejected", reason="margin", at=at(21))).then_order(
        status="rejected", reason="margin"
    )


def test_any_other_reject_ends_an_acknowledged_order() -> None:
    given(*WORKING).when(message("rejected", reason="margin")).then_order(
        status="rejected", reason="margin"
    )


def test_a_command_with_another_message_id_is_another_command_though_nothing_else_differs() -> None:
    asked = message("request_cancel", message_id="M-1", at=at(60))
    given(*SENT, asked).when(asked | {"message_id": "M-2"}).then_outcome("recorded")


def test_a_command_with_the_same_message_id_is_the_same_command() -> None:
    given(*SENT, message("request_cancel", message_id="M-1")).when(
        message("request_cancel", message_id="M-1", at=at(60))
    ).then_outcome("duplicate")


def test_a_cancel_with_the_same_request_id_is_the_same_command() -> None:
    given(*SENT, message("request_cancel", request_id="R-1", at=at(10))).when(
        message("request_cancel", request_id="R-1", at=at(11))
    ).then_outcome("duplicate")


def test_a_replace_with_the_same_request_id_and_terms_is_the_same_command() -> None:
    given(*WORKING, request_replace(quantity="8", request_id="R-1", at=at(10))).when(
        request_replace(quantity="8", request_id="R-1", at=at(11))
    ).then_outcome("duplicate")


def test_without_ids_a_command_is_the_same_when_all_its_fields_are_the_time_included() -> None:
    scenario = given(*WORKING, message("request_cancel", at=at(10), reason="user"))
    scenario.when(message("request_cancel", at=at(10), reason="user", actor="desk")).then_outcome(
        "duplicate"
    )
    scenario.when(message("request_cancel", at=at(10), reason="risk")).then_outcome("recorded")
    scenario.when(message("request_cancel", at=at(11), reason="user")).then_outcome("recorded")


def test_a_report_is_the_same_when_all_its_fields_are_the_time_included() -> None:
    scenario = given(*WORKING, message("canceled", at=at(10), reason="user", evidence={"raw": 1}))
    scenario.when(
        message("canceled", at=at(10), reason="user", source="venue_poll", text="done")
    ).then_outcome("duplicate")
    scenario.when(message("canceled", at=at(11), reason="user")).then_outcome("recorded")


# Refusals


CANCEL_R1 = message("request_cancel", request_id="R-1")
REPLACE_R1 = request_replace(quantity="8", request_id="R-1")
OTHER_REPLACE_R1 = request_replace(quantity="7", request_id="R-1")
ENDED = (*WORKING, message("canceled"))
REFUSALS: list[tuple[Reason, tuple[Document, ...], Document]] = [
    (Reason.UNKNOWN_ORDER, (), message("submit")),
    (Reason.MESSAGE_ID_REUSED, (*SENT, message("request_cancel", message_id="M-1")),
    message("submit", message_id="M-1")),
    (Reason.UNKNOWN_ORDER, (), message("deny", reason="limit")),
    (Reason.UNKNOWN_ORDER, (), message("request_cancel")),
    (Reason.UNKNOWN_ORDER, (), request_replace(quantity="8")),
    (Reason.UNKNOWN_ORDER, (), message("unresolved", reason="timeout")),
    (Reason.ORDER_ENDED, (*ENDED,), message("request_cancel")),
    (Reason.ORDER_ENDED, (*ENDED,), request_replace(quantity="12")),
    (Reason.ORDER_ENDED, (*FILLED,), message("request_cancel")),
    (Reason.ORDER_ENDED, (request(), message("deny", reason="limit"),), message("submit")),
    (Reason.DUPLICATE_CLIENT_ORDER_ID, (request(),), request(quantity="11")),
    (Reason.ALREADY_SUBMITTED, (*SENT,), message("submit", at=at(60))),
    (Reason.ALREADY_SUBMITTED, (*SENT, message("unresolved", reason="timeout"),), message("submit",
    at=at(60))),
    (Reason.ALREADY_SUBMITTED, (*SENT,), message("deny", reason="limit")),
    (Reason.ALREADY_ACKNOWLEDGED, (*WORKING,), message("submit", at=at(60))),
    (Reason.ALREADY_ACKNOWLEDGED, (*WORKING,), message("deny", reason="limit")),
    (Reason.REQUEST_ID_REUSED, (*WORKING, CANCEL_R1,), REPLACE_R1),
    (Reason.REQUEST_ID_REUSED, (*WORKING, REPLACE_R1,), OTHER_REPLACE_R1),
    (Reason.REQUEST_ID_REUSED, (*WORKING, REPLACE_R1,), CANCEL_R1),
]  # fmt: skip
OF_PROPOSALS = {Reason.DUPLICATE_PROPOSAL_ID, Reason.UNKNOWN_PROPOSAL, Reason.PROPOSAL_DECIDED}


@pytest.mark.parametrize(
    ("reason", "before", "command"), REFUSALS, ids=lambda value: getattr(value, "value", "")
)
def test_a_command_that_may_not_happen_is_refused_with_its_reason(
    reason: Reason, before: tuple[Document, ...], command: Document
) -> None:
    given(*before).when(command).then_outcome("refused", reason.value).then()


def test_proof_that_nothing_was_sent_denies_a_submitted_order() -> None:
    given(*SENT).when(message("deny", reason="not_connected", not_sent=True)).then_outcome(
        "recorded"
    ).then_order(status="denied")


def test_an_order_of_unknown_sending_is_denied_only_after_the_venue_did_not_know_it() -> None:
    denied = message("deny", reason="never_arrived", not_sent=True, at=at(20))
    unknown = (*SENT, message("unresolved", reason="timeout", at=at(10)))
    given(*unknown).when(denied).then_outcome("refused", "already_submitted")
    given(*unknown, message("absent", at=at(15))).when(denied).then_outcome("recorded").then_order(
        status="denied"
    )


NEVER_ARRIVED = message("deny", reason="never_arrived", never_arrived=True, at=at(20))


@pytest.mark.parametrize(
    "doubt",
    [(), (message("unresolved", reason="timeout", at=at(10)),)],
    ids=["in flight", "unresolved"],
)
def test_a_decision_that_it_never_arrived_denies_an_order_that_the_venue_has_never_shown(
    doubt: tuple[Document, ...],
) -> None:
    given(*SENT, *doubt).when(NEVER_ARRIVED).then_outcome("recorded").then_order(
        status="denied",
        reason="never_arrived",
        is_open=False,
        leaves_quantity="0",
        certainty="confirmed",
    )


@pytest.mark.parametrize(
    "evidence",
    [message("acknowledged"), fill("F-1", "4"), message("status_observed", status="new")],
)
def test_an_order_that_the_venue_has_shown_has_arrived_whatever_anybody_decides(
    evidence: Document,
) -> None:
    shown = (
        *SENT,
        evidence,
        message("unresolved", reason="timeout", at=at(10)),
        message("absent", at=at(12)),
    )
    given(*shown).when(NEVER_ARRIVED).then_outcome("refused", "already_acknowledged")


def test_an_ended_order_is_not_decided_to_have_never_arrived() -> None:
    given(*SENT, message("rejected", reason="margin", at=at(10))).when(NEVER_ARRIVED).then_outcome(
        "refused", "order_ended"
    )


def test_an_order_decided_as_never_arrived_that_the_venue_shows_is_open_and_in_conflict() -> None:
    denied = given(*SENT, message("unresolved", reason="timeout", at=at(10)), NEVER_ARRIVED)
    denied.when(message("acknowledged", at=at(30))).then_order(
        status="new", is_open=True, anomalies=["status_conflict"]
    )


def test_an_operator_may_force_a_second_sending_before_the_first_is_known_to_be_lost() -> None:
    unknown = (*SENT, message("unresolved", reason="timeout", at=at(10)))
    given(*unknown).when(message("submit", at=at(20))).then_outcome("refused", "already_submitted")
    forced = given(*unknown).when(message("submit", is_forced=True, actor="anna", at=at(20)))
    forced.then_outcome("recorded").then_order(
        status="pending_new", is_open=True, submitted_at=at(20)
    )
    forced.when(message("rejected", reason="duplicate_order", at=at(21))).then_order(is_open=True)


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ((*WORKING,), "already_acknowledged"),
        ((*SENT, message("rejected", reason="margin", at=at(10))), "order_ended"),
    ],
)
def test_nobody_can_force_a_second_sending_of_what_has_ended_or_the_venue_has_shown(
    before: tuple[Document, ...], reason: str
) -> None:
    given(*before).when(message("submit", is_forced=True, actor="anna", at=at(20))).then_outcome(
        "refused", reason
    )


def test_a_denied_order_that_the_venue_shows_after_all_is_open_and_in_conflict() -> None:
    denied = given(*SENT, message("deny", reason="not_connected", not_sent=True, at=at(10)))
    denied.when(message("acknowledged", at=at(11))).then_order(
        status="new", anomalies=["status_conflict"]
    )


def test_every_reason_to_refuse_an_order_command_is_shown_here() -> None:
    assert {reason for reason, _, _ in REFUSALS} == set(Reason) - OF_PROPOSALS


def test_a_submission_resent_after_an_absence_needs_another_absence_for_a_third_time() -> None:
    sent_again = (*SENT, message("absent"), message("submit", at=at(10)))
    given(*sent_again).when(message("submit", at=at(11))).then_outcome(
        "refused", "already_submitted"
    )


@pytest.mark.parametrize("changes", [{}, {"replacement_client_order_id": "C-1b"}])
def test_a_replace_that_changes_nothing_is_no_message(changes: dict[str, Any]) -> None:
    given(*WORKING).when(request_replace(**changes)).then_outcome("invalid", "quantity").then()


@pytest.mark.parametrize("again", ["submit", "deny"])
def test_what_came_to_an_unknown_end_was_sent_whether_or_not_anybody_said_so(again: str) -> None:
    unknown = given(request(), message("unresolved", reason="timeout", at=at(5)))
    unknown.when(message(again, reason="risk" if again == "deny" else None, at=at(6))).then_outcome(
        "refused", "already_submitted"
    )
    unknown.then_order(certainty="unresolved", is_open=True)


def test_what_came_to_an_unknown_end_may_be_sent_once_the_venue_does_not_know_it() -> None:
    given(
        request(), message("unresolved", reason="timeout", at=at(5)), message("absent", at=at(6))
    ).when(message("submit", at=at(7))).then_outcome("recorded")


def test_an_order_that_never_arrived_may_be_sent_again_under_its_own_id() -> None:
    lost = given(*SENT, message("unresolved", reason="timeout", at=at(10)), NEVER_ARRIVED)
    again = lost.when(message("submit", at=at(30)))
    again.then_outcome("recorded").then_order(
        status="pending_new", is_open=True, submitted_at=at(30), reason=None
    )
    again.when(message("acknowledged", at=at(31))).then_order(status="new", anomalies=[])


def test_an_order_that_was_sent_again_may_be_lost_again() -> None:
    lost = given(*SENT, message("unresolved", reason="timeout", at=at(10)), NEVER_ARRIVED)
    again = lost.when(message("submit", at=at(30)))
    denied = message("deny", reason="never_arrived", never_arrived=True, at=at(40))
    again.when(denied).then_order(status="denied", is_open=False)


def test_an_order_that_is_sent_again_after_a_clock_was_set_back_is_open() -> None:
    lost = given(*SENT, message("unresolved", reason="timeout", at=at(10)), NEVER_ARRIVED)
    lost.when(message("submit", at=at(15))).then_outcome("recorded").then_order(
        status="pending_new", is_open=True
    )


def test_an_order_that_never_arrived_but_was_shown_later_is_not_sent_again() -> None:
    shown = given(
        *SENT,
        message("unresolved", reason="timeout", at=at(10)),
        NEVER_ARRIVED,
        message("canceled", at=at(25)),
    )
    shown.when(message("submit", at=at(30))).then_outcome("refused", "order_ended")
