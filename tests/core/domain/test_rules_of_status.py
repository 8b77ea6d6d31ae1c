"""Rules 2.1 and 2.2 of the contract: status by FIX precedence, and what is left to fill."""

from decimal import Decimal

import pytest

from orderledger.domain.orders.commands import OrderRequested
from orderledger.domain.orders.judgements import AnomalyCleared, AnomalyDetected
from orderledger.domain.orders.reports import OrderAcknowledged, StatusObserved
from orderledger.domain.values import Anomaly, OrderType, Side
from tests.scenarios import (
    SENT,
    WORKING,
    Document,
    at,
    fill,
    given,
    in_any_order,
    message,
    nothing,
    request,
)

DAY = 24 * 60 * 60


def test_a_request_is_recorded_as_it_was_made_and_nothing_is_known_of_the_venue() -> None:
    nothing().when(request(strategy="grid")).then(
        OrderRequested(
            client_order_id="C-1",
            instrument="BTC-USD",
            side=Side.BUY,
            quantity=Decimal(10),
            order_type=OrderType.LIMIT,
            limit_price=Decimal(100),
            strategy="grid",
        )
    ).then_order(
        status="pending_new",
        certainty="confirmed",
        leaves_quantity="10",
        requested_at=at(1),
        acknowledged_at=None,
    )


def test_an_order_handed_to_the_venue_waits_for_its_answer() -> None:
    given(request()).when(message("submit")).then_order(
        status="pending_new", submitted_at=at(2), is_open=True
    )


def test_an_acknowledged_order_is_new() -> None:
    given(*SENT).when(message("acknowledged", venue_order_id="V-1")).then(
        OrderAcknowledged(client_order_id="C-1", venue_order_id="V-1")
    ).then_order(status="new", acknowledged_at=at(3), venue_order_id="V-1", leaves_quantity="10")


def test_a_part_filled_order_is_partially_filled() -> None:
    given(*WORKING).when(fill("F-1", "4")).then_order(
        status="partially_filled",
        cum_quantity="4",
        leaves_quantity="6",
        average_price="100",
        last_fill_at=at(4),
    )


def test_an_order_filled_to_its_quantity_is_filled() -> None:
    given(*WORKING, fill("F-1", "4", "100")).when(fill("F-2", "6", "105")).then_order(
        status="filled",
        cum_quantity="10",
        leaves_quantity="0",
        average_price="103",
        ended_at=at(5),
        is_open=False,
    )


def test_an_order_refused_by_our_own_checks_is_denied_and_was_never_sent() -> None:
    given(request()).when(message("deny", reason="limit_exceeded")).then_order(
        status="denied",
        reason="limit_exceeded",
        leaves_quantity="0",
        ended_at=at(2),
        submitted_at=None,
    )


@pytest.mark.parametrize(
    ("told", "status"), [("canceled", "canceled"), ("expired", "expired"), ("rejected", "rejected")]
)
@pytest.mark.parametrize("cum_quantity", ["0", "4"])
def test_an_end_stands_whether_or_not_the_order_was_part_filled(
    told: str, status: str, cum_quantity: str
) -> None:
    fills = [fill("F-1", "4")] if cum_quantity != "0" else []
    given(*SENT, *fills).when(message(told, reason="venue_reason")).then_order(
        status=status,
        cum_quantity=cum_quantity,
        leaves_quantity="0",
        reason="venue_reason",
        is_open=False,
    )


def test_filled_outranks_canceled() -> None:
    given(*WORKING, message("canceled")).when(fill("F-1", "10")).then_order(
        status="filled", leaves_quantity="0"
    )


def test_a_cancel_outranks_a_reject_and_a_reject_outranks_our_own_denial() -> None:
    given(request(), message("deny", reason="limit"), message("rejected")).then_order(
        status="rejected"
    ).when(message("canceled")).then_order(status="canceled")


@pytest.mark.parametrize(
    "shown",
    [message("acknowledged"), message("status_observed", status="new"), message("triggered")],
)
def test_an_order_that_we_denied_and_the_venue_works_is_open_can_be_canceled_and_is_odd(
    shown: Document,
) -> None:
    scenario = given(request(), message("deny", reason="stale_after_restart")).when(shown)
    assert scenario.outcome == ("recorded", "status_conflict")
    scenario.then_order(
        status="new", is_open=True, leaves_quantity="10", ended_at=None, reason=None
    )
    scenario.when(message("request_cancel")).then_outcome("recorded")
    scenario.when(message("canceled", reason="user")).then_order(
        status="canceled", reason="user", anomalies=["status_conflict"]
    )


