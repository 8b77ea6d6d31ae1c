"""Rule 2.11 of the contract, the venue's ids, and every anomaly: facts and judgements apart."""

from itertools import permutations

import pytest

from orderledger.domain.orders.judgements import AnomalyCleared, AnomalyDetected
from orderledger.domain.orders.reports import OrderAcknowledged, OrderCanceled
from orderledger.domain.values import Anomaly
from tests.scenarios import (
    SENT,
    WORKING,
    Document,
    at,
    correct_fill,
    ends,
    fill,
    given,
    in_any_order,
    message,
    nothing,
    request,
)

VENUE_TERMS = {"instrument": "BTC-USD", "side": "buy"}


# What the venue says besides


@pytest.mark.parametrize(
    ("taking_back", "cum_quantity"),
    [(message("fill_busted", fill_id="F-2"), "4"), (correct_fill("F-3", "F-2", "1"), "5")],
)
def test_a_fill_taken_back_as_of_its_own_time_leaves_no_mismatch(
    taking_back: Document, cum_quantity: str
) -> None:
    """As where the venue gives a bust or a correction the time of the execution."""
    reports = (
        fill("F-1", "4", at=at(10), reported={"cum_quantity": "4", "leaves_quantity": "6"}),
        fill("F-2", "2", at=at(11), reported={"cum_quantity": "6", "leaves_quantity": "4"}),
        {**taking_back, "at": at(11), "reported": {"cum_quantity": cum_quantity}},
    )
    row = in_any_order(WORKING, *reports)
    assert (row["cum_quantity"], row["anomalies"]) == (cum_quantity, [])


@pytest.mark.parametrize(
    "end",
    [fill("F-1", "10"), message("canceled"), message("expired")],
    ids=lambda end: str(end["type"]),
)
def test_a_claim_of_the_moment_in_which_the_order_ended_may_be_from_before_its_end(
    end: Document,
) -> None:
    """As of an order that is filled at once: its acknowledgement and its fill have one time."""
    acknowledged = message(
        "acknowledged", at=at(10), reported={"cum_quantity": "0", "leaves_quantity": "10"}
    )
    row = in_any_order(SENT, acknowledged, {**end, "at": at(10)})
    assert (row["leaves_quantity"], row["anomalies"]) == ("0", [])


def test_a_claim_of_something_left_after_the_end_is_a_mismatch() -> None:
    given(*SENT, message("canceled", at=at(10))).when(
        message("status_observed", status="canceled", at=at(11), reported={"leaves_quantity": "10"})
    ).then_outcome("recorded", "quantity_mismatch")


def test_a_claim_that_disagrees_is_a_mismatch_until_it_agrees_again() -> None:
    claim = {"cum_quantity": "6", "quantity": "10"}
    scenario = given(*WORKING, fill("F-1", "4")).when(
        message("status_observed", status="partially_filled", reported=claim)
    )
    assert scenario.events[1:] == [
        AnomalyDetected(
            code=Anomaly.QUANTITY_MISMATCH, detail="the venue says cum_quantity is 6, recorded is 4"
        )
    ]
    scenario.then_order(
        cum_quantity="4", reported_cum_quantity="6", anomalies=["quantity_mismatch"]
    )
    scenario.when(fill("F-2", "2", at=at(4.5))).then_order(cum_quantity="6", anomalies=[])
    assert scenario.events[1:] == [AnomalyCleared(code=Anomaly.QUANTITY_MISMATCH)]


@pytest.mark.parametrize(
    ("filled_at", "cum_quantity", "anomalies"),
    [
        (10.0005, "6", []),
        (10.001, "6", []),
        (10.001, "5", ["quantity_mismatch"]),
        (10.002, "6", ["quantity_mismatch"]),
    ],
)
def test_a_claim_may_be_dated_a_millisecond_before_the_fill_that_it_includes(
    filled_at: float, cum_quantity: str, anomalies: list[str]
) -> None:
    """As where a venue dates an order before its fill. A number that no fills add up to stays a
    mismatch, and so does one that only a later fill explains."""
    reported = {"cum_quantity": cum_quantity, "leaves_quantity": str(10 - int(cum_quantity))}
    claim = message("status_observed", status="partially_filled", at=at(10), reported=reported)
    row = in_any_order(
        WORKING, fill("F-1", "4", at=at(9)), claim, fill("F-2", "2", at=at(filled_at))
    )
    assert (row["cum_quantity"], row["anomalies"]) == ("6", anomalies)


