"""Rules 2.3, 2.4 and 2.5 of the contract: fills count in every state, once, and can be corrected or
taken back."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger.domain.orders.judgements import AnomalyCleared, AnomalyDetected
from orderledger.domain.orders.order import Order
from orderledger.domain.orders.reports import FillBusted, FillCorrected, FillRecorded
from orderledger.domain.stream_names import venue_order_stream
from orderledger.domain.values import Anomaly, Liquidity
from tests.scenarios import (
    SENT,
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

WORKING = (*SENT, message("acknowledged"))
FILLED = (*WORKING, fill("F-1", "4"), fill("F-2", "6"))


def bust(fill_id: str, **fields: Any) -> dict[str, Any]:
    return message("fill_busted", fill_id=fill_id, **fields)


def test_a_fill_is_recorded_as_the_venue_told_it() -> None:
    told = fill(
        "F-1",
        "0.50",
        "64000.10",
        fee="0.016",
        fee_currency="USD",
        liquidity="maker",
        venue_order_id="V-1",
        at=at(9),
    )
    given(*WORKING).when(told).then(
        FillRecorded(
            at=at(9),
            client_order_id="C-1",
            venue_order_id="V-1",
            fill_id="F-1",
            quantity=Decimal("0.50"),
            price=Decimal("64000.10"),
            fee=Decimal("0.016"),
            fee_currency="USD",
            liquidity=Liquidity.MAKER,
        )
    ).then_order(
        cum_quantity="0.5", average_price="64000.1", fees={"USD": "0.016"}, last_fill_at=at(9)
    )


def test_fees_add_up_in_their_own_currencies_and_rebates_count_against_them() -> None:
    given(
        *WORKING,
        fill("F-1", "1", fee="0.3", fee_currency="USD"),
        fill("F-2", "1", fee="-0.1", fee_currency="USD"),
        fill("F-3", "1", fee="0.001", fee_currency="BNB"),
        fill("F-4", "1"),
    ).then_order(fees={"BNB": "0.001", "USD": "0.2"})


def test_the_average_price_is_the_exact_sum_over_the_quantity() -> None:
    given(*WORKING, fill("F-1", "1", "100"), fill("F-2", "2", "100.5")).then_order(
        average_price="100.3333333333333333333333333333333"
    )


# A fill always counts


def test_a_fill_before_the_acknowledgement_counts() -> None:
    scenario = (
        given(*SENT)
        .when(fill("F-1", "4"))
        .then_outcome("recorded")
        .then_order(status="partially_filled")
    )
    scenario.when(message("acknowledged")).then_outcome("recorded").then_order(
        status="partially_filled", cum_quantity="4"
    )


@pytest.mark.parametrize(("told", "status"), [("canceled", "canceled"), ("expired", "expired")])
def test_a_fill_after_the_end_counts_and_the_status_stays(told: str, status: str) -> None:
    scenario = given(*WORKING, message(told)).when(fill("F-1", "4"))
    scenario.then(
        FillRecorded(client_order_id="C-1", fill_id="F-1", quantity=Decimal(4), price=Decimal(100)),
        AnomalyDetected(
            code=Anomaly.FILL_AFTER_END,
            detail=f"filled {at(5).isoformat()}, {status} {at(4).isoformat()}",
        ),
    ).then_order(status=status, cum_quantity="4", leaves_quantity="0", anomalies=["fill_after_end"])


def test_a_fill_after_a_reject_counts_and_contradicts_it() -> None:
    given(*SENT, message("rejected")).when(fill("F-1", "4")).then_outcome(
        "recorded", "fill_after_end", "status_conflict"
    ).then_order(status="rejected", cum_quantity="4", leaves_quantity="0")


def test_a_fill_of_an_order_we_denied_ourselves_counts() -> None:
    given(request(), message("deny", reason="limit")).when(fill("F-1", "4")).then_outcome(
        "recorded", "status_conflict"
    ).then_order(status="partially_filled", cum_quantity="4", leaves_quantity="6")


def test_a_fill_that_happened_before_the_cancel_and_came_after_it_is_in_order() -> None:
    given(*WORKING, message("canceled", at=at(20))).when(fill("F-1", "4", at=at(10))).then_outcome(
        "recorded"
    ).then_order(status="canceled", cum_quantity="4", anomalies=[])


def test_a_fill_beyond_the_quantity_counts_and_is_an_overfill() -> None:
    given(*FILLED).when(fill("F-3", "2")).then(
        FillRecorded(client_order_id="C-1", fill_id="F-3", quantity=Decimal(2), price=Decimal(100)),
        AnomalyDetected(code=Anomaly.OVERFILL, detail="12 filled of 10"),
    ).then_order(status="filled", cum_quantity="12", leaves_quantity="0", anomalies=["overfill"])


def test_every_fill_beyond_the_quantity_is_called_an_overfill() -> None:
    given(*FILLED, fill("F-3", "2")).when(fill("F-4", "1")).then_outcome(
        "recorded", "overfill"
    ).then_order(cum_quantity="13")


def test_an_overfill_is_cleared_when_the_fill_is_busted() -> None:
    given(*FILLED, fill("F-3", "2")).when(bust("F-3")).then(
        FillBusted(client_order_id="C-1", fill_id="F-3"), AnomalyCleared(code=Anomaly.OVERFILL)
    ).then_order(status="filled", cum_quantity="10", anomalies=[])


# Busts and corrections


def test_a_bust_reopens_a_filled_order() -> None:
    given(*FILLED).when(bust("F-2")).then_outcome("recorded").then_order(
        status="partially_filled",
        cum_quantity="4",
        leaves_quantity="6",
        is_open=True,
        ended_at=None,
        last_fill_at=at(4),
    )


def test_an_order_whose_only_fill_is_busted_is_new_again() -> None:
    given(*WORKING, fill("F-1", "4", fee="1", fee_currency="USD")).when(bust("F-1")).then_order(
        status="new", cum_quantity="0", average_price=None, fees={}, last_fill_at=None
    )


def test_a_bust_told_again_is_a_duplicate() -> None:
    given(*FILLED, bust("F-2")).when(bust("F-2", at=at(30))).then_outcome("duplicate").then_order(
        cum_quantity="4"
    )


def test_a_bust_that_overtakes_its_fill_holds_when_the_fill_comes() -> None:
    row = in_any_order(WORKING, fill("F-1", "4", at=at(10)), bust("F-1", at=at(11)))
    assert (row["cum_quantity"], row["status"]) == ("0", "new")


def test_a_fill_told_again_after_its_bust_does_not_come_back() -> None:
    given(*FILLED, bust("F-2")).when(fill("F-2", "6")).then_outcome("duplicate").then_order(
        cum_quantity="4"
    )


def test_a_correction_replaces_the_fill_it_names() -> None:
    given(*WORKING, fill("F-1", "4", "100")).when(correct_fill("F-2", "F-1", "3", "101")).then(
        FillCorrected(
            client_order_id="C-1",
            fill_id="F-2",
            corrects="F-1",
            quantity=Decimal(3),
            price=Decimal(101),
        )
    ).then_order(cum_quantity="3", average_price="101", leaves_quantity="7")


def test_a_correction_can_reopen_a_filled_order() -> None:
    given(*FILLED).when(correct_fill("F-3", "F-2", "5")).then_order(
        status="partially_filled", cum_quantity="9", leaves_quantity="1", is_open=True
    )


def test_corrections_chain_and_only_the_last_stands_in_whatever_order_they_arrive() -> None:
    row = in_any_order(
        WORKING,
        fill("F-1", "4", "100", at=at(10)),
        correct_fill("F-2", "F-1", "3", "101", at=at(11)),
        correct_fill("F-3", "F-2", "2", "102", at=at(12)),
        fill("F-4", "1", "103", at=at(13)),
    )
    assert (row["cum_quantity"], row["average_price"]) == (
        "3",
        "102.3333333333333333333333333333333",
    )


def test_of_two_corrections_of_one_fill_the_later_stands_in_whatever_order_they_arrive() -> None:
    row = in_any_order(
        WORKING,
        fill("F-1", "4", at=at(10)),
        correct_fill("F-2", "F-1", "3", at=at(11)),
        correct_fill("F-3", "F-1", "2", at=at(12)),
    )
    assert row["cum_quantity"] == "2"


def test_what_corrects_an_outdone_correction_does_not_stand_in_whatever_order_they_arrive() -> None:
    row = in_any_order(
        WORKING,
        fill("F-1", "4", at=at(10)),
        correct_fill("F-2", "F-1", "3", at=at(11)),
        correct_fill("F-3", "F-1", "2", at=at(12)),
        correct_fill("F-4", "F-2", "1", at=at(13)),
    )
    assert row["cum_quantity"] == "2"


def test_corrections_of_each_other_stand_or_fall_in_whatever_order_they_arrive() -> None:
    row = in_any_order(
        WORKING,
        correct_fill("F-1", "F-2", "3", at=at(10)),
        correct_fill("F-2", "F-1", "2", at=at(11)),
        fill("F-3", "1", at=at(12)),
    )
    assert row["cum_quantity"] == "1"


def test_a_busted_correction_does_not_bring_back_what_it_corrected() -> None:
    given(*WORKING, fill("F-1", "4"), correct_fill("F-2", "F-1", "3")).when(bust("F-2")).then_order(
        status="new", cum_quantity="0"
    )


@pytest.mark.parametrize(("busted_at", "cum_quantity"), [(10.5, "3"), (11, "3"), (12, "0")])
def test_a_bust_takes_down_the_fill_and_those_of_its_corrections_that_are_dated_before_it(
    busted_at: float, cum_quantity: str
) -> None:
    corrected = (fill("F-1", "4", at=at(10)), correct_fill("F-2", "F-1", "3", at=at(11)))
    row = in_any_order(WORKING, *corrected, bust("F-1", at=at(busted_at)))
    assert row["cum_quantity"] == cum_quantity


def test_a_correction_of_a_busted_correction_stands_if_it_was_made_after_the_bust() -> None:
    chain = (
        fill("F-1", "4", at=at(10)),
        correct_fill("F-2", "F-1", "3", at=at(11)),
        bust("F-2", at=at(12)),
    )
    assert (
        in_any_order(WORKING, *chain, correct_fill("F-3", "F-2", "2", at=at(13)))["cum_quantity"]
        == "2"
    )
    assert (
        in_any_order(WORKING, *chain, correct_fill("F-3", "F-2", "2", at=at(11.5)))["cum_quantity"]
        == "0"
    )


def test_a_bust_told_again_with_an_earlier_time_counts_from_that_time() -> None:
    row = in_any_order(
        WORKING,
        fill("F-1", "4", at=at(10)),
        correct_fill("F-2", "F-1", "3", at=at(12)),
        bust("F-1", at=at(13)),
        bust("F-1", at=at(11)),
    )
    assert (row["cum_quantity"], row["updated_at"]) == ("3", at(12))


def test_a_correction_keeps_the_time_and_the_details_of_the_fill_that_it_corrects() -> None:
    first = fill(
        "F-1", "4", at=at(10), fee="0.4", fee_currency="USD", side="buy", liquidity="maker"
    )
    chain = (
        correct_fill("F-2", "F-1", "3", "101", at=at(20)),
        correct_fill("F-3", "F-2", "2", "102", at=at(30)),
    )
    row = in_any_order(WORKING, first, *chain)
    assert (row["cum_quantity"], row["last_fill_at"], row["fees"], row["updated_at"]) == (
        "2",
        at(10),
        {"USD": "0.4"},
        at(30),
    )


def test_what_a_correction_gives_itself_replaces_what_it_takes_over() -> None:
    first = fill("F-1", "4", at=at(10), fee="0.4", fee_currency="USD")
    row = in_any_order(WORKING, first, correct_fill("F-2", "F-1", "3", at=at(20), fee="0.3"))
    assert row["fees"] == {"USD": "0.3"}


def test_a_correction_under_the_id_of_the_fill_it_corrects_is_another_version_of_that_id() -> None:
    row = in_any_order(
        WORKING, fill("F-1", "4", at=at(10)), correct_fill("F-1", "F-1", "3", at=at(11))
    )
    assert (row["cum_quantity"], row["anomalies"]) == ("4", ["fill_id_reused"])


# The venue's side and instrument


@pytest.mark.parametrize(
    "told", [{"side": "sell"}, {"instrument": "ETH-USD"}], ids=lambda told: next(iter(told))
)
def test_a_fill_that_contradicts_its_order_counts_as_the_venue_told_it(
    told: dict[str, str],
) -> None:
    odd = fill("F-1", "4", **told)
    scenario = given(*WORKING).when(odd).then_outcome("recorded", "terms_conflict")
    scenario.then_order(
        cum_quantity="4", side="buy", instrument="BTC-USD", anomalies=["terms_conflict"]
    )
    scenario.when(bust("F-1")).then_order(cum_quantity="0", anomalies=[])


def test_a_fill_that_agrees_with_its_order_is_no_conflict() -> None:
    given(*WORKING).when(fill("F-1", "4", side="buy", instrument="BTC-USD")).then_outcome(
        "recorded"
    )


# The same fill, and another under its id


@pytest.mark.parametrize(
    "again",
    [
        fill("F-1", "4"),
        fill("F-1", "4.0", "100.00"),
        fill("F-1", "4", at=at(60)),
        fill("F-1", "4", source="venue_poll"),
    ],
    ids=["to the letter", "written otherwise", "with another time", "from another source"],
)
def test_the_same_fill_told_again_is_a_duplicate(again: dict[str, Any]) -> None:
    given(*WORKING, fill("F-1", "4")).when(again).then_outcome("duplicate").then().then_order(
        cum_quantity="4"
    )


@pytest.mark.parametrize(
    "other",
    [
        fill("F-1", "5"),
        fill("F-1", "4", "101"),
        fill("F-1", "4", fee="2", fee_currency="USD"),
        fill("F-1", "4", side="sell"),
    ],
    ids=["quantity", "price", "fee", "side"],
)
def test_a_fill_id_with_other_numbers_is_kept_as_evidence_and_not_added(
    other: dict[str, Any],
) -> None:
    first = fill("F-1", "4", fee="1", fee_currency="USD", side="buy")
    scenario = given(*WORKING, first).when(other).then_outcome("recorded", "fill_id_reused")
    scenario.then_order(
        cum_quantity="4", average_price="100", fees={"USD": "1"}, anomalies=["fill_id_reused"]
    )
    assert isinstance(scenario.events[0], FillRecorded)


def test_a_contradicting_fill_told_again_is_a_duplicate_too() -> None:
    given(*WORKING, fill("F-1", "4"), fill("F-1", "5")).when(fill("F-1", "5")).then_outcome(
        "duplicate"
    )


@pytest.mark.parametrize("is_later_first", [True, False])
def test_two_fees_told_of_one_fill_are_duplicates_when_they_are_told_again(
    is_later_first: bool,
) -> None:
    early = fill("F-1", "4", fee="0.4", fee_currency="USD", at=at(9))
    late = fill("F-1", "4", fee="0.5", fee_currency="BNB", at=at(10))
    told = (late, early) if is_later_first else (early, late)
    scenario = given(*WORKING, *told).then_order(
        cum_quantity="4", fees={"USD": "0.4"}, anomalies=["fill_id_reused"]
    )
    for again in told:
        scenario.when(again).then_outcome("duplicate")


def test_every_fill_id_that_is_used_again_is_called_so() -> None:
    given(*WORKING, fill("F-1", "1"), fill("F-2", "1"), fill("F-1", "2")).when(
        fill("F-2", "3")
    ).then_outcome("recorded", "fill_id_reused").then_order(cum_quantity="2")


def test_of_two_fills_under_one_id_the_earlier_counts_in_whatever_order_they_arrive() -> None:
    row = in_any_order(
        WORKING, fill("F-1", "4", "100", at=at(10)), fill("F-1", "5", "101", at=at(11))
    )
    assert (row["cum_quantity"], row["average_price"], row["anomalies"]) == (
        "4",
        "100",
        ["fill_id_reused"],
    )


def test_a_correction_under_a_fill_id_that_is_taken_counts_in_no_order_of_arrival() -> None:
    row = in_any_order(
        WORKING,
        fill("F-1", "1", at=at(10)),
        fill("F-2", "2", at=at(11)),
        correct_fill("F-2", "F-1", "3", at=at(12)),
    )
    assert (row["cum_quantity"], row["anomalies"]) == ("3", ["fill_id_reused"])


def test_fills_under_two_values_of_one_alias_told_again_are_duplicates() -> None:
    fills = (
        fill("F-1", "4", aliases={"sim.index": "7"}),
        fill("F-2", "1", aliases={"sim.index": "8"}),
    )
    scenario = given(*WORKING, *fills)
    for again in fills:
        scenario.when(again).then_outcome("duplicate")


def test_a_repetition_that_knows_the_fee_completes_the_fill() -> None:
    given(*WORKING, fill("F-1", "4")).when(
        fill("F-1", "4", fee="0.4", fee_currency="USD")
    ).then_outcome("recorded").then_order(cum_quantity="4", fees={"USD": "0.4"}, anomalies=[])


def test_a_repetition_with_an_earlier_time_gives_the_fill_that_time_in_any_order_of_arrival() -> (
    None
):
    told = (fill("F-1", "4", at=at(12)), fill("F-1", "4", at=at(10)), fill("F-1", "4", at=at(14)))
    row = in_any_order(WORKING, *told, message("canceled", at=at(11)))
    assert (row["cum_quantity"], row["last_fill_at"], row["anomalies"]) == ("4", at(10), [])
    given(*WORKING, told[0]).when(told[1]).then_outcome("recorded").when(told[2]).then_outcome(
        "duplicate"
    )


def test_the_version_of_a_fill_that_turns_out_to_have_happened_first_counts() -> None:
    row = in_any_order(
        WORKING,
        fill("F-1", "4", at=at(11)),
        fill("F-1", "5", at=at(12)),
        fill("F-1", "5", at=at(10), fee="1", fee_currency="USD"),
    )
    assert (row["cum_quantity"], row["fees"], row["anomalies"]) == (
        "5",
        {"USD": "1"},
        ["fill_id_reused"],
    )


def test_a_repetition_that_knows_less_is_a_duplicate() -> None:
    given(*WORKING, fill("F-1", "4", fee="0.4", fee_currency="USD")).when(
        fill("F-1", "4")
    ).then_outcome("duplicate").then_order(fees={"USD": "0.4"})


def test_a_repetition_that_brings_the_venues_order_id_is_recorded_and_counted_once() -> None:
    given(*WORKING, fill("F-1", "4")).when(fill("F-1", "4", venue_order_id="V-1")).then_outcome(
        "recorded"
    ).then_order(cum_quantity="4", venue_order_id="V-1")


def test_a_repetition_that_brings_an_alias_is_recorded_and_counted_once() -> None:
    given(*WORKING, fill("F-1", "4")).when(
        fill("F-1", "4", aliases={"sim.index": "7"})
    ).then_outcome("recorded").then_order(cum_quantity="4", aliases={"sim.index": "7"})


def test_repeating_everything_any_number_of_times_changes_nothing() -> None:
    reports = [
        fill("F-1", "4", at=at(10)),
        fill("F-2", "6", at=at(11)),
        bust("F-1", at=at(12)),
        correct_fill("F-3", "F-2", "5", at=at(13)),
        message("canceled", at=at(14)),
    ]
    assert ends(WORKING, [*reports, *reports, *reversed(reports)]) == ends(WORKING, reports)


def test_the_currency_of_a_fee_that_another_report_tells_is_taken_over_in_any_order() -> None:
    row = in_any_order(
        WORKING,
        fill("F-1", "4", fee="2", at=at(9)),
        fill("F-1", "4", fee="2", fee_currency="BNB", at=at(9)),
    )
    assert row["fees"] == {"BNB": "2"}


def test_a_fill_under_another_client_id_of_an_external_order_is_known_when_it_comes_again() -> None:
    unnamed = fill(
        "F-1", "4", client_order_id=None, venue_order_id="V-1", instrument="BTC-USD", side="buy"
    )
    renamed = fill(
        "F-2", "1", client_order_id="C-2", venue_order_id="V-1", instrument="BTC-USD", side="buy"
    )
    busted = bust("F-1", client_order_id="C-2", venue_order_id="V-1")
    external = nothing()
    external.order = Order.of(venue_order_stream("sim:main", "V-1"))
    external.given(unnamed, message("acknowledged", venue_order_id="V-1"), renamed, busted)
    external.when(renamed).then_outcome("duplicate")
    external.when(busted).then_outcome("duplicate")


def test_fills_of_one_message_id_are_told_apart_by_their_ids() -> None:
    """A sender that gives one id to all of its messages loses no fill."""
    first, second = (
        fill("F-1", "2", message_id="M-1", at=at(1)),
        fill("F-2", "3", message_id="M-1", at=at(2)),
    )
    given(*WORKING, first).when(second).then_outcome("recorded", "message_id_reused").then_order(
        cum_quantity="5"
    ).when(second).then_outcome("duplicate")