@pytest.mark.parametrize(
    ("first", "second"), [("duplicate_order", "margin"), ("margin", "duplicate_order")]
)
def test_an_order_that_was_rejected_for_two_reasons_was_rejected_for_the_one_given_first(
    first: str, second: str
) -> None:
    row = in_any_order(
        SENT,
        message("rejected", reason=first, at=at(5)),
        message("rejected", reason=second, at=at(6)),
    )
    assert (row["status"], row["reason"], row["ended_at"]) == ("rejected", first, at(5))


def test_of_a_cancel_and_an_expiry_the_later_is_the_end() -> None:
    row = in_any_order(WORKING, message("canceled", at=at(20)), message("expired", at=at(10)))
    assert (row["status"], row["ended_at"]) == ("canceled", at(20))


def test_an_end_told_twice_happened_when_it_was_first_said_to_have() -> None:
    row = in_any_order(
        WORKING, message("canceled", at=at(20), reason="user"), message("canceled", at=at(10))
    )
    assert (row["ended_at"], row["reason"]) == (at(10), "user")


def test_a_suspended_order_goes_on_where_it_was_when_it_is_resumed() -> None:
    scenario = given(*WORKING, fill("F-1", "4"))
    scenario.when(message("suspended")).then_order(
        status="suspended", leaves_quantity="6", is_open=True
    )
    scenario.when(message("resumed")).then_order(status="partially_filled", leaves_quantity="6")


def test_a_suspended_order_that_fills_is_filled() -> None:
    given(*WORKING, message("suspended")).when(fill("F-1", "10")).then_order(status="filled")


def test_a_suspended_order_that_is_canceled_is_canceled() -> None:
    given(*WORKING, message("suspended")).when(message("canceled")).then_order(
        status="canceled", leaves_quantity="0"
    )


def test_a_stopped_order_is_guaranteed_a_fill_and_has_none_yet() -> None:
    scenario = (
        given(*WORKING)
        .when(message("stopped"))
        .then_order(status="stopped", cum_quantity="0", leaves_quantity="10")
    )
    scenario.when(fill("F-1", "4")).then_order(
        status="stopped", cum_quantity="4", leaves_quantity="6"
    )
    scenario.when(fill("F-2", "6")).then_order(status="filled")


def test_a_triggered_stop_order_is_working() -> None:
    stop_order = request(order_type="stop", limit_price=None, stop_price="90")
    given(stop_order, message("submit")).when(message("triggered")).then_order(
        status="new", stop_price="90", limit_price=None
    )


def test_a_day_order_is_over_when_its_day_is_done() -> None:
    given(*WORKING, fill("F-1", "4")).when(message("done_for_day")).then_order(
        status="done_for_day", cum_quantity="4", leaves_quantity="0", is_open=False, ended_at=at(5)
    )


@pytest.mark.parametrize("time_in_force", ["gtc", "gtd"])
def test_an_order_good_beyond_the_day_keeps_what_is_left_and_comes_back_with_a_restate(
    time_in_force: str,
) -> None:
    scenario = given(
        request(time_in_force=time_in_force), message("acknowledged"), fill("F-1", "4")
    )
    scenario.when(message("done_for_day")).then_order(
        status="done_for_day", leaves_quantity="6", is_open=True, ended_at=None
    )
    scenario.when(message("restated")).then_order(
        status="partially_filled", leaves_quantity="6", is_open=True
    )


@pytest.mark.parametrize(
    ("quantity", "status", "is_open"), [("1", "partially_filled", True), ("6", "filled", False)]
)
@pytest.mark.parametrize("time_in_force", ["gtc", "gtd"])
def test_a_fill_of_another_day_brings_back_an_order_good_beyond_the_day_that_was_not_restated(
    time_in_force: str, quantity: str, status: str, is_open: bool
) -> None:
    """FIX matrix H.1.a: a restatement in the morning is optional."""
    expire_at = at(9 * DAY) if time_in_force == "gtd" else None
    sent = (
        request(time_in_force=time_in_force, expire_at=expire_at),
        message("submit"),
        message("acknowledged"),
    )
    days = (
        fill("F-1", "4", at=at(10)),
        message("done_for_day", at=at(20)),
        fill("F-2", quantity, at=at(DAY)),
    )
    row = in_any_order(sent, *days)
    assert (row["status"], row["is_open"], row["ended_at"]) == (
        status,
        is_open,
        None if is_open else at(DAY),
    )