def test_an_end_may_be_dated_a_millisecond_after_the_claim_that_nothing_is_left() -> None:
    claim = message(
        "status_observed", status="canceled", at=at(10), reported={"leaves_quantity": "0"}
    )
    row = in_any_order(WORKING, claim, message("canceled", at=at(10.001)))
    assert row["anomalies"] == []


def test_a_mismatch_clears_when_a_later_claim_agrees() -> None:
    given(*WORKING, fill("F-1", "4", reported={"cum_quantity": "5"})).then_order(
        anomalies=["quantity_mismatch"]
    ).when(
        message("status_observed", status="partially_filled", reported={"cum_quantity": "4"})
    ).then_order(anomalies=[])


def test_an_order_refused_for_another_one_with_its_id_names_the_terms_that_differ() -> None:
    refused = message("rejected", reason="duplicate_order", side="sell", instrument="BTC-USD")
    given(*SENT).when(refused).then_outcome("recorded", "terms_conflict").then_order(
        status="rejected", side="buy", quantity="10", anomalies=["terms_conflict"]
    )
    ours = message("rejected", reason="duplicate_order", **VENUE_TERMS)
    given(*SENT).when(ours).then_order(status="rejected", anomalies=[])


def test_another_trigger_price_than_ours_is_a_conflict_until_it_is_ours_again() -> None:
    stop = request(order_type="stop", stop_price="9", limit_price=None, trigger_source="mark")
    sent = (stop, *SENT[1:], message("acknowledged", at=at(5)))
    others = message("restated", trigger_source="last", at=at(10))
    row = in_any_order(sent, others)
    assert (row["trigger_source"], row["anomalies"]) == ("last", ["terms_conflict"])
    row = in_any_order(sent, others, message("restated", trigger_source="mark", at=at(11)))
    assert (row["trigger_source"], row["anomalies"]) == ("mark", [])


NEW = {"quantity": "10", "cum_quantity": "0", "leaves_quantity": "10"}


@pytest.mark.parametrize(
    ("claim", "anomalies"),
    [
        ({"quantity": "10", "cum_quantity": "10"}, []),
        ({"cum_quantity": "10"}, []),
        ({"quantity": "10", "cum_quantity": "9"}, ["quantity_mismatch"]),
        ({"quantity": "10"}, ["quantity_mismatch"]),
        ({"average_price": "5"}, ["quantity_mismatch"]),
    ],
)
def test_what_was_left_is_replaced_by_a_later_claim_of_what_was_filled(
    claim: dict[str, str], anomalies: list[str]
) -> None:
    """Of an acknowledgement that the venue dates after the fill (Bybit)."""
    working = message("acknowledged", at=at(10), reported=NEW)
    filled = message("status_observed", status="filled", at=at(12), reported=claim)
    row = in_any_order(SENT, working, fill("F-1", "10", at=at(9)), filled)
    assert row["anomalies"] == anomalies


def test_what_is_left_stays_a_mismatch_if_a_later_claim_names_no_total() -> None:
    """The venue may work less than was ordered."""
    less = message("acknowledged", at=at(10), reported={"leaves_quantity": "5"})
    later = message("status_observed", status="new", at=at(12), reported={"cum_quantity": "0"})
    assert in_any_order(SENT, less, later)["anomalies"] == ["quantity_mismatch"]


def test_a_claimed_quantity_that_is_not_ours_is_a_mismatch() -> None:
    given(*WORKING).when(
        message("status_observed", status="new", reported={"quantity": "9"})
    ).then_outcome("recorded", "quantity_mismatch").then_order(
        quantity="10", anomalies=["quantity_mismatch"]
    )


@pytest.mark.parametrize(
    ("leaves_quantity", "anomalies"), [("0", []), ("6", []), ("10", ["quantity_mismatch"])]
)
def test_what_is_left_at_the_moment_of_its_end_is_nothing_or_what_was_left_before(
    leaves_quantity: str, anomalies: list[str]
) -> None:
    ended = message("canceled", at=at(20), reported={"leaves_quantity": leaves_quantity})
    given(*WORKING, fill("F-1", "4", at=at(10))).when(ended).then_order(anomalies=anomalies)


def test_a_claimed_leaves_quantity_that_is_not_ours_is_a_mismatch() -> None:
    given(*WORKING, fill("F-1", "4")).when(
        message("status_observed", status="partially_filled", reported={"leaves_quantity": "5"})
    ).then_outcome("recorded", "quantity_mismatch")


