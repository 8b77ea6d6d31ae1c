"""Rule 2.6 of the contract: cancels and replaces, and which of them are outstanding."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger.domain.orders.commands import CancelRequested, ReplaceRequested
from orderledger.domain.orders.reports import OrderReplaced
from tests.scenarios import FILLED, WORKING, at, fill, given, in_any_order, message, request_replace

# Replaces


def test_the_old_terms_hold_until_the_venue_has_replaced_them() -> None:
    given(*WORKING).when(
        request_replace(quantity="8", limit_price="99", replacement_client_order_id="C-1b")
    ).then(
        ReplaceRequested(
            client_order_id="C-1",
            quantity=Decimal(8),
            limit_price=Decimal(99),
            replacement_client_order_id="C-1b",
        )
    ).then_order(
        status="new",
        pending="replace",
        pending_since=at(4),
        quantity="10",
        limit_price="100",
        working_client_order_id="C-1",
    )


def test_a_replace_takes_effect_with_the_terms_the_venue_states() -> None:
    asked = request_replace(quantity="8", limit_price="99", replacement_client_order_id="C-1b")
    answer = message(
        "replaced",
        quantity="8",
        limit_price="99.5",
        replacement_client_order_id="C-1b",
        venue_order_id="V-2",
    )
    given(*WORKING, asked).when(answer).then(
        OrderReplaced(
            client_order_id="C-1",
            venue_order_id="V-2",
            quantity=Decimal(8),
            limit_price=Decimal("99.5"),
            replacement_client_order_id="C-1b",
        )
    ).then_order(
        client_order_id="C-1",
        working_client_order_id="C-1b",
        venue_order_id="V-2",
        venue_order_ids=["V-1", "V-2"],
        quantity="8",
        limit_price="99.5",
        leaves_quantity="8",
        pending=None,
        anomalies=[],
    )


@pytest.mark.parametrize("name", ["C-1b", "R-1"])
def test_a_replace_that_the_venue_accepts_under_its_own_name_puts_its_id_in_force(
    name: str,
) -> None:
    asked = request_replace(quantity="8", request_id="R-1", replacement_client_order_id="C-1b")
    answer = message("replaced", client_order_id=name, quantity="8")
    given(*WORKING, asked).when(answer).then_order(
        client_order_id="C-1", working_client_order_id="C-1b", pending=None
    )


def test_a_replace_without_an_id_of_its_own_leaves_the_id_in_force() -> None:
    given(*WORKING, request_replace(quantity="8", request_id="R-1")).when(
        message("replaced", client_order_id="R-1", quantity="8")
    ).then_order(working_client_order_id="C-1", quantity="8", pending=None)


def test_a_term_that_the_replace_does_not_state_stays_as_it_was() -> None:
    given(*WORKING, request_replace(quantity="8")).when(
        message("replaced", quantity="8")
    ).then_order(quantity="8", limit_price="100")


def test_a_replace_below_what_is_filled_comes_back_raised_and_the_order_is_filled() -> None:
    given(*WORKING, fill("F-1", "4"), request_replace(quantity="3")).when(
        message("replaced", quantity="4")
    ).then_order(
        status="filled",
        quantity="4",
        cum_quantity="4",
        leaves_quantity="0",
        pending=None,
        anomalies=[],
    )


def test_a_replace_to_more_reopens_a_filled_order() -> None:
    scenario = given(*FILLED).when(request_replace(quantity="12"))
    scenario.then_outcome("recorded").then_order(
        status="filled", pending=None, quantity="10", leaves_quantity="0"
    )
    scenario.when(message("replaced", quantity="12")).then_order(
        status="partially_filled",
        quantity="12",
        leaves_quantity="2",
        pending=None,
        is_open=True,
        ended_at=None,
    )


@pytest.mark.parametrize("quantity", ["9", "10"])
def test_a_filled_order_cannot_be_replaced_to_no_more_than_is_filled(quantity: str) -> None:
    given(*FILLED).when(request_replace(quantity=quantity)).then_outcome(
        "refused", "order_ended"
    ).then()


def test_a_refused_replace_leaves_everything_as_before() -> None:
    scenario = given(*WORKING, fill("F-1", "4"))
    before = scenario.row()
    scenario.given(
        request_replace(quantity="8", replacement_client_order_id="C-1b"),
        message("replace_rejected"),
    )
    assert {**scenario.row(), "version": 0, "updated_at": None} == {
        **before,
        "version": 0,
        "updated_at": None,
    }


def test_a_refused_cancel_leaves_everything_as_before() -> None:
    scenario = given(*WORKING, fill("F-1", "4"))
    before = scenario.row()
    scenario.given(
        message("request_cancel", request_id="R-1"), message("cancel_rejected", request_id="R-1")
    )
    assert {**scenario.row(), "version": 0, "updated_at": None} == {
        **before,
        "version": 0,
        "updated_at": None,
    }


def test_of_two_replaces_the_later_sets_the_terms_in_whatever_order_they_arrive() -> None:
    row = in_any_order(
        WORKING,
        message(
            "replaced",
            quantity="8",
            venue_order_id="V-2",
            replacement_client_order_id="C-1b",
            at=at(10),
        ),
        message(
            "replaced",
            quantity="7",
            venue_order_id="V-3",
            replacement_client_order_id="C-1c",
            at=at(11),
        ),
        message("restated", limit_price="98", at=at(12)),
    )
    assert (row["quantity"], row["limit_price"], row["working_client_order_id"]) == (
        "7",
        "98",
        "C-1c",
    )
    assert (row["venue_order_id"], row["venue_order_ids"]) == ("V-3", ["V-1", "V-2", "V-3"])


def test_of_two_replaces_at_one_time_the_later_in_the_log_sets_the_terms() -> None:
    given(
        *WORKING,
        message("replaced", quantity="8", at=at(10)),
        message("replaced", quantity="7", at=at(10)),
    ).then_order(quantity="7")


# What is outstanding


def test_a_cancel_we_asked_for_is_outstanding_until_the_venue_answers() -> None:
    given(*WORKING).when(message("request_cancel", request_id="R-1")).then(
        CancelRequested(client_order_id="C-1", request_id="R-1")
    ).then_order(
        status="new", pending="cancel", pending_since=at(4), leaves_quantity="10", is_open=True
    )


def test_a_cancel_outranks_a_replace_among_what_is_outstanding() -> None:
    scenario = given(*WORKING, request_replace(quantity="8"), message("request_cancel")).then_order(
        pending="cancel"
    )
    scenario.when(message("cancel_rejected")).then_order(pending="replace")
    scenario.when(message("replace_rejected")).then_order(pending=None)


@pytest.mark.parametrize("told", ["canceled", "expired", "rejected"])
def test_nothing_is_outstanding_at_an_order_that_has_ended(told: str) -> None:
    asked = (request_replace(quantity="8"), message("request_cancel"))
    given(*WORKING, *asked).when(message(told)).then_order(pending=None, pending_since=None)


@pytest.mark.parametrize("asked", [message("request_cancel"), request_replace(quantity="8")])
def test_nothing_is_outstanding_at_an_order_that_its_fills_have_ended(asked: Any) -> None:
    """The venue does not answer a request that a fill has overtaken, or its answer is lost."""
    given(*WORKING, asked).when(fill("F-1", "10")).then_order(
        status="filled", pending=None, pending_request=None, pending_since=None
    )


def test_a_request_is_outstanding_again_once_a_bust_reopens_its_order() -> None:
    given(*WORKING, message("request_cancel"), fill("F-1", "10")).when(
        message("fill_busted", fill_id="F-1")
    ).then_order(status="new", pending="cancel")


def test_the_late_answer_to_a_replace_that_a_fill_overtook_is_applied() -> None:
    given(*WORKING, request_replace(quantity="12"), fill("F-1", "10")).when(
        message("replaced", quantity="12")
    ).then_order(status="partially_filled", quantity="12", leaves_quantity="2", pending=None)


def test_an_answer_by_name_answers_the_request_it_names() -> None:
    asked = (
        request_replace(quantity="8", request_id="R-1"),
        request_replace(quantity="7", request_id="R-2"),
    )
    scenario = given(*WORKING, *asked).when(message("replace_rejected", request_id="R-2"))
    scenario.then_order(pending="replace", pending_since=at(4))
    scenario.when(message("replace_rejected", request_id="R-1")).then_order(pending=None)


def test_an_answer_without_a_name_answers_the_oldest_request() -> None:
    asked = (
        message("request_cancel", request_id="R-1"),
        message("request_cancel", request_id="R-2"),
    )
    scenario = given(*WORKING, *asked).when(message("cancel_rejected"))
    scenario.then_order(pending="cancel", pending_since=at(5))
    scenario.when(message("cancel_rejected", at=at(30))).then_order(pending=None)


def test_a_named_and_a_nameless_answer_answer_both_requests_in_whatever_order_they_arrive() -> None:
    asked = (
        request_replace(quantity="8", request_id="R-1"),
        request_replace(quantity="7", request_id="R-2"),
    )
    row = in_any_order(
        [*WORKING, *asked],
        message("replace_rejected", request_id="R-1", at=at(10)),
        message("replace_rejected", at=at(11)),
    )
    assert row["pending"] is None


def test_a_refusal_under_the_replacements_id_answers_that_replacement() -> None:
    asked = (
        request_replace(quantity="8", replacement_client_order_id="C-1b"),
        request_replace(quantity="7", replacement_client_order_id="C-1c"),
    )
    scenario = given(*WORKING, *asked, message("replace_rejected", client_order_id="C-1c"))
    scenario.then_order(pending="replace", pending_since=at(4))
    scenario.when(message("replaced", quantity="8", replacement_client_order_id="C-1b")).then_order(
        pending=None, quantity="8"
    )


def test_a_refusal_under_the_cancel_requests_id_answers_that_request() -> None:
    asked = (
        message("request_cancel", request_id="R-1"),
        message("request_cancel", request_id="R-2"),
    )
    given(*WORKING, *asked).when(message("cancel_rejected", client_order_id="R-2")).then_order(
        pending="cancel", pending_since=at(4)
    )


def test_a_refusal_under_the_working_id_answers_the_oldest_request_also_after_a_replace_by_it() -> (
    None
):
    """As in FIX, where the id of a replace request is the order's from the replace on."""
    replaced = (
        request_replace(quantity="8", request_id="C-1b", replacement_client_order_id="C-1b"),
        message("replaced", quantity="8", replacement_client_order_id="C-1b"),
    )
    scenario = given(*WORKING, *replaced, message("request_cancel")).then_order(pending="cancel")
    scenario.when(message("cancel_rejected", client_order_id="C-1b")).then_order(pending=None)


