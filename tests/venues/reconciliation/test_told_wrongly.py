"""What a venue has told wrongly once, and everybody can see now: it is put right, or it is left
open, and never agreed."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from orderledger import Message
from tests.scenarios import at, correct_fill, fill, message
from tests.venues.reconciliation.desk import WORKING, Desk, kinds, left
from tests.venues.reconciliation.plain_venue import Known, PlainVenue

BTC = {"venue_order_id": "V-1", "instrument": "BTC-USD", "side": "buy"}
CENTURIES = timedelta(days=100_000).total_seconds()


def test_an_order_that_was_heard_of_in_a_time_to_come_is_asked_for_all_the_same(desk: Desk) -> None:
    desk.record(
        *WORKING,
        message(
            "status_observed",
            venue_order_id="V-1",
            status="new",
            at=at(CENTURIES),
            dated_by="receipt",
        ),
    )
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3), is_open=False)
    found = desk.reconcile(60)
    assert kinds(found) == [("missing_end", True)]
    assert desk.order("status", "is_open") == ("canceled", False)
    assert desk.reconcile(120).appended == 0


class Silent(PlainVenue):
    """It answers the question about an order, and says nothing of how that stands."""

    async def order(self, account: str, order: dict[str, Any]) -> Sequence[Message] | None:
        return []


def test_an_order_that_works_here_alone_and_that_the_venue_says_nothing_of_is_absent(
    desk: Desk,
) -> None:
    desk.venue = Silent(desk.clock)
    desk.record(*WORKING)
    first, second = desk.reconcile(60), desk.reconcile(120)
    assert [left(one) for one in (first, second)] == [["absent_order:C-1"]] * 2
    assert (first.certificate.orders, second.appended) == (0, 0)
    assert desk.order("status", "certainty") == ("new", "unresolved")


def test_a_fill_that_the_venue_tells_with_another_price_is_left_open_until_it_is_corrected(
    desk: Desk,
) -> None:
    desk.record(*WORKING, fill("F-1", "4", price="1000000", at=at(5), **BTC))
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.venue.trade("V-1", "F-1", "4", at(5))
    found = [
        desk.reconcile(60 + 60 * run, overlap=timedelta(0), certifying=timedelta(0))
        for run in range(3)
    ]
    assert [left(one) for one in found] == [["fill_differs:BTC-USD:V-1:F-1"]] * 3
    assert found[-1].breaks[0].text == "price is 1000000 here, 100 at the venue"
    assert [str(trade["price"]) for trade in desk.ledger.trades()] == ["1000000"]
    desk.record(correct_fill("F-1a", "F-1", "4", "100", at=at(5), **BTC))
    assert [left(desk.reconcile(second)) for second in (600, 660)] == [[], []]
    assert [str(trade["price"]) for trade in desk.ledger.trades()] == ["100"]


def test_a_wrong_answer_about_a_fill_that_stands_is_open_no_longer_than_it_is_given(
    desk: Desk,
) -> None:
    desk.record(*WORKING, fill("F-1", "4", at=at(5), **BTC))
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.venue.trade("V-1", "F-1", "4", at(5), price="7")
    assert left(desk.reconcile(60)) == ["fill_differs:BTC-USD:V-1:F-1"]
    desk.venue.fills[0]["price"] = "100"
    assert [left(desk.reconcile(second)) for second in (120, 180)] == [[], []]
    assert [str(trade["price"]) for trade in desk.ledger.trades()] == ["100"]


def test_an_order_that_has_ended_with_more_fills_here_than_the_venue_says_is_left_open(
    desk: Desk,
) -> None:
    """One fill came twice, once at a wrong time, which is part of its id; the position was taken
    over with it."""
    desk.record(*WORKING, fill("F-1@4", "4", at=at(4), **BTC), fill("F-1@5", "4", at=at(5), **BTC))
    desk.record(message("canceled", venue_order_id="V-1", at=at(6), reported={"cum_quantity": "4"}))
    desk.venue.orders["V-1"] = Known(
        "V-1", cloid="0xc1", at=at(6), is_open=False, claims={"cum_quantity": "4"}
    )
    desk.venue.trade("V-1", "F-1@5", "4", at(5))
    first, second = desk.reconcile(60), desk.reconcile(120)
    assert kinds(first) == [
        ("missing_end", True),
        ("quantity_differs", False),
        ("opening_position", True),
    ]
    assert [left(one) for one in (first, second)] == [["quantity_differs:V-1"]] * 2
    assert first.breaks[1].text == "8 filled here, 4 at the venue"
    desk.record(message("fill_busted", venue_order_id="V-1", fill_id="F-1@4", at=at(4)))
    assert left(desk.reconcile(180)) == ["position_differs:BTC-USD"]
