"""Rule 2.10 of the contract: the same reports, in whatever order and however often they come, end
in the same order."""

import pytest

from tests.scenarios import (
    SENT,
    WORKING,
    at,
    correct_fill,
    ends,
    fill,
    given,
    in_any_order,
    message,
    request,
)

LIFE = (
    message("acknowledged", venue_order_id="V-1", at=at(10)),
    fill("F-1", "4", "100", at=at(11), fee="0.1", fee_currency="USD"),
    message(
        "replaced",
        quantity="9",
        venue_order_id="V-2",
        replacement_client_order_id="C-1b",
        at=at(12),
    ),
    correct_fill("F-2", "F-1", "3", "101", at=at(13), fee="0.2", fee_currency="USD"),
    message("suspended", at=at(14)),
    message("canceled", at=at(15), reason="user"),
)


def test_any_interleaving_of_a_whole_life_ends_in_the_same_order() -> None:
    row = in_any_order(SENT, *LIFE)
    assert (row["status"], row["cum_quantity"], row["leaves_quantity"], row["quantity"]) == (
        "canceled",
        "3",
        "0",
        "9",
    )
    assert (row["fees"], row["venue_order_ids"], row["anomalies"]) == (
        {"USD": "0.2"},
        ["V-1", "V-2"],
        [],
    )
    assert (row["acknowledged_at"], row["last_fill_at"], row["ended_at"]) == (
        at(10),
        at(11),
        at(15),
    )


def test_any_repetition_of_a_whole_life_ends_in_the_same_order() -> None:
    assert ends(SENT, [*LIFE, *LIFE, *reversed(LIFE)]) == ends(SENT, LIFE)


def test_a_sending_that_got_no_answer_is_not_held_against_a_request_made_after_it() -> None:
    lost = message("unresolved", reason="timeout", at=at(16))
    heard = message("acknowledged", venue_order_id="V-1", at=at(14))
    cancel = message("request_cancel", at=at(20))
    given(request(at=at(11)), message("submit", at=at(12)), lost, heard).when(cancel).then_order(
        pending="cancel", certainty="confirmed"
    ).when(message("unresolved", reason="timeout", at=at(25))).then_order(certainty="unresolved")


def test_a_filled_order_is_not_overwritten_by_what_comes_late() -> None:
    late = (
        message("acknowledged", venue_order_id="V-1", at=at(10)),
        message("status_observed", status="new", at=at(10.5)),
        fill("F-1", "10", at=at(11)),
        message("absent", at=at(9)),
    )
    row = in_any_order(SENT, *late)
    assert (row["status"], row["certainty"], row["anomalies"]) == ("filled", "confirmed", [])


def test_sessions_end_alike_in_whatever_order_they_arrive() -> None:
    row = in_any_order(
        (request(time_in_force="gtc"), message("submit")),
        message("suspended", at=at(10)),
        message("resumed", at=at(11)),
        message("done_for_day", at=at(12)),
        message("restated", at=at(13)),
        message("stopped", at=at(14)),
    )
    assert (row["status"], row["leaves_quantity"]) == ("stopped", "10")


@pytest.mark.parametrize("word", ["suspended", "stopped"])
def test_a_day_order_that_was_done_for_the_day_is_not_brought_back_by_a_look_at_it(
    word: str,
) -> None:
    row = in_any_order(
        SENT, message("done_for_day", at=at(12)), message("status_observed", status=word, at=at(13))
    )
    assert (row["status"], row["is_open"], row["ended_at"]) == ("done_for_day", False, at(12))


def test_an_order_good_beyond_the_day_is_suspended_when_it_is_seen_so_on_the_next() -> None:
    row = in_any_order(
        (request(time_in_force="gtc"), message("submit")),
        message("done_for_day", at=at(12)),
        message("status_observed", status="suspended", at=at(13)),
    )
    assert (row["status"], row["is_open"]) == ("suspended", True)


def test_of_two_instruments_and_sides_of_an_external_order_the_later_holds_in_any_order() -> None:
    row = in_any_order(
        (),
        message("acknowledged", instrument="BTC-USD", side="buy", at=at(1)),
        message("status_observed", status="new", instrument="BTC-PERP", at=at(2)),
        message("restated", quantity="4", side="sell", at=at(3)),
    )
    assert (row["instrument"], row["side"]) == ("BTC-PERP", "sell")


def test_a_fill_with_an_earlier_time_gives_an_external_order_its_terms_as_of_then() -> None:
    told = {"instrument": "BTC-USD", "side": "buy"}
    row = in_any_order(
        (),
        fill("F-1", "4", at=at(14), **told),
        fill("F-1", "4", at=at(12), **told),
        message("acknowledged", instrument="BTC-PERP", side="sell", at=at(13)),
    )
    assert (row["instrument"], row["side"], row["anomalies"]) == (
        "BTC-PERP",
        "sell",
        ["terms_conflict", "unknown_order"],
    )


def test_claims_are_weighed_alike_in_whatever_order_they_arrive() -> None:
    row = in_any_order(
        WORKING,
        fill("F-1", "4", at=at(10), reported={"cum_quantity": "4"}),
        fill("F-2", "2", at=at(11), reported={"cum_quantity": "6"}),
        fill("F-3", "1", at=at(12), reported={"cum_quantity": "8"}),
    )
    assert (row["reported_cum_quantity"], row["anomalies"]) == ("8", ["quantity_mismatch"])


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (
            {"cum_quantity": "4", "average_price": "100"},
            {"cum_quantity": "6", "average_price": "102"},
        ),
        ({"leaves_quantity": "6"}, {"leaves_quantity": "4"}),
        (
            {"cum_quantity": "4", "leaves_quantity": "6"},
            {"cum_quantity": "6", "leaves_quantity": "4"},
        ),
    ],
)
def test_of_claims_of_one_time_the_one_that_knows_of_more_fills_stands(
    earlier: dict[str, str], later: dict[str, str]
) -> None:
    row = in_any_order(
        (*WORKING, fill("F-1", "4", "100", at=at(10)), fill("F-2", "2", "106", at=at(10))),
        message("status_observed", status="partially_filled", reported=earlier, at=at(11)),
        message("status_observed", status="partially_filled", reported=later, at=at(11)),
    )
    assert row["anomalies"] == []


def test_an_alias_told_twice_is_the_later_one_in_whatever_order_they_arrive() -> None:
    row = in_any_order(
        WORKING,
        message("status_observed", status="new", aliases={"sim.index": "7"}, at=at(10)),
        message("status_observed", status="new", aliases={"sim.index": "8"}, at=at(11)),
    )
    assert row["aliases"] == {"sim.index": "8"}