def test_an_answer_told_again_does_not_answer_the_next_request() -> None:
    refusal = message("cancel_rejected", at=at(10))
    scenario = given(*WORKING, message("request_cancel", request_id="R-1"), refusal)
    scenario.given(message("request_cancel", request_id="R-2", at=at(11))).when(
        refusal
    ).then_outcome("duplicate")
    scenario.then_order(pending="cancel")


def test_a_replacement_told_again_does_not_answer_another_request() -> None:
    named = request_replace(quantity="7", replacement_client_order_id="C-1b")
    scenario = given(*WORKING, request_replace(quantity="8"), named)
    scenario.when(message("replaced", quantity="7", replacement_client_order_id="C-1b")).then_order(
        pending="replace"
    )
    again = message(
        "replaced", client_order_id="C-1b", quantity="7", replacement_client_order_id="C-1b"
    )
    scenario.when(again).then_order(pending="replace", pending_since=at(4))


def test_an_answer_recorded_before_its_request_answers_it() -> None:
    given(*WORKING, message("cancel_rejected", request_id="R-1")).when(
        message("request_cancel", request_id="R-1")
    ).then_order(pending=None)


def test_an_answer_given_after_its_request_answers_it_though_the_clock_of_the_venue_is_behind() -> (
    None
):
    asked = message("request_cancel", request_id="R-1", at=at(10))
    given(*WORKING, asked).when(message("cancel_rejected", at=at(9))).then_order(pending=None)