def test_a_fill_of_another_day_brings_back_no_day_order() -> None:
    row = in_any_order(WORKING, message("done_for_day", at=at(20)), fill("F-1", "4", at=at(DAY)))
    assert (row["status"], row["leaves_quantity"]) == ("done_for_day", "0")


def test_a_fill_of_the_same_day_leaves_an_order_good_beyond_the_day_done_for_it() -> None:
    sent = (request(time_in_force="gtc"), message("acknowledged"))
    row = in_any_order(sent, message("done_for_day", at=at(20)), fill("F-1", "4", at=at(30)))
    assert (row["status"], row["leaves_quantity"]) == ("done_for_day", "6")


def test_an_order_whose_end_was_a_mistake_is_reinstated_in_whatever_order_that_is_told() -> None:
    mistaken = (message("canceled", at=at(10), reason="vanished"), message("reinstated", at=at(20)))
    row = in_any_order((request(), message("submit")), fill("F-1", "4", at=at(5)), *mistaken)
    assert (row["status"], row["leaves_quantity"], row["ended_at"], row["reason"]) == (
        "partially_filled",
        "6",
        None,
        None,
    )
    row = in_any_order(
        (request(), message("submit")), *mistaken, message("canceled", at=at(30), reason="user")
    )
    assert (row["status"], row["ended_at"], row["reason"]) == ("canceled", at(30), "user")


def test_a_restate_changes_the_terms_unasked() -> None:
    given(*WORKING).when(
        message("restated", quantity="8", limit_price="99", reason="repriced")
    ).then_order(status="new", quantity="8", limit_price="99", leaves_quantity="8")


def test_done_for_day_outranks_filled() -> None:
    given(*WORKING, fill("F-1", "10")).when(message("done_for_day")).then_order(
        status="done_for_day", leaves_quantity="0", is_open=False
    )


def test_a_done_day_ends_nothing_that_was_canceled() -> None:
    given(*WORKING, message("done_for_day")).when(message("canceled")).then_order(
        status="canceled", ended_at=at(5)
    )


# What is seen by asking


@pytest.mark.parametrize("word", ["pending_new", "new"])
def test_an_observed_status_never_moves_a_part_filled_order_back(word: str) -> None:
    given(*WORKING, fill("F-1", "4")).when(message("status_observed", status=word)).then(
        StatusObserved(client_order_id="C-1", status=word)
    ).then_order(status="partially_filled", anomalies=[])


@pytest.mark.parametrize("word", ["new", "partially_filled", "suspended", "canceled"])
def test_an_observed_status_never_moves_a_filled_order_back(word: str) -> None:
    given(*WORKING, fill("F-1", "10")).when(message("status_observed", status=word)).then_order(
        status="filled", cum_quantity="10", leaves_quantity="0"
    )


def test_an_observed_working_status_does_not_bring_back_a_canceled_order_and_is_a_conflict() -> (
    None
):
    given(*WORKING, message("canceled")).when(message("status_observed", status="new")).then(
        StatusObserved(client_order_id="C-1", status="new"),
        AnomalyDetected(
            code=Anomaly.STATUS_CONFLICT, detail="the venue says new after the order was canceled"
        ),
    ).then_order(status="canceled", anomalies=["status_conflict"])


def test_a_status_observed_before_the_end_and_told_after_it_is_late_and_no_conflict() -> None:
    given(*WORKING, message("canceled", at=at(20))).when(
        message("status_observed", status="new", at=at(10))
    ).then_outcome("recorded", "late_report").then_order(status="canceled", anomalies=[])


@pytest.mark.parametrize("word", ["canceled", "expired", "rejected"])
def test_an_observed_end_ends_the_order(word: str) -> None:
    given(request(), message("submit"), message("absent")).when(
        message("status_observed", status=word)
    ).then_outcome("recorded").then_order(
        status=word, leaves_quantity="0", ended_at=at(4), anomalies=[]
    )


