"""What whole worlds have found: words that come beside others, late, twice, or while the venue is
asked."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderledger import Ledger, parse_document
from orderledger.infrastructure.clock import SteppingClock
from orderledger.infrastructure.messages.registry import Message
from orderledger.venues.reconciliation.reverting import repairs_of, reverting
from tests.scenarios import ACCOUNT, at, fill, message
from tests.venues.reconciliation.desk import ALIAS, SENT, WORKING, Desk, kinds, left
from tests.venues.reconciliation.plain_venue import Known, PlainVenue

BTC = {"venue_order_id": "V-1", "instrument": "BTC-USD", "side": "buy"}
PLAIN: dict[str, Any] = {"account": ACCOUNT}
TOLD = ((3, "99"), (10, "101"))
"""When the venue told which limit price."""


def told(type_: str, second: float, **fields: Any) -> Message:
    return parse_document({"type": type_, **PLAIN, "at": at(second), **fields})


def second_run_finds_nothing(desk: Desk) -> bool:
    again = desk.reconcile(300)
    return (kinds(again), again.appended) == ([], 0)


def test_an_answer_about_fills_may_tell_of_orders_and_instruments_too(desk: Desk) -> None:
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.venue.trade("V-1", "F-1", "4", at(5))
    desk.venue.beside = [
        told("instrument", 0, instrument="BTC-USD", multiplier="100"),
        told("acknowledged", 3, venue_order_id="V-1", reported={"status": "new"}),
    ]
    found = desk.reconcile(60)
    assert (kinds(found), [str(trade["quantity"]) for trade in desk.ledger.trades()]) == (
        [("missing_fill", True)],
        ["4"],
    )
    assert desk.ledger.instruments()[0]["multiplier"] == 100
    assert second_run_finds_nothing(desk)


def test_a_correction_that_was_missed_is_taken_over(desk: Desk) -> None:
    desk.record(*WORKING, fill("F-1", "4", at=at(5), **BTC))
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.venue.held, desk.venue.orders["V-1"].claims = {"BTC-USD": "4"}, {"cum_quantity": "4"}
    desk.venue.beside = [
        told("fill_corrected", 6, **BTC, fill_id="F-2", corrects="F-1", quantity="4", price="99")
    ]
    found = desk.reconcile(60)
    assert [one.id for one in found.breaks] == ["missing_fill:BTC-USD:V-1:F-2"]
    assert [str(trade["price"]) for trade in desk.ledger.trades()] == ["99"]


def test_cash_that_was_told_before_is_still_no_position(desk: Desk) -> None:
    desk.venue.cash = {"USD": "10000"}
    assert kinds(desk.reconcile(60)) == []
    desk.venue.cash = {"USD": "9000"}
    assert kinds(desk.reconcile(120)) == []


def test_an_end_on_terms_that_nobody_told_brings_them_along(desk: Desk) -> None:
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(9), price="101", is_open=False)
    found = desk.reconcile(60)
    assert kinds(found) == [("terms_differ", True), ("missing_end", True)]
    assert desk.order("status", "limit_price") == ("canceled", Decimal(101))
    assert second_run_finds_nothing(desk)


def test_an_order_that_ended_by_its_fills_alone_is_asked_for_its_last_word(desk: Desk) -> None:
    desk.record(*WORKING, fill("F-1", "10", at=at(5), **BTC))
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(5), price="101", is_open=False)
    desk.venue.trade("V-1", "F-1", "10", at(5))
    found = desk.reconcile(60)
    assert kinds(found) == [("terms_differ", True), ("missing_end", True)]
    assert desk.order("status", "limit_price", "reported_cum_quantity") == (
        "filled",
        Decimal(101),
        "10",
    )
    assert second_run_finds_nothing(desk)


def test_terms_that_answer_our_replace_are_its_answer(desk: Desk) -> None:
    desk.record(*WORKING, message("request_replace", limit_price="101", at=at(6)))
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(7), price="101")
    assert kinds(desk.reconcile(60)) == [("terms_differ", True)]
    assert desk.order("limit_price", "pending") == (Decimal(101), None)
    assert second_run_finds_nothing(desk)


def test_a_replace_whose_quantity_was_reported_too_small_is_recorded_with_its_filled_quantity(
    desk: Desk,
) -> None:
    """Hyperliquid reports a later leg without the fills of the earlier one, until those are
    known."""
    early = message(
        "replaced",
        venue_order_id="V-1",
        at=at(7),
        quantity="6",
        reported={"quantity": "6", "cum_quantity": "0"},
    )
    desk.record(*WORKING, early)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(7), is_replaced=True)
    desk.venue.trade("V-1", "F-1", "4", at(5))
    assert kinds(desk.reconcile(60)) == [("missing_fill", True), ("terms_differ", True)]
    assert desk.order("quantity", "cum_quantity", "anomalies") == ("10", "4", [])
    assert second_run_finds_nothing(desk)


def test_terms_that_stand_in_a_message_of_their_own_are_not_overlooked(desk: Desk) -> None:
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.venue.lists_more = [told("restated", 8, venue_order_id="V-1", limit_price="101")]
    assert kinds(desk.reconcile(60)) == [("terms_differ", True)]
    assert desk.order("limit_price") == (Decimal(101),)


def test_an_absent_order_is_no_less_absent_a_moment_later(desk: Desk) -> None:
    """That it was found absent is not something that happened to it."""
    desk.record(*WORKING[:2])
    assert left(desk.reconcile(60)) == ["absent_order:C-1"]
    assert left(desk.reconcile(60.1)) == ["absent_order:C-1"]


def test_an_end_that_is_heard_while_the_venue_is_asked_is_no_break(desk: Desk) -> None:
    """The answer tells the whole story: that it worked, then that it ended, which is known here by
    now."""
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3), is_listed=False)
    end = told("canceled", 9, venue_order_id="V-1")
    desk.venue.answers_more = [end]
    desk.venue.while_asked = lambda: (desk.ledger.record(end), None)[1]
    assert left(desk.reconcile(60)) == []
    assert desk.order("status") == ("canceled",)


def test_a_claim_that_is_older_than_the_last_fill_is_no_difference(desk: Desk) -> None:
    desk.record(*WORKING, fill("F-1", "4", at=at(5), **BTC))
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3), claims={"cum_quantity": "0"})
    desk.venue.trade("V-1", "F-1", "4", at(5))
    assert kinds(desk.reconcile(60)) == []


def test_an_order_known_by_a_replace_is_known(desk: Desk) -> None:
    """It has terms, though nobody acknowledged it."""
    desk.record({**fill("F-1", "4", at=at(5), **BTC), "client_order_id": None})
    desk.venue.orders["V-1"] = Known("V-1", at=at(4), is_replaced=True)
    desk.venue.trade("V-1", "F-1", "4", at(5))
    assert left(desk.reconcile(60)) == []
    assert second_run_finds_nothing(desk)


def test_an_order_that_was_absent_for_a_moment_is_seen_again_though_the_venue_says_nothing_new(
    desk: Desk,
) -> None:
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known(
        "V-1", cloid="0xc1", at=at(3), is_listed=False, is_forgotten=True
    )
    desk.reconcile(60)
    assert desk.order("certainty") == ("unresolved",)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.reconcile(120)
    desk.reconcile(180)
    assert (desk.order("certainty", "status"), left(desk.reconcile(240))) == (
        ("confirmed", "new"),
        [],
    )
    assert second_run_finds_nothing(desk)


def test_an_order_whose_cancel_got_no_answer_is_seen_to_work_though_the_venue_says_nothing_new(
    desk: Desk,
) -> None:
    desk.record(
        *WORKING,
        message("request_cancel", at=at(5)),
        message("unresolved", reason="timeout", at=at(6)),
    )
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    assert desk.order("certainty") == ("unresolved",)
    assert [kinds(desk.reconcile(second)) for second in (60, 120)] == [
        [("unanswered_order", True)],
        [],
    ]
    assert desk.order("status", "certainty") == ("new", "confirmed")


def test_an_order_that_is_filled_while_it_is_asked_for_is_not_absent(desk: Desk) -> None:
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known(
        "V-1", cloid="0xc1", at=at(3), is_listed=False, is_forgotten=True
    )
    desk.venue.trade("V-1", "F-1", "10", at(58))
    desk.venue.hides_fills = 1
    desk.venue.while_asked = lambda: desk.record(fill("F-1", "10", at=at(58), **BTC))
    assert kinds(desk.reconcile(60)) == []
    assert desk.order("status", "certainty") == ("filled", "confirmed")


def test_a_leg_that_ends_while_it_is_asked_for_is_taken_over_with_the_replace_that_began_it(
    desk: Desk,
) -> None:
    """Else a venue's id stands under the order that nothing explains, and its terms are lost."""
    desk.record(*WORKING)
    leg = Known("V-2", cloid="0xc1", at=at(7), price="101", is_replaced=True)
    desk.venue.orders["V-2"] = leg
    desk.venue.answers_more = [
        told("canceled", 9, venue_order_id="V-2", aliases={"plain.cloid": "0xc1"})
    ]
    assert kinds(desk.reconcile(60)) == [("missing_end", True)]
    assert desk.order("status", "limit_price", "anomalies") == ("canceled", Decimal(101), [])
    leg.is_listed = False
    assert kinds(desk.reconcile(120)) == []
    assert second_run_finds_nothing(desk)


