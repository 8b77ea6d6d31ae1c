"""Reconciliation: ask before concluding, append and never edit, find nothing the second time."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderledger import parse_document
from orderledger.venues import VenueUnavailable
from orderledger.venues.reconciliation.breaks import Kind
from orderledger.venues.reconciliation.differences import difference
from tests.scenarios import ACCOUNT, at, fill, message, request
from tests.venues.reconciliation.desk import ALIAS, SENT, WORKING, Desk, kinds, left
from tests.venues.reconciliation.plain_venue import Known


def test_a_ledger_that_agrees_is_certified_and_the_second_run_appends_nothing(desk: Desk) -> None:
    """Behaviour 17"""
    desk.record(
        *WORKING, fill("F-1", "4", at=at(5), venue_order_id="V-1", instrument="BTC-USD", side="buy")
    )
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.venue.trade("V-1", "F-1", "4", at(5))
    first = desk.reconcile(60)
    assert (kinds(first), left(first), first.is_recorded) == ([], [], True)
    assert (first.certificate.orders, first.certificate.fills, first.certificate.positions) == (
        1,
        1,
        1,
    )
    before = list(desk.ledger.events())
    second = desk.reconcile(120)
    assert (kinds(second), second.appended, second.is_recorded) == ([], 0, False)
    assert list(desk.ledger.events()) == before


def test_the_balance_of_a_currency_that_is_not_traded_is_evidence_and_never_a_break(
    desk: Desk,
) -> None:
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.venue.cash = {"USDC": "10000"}
    runs = [desk.reconcile(second) for second in (60, 120, 180)]
    assert [(kinds(one), left(one), one.certificate.positions) for one in runs] == [([], [], 1)] * 3
    assert [one.is_recorded for one in runs] == [True, False, False]
    assert [str(row["reported_quantity"]) for row in desk.ledger.instruments()] == ["10000"]


def test_an_order_that_is_told_in_two_messages_is_certified_as_one(desk: Desk) -> None:
    desk.venue.orders["V-1"] = Known("V-1", at=at(3))
    desk.venue.trade("V-1", "F-1", "4", at(5))
    desk.venue.is_wordy = True
    first, second = desk.reconcile(60), desk.reconcile(120)
    assert (first.certificate.orders, first.is_recorded) == (1, True)
    assert (second.certificate.orders, second.appended, second.is_recorded) == (1, 0, False)


def test_fills_that_were_missed_while_the_stream_was_down_are_appended_once(desk: Desk) -> None:
    """Behaviours 3, 8 and 10"""
    desk.record(*WORKING, message("gap", client_order_id=None, **{"from": at(10)}))
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3), is_open=False)
    desk.venue.trade("V-1", "F-1", "6", at(15))
    found = desk.reconcile(60)
    assert kinds(found) == [("missing_fill", True), ("missing_end", True)]
    assert desk.order("status", "cum_quantity", "leaves_quantity") == ("canceled", "6", "0")
    (trade,) = desk.ledger.trades()
    assert (trade["fill_id"], trade["source"]) == ("F-1", "reconciliation")
    assert (desk.reconcile(120).appended, len(desk.ledger.trades())) == (0, 1)


def test_no_more_time_is_certified_than_the_venue_tells_of(desk: Desk) -> None:
    """What happened between the last certificate and the first fill that the venue keeps, nobody
    knows."""
    desk.reconcile(60)
    desk.venue.fills_begin_at = at(300)
    assert desk.reconcile(900).certificate.covered_from == at(300)
    desk.venue.fills_begin_at = at(600)
    assert desk.reconcile(960).certificate.covered_from == at(300)


def test_a_run_by_hand_asks_for_what_a_gap_has_hidden_and_does_not_end_it(desk: Desk) -> None:
    """A gap ends when somebody listens again."""
    desk.record(*WORKING, message("gap", client_order_id=None, **{"from": at(10)}))
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.venue.trade("V-1", "F-1", "6", at(15))
    first, second = desk.reconcile(60), desk.reconcile(120)
    assert (kinds(first), second.appended) == ([("missing_fill", True)], 0)
    assert first.certificate.covered_to == first.at
    (gap,) = desk.ledger.log.account_events(kind="gap")
    assert (gap["from_at"], gap["to_at"]) == (at(10), None)


def test_a_fill_that_is_known_with_less_is_no_break_and_is_completed(desk: Desk) -> None:
    desk.record(*WORKING, fill("F-1", "4", at=at(5), venue_order_id="V-1"))
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.venue.trade("V-1", "F-1", "4", at(5))
    found = desk.reconcile(60)
    assert (kinds(found), len(desk.ledger.trades()), desk.reconcile(120).appended) == ([], 1, 0)


def test_absence_is_evidence_and_ends_nothing(desk: Desk) -> None:
    """Behaviours 1, 3 and 18"""
    desk.record(*WORKING)
    found = desk.reconcile(60)
    assert (kinds(found), left(found)) == ([("absent_order", False)], ["absent_order:C-1"])
    assert desk.order("status", "certainty", "leaves_quantity") == ("new", "unresolved", "10")
    assert "order C-1" in desk.venue.asked
    again = desk.reconcile(120)
    assert (left(again), again.appended) == (["absent_order:C-1"], 0)
    assert again.certificate.open_breaks[0].since == found.certificate.open_breaks[0].since
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(130))
    assert kinds(desk.reconcile(180)) == [("unanswered_order", True)]
    assert desk.order("certainty", "absent_at") == ("confirmed", None)


def test_of_two_orders_with_one_alias_the_one_that_the_venue_does_not_have_is_absent(
    desk: Desk,
) -> None:
    """A bot that gives an id at the venue away twice has one order there."""
    desk.record(*WORKING, request(client_order_id="C-2", quantity="4", aliases=ALIAS, at=at(20)))
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    assert left(desk.reconcile(60)) == ["absent_order:C-2"]
    assert (desk.order("status", "certainty"), desk.reconcile(120).appended) == (
        ("new", "confirmed"),
        0,
    )


def test_an_order_in_flight_at_the_crash_is_found_by_its_alias(desk: Desk) -> None:
    """Behaviours 1 and 2: asked for before it is sent again"""
    desk.record(*SENT, message("unresolved", reason="timeout"))
    desk.venue.orders["V-9"] = Known("V-9", cloid="0xc1", at=at(4))
    assert kinds(desk.reconcile(60)) == [("unanswered_order", True)]
    assert desk.order("status", "certainty", "venue_order_id", "origin") == (
        "new",
        "confirmed",
        "V-9",
        "own",
    )


def test_what_was_filled_and_forgotten_by_the_venue_is_found_in_its_fills(desk: Desk) -> None:
    """Behaviours 3 and 6: the order's memory is short, that of its fills is long"""
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known(
        "V-1", cloid="0xc1", at=at(3), is_open=False, is_forgotten=True
    )
    desk.venue.trade("V-1", "F-1", "10", at(8))
    assert kinds(desk.reconcile(60)) == [("missing_fill", True)]
    assert desk.order("status", "cum_quantity", "certainty") == ("filled", "10", "confirmed")