def test_an_observed_acknowledgement_moves_the_order_on() -> None:
    given(*SENT).when(message("status_observed", status="new")).then_order(
        status="new", acknowledged_at=None
    )


def test_an_observed_suspension_suspends_and_a_resume_resumes() -> None:
    given(*WORKING).when(message("status_observed", status="suspended")).then_order(
        status="suspended"
    ).when(message("resumed")).then_order(status="new")


def test_an_order_seen_done_for_the_day_has_worked_and_is_not_ended_by_a_refusal_of_its_copy() -> (
    None
):
    copy = message("rejected", reason="duplicate_order")
    scenario = given(
        request(time_in_force="gtc"),
        message("submit"),
        message("status_observed", status="done_for_day"),
        copy,
    )
    scenario.then_order(status="done_for_day", is_open=True).when(message("resumed")).then_order(
        status="new"
    )


def test_an_observed_fill_invents_no_fill_and_is_a_conflict_until_the_fills_come() -> None:
    scenario = given(*WORKING).when(message("status_observed", status="filled"))
    scenario.then(
        StatusObserved(client_order_id="C-1", status="filled"),
        AnomalyDetected(
            code=Anomaly.STATUS_CONFLICT, detail="the venue says filled, recorded fills are 0"
        ),
    ).then_order(
        status="new",
        cum_quantity="0",
        leaves_quantity="10",
        is_open=True,
        anomalies=["status_conflict"],
    )
    scenario.when(fill("F-1", "10")).then_order(status="filled", anomalies=[])
    assert scenario.events[1:] == [AnomalyCleared(code=Anomaly.STATUS_CONFLICT)]


@pytest.mark.parametrize("kind", ["replaced", "restated"])
def test_an_order_seen_filled_and_then_made_larger_by_the_venue_is_no_conflict(kind: str) -> None:
    """FIX matrix C.1.c: a filled order is replaced to more, and works again."""
    row = in_any_order(
        WORKING,
        fill("F-1", "10", at=at(10), reported={"status": "filled"}),
        message(kind, quantity="12", at=at(11)),
    )
    assert (row["status"], row["anomalies"]) == ("partially_filled", [])


def test_an_unknown_status_moves_nothing_and_is_kept() -> None:
    scenario = given(*WORKING, fill("F-1", "4")).when(
        message("status_observed", status="held_by_desk")
    )
    scenario.then(
        StatusObserved(client_order_id="C-1", status="held_by_desk"),
        AnomalyDetected(
            code=Anomaly.UNKNOWN_STATUS,
            detail="the venue says 'held_by_desk', which is not a status this ledger knows",
        ),
    ).then_order(status="partially_filled", anomalies=["unknown_status"])
    scenario.when(message("status_observed", status="partially_filled")).then_outcome(
        "recorded"
    ).then_order(anomalies=[])


def test_an_external_order_that_was_observed_filled_is_not_moved_back_by_a_later_look() -> None:
    venue_order = {"instrument": "BTC-USD", "side": "buy"}
    given(fill("F-1", "4", **venue_order), message("status_observed", status="filled")).then_order(
        status="filled"
    ).when(message("status_observed", status="new")).then_order(status="filled")


def test_a_claimed_end_is_a_conflict_and_no_end() -> None:
    given(*WORKING).when(fill("F-1", "4", reported={"status": "canceled"})).then_outcome(
        "recorded", "status_conflict"
    ).then_order(status="partially_filled", is_open=True)


def test_a_gtc_order_that_was_done_for_the_day_and_filled_on_it_ended_with_its_last_fill() -> None:
    given(
        request(time_in_force="gtc"),
        message("acknowledged"),
        message("done_for_day", at=at(10)),
        fill("F-1", "10", at=at(11)),
    ).then_order(status="done_for_day", is_open=False, ended_at=at(11))


# Ends that the venue contradicts


@pytest.mark.parametrize(
    "shown",
    [message("acknowledged"), fill("F-1", "4"), message("suspended")],
    ids=lambda shown: str(shown["type"]),
)
def test_a_reject_after_signs_of_life_ends_the_order_and_is_a_conflict(shown: Document) -> None:
    scenario = given(*SENT, shown).when(message("rejected", reason="margin", at=at(20)))
    scenario.then_outcome("recorded", "status_conflict").then_order(
        status="rejected", is_open=False, reason="margin"
    )
    scenario.when(message("canceled", at=at(21))).then_order(status="canceled", anomalies=[])