def test_terms_under_an_id_that_the_venue_lists_are_compared_though_another_was_told_here_last(
    desk: Desk,
) -> None:
    """A bot may take something else for the venue's id."""
    desk.record(*WORKING, message("acknowledged", venue_order_id="0xdead", at=at(5)))
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(7), price="101")
    assert kinds(desk.reconcile(60))[0] == ("terms_differ", True)
    assert desk.order("limit_price") == (Decimal(101),)


def test_terms_that_are_taken_over_give_way_to_the_next_ones_though_our_clock_is_ahead(
    desk: Desk,
) -> None:
    """Our requests have our clock's time, which must not decide between two words of the venue."""
    desk.record(*WORKING, message("request_replace", limit_price="101", at=at(50)))
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3), price="101")
    assert kinds(desk.reconcile(60)) == [("terms_differ", True)]
    assert desk.order("limit_price", "pending") == (Decimal(101), None)
    desk.record(message("replaced", venue_order_id="V-1", limit_price="102", at=at(10)))
    assert desk.order("limit_price") == (Decimal(102),)


def test_terms_of_an_order_made_elsewhere_are_taken_over_as_claims_which_the_next_claims_replace(
    desk: Desk,
) -> None:
    claims = {"quantity": "10", "cum_quantity": "0", "limit_price": "100"}
    desk.record({"type": "acknowledged", **PLAIN, **BTC, "at": at(3), "reported": claims})
    desk.venue.orders["V-1"] = Known("V-1", at=at(5), price="101")
    assert kinds(desk.reconcile(60)) == [("terms_differ", True)]
    assert desk.ledger.order("V-1")["limit_price"] == Decimal(101)
    desk.record(
        {
            "type": "acknowledged",
            **PLAIN,
            **BTC,
            "at": at(7),
            "reported": {**claims, "limit_price": "102"},
        }
    )
    assert desk.ledger.order("V-1")["limit_price"] == Decimal(102)