def test_a_nameless_answer_answers_also_a_request_that_its_clock_puts_later_in_any_order() -> None:
    asked = message("request_replace", quantity="8", at=at(10))
    for recorded in (
        (asked, message("replaced", quantity="8", at=at(9))),
        (message("replaced", quantity="8", at=at(9)), asked),
    ):
        given(*WORKING, *recorded).then_order(pending=None, quantity="8")


@pytest.mark.parametrize("kind", ["cancel", "replace"])
def test_an_answer_with_an_unknown_name_answers_nothing(kind: str) -> None:
    asked = message(
        f"request_{kind}", request_id="R-1", **({"quantity": "8"} if kind == "replace" else {})
    )
    scenario = given(*WORKING, asked)
    scenario.when(message(f"{kind}_rejected", request_id="R-9")).then_order(pending=kind)
    scenario.when(
        message(f"{kind}_rejected", client_order_id="R-8", venue_order_id="V-1")
    ).then_order(pending=kind)
    scenario.when(message(f"{kind}_rejected", request_id="R-1")).then_order(pending=None)


def test_a_replace_without_a_name_puts_the_id_of_the_only_outstanding_request_in_force() -> None:
    asked = request_replace(quantity="8", replacement_client_order_id="C-1b", at=at(10))
    answer = message("replaced", quantity="8", at=at(11))
    given(*WORKING, asked).when(answer).then_order(working_client_order_id="C-1b", pending=None)
    given(*WORKING, answer, asked).then_order(working_client_order_id="C-1b", pending=None)