@pytest.mark.parametrize("word", ["acknowledged", "suspended", "resumed", "triggered", "stopped"])
def test_a_working_report_dated_after_an_end_is_a_conflict_until_a_later_end(word: str) -> None:
    scenario = given(*WORKING, message("canceled", at=at(20))).when(message(word, at=at(21)))
    scenario.then_outcome("recorded", "status_conflict").then_order(
        status="canceled", is_open=False
    )
    scenario.when(message("canceled", at=at(22))).then_order(
        status="canceled", ended_at=at(20), anomalies=[]
    )


def test_a_working_report_dated_after_an_end_is_no_conflict_once_the_order_is_reinstated() -> None:
    scenario = given(*WORKING, message("canceled", at=at(20)), message("acknowledged", at=at(21)))
    scenario.when(message("reinstated", at=at(22))).then_order(
        status="new", is_open=True, anomalies=[]
    )


def test_a_working_report_dated_before_an_end_is_no_conflict() -> None:
    given(*WORKING, message("canceled", at=at(20))).when(
        message("suspended", at=at(19))
    ).then_order(status="canceled", anomalies=[])


def test_the_end_of_the_day_is_no_sign_of_work_after_a_cancel() -> None:
    given(*WORKING, message("canceled", at=at(20))).when(
        message("done_for_day", at=at(21))
    ).then_order(anomalies=[])


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [("expired", "canceled", "canceled"), ("canceled", "expired", "expired")],
)
def test_of_two_ends_of_one_time_the_later_in_the_log_counts(
    first: str, second: str, status: str
) -> None:
    given(*WORKING, message(first, at=at(20)), message(second, at=at(20))).then_order(
        status=status, ended_at=at(20)
    )


@pytest.mark.parametrize("word", ["new", "partially_filled"])
@pytest.mark.parametrize(
    "paused",
    [message("status_observed", status="suspended", at=at(10)), message("suspended", at=at(10))],
)
def test_an_order_seen_working_after_a_suspension_works_again(word: str, paused: Document) -> None:
    row = in_any_order(WORKING, paused, message("status_observed", status=word, at=at(11)))
    assert row["status"] == "new"


def test_an_order_ends_when_its_quantity_is_set_down_to_what_is_filled() -> None:
    row = in_any_order(
        WORKING, fill("F-1", "4", at=at(10)), message("replaced", quantity="4", at=at(12))
    )
    assert (row["status"], row["ended_at"], row["last_fill_at"]) == ("filled", at(12), at(10))


def test_a_restatement_of_the_quantity_it_has_does_not_move_the_end_of_a_filled_order() -> None:
    reports = (
        message("replaced", quantity="4", at=at(9)),
        fill("F-1", "4", at=at(10)),
        message("restated", quantity="4", at=at(12)),
    )
    assert in_any_order(WORKING, *reports)["ended_at"] == at(10)


@pytest.mark.parametrize("is_requested_first", [True, False])
def test_a_cancel_concluded_from_silence_ends_no_order_of_ours(is_requested_first: bool) -> None:
    concluded = message("canceled", reason="concluded_absent", source="reconciliation", at=at(30))
    story = (request(at=at(1)), concluded) if is_requested_first else (concluded, request(at=at(1)))
    given(*story).then_order(status="pending_new", is_open=True, origin="own")


def test_a_cancel_concluded_from_silence_ends_an_order_that_was_made_elsewhere() -> None:
    nothing().given(
        message("acknowledged", at=at(1)), message("canceled", reason="concluded_absent", at=at(30))
    ).then_order(status="canceled", is_open=False, origin="external")


@pytest.mark.parametrize(
    ("status", "is_open"),
    [
        *((status, True) for status in ("new", "partially_filled", "suspended", "stopped")),
        ("pending_new", False),
    ],
)
def test_a_refusal_as_a_duplicate_does_not_end_an_order_that_the_venue_was_seen_to_work(
    status: str, is_open: bool
) -> None:
    given(*SENT, message("status_observed", status=status, at=at(3))).when(
        message("rejected", reason="duplicate_order", at=at(4))
    ).then_order(is_open=is_open)