@pytest.mark.parametrize("is_own", [True, False])
def test_terms_that_are_older_than_what_the_venue_has_told_are_not_taken_over(
    desk: Desk, is_own: bool
) -> None:
    """An answer may be stale, and terms that stand in a restate outlast every claim. The next run
    shows which it was."""
    if is_own:
        words = [
            message("replaced", venue_order_id="V-1", limit_price=price, at=at(second))
            for second, price in TOLD
        ]
        desk.record(*WORKING, *words)
    else:
        claims = {"quantity": "10", "cum_quantity": "0"}
        report: dict[str, Any] = {"type": "acknowledged", **PLAIN, **BTC}
        desk.record(
            *(
                {**report, "at": at(second), "reported": {**claims, "limit_price": price}}
                for second, price in TOLD
            )
        )
    known = desk.venue.orders["V-1"] = Known(
        "V-1", cloid="0xc1" if is_own else None, at=at(4), price="100"
    )
    name = "C-1" if is_own else "V-1"
    assert kinds(desk.reconcile(60)) == [("terms_differ", False)]
    assert desk.ledger.order(name)["limit_price"] == Decimal(101)
    known.at, known.price = at(10), "101"
    assert left(desk.reconcile(120)) == []


def test_an_order_that_ended_on_terms_that_a_later_word_took_back_is_asked_for_again(
    desk: Desk,
) -> None:
    """Of one time the later in the log counts, and of two answers the staler one may have been
    recorded later."""
    right = {
        "type": "replaced",
        "account": ACCOUNT,
        "venue_order_id": "V-1",
        "at": at(4),
        "quantity": "12",
        "limit_price": "101",
    }
    desk.record(
        *WORKING,
        {**right, "reported": {"quantity": "12", "cum_quantity": "0", "leaves_quantity": "12"}},
    )
    desk.record(
        {
            **right,
            "quantity": "5",
            "reported": {"quantity": "5", "cum_quantity": "0", "leaves_quantity": "5"},
        }
    )
    desk.record(fill("F-1", "12", at=at(5), **BTC))
    desk.venue.orders["V-1"] = Known(
        "V-1", cloid="0xc1", at=at(5), quantity="12", price="101", is_listed=False
    )
    desk.venue.trade("V-1", "F-1", "12", at(5))
    assert desk.order("anomalies") == (["overfill"],)
    desk.reconcile(60)
    assert desk.order("status", "quantity", "anomalies") == ("filled", "12", [])
    assert desk.reconcile(120).appended <= 1
    assert second_run_finds_nothing(desk)


