"""What reconciliation has taken over can be taken back."""

import pytest

from orderledger import parse_document
from orderledger.venues.reconciliation.breaks import ACTOR
from orderledger.venues.reconciliation.reverting import repairs_of, reverting
from tests.scenarios import ACCOUNT, at, correct_fill, fill, message, request
from tests.typed import values
from tests.venues.reconciliation.desk import SENT, WORKING, Desk, kinds, left
from tests.venues.reconciliation.plain_venue import Known


def reverted(desk: Desk, break_id: str) -> None:
    messages = reverting(desk.ledger, repairs_of(desk.ledger, break_id, ACCOUNT), desk.clock.now())
    assert messages
    assert {outcome.outcome for outcome in desk.ledger.record_many(messages)} == {"recorded"}
    again = reverting(desk.ledger, repairs_of(desk.ledger, break_id, ACCOUNT), desk.clock.now())
    assert {outcome.outcome for outcome in desk.ledger.record_many(again)} == {"duplicate"}


def test_a_fill_that_was_taken_over_can_be_taken_back_and_is_not_taken_over_again(
    desk: Desk,
) -> None:
    """Behaviour 18"""
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.venue.trade("V-1", "F-1", "4", at(8))
    desk.reconcile(60)
    reverted(desk, "missing_fill:BTC-USD:V-1:F-1")
    assert (desk.ledger.trades(), desk.order("cum_quantity")) == ([], ("0",))
    found = desk.reconcile(120)
    assert left(found) == ["position_differs:BTC-USD", "quantity_differs:V-1"]
    assert desk.ledger.trades() == []


def test_an_end_that_was_taken_over_can_be_taken_back_and_is_shown_as_open(desk: Desk) -> None:
    """Behaviour 18"""
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3), is_open=False)
    desk.reconcile(60)
    assert desk.order("status") == ("canceled",)
    reverted(desk, "missing_end:V-1")
    assert desk.order("status", "leaves_quantity") == ("new", "10")
    assert left(desk.reconcile(120)) == ["missing_end:V-1"]
    assert desk.order("status") == ("new",)


def test_terms_and_positions_that_were_taken_over_can_be_taken_back(desk: Desk) -> None:
    desk.venue.opening = {"BTC-USD": "5"}
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3), price="99", quantity="8")
    desk.reconcile(60)
    reverted(desk, "terms_differ:V-1")
    reverted(desk, "opening_position:BTC-USD")
    row = desk.ledger.order("C-1")
    assert (str(row["limit_price"]), str(row["quantity"])) == ("100", "10")
    assert desk.ledger.positions()[0]["position_quantity"] == 0


def test_an_adoption_and_an_answer_can_be_taken_back(desk: Desk) -> None:
    desk.record(*SENT, message("unresolved", reason="timeout"))
    desk.venue.orders["V-9"] = Known("V-9", cloid="0xc1", at=at(4))
    desk.venue.orders["V-7"] = Known("V-7", side="sell", at=at(4))
    desk.reconcile(60)
    reverted(desk, "unanswered_order:V-9")
    reverted(desk, "missing_order:V-7")
    assert desk.order("certainty") == ("unresolved",)
    assert desk.ledger.order("V-7")["status"] == "canceled"


def test_of_a_position_that_was_adjusted_twice_the_last_adjustment_alone_is_taken_back(
    desk: Desk,
) -> None:
    desk.reconcile(30)
    for second, held in ((60, "5"), (120, "7")):
        desk.venue.held = {"BTC-USD": held}
        desk.reconcile(second, may_adjust=True)
    reverted(desk, "position_differs:BTC-USD")

    def held_at(second: float) -> list[str]:
        return [
            str(row["position_quantity"]) for row in desk.ledger.positions(effective_at=at(second))
        ]

    assert (held_at(100), held_at(200)) == (["5"], ["5"])
    assert (kinds(desk.reconcile(180)), held_at(200)) == ([("position_differs", False)], ["5"])


def test_an_adjustment_is_taken_back_and_not_the_fill_that_was_committed_with_it(
    desk: Desk,
) -> None:
    desk.record(*WORKING)
    traded = message("fill", fill_id="F-1", quantity="4", price="100", at=str(at(3)))
    told = {
        "type": "adjust",
        "account": ACCOUNT,
        "instrument": "BTC-USD",
        "quantity": "7",
        "price": "100",
        "at": str(at(8)),
    }
    repair = {
        "source": "reconciliation",
        "actor": ACTOR,
        "causation_id": "position_differs:BTC-USD",
    }
    desk.ledger.record_many([parse_document(traded), parse_document({**told, **repair})])
    assert desk.ledger.positions()[0]["position_quantity"] == 7
    reverted(desk, "position_differs:BTC-USD")
    assert desk.ledger.positions()[0]["position_quantity"] == 4


def test_a_fill_that_was_told_after_the_adjustment_it_was_missing_in_counts_when_that_is_taken_back(
    desk: Desk,
) -> None:
    desk.record(*WORKING)
    desk.reconcile(30)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.venue.held = {"BTC-USD": "4"}
    desk.reconcile(60, may_adjust=True)
    desk.record(message("fill", fill_id="F-1", quantity="4", price="100", at=str(at(40))))
    reverted(desk, "position_differs:BTC-USD")
    (held,) = desk.ledger.positions()
    assert (held["position_quantity"], held["average_open_price"]) == (4, 100)