def test_a_replace_without_a_name_that_may_answer_two_requests_leaves_the_id_in_force() -> None:
    asked = (
        request_replace(quantity="8", replacement_client_order_id="C-1b", at=at(10)),
        request_replace(quantity="7", replacement_client_order_id="C-1c", at=at(11)),
    )
    scenario = given(*WORKING, *asked).when(message("replaced", quantity="8", at=at(12)))
    scenario.then_order(working_client_order_id="C-1", pending="replace", pending_since=at(11))
    scenario.when(message("replaced", quantity="7", at=at(13))).then_order(
        working_client_order_id="C-1c", pending=None
    )


ASKED = (
    request_replace(quantity="11", replacement_client_order_id="R-1", at=at(10)),
    request_replace(quantity="12", replacement_client_order_id="R-2", at=at(20)),
)


def test_a_nameless_answer_answers_the_oldest_request_also_if_a_later_one_was_recorded_first() -> (
    None
):
    answered = message("replaced", quantity="11", at=at(15))
    given(*WORKING, ASKED[1], ASKED[0], answered).then_order(
        working_client_order_id="R-1", pending="replace"
    )


@pytest.mark.parametrize(
    ("accepted_at", "refused_at", "working"), [(30, 15, "R-2"), (15, 30, "R-1")]
)
@pytest.mark.parametrize("is_accepted_first", [True, False])
def test_answers_without_a_name_answer_in_the_order_of_time_in_whatever_order_they_are_recorded(
    accepted_at: int, refused_at: int, working: str, is_accepted_first: bool
) -> None:
    answers = (
        message("replaced", quantity="12", at=at(accepted_at)),
        message("replace_rejected", at=at(refused_at)),
    )
    told = answers if is_accepted_first else answers[::-1]
    given(*WORKING, *ASKED, *told).then_order(working_client_order_id=working, pending=None)


def test_a_canceled_order_that_a_late_fill_completes_has_nothing_outstanding() -> None:
    row = in_any_order(
        [*WORKING, message("request_cancel", at=at(5))],
        message("canceled", at=at(12)),
        fill("F-1", "10", at=at(11)),
    )
    assert (row["status"], row["pending"], row["pending_since"]) == ("filled", None, None)


def test_what_the_venue_shows_as_pending_is_outstanding_until_an_answer_of_its_kind() -> None:
    scenario = (
        given(*WORKING)
        .when(message("status_observed", pending="cancel"))
        .then_order(pending="cancel", pending_since=at(4))
    )
    scenario.when(message("replace_rejected")).then_order(pending="cancel")
    scenario.when(message("cancel_rejected")).then_order(pending=None)


def test_a_cancel_that_overtakes_the_refusal_of_an_earlier_one_ends_the_order_all_the_same() -> (
    None
):
    row = in_any_order(
        [
            *WORKING,
            message("request_cancel", request_id="R-1"),
            message("request_cancel", request_id="R-2"),
        ],
        message("cancel_rejected", request_id="R-1", at=at(10)),
        message("canceled", at=at(11)),
        fill("F-1", "4", at=at(9)),
    )
    assert (row["status"], row["pending"], row["cum_quantity"]) == ("canceled", None, "4")