@pytest.mark.parametrize(
    ("claimed_at", "anomalies"),
    [
        (20, []),
    ],
)
def test_what_is_left_at_the_moment_of_the_end_may_be_of_before_it(
    claimed_at: int, anomalies: list[str]
) -> None:
    """Venues give the same millisecond to an order that takes, its fills, and its end."""
    working = message(
        "status_observed", status="new", at=at(claimed_at), reported={"leaves_quantity": "10"}
    )
    for order in permutations(
        (working, fill("F-1", "4", at=at(20)), message("canceled", at=at(20)))
    ):
        given(*WORKING, *order).then_order(
            status="canceled", leaves_quantity="0", cum_quantity="4", anomalies=anomalies
        )


def test_a_claimed_average_price_that_is_not_ours_is_a_mismatch() -> None:
    given(*WORKING, fill("F-1", "4", "100")).when(
        message(
            "status_observed",
            status="partially_filled",
            reported={"cum_quantity": "4", "average_price": "101"},
        )
    ).then_outcome("recorded", "quantity_mismatch")


@pytest.mark.parametrize("written", ["100", "1e2", "1E+2"])
def test_a_claimed_average_price_is_the_same_however_it_is_written(written: str) -> None:
    claim = message(
        "status_observed", status="partially_filled", reported={"average_price": written}
    )
    given(*WORKING, fill("F-1", "4", "150")).when(claim).then_outcome(
        "recorded", "quantity_mismatch"
    )


def test_a_claimed_average_price_is_not_held_against_fills_that_came_after_it() -> None:
    claim = {"cum_quantity": "4", "average_price": "100"}
    row = in_any_order(
        WORKING,
        fill("F-1", "4", "100", at=at(10), reported=claim),
        fill("F-2", "4", "110", at=at(11)),
    )
    assert (row["average_price"], row["anomalies"]) == ("105", [])


def test_what_is_claimed_to_be_left_is_weighed_against_claims_of_its_own_time_alone() -> None:
    """More may be left than before, after a replace; then nothing else that the later claims say is
    older."""
    given(
        *WORKING,
        fill("F-1", "4", "100", at=at(10), reported={"leaves_quantity": "6"}),
        message(
            "status_observed",
            reported={"average_price": "101"},
            status="partially_filled",
            at=at(12),
        ),
        message("replaced", quantity="12", at=at(11)),
        message(
            "status_observed",
            reported={"leaves_quantity": "8", "average_price": "100"},
            status="partially_filled",
            at=at(12),
        ),
    ).then_order(anomalies=[])


@pytest.mark.parametrize("claim", [{"cum_quantity": "4"}, {"leaves_quantity": "6"}])
def test_what_a_fill_claims_has_that_fill_in_it(claim: dict[str, str]) -> None:
    row = in_any_order(
        WORKING, fill("F-1", "3", at=at(10)), fill("F-2", "4", at=at(11), reported=claim)
    )
    assert (row["cum_quantity"], row["anomalies"]) == ("7", ["quantity_mismatch"])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"cum_quantity": "3"}, {"cum_quantity": "7"}),
        ({"leaves_quantity": "7"}, {"leaves_quantity": "3"}),
    ],
)
def test_what_fills_of_one_moment_claim_has_each_of_them_in_it_in_turn(
    first: dict[str, str], second: dict[str, str]
) -> None:
    row = in_any_order(
        WORKING,
        fill("F-1", "3", at=at(10), reported=first),
        fill("F-2", "4", at=at(10), reported=second),
    )
    assert (row["cum_quantity"], row["anomalies"]) == ("7", [])


def test_a_claim_that_agrees_in_all_its_numbers_is_no_mismatch() -> None:
    claim = {"quantity": "10", "cum_quantity": "4", "leaves_quantity": "6", "average_price": "100"}
    given(*WORKING).when(fill("F-1", "4", "100", reported=claim)).then_outcome(
        "recorded"
    ).then_order(anomalies=[])


def test_a_claim_never_invents_a_fill() -> None:
    given(*WORKING).when(
        message("status_observed", status="filled", reported={"cum_quantity": "10"})
    ).then_order(
        cum_quantity="0",
        leaves_quantity="10",
        is_open=True,
        anomalies=["quantity_mismatch", "status_conflict"],
    )


# The venue's ids


def test_a_cancel_and_replace_at_the_venue_gives_the_order_another_venue_id() -> None:
    given(*WORKING).when(message("replaced", quantity="10", venue_order_id="V-2")).then_outcome(
        "recorded"
    ).then_order(venue_order_id="V-2", venue_order_ids=["V-1", "V-2"])


def test_a_report_under_the_old_venue_id_does_not_bring_that_id_back() -> None:
    given(*WORKING, message("replaced", quantity="10", venue_order_id="V-2")).when(
        fill("F-1", "4", venue_order_id="V-1")
    ).then_order(venue_order_id="V-2", venue_order_ids=["V-1", "V-2"])