def test_terms_that_were_taken_back_are_not_taken_over_again(desk: Desk) -> None:
    """Behaviour 18"""
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3), price="101")
    (found,) = desk.reconcile(60).breaks
    desk.ledger.record_many(reverting(desk.ledger, repairs_of(desk.ledger, found.id), at(70)))
    assert desk.order("limit_price") == (Decimal(100),)
    assert kinds(desk.reconcile(80)) == [("terms_differ", False)]
    assert desk.order("limit_price") == (Decimal(100),)
    desk.record(message("replaced", venue_order_id="V-1", limit_price="102", at=at(10)))
    assert desk.order("limit_price") == (Decimal(102),)


def test_an_order_that_is_seen_again_ends_though_our_clock_is_ahead_and_the_times_conflict(
    desk: Desk,
) -> None:
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known(
        "V-1", cloid="0xc1", at=at(3), is_listed=False, is_forgotten=True
    )
    desk.reconcile(60)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.reconcile(120)
    assert desk.order("certainty") == ("confirmed",)
    desk.record(message("canceled", venue_order_id="V-1", at=at(20)))
    assert desk.order("status", "anomalies") == ("canceled", ["status_conflict"])


def test_an_absent_order_is_absent_though_our_clock_is_behind_and_only_once(desk: Desk) -> None:
    desk.record(*SENT, message("acknowledged", venue_order_id="V-1", aliases=ALIAS, at=at(3600)))
    desk.record(message("status_observed", status="new", venue_order_id="V-1", at=at(3600)))
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", is_listed=False, is_forgotten=True)
    assert left(desk.reconcile(60, grace=timedelta(days=-1))) == ["absent_order:C-1"]
    assert desk.order("certainty") == ("unresolved",)
    assert desk.reconcile(120).appended == 0


def asked_since(desk: Desk, second: float, **rules: Any) -> datetime:
    """From when on a run asks for fills."""
    desk.venue.asked.clear()
    desk.reconcile(second, **rules)
    (since,) = {
        what.removeprefix("fills since ")
        for what in desk.venue.asked
        if what.startswith("fills since ")
    }
    return datetime.fromisoformat(since)