def test_an_order_made_elsewhere_is_adopted_as_external(desk: Desk) -> None:
    """Behaviours 19 and 20"""
    desk.venue.orders["V-7"] = Known("V-7", side="sell", at=at(4))
    desk.venue.trade("V-7", "F-7", "3", at(5))
    found = desk.reconcile(60)
    assert kinds(found) == [("missing_fill", True), ("missing_order", True)]
    (row,) = desk.ledger.open_orders()
    assert (row["origin"], row["client_order_id"], row["side"], str(row["limit_price"])) == (
        "external",
        None,
        "sell",
        "100",
    )
    assert (str(row["cum_quantity"]), str(row["leaves_quantity"])) == ("3", "7")
    assert desk.reconcile(120).appended == 0


def test_terms_that_differ_are_restated_from_the_venue(desk: Desk) -> None:
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3), price="99", quantity="8")
    assert kinds(desk.reconcile(60)) == [("terms_differ", True)]
    row = desk.ledger.order("C-1")
    assert (str(row["limit_price"]), str(row["quantity"])) == ("99", "8")
    assert desk.reconcile(120).appended == 0


def test_two_live_orders_under_one_of_ours_are_shown(desk: Desk) -> None:
    """Behaviours 2 and 14"""
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.venue.orders["V-2"] = Known("V-2", cloid="0xc1", at=at(4))
    desk.reconcile(60)
    found = desk.reconcile(120)
    assert ("two_live_orders", False) in kinds(found)
    assert left(found) == ["two_live_orders:C-1"]


def test_a_claim_that_no_fill_bears_out_stays_open_and_invents_none(desk: Desk) -> None:
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3), claims={"cum_quantity": "4"})
    found = desk.reconcile(60)
    assert (kinds(found), desk.ledger.trades()) == ([("quantity_differs", False)], [])
    assert desk.order("cum_quantity", "anomalies") == ("0", ["quantity_mismatch"])
    desk.venue.trade("V-1", "F-1", "4", at(2))
    desk.venue.orders["V-1"].claims = {}
    assert (kinds(desk.reconcile(120)), desk.order("cum_quantity", "anomalies")) == (
        [("missing_fill", True)],
        ("4", []),
    )