def test_aliases_stored_before_sending_stay_with_the_order() -> None:
    given(
        request(), message("submit", aliases={"lighter.client_order_index": "081274"})
    ).then_order(aliases={"lighter.client_order_index": "081274"})


# Every anomaly, said with the message that shows it


ANOMALIES: list[tuple[Anomaly, tuple[Document, ...], Document]] = [
    (
        Anomaly.OVERFILL,
        (
            *WORKING,
            fill("F-1", "10"),
        ),
        fill("F-2", "1"),
    ),
    (
        Anomaly.FILL_ID_REUSED,
        (
            *WORKING,
            fill("F-1", "4"),
        ),
        fill("F-1", "5"),
    ),
    (
        Anomaly.FILL_AFTER_END,
        (
            *WORKING,
            message("canceled"),
        ),
        fill("F-1", "4"),
    ),
    (Anomaly.UNKNOWN_ORDER, (), message("acknowledged", venue_order_id="V-1")),
    (
        Anomaly.QUANTITY_MISMATCH,
        (*WORKING,),
        message("status_observed", status="new", reported={"cum_quantity": "1"}),
    ),
    (Anomaly.STATUS_CONFLICT, (*WORKING,), message("status_observed", status="filled")),
    (
        Anomaly.LATE_REPORT,
        (
            *WORKING,
            message("canceled", at=at(20)),
        ),
        message("suspended", at=at(10)),
    ),
    (Anomaly.UNKNOWN_STATUS, (*WORKING,), message("status_observed", status="calculated")),
    (Anomaly.CLIENT_ORDER_ID_REUSED, (*WORKING,), message("acknowledged", venue_order_id="V-2")),
    (Anomaly.TERMS_CONFLICT, (*WORKING,), fill("F-1", "4", side="sell")),
    (
        Anomaly.MESSAGE_ID_REUSED,
        (*WORKING, message("suspended", message_id="M-1")),
        message("resumed", message_id="M-1"),
    ),
    (
        Anomaly.POSITION_SIDE_CONFLICT,
        (*WORKING, fill("F-1", "4", position_side="long")),
        fill("F-2", "4", position_side="short"),
    ),
]
TOLD_BY_THE_LEDGER = {Anomaly.VENUE_ORDER_ID_REUSED}
OF_THE_LOG = {Anomaly.LOG_WENT_BACK}
OF_ACCOUNTS = {Anomaly.TRANSFER_ID_REUSED, Anomaly.BALANCE_CONFLICT}
OF_INSTRUMENTS = {
    Anomaly.IMPOSSIBLE_PRICE,
    Anomaly.POSITION_SIDE_UNKNOWN,
    Anomaly.KIND_CONFLICT,
}
"""What a fill and the definition of its instrument tell together: no event of an order records
it."""
OF_SPLITS = {Anomaly.TERMS_BEFORE_SPLIT}


OF_GROUPS = {
    Anomaly.OCO_BOTH_FILLED,
    Anomaly.CHILD_FILLED_FIRST,
    Anomaly.CHILDREN_EXCEED_PARENT,
}
"""Rules between several orders: no event of one order records them."""


@pytest.mark.parametrize(
    ("code", "before", "report"), ANOMALIES, ids=lambda value: getattr(value, "value", "")
)
def test_an_odd_report_is_recorded_and_its_oddity_is_a_second_event(
    code: Anomaly, before: tuple[Document, ...], report: Document
) -> None:
    scenario = given(*before).when(report).then_outcome("recorded", code.value)
    assert [event.code for event in scenario.events if isinstance(event, AnomalyDetected)] == [code]
    assert not isinstance(scenario.events[0], AnomalyDetected)


def test_every_anomaly_of_one_order_is_shown_here() -> None:
    elsewhere = (
        TOLD_BY_THE_LEDGER | OF_INSTRUMENTS | OF_ACCOUNTS | OF_THE_LOG | OF_GROUPS | OF_SPLITS
    )
    assert {code for code, _, _ in ANOMALIES} == set(Anomaly) - elsewhere


def test_reports_without_a_time_are_told_apart_by_their_message_ids() -> None:
    told = [
        message(kind, message_id=f"M-{number}")
        for number, kind in enumerate(["suspended", "resumed", "suspended"])
    ]
    scenario = given(*WORKING, *told).then_order(status="suspended")
    for again in told:
        scenario.when(again).then_outcome("duplicate")
    scenario.when(message("suspended")).then_outcome("duplicate", "no_time_given")