def test_an_order_that_nobody_ever_answers_has_no_run_ask_for_all_fills_since_its_request(
    desk: Desk,
) -> None:
    desk.record(*SENT, message("unresolved", reason="timeout"))
    desk.reconcile(60)
    day, overlap = 86_400, timedelta(minutes=10)
    first, *later = [asked_since(desk, 60 + days * day) for days in (2, 4, 30)]
    assert at(60) - overlap <= first < at(61) - overlap
    assert [
        at(60 + days * day) - overlap <= since for days, since in zip((2, 4), later, strict=True)
    ] == [True, True]
    assert desk.order("status", "certainty") == ("pending_new", "unresolved")


def test_an_order_from_before_all_that_was_covered_is_asked_for_from_its_request_on_once(
    desk: Desk,
) -> None:
    desk.record(*SENT, message("unresolved", reason="timeout"))
    assert asked_since(desk, 7200, lookback=timedelta(seconds=60)) < at(0)
    assert asked_since(desk, 7300, lookback=timedelta(seconds=60)) > at(6000)


def test_after_the_clock_has_gone_back_fills_are_asked_for_as_if_nothing_had_been_covered(
    desk: Desk,
) -> None:
    """A certificate of a time to come says nothing of the time until then."""
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    assert left(desk.reconcile(7200, lookback=timedelta(hours=3))) == []
    desk.venue.orders["V-2"] = Known(
        "V-2", at=at(99), is_open=False
    )  # gone: of it, fills alone are asked for
    desk.venue.trade("V-2", "F-1", "4", at(100))
    desk.clock = desk.venue.clock = SteppingClock(at(900))
    found = desk.reconcile(1000)
    assert kinds(found) == [("missing_fill", True), ("missing_end", True)]
    assert found.is_recorded and found.certificate.covered_to < at(1001)
    assert desk.reconcile(1001).appended == 0


def test_after_the_clock_has_gone_back_what_agrees_is_certified_anew(desk: Desk) -> None:
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    assert [desk.reconcile(second).is_recorded for second in (7200, 7260)] == [True, False]
    desk.clock = desk.venue.clock = SteppingClock(at(900))
    assert [desk.reconcile(second).is_recorded for second in (1000, 1060)] == [True, False]


def test_an_order_that_proves_to_be_our_unresolved_one_is_seen_to_work_in_the_same_run(
    desk: Desk,
) -> None:
    desk.record(
        *SENT,
        message("request_cancel", at=at(5)),
        message("unresolved", reason="timeout", at=at(9)),
    )
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.venue.trade("V-1", "F-1", "2", at(4))
    assert [kind for kind, _ in kinds(desk.reconcile(60))] == ["missing_fill", "missing_order"]
    assert desk.order("status", "certainty") == ("partially_filled", "confirmed")
    assert second_run_finds_nothing(desk)


def test_an_order_that_is_first_listed_without_its_terms_is_taken_over_with_them(
    desk: Desk,
) -> None:
    desk.venue.orders["V-1"] = Known("V-1", at=at(3), quantity="4")
    desk.venue.is_wordy = True
    desk.reconcile(60)
    assert [(str(row["quantity"]), str(row["limit_price"])) for row in desk.ledger.orders()] == [
        ("4", "100")
    ]
    assert second_run_finds_nothing(desk)


class TellsByOurName(PlainVenue):
    """A venue whose answer about an order has our id only."""

    async def order(self, account: str, order: dict[str, Any]) -> Sequence[Message] | None:
        name = order["client_order_id"]
        return [told("canceled", 5, client_order_id=name, reason="parent_canceled")]


def test_an_answer_that_has_only_our_id_settles_the_order() -> None:
    with Ledger.open("memory://") as ledger:
        clock = SteppingClock(at(1))
        desk = Desk(ledger, TellsByOurName(clock), clock)
        desk.record(*WORKING)
        assert kinds(desk.reconcile(60)) == [("missing_end", True)]
        assert desk.order("status", "reason") == ("canceled", "parent_canceled")
        assert second_run_finds_nothing(desk)