def test_what_is_held_from_before_is_adopted_once(desk: Desk) -> None:
    desk.venue.opening = {"BTC-USD": "5"}
    desk.venue.orders["V-1"] = Known("V-1", at=at(3), is_open=False)
    desk.venue.trade("V-1", "F-1", "2", at(8))
    found = desk.reconcile(60)
    assert kinds(found) == [
        ("missing_fill", True),
        ("missing_end", True),
        ("opening_position", True),
    ]
    (row,) = desk.ledger.positions()
    assert (str(row["position_quantity"]), row["fills"]) == ("7", 1)
    assert desk.reconcile(120).appended == 0


def test_a_fill_from_before_the_looking_back_counts_in_what_is_held_from_before(desk: Desk) -> None:
    desk.record(*WORKING, fill("F-1", "3", venue_order_id="V-1", at=at(2)))
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(1))
    desk.venue.held = {"BTC-USD": "10"}
    found = desk.reconcile(600, lookback=timedelta(seconds=60))
    assert kinds(found) == [("opening_position", True)]
    (row,) = desk.ledger.positions()
    assert (str(row["position_quantity"]), row["fills"]) == ("10", 1)
    assert (desk.reconcile(700).appended, left(desk.reconcile(800))) == (0, [])


def test_an_order_of_which_the_fills_alone_are_known_ends_when_the_venue_says_filled() -> None:
    row: Any = {
        "is_open": True,
        "status": "partially_filled",
        "quantity": None,
        "cum_quantity": Decimal(10),
        "limit_price": None,
    }
    filled: Any = parse_document(
        message("status_observed", status="filled", client_order_id=None, venue_order_id="V-1")
    )
    assert difference(row, filled) == (
        Kind.MISSING_END,
        "only its fills are known here, filled at the venue",
    )


def test_a_position_that_was_adjusted_and_never_traded_is_held_against_a_balance_without_a_price(
    desk: Desk,
) -> None:
    desk.record(
        {
            "type": "adjust",
            "account": ACCOUNT,
            "instrument": "BTC",
            "quantity": "5",
            "price": "100",
            "at": at(1),
        }
    )
    desk.reconcile(30)
    desk.venue.held, desk.venue.cash = {}, {"BTC": "4"}
    (found,) = desk.reconcile(60).breaks
    assert (found.id, found.text) == ("position_differs:BTC", "5 here, 4 at the venue")


def test_a_position_that_the_fills_do_not_explain_stays_open_until_it_is_adjusted(
    desk: Desk,
) -> None:
    """Behaviour 18: no phantom positions"""
    desk.reconcile(30)
    desk.venue.held = {"BTC-USD": "-3"}
    found = desk.reconcile(60)
    assert (kinds(found), desk.ledger.positions()[0]["position_quantity"]) == (
        [("position_differs", False)],
        0,
    )
    assert desk.reconcile(90).appended == 0
    adjusted = desk.reconcile(120, may_adjust=True)
    assert (kinds(adjusted), left(adjusted)) == ([("position_differs", True)], [])
    assert str(desk.ledger.positions()[0]["position_quantity"]) == "-3"


def test_a_fill_between_the_two_questions_is_no_break(desk: Desk) -> None:
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.venue.trade("V-1", "F-1", "4", at(8))
    desk.venue.hides_fills = 1
    found = desk.reconcile(60)
    assert (kinds(found), left(found)) == ([("missing_fill", True)], [])


def test_a_venue_that_cannot_be_asked_concludes_nothing(desk: Desk) -> None:
    """Behaviours 3 and 18"""
    desk.record(*WORKING)
    before = list(desk.ledger.events())
    desk.venue.is_down = True
    with pytest.raises(VenueUnavailable):
        desk.reconcile(60)
    assert list(desk.ledger.events()) == before


@pytest.mark.parametrize("count", [1, 7])
def test_however_many_orders_are_in_doubt_what_was_filled_is_asked_for_once(
    desk: Desk, count: int
) -> None:
    for number in range(count):
        named = {"client_order_id": f"C-{number}", "aliases": {"plain.cloid": f"0x{number}"}}
        desk.record(
            request(**named), message("acknowledged", **named, venue_order_id=f"V-{number}")
        )
        desk.venue.orders[f"V-{number}"] = Known(
            f"V-{number}", cloid=f"0x{number}", at=at(3), price="99"
        )
    found = desk.reconcile(60)
    assert kinds(found) == [("terms_differ", True)] * count
    asked = Counter(question.split()[0] for question in desk.venue.asked)
    assert asked == {"open_orders": 1, "order": count, "fills": 2, "positions": 1}