def test_an_adjusted_position_can_be_taken_back_whose_average_price_does_not_end(
    desk: Desk,
) -> None:
    desk.record(*WORKING, fill("F-1", "1", "100", at=at(5)), fill("F-2", "2", "99", at=at(6)))
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3), claims={"cum_quantity": "3"})
    desk.venue.held = {}
    desk.reconcile(60, may_adjust=True)
    reverted(desk, "position_differs:BTC-USD")
    (row,) = desk.ledger.positions()
    assert (str(row["position_quantity"]), str(row["average_open_price"])) == (
        "3",
        f"99.{'3' * 28}",
    )


def test_a_correction_that_was_taken_over_is_corrected_back(desk: Desk) -> None:
    corrected = correct_fill("F-1b", "F-1", "4", "99", venue_order_id="V-1", at=at(8))
    repair = {
        "actor": "reconciliation",
        "causation_id": "missing_fill:F-1b",
        "source": "reconciliation",
    }
    desk.record(
        *WORKING, fill("F-1", "4", fee="1", fee_currency="USD", at=at(7)), {**corrected, **repair}
    )
    reverted(desk, "missing_fill:F-1b")
    (row,) = desk.ledger.trades()
    assert (str(row["quantity"]), str(row["price"]), str(row["fee"])) == ("4", "100", "1")
    assert desk.order("cum_quantity", "anomalies") == ("4", [])


def test_a_fill_that_is_corrected_back_is_what_it_was_whatever_another_order_has_under_its_id(
    desk: Desk,
) -> None:
    other = {"client_order_id": "C-2", "venue_order_id": "V-2"}
    self_traded = fill("F-1", "9", "98", at=at(6), side="sell", instrument="BTC-USD", **other)
    ours = fill("F-1", "4", venue_order_id="V-1", liquidity="maker", at=at(7))
    corrected = correct_fill("F-1b", "F-1", "4", "99", venue_order_id="V-1", at=at(8))
    repair = {
        "actor": "reconciliation",
        "causation_id": "missing_fill:F-1b",
        "source": "reconciliation",
    }
    desk.record(*WORKING, self_traded, ours)
    shown = ("client_order_id", "side", "quantity", "price", "liquidity", "at")
    before = [values(row, shown) for row in desk.ledger.trades()]
    desk.record({**corrected, **repair})
    reverted(desk, "missing_fill:F-1b")
    assert [values(row, shown) for row in desk.ledger.trades()] == before


def test_a_fill_that_was_taken_over_can_be_taken_back_when_its_order_turned_out_to_be_ours(
    desk: Desk,
) -> None:
    desk.venue.orders["V-1"] = Known("V-1", at=at(3))
    desk.venue.trade("V-1", "F-1", "4", at(8))
    desk.reconcile(60)
    desk.record(request(), message("submit", venue_order_id="V-1"))
    reverted(desk, "missing_fill:BTC-USD:V-1:F-1")
    assert (desk.ledger.trades(), desk.order("cum_quantity")) == ([], ("0",))


def test_a_repair_is_an_event_with_the_break_as_its_cause(desk: Desk) -> None:
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.venue.trade("V-1", "F-1", "4", at(8))
    desk.reconcile(60)
    event = desk.ledger.history("C-1")[-1]
    assert (event["name"], event["source"], event["actor"]) == (
        "fill_recorded.v1",
        "reconciliation",
        "reconciliation",
    )
    assert event["causation_id"] == "missing_fill:BTC-USD:V-1:F-1"
    assert event["evidence"] == {"tid": "F-1"}


def test_a_break_is_taken_back_with_all_that_it_had_appended(desk: Desk) -> None:
    """Adopted again after it was absent: what the venue said of it, and that it was seen after
    that."""
    desk.record(*SENT)
    desk.reconcile(60)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.reconcile(120)
    events = repairs_of(desk.ledger, "unanswered_order:V-1")
    assert [event["at"] for event in events] == [at(3), desk.ledger.order("C-1")["updated_at"]]
    assert {type(undone).__name__ for undone in reverting(desk.ledger, events, at(180))} == {
        "Absent"
    }


@pytest.mark.parametrize(("word", "is_open"), [("expired", True), ("suspended", False)])
def test_an_end_that_was_observed_can_be_taken_back(desk: Desk, word: str, is_open: bool) -> None:
    repair = {
        "actor": "reconciliation",
        "causation_id": "missing_end:V-1",
        "source": "reconciliation",
    }
    seen = message("status_observed", venue_order_id="V-1", status=word, at=at(8))
    desk.record(*WORKING, {**seen, **repair})
    undone = reverting(desk.ledger, repairs_of(desk.ledger, "missing_end:V-1"), at(60))
    assert [type(one).__name__ for one in undone] == (["Reinstated"] if is_open else [])
    desk.ledger.record_many(undone)
    assert desk.order("status") == ("new" if is_open else word,)


def test_a_correction_of_a_fill_that_was_never_heard_of_is_taken_back_for_good(desk: Desk) -> None:
    corrected = correct_fill(
        "F-1b", "F-1", "4", "99", venue_order_id="V-1", at=at(8), instrument="BTC-USD", side="buy"
    )
    repair = {
        "actor": "reconciliation",
        "causation_id": "missing_fill:F-1b",
        "source": "reconciliation",
    }
    desk.record(*WORKING, {**corrected, **repair})
    reverted(desk, "missing_fill:F-1b")
    assert (desk.ledger.trades(), desk.order("cum_quantity", "anomalies")) == ([], ("0", []))