@pytest.mark.parametrize(
    ("first", "between"),
    [
        (message("status_observed", status="new"), message("absent")),
        (message("suspended"), message("resumed")),
        (message("absent"), message("acknowledged", venue_order_id="V-1")),
        (message("submit"), message("absent", at=at(40))),
        (message("unresolved", reason="timeout"), message("submit", at=at(40))),
    ],
    ids=lambda document: str(document["type"]),
)
def test_a_message_without_a_time_is_recorded_once_and_says_why_it_is_not_recorded_again(
    first: Document, between: Document
) -> None:
    scenario = given(request(), first)
    scenario.when(between).when(first).then_outcome("duplicate", "no_time_given").then()


def test_an_order_is_sent_again_by_a_submission_that_has_a_time() -> None:
    lost = given(*SENT, message("unresolved", reason="timeout"), message("absent", at=at(30)))
    lost.when(message("submit")).then_outcome("duplicate", "no_time_given")
    lost.when(message("submit", at=at(31))).then_outcome("recorded").then_order(submitted_at=at(31))


def test_a_late_report_is_said_of_the_report_and_not_of_the_order() -> None:
    given(*SENT, message("canceled", at=at(20))).when(message("acknowledged", at=at(10))).then(
        OrderAcknowledged(client_order_id="C-1", at=at(10)),
        AnomalyDetected(
            code=Anomaly.LATE_REPORT,
            detail=f"happened {at(10).isoformat()}, the order had ended {at(20).isoformat()}",
        ),
    ).then_order(status="canceled", acknowledged_at=at(10), anomalies=[])


def test_two_venue_orders_under_one_client_order_id_are_shown() -> None:
    given(*WORKING).when(message("acknowledged", venue_order_id="V-2")).then(
        OrderAcknowledged(client_order_id="C-1", venue_order_id="V-2"),
        AnomalyDetected(
            code=Anomaly.CLIENT_ORDER_ID_REUSED,
            detail="2 venue orders under one client order id, 0 replaces",
        ),
    ).then_order(venue_order_ids=["V-1", "V-2"], anomalies=["client_order_id_reused"])


def test_an_order_of_somebody_else_is_external_until_it_is_requested_here() -> None:
    scenario = nothing().when(fill("F-1", "4", **VENUE_TERMS))
    scenario.then_outcome("recorded", "unknown_order").then_order(
        origin="external",
        status="partially_filled",
        cum_quantity="4",
        quantity=None,
        leaves_quantity=None,
        instrument="BTC-USD",
    )
    scenario.when(request()).then_outcome("recorded").then_order(
        origin="own", status="partially_filled", quantity="10", leaves_quantity="6", anomalies=[]
    )


def test_an_external_order_is_on_the_terms_that_the_venue_claims_last() -> None:
    first = {"order_type": "limit", "time_in_force": "day", "post_only": True}
    row = in_any_order(
        (),
        message("acknowledged", venue_order_id="V-1", reported=first, at=at(1)),
        message(
            "status_observed",
            status="new",
            venue_order_id="V-1",
            reported={"time_in_force": "gtc", "reduce_only": True},
            at=at(2),
        ),
    )
    assert [row[name] for name in ("order_type", "time_in_force", "post_only", "reduce_only")] == [
        "limit",
        "gtc",
        True,
        True,
    ]


def test_an_external_order_may_be_filled_beyond_its_quantity_and_that_is_an_overfill_too() -> None:
    restated = message("restated", quantity="5", **VENUE_TERMS)
    given(restated).when(fill("F-1", "6")).then_outcome("recorded", "overfill").then_order(
        anomalies=["overfill", "unknown_order"]
    )


def test_a_cancel_by_the_venue_says_why() -> None:
    given(*WORKING).when(message("canceled", reason="liquidation")).then(
        OrderCanceled(client_order_id="C-1", reason="liquidation")
    ).then_order(status="canceled", reason="liquidation")


def test_anomalies_do_not_depend_on_the_order_of_arrival() -> None:
    odd = (
        fill("F-1", "12", at=at(10)),
        fill("F-1", "11", at=at(11)),
        message("canceled", at=at(12)),
        fill("F-2", "1", at=at(13)),
        message("acknowledged", venue_order_id="V-2", at=at(14)),
    )
    expected = [
        "client_order_id_reused",
        "fill_after_end",
        "fill_id_reused",
        "overfill",
        "status_conflict",
    ]
    assert {tuple(ends(WORKING, shuffled)["anomalies"]) for shuffled in permutations(odd)} == {
        tuple(expected)
    }
