"""Reconciliation: ask before concluding, append and never edit, find nothing the second time."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderledger import Fill, Ledger, Message, VenueUnavailable, parse_document
from orderledger.infrastructure.clock import SteppingClock
from orderledger.infrastructure.reconciliation.breaks import Kind, shown
from orderledger.infrastructure.reconciliation.comparing import difference
from orderledger.infrastructure.reconciliation.reconciler import Reconciled, Reconciler, Rules
from orderledger.infrastructure.reconciliation.reverting import repairs_of, reverting
from orderledger.infrastructure.venues.venue import Answer
from tests.reconciliation.plain_venue import Known, PlainVenue
from tests.scenarios import ACCOUNT, at, correct_fill, fill, message, request

ALIAS = {"plain.cloid": "0xc1"}
SENT = (request(aliases=ALIAS), message("submit"))
WORKING = (*SENT, message("acknowledge", venue_order_id="V-1", aliases=ALIAS))
RULES = Rules(looking_back=timedelta(hours=1), settling=timedelta(seconds=1), pause=0, opening_pause=0)


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock(at(0), timedelta(milliseconds=1))


@pytest.fixture
def ledger(clock: SteppingClock) -> Iterator[Ledger]:
    with Ledger.open("memory://", clock=clock, follow=False) as ledger:
        yield ledger


@pytest.fixture
def venue(clock: SteppingClock) -> PlainVenue:
    return PlainVenue(clock)


class Desk:
    def __init__(self, ledger: Ledger, venue: PlainVenue, clock: SteppingClock) -> None:
        self.ledger = ledger
        self.venue = venue
        self.clock = clock

    def record(self, *documents: dict[str, Any]) -> None:
        for document in documents:
            outcome = self.ledger.record(parse_document(document))
            assert outcome.outcome == "recorded", outcome

    def reconcile(self, second: float, *, is_dry_run: bool = False, **rules: Any) -> Reconciled:
        self.clock.set(at(second))
        chosen = Rules(
            **{**{name: getattr(RULES, name) for name in ("looking_back", "settling", "pause", "opening_pause")}, **rules}
        )
        return asyncio.run(Reconciler(self.ledger, self.venue, self.clock, chosen, is_dry_run=is_dry_run).run(ACCOUNT))

    def order(self, *names: str) -> tuple[Any, ...]:
        row = self.ledger.order("C-1")
        return tuple(str(row[name]) if name.endswith("quantity") else row[name] for name in names)


@pytest.fixture
def desk(ledger: Ledger, venue: PlainVenue, clock: SteppingClock) -> Desk:
    return Desk(ledger, venue, clock)


def kinds(found: Reconciled) -> list[tuple[str, bool]]:
    return [(one.kind.value, one.is_settled) for one in found.breaks]


def left(found: Reconciled) -> list[str]:
    return [one.id for one in found.certificate.breaks_open]


def test_a_ledger_that_agrees_is_certified_and_the_second_run_appends_nothing(desk: Desk) -> None:
    """Behaviour 17"""
    desk.record(*WORKING, fill("F-1", "4", at=at(5), venue_order_id="V-1", instrument="BTC-USD", side="buy"))
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.venue.trade("V-1", "F-1", "4", at(5))
    first = desk.reconcile(60)
    assert (kinds(first), left(first), first.is_recorded) == ([], [], True)
    assert (first.certificate.orders, first.certificate.fills, first.certificate.positions) == (1, 1, 1)
    before = list(desk.ledger.events())
    second = desk.reconcile(120)
    assert (kinds(second), second.appended, second.is_recorded) == ([], 0, False)
    assert list(desk.ledger.events()) == before


def test_the_balance_of_a_currency_that_is_not_traded_is_evidence_and_never_a_break(desk: Desk) -> None:
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


def test_a_run_by_hand_asks_for_what_a_gap_has_hidden_and_does_not_end_it(desk: Desk) -> None:
    """A gap ends when somebody listens again."""
    desk.record(*WORKING, message("gap", client_order_id=None, **{"from": at(10)}))
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.venue.trade("V-1", "F-1", "6", at(15))
    first, second = desk.reconcile(60), desk.reconcile(120)
    assert (kinds(first), second.appended) == ([("missing_fill", True)], 0)
    assert first.certificate.covered_to == first.at
    (gap,) = desk.ledger.account_events(kind="gap")
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
    assert again.certificate.breaks_open[0].since == found.certificate.breaks_open[0].since
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(130))
    assert kinds(desk.reconcile(180)) == [("unanswered_order", True)]
    assert desk.order("certainty", "absent_at") == ("confirmed", None)


def test_an_order_in_flight_at_the_crash_is_found_by_its_alias(desk: Desk) -> None:
    """Behaviours 1 and 2: asked for before it is sent again"""
    desk.record(*SENT, message("unresolved", reason="timeout"))
    desk.venue.orders["V-9"] = Known("V-9", cloid="0xc1", at=at(4))
    assert kinds(desk.reconcile(60)) == [("unanswered_order", True)]
    assert desk.order("status", "certainty", "venue_order_id", "origin") == ("new", "confirmed", "V-9", "own")


def test_what_was_filled_and_forgotten_by_the_venue_is_found_in_its_fills(desk: Desk) -> None:
    """Behaviours 3 and 6: the order's memory is short, that of its fills is long"""
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3), is_open=False, is_forgotten=True)
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
    assert (row["origin"], row["client_order_id"], row["side"], str(row["limit_price"])) == ("external", None, "sell", "100")
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
    assert (kinds(desk.reconcile(120)), desk.order("cum_quantity", "anomalies")) == ([("missing_fill", True)], ("4", []))


def test_what_is_held_from_before_is_adopted_once(desk: Desk) -> None:
    desk.venue.opening = {"BTC-USD": "5"}
    desk.venue.orders["V-1"] = Known("V-1", at=at(3), is_open=False)
    desk.venue.trade("V-1", "F-1", "2", at(8))
    found = desk.reconcile(60)
    assert kinds(found) == [("missing_fill", True), ("missing_end", True), ("opening_position", True)]
    (row,) = desk.ledger.positions()
    assert (str(row["position_quantity"]), row["fills"]) == ("7", 1)
    assert desk.reconcile(120).appended == 0


def test_a_fill_from_before_the_looking_back_counts_in_what_is_held_from_before(desk: Desk) -> None:
    desk.record(*WORKING, fill("F-1", "3", venue_order_id="V-1", at=at(2)))
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(1))
    desk.venue.held = {"BTC-USD": "10"}
    found = desk.reconcile(600, looking_back=timedelta(seconds=60))
    assert kinds(found) == [("opening_position", True)]
    (row,) = desk.ledger.positions()
    assert (str(row["position_quantity"]), row["fills"]) == ("10", 1)
    assert (desk.reconcile(700).appended, left(desk.reconcile(800))) == (0, [])


def test_an_order_of_which_the_fills_alone_are_known_ends_when_the_venue_says_filled() -> None:
    row = {"is_open": True, "status": "partially_filled", "quantity": None, "cum_quantity": Decimal(10), "limit_price": None}
    filled = parse_document(message("status", status="filled", client_order_id=None, venue_order_id="V-1"))
    assert difference(row, filled) == (Kind.MISSING_END, "only its fills are known here, filled at the venue")


def test_a_position_that_the_fills_do_not_explain_stays_open_until_it_is_adjusted(desk: Desk) -> None:
    """Behaviour 18: no phantom positions"""
    desk.reconcile(30)
    desk.venue.held = {"BTC-USD": "-3"}
    found = desk.reconcile(60)
    assert (kinds(found), desk.ledger.positions()[0]["position_quantity"]) == ([("position_differs", False)], 0)
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


def test_a_dry_run_shows_what_it_would_append_and_appends_nothing(desk: Desk) -> None:
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.venue.orders["V-2"] = Known("V-2", at=at(4), side="sell")
    desk.venue.trade("V-1", "F-1", "4", at(8))
    before = list(desk.ledger.events())
    thought = desk.reconcile(60, is_dry_run=True)
    assert list(desk.ledger.events()) == before
    done = desk.reconcile(61)
    assert kinds(thought) == kinds(done) == [("missing_fill", True), ("missing_order", True)]
    repairs = [shown(one, thought.at)["repairs"] for one in thought.breaks]
    assert repairs[0] == [
        {
            "type": "fill",
            "account": ACCOUNT,
            "venue_order_id": "V-1",
            "at": "2025-01-02T00:00:08Z",
            "source": "reconciliation",
            "actor": "reconciliation",
            "causation_id": "missing_fill:BTC-USD:V-1:F-1",
            "instrument": "BTC-USD",
            "side": "buy",
            "fill_id": "F-1",
            "quantity": "4",
            "price": "100",
        }
    ]


def test_a_dry_run_shows_what_the_run_does(desk: Desk) -> None:
    """What would be recorded first decides what is found then."""
    desk.record(*WORKING)
    desk.venue.opening = {"BTC-USD": "5"}
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3), price="99")
    desk.venue.orders["V-2"] = Known("V-2", at=at(4))
    desk.venue.orders["V-3"] = Known("V-3", at=at(9), is_open=False)
    desk.venue.orders["V-4"] = Known("V-4", at=at(9), is_open=False, is_forgotten=True)
    desk.venue.orders["V-5"] = Known("V-5", at=at(4), claims={"cum_quantity": "9"})
    for number in range(1, 6):
        desk.venue.trade(f"V-{number}", f"F-{number}", "4", at(8))
    desk.venue.trade_of_the_day("V-6", "F-6", "4", at(8))
    thought, done = desk.reconcile(60, is_dry_run=True), desk.reconcile(60)

    def told(found: Reconciled) -> list[Any]:
        return [(one.id, one.text, one.is_settled, [type(repair) for repair in one.repairs]) for one in found.breaks]

    assert told(thought) == told(done)
    assert {one.kind.value for one in done.breaks} == {
        "missing_fill", "missing_order", "missing_end", "terms_differ", "absent_order", "opening_position"
    }  # fmt: skip
    counts = ("orders", "fills", "positions")
    assert [getattr(thought.certificate, name) for name in counts] == [getattr(done.certificate, name) for name in counts]
    assert left(thought) == left(done)


class TellsOnce(PlainVenue):
    """Fills that the ledger has are not told again, as where they are made of cumulated quantities, nor the terms beside them."""

    ledger: Ledger
    terms: Sequence[Message] = ()

    async def fills_since(self, account: str, since: datetime) -> Answer:
        told = (await super().fills_since(account, since)).messages
        fills = [fill for fill in told if isinstance(fill, Fill) and not self.ledger.trades(fill_id=fill.fill_id)]
        return Answer(messages=[*fills, *(self.terms if fills else ())])


def test_a_dry_run_asks_no_more_about_an_order_that_the_list_tells_of_than_the_run(ledger: Ledger, clock: SteppingClock) -> None:
    venue = TellsOnce(clock)
    desk, venue.ledger = Desk(ledger, venue, clock), ledger
    desk.record(*WORKING)
    venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(8), is_open=False)
    venue.trade("V-1", "F-1", "10", at(8))
    told = [fill("F-1", "10", instrument="BTC-USD", side="buy"), message("status", status="filled")]
    named = {"client_order_id": None, "venue_order_id": "V-1", "at": at(8)}
    venue.lists_more = [parse_document({**one, **named}) for one in told]
    thought, done = desk.reconcile(60, is_dry_run=True), desk.reconcile(61)
    assert kinds(thought) == kinds(done) == [("missing_fill", True)]


def test_a_dry_run_finds_the_terms_that_the_run_finds_beside_a_fill(ledger: Ledger, clock: SteppingClock) -> None:
    venue = TellsOnce(clock)
    desk, venue.ledger = Desk(ledger, venue, clock), ledger
    desk.record(*WORKING)
    venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(8), price="99")
    venue.trade("V-1", "F-1", "4", at(8))
    named = {"client_order_id": None, "venue_order_id": "V-1", "at": at(8)}
    venue.lists_more = [parse_document({**fill("F-1", "4", instrument="BTC-USD", side="buy"), **named})]
    venue.terms = [parse_document({**message("replace", limit_price="99"), **named})]
    thought, done = desk.reconcile(60, is_dry_run=True), desk.reconcile(61)
    assert kinds(thought) == kinds(done) == [("missing_fill", True), ("terms_differ", True)]


def test_a_dry_run_compares_the_positions_that_only_the_missed_fills_make(desk: Desk) -> None:
    desk.venue.orders["V-1"] = Known("V-1", at=at(8), is_open=False)
    desk.venue.trade("V-1", "F-1", "4", at(8))
    desk.venue.held = {}
    thought, done = desk.reconcile(60, is_dry_run=True), desk.reconcile(60)
    assert [one.text for one in thought.breaks] == [one.text for one in done.breaks]
    assert done.breaks[-1].text == "4 here, 0 at the venue"


def test_a_dry_run_says_what_differs_in_the_words_of_the_run(desk: Desk) -> None:
    desk.record(request(aliases=ALIAS, limit_price="100.50"), *WORKING[1:])
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(9), price="99.90")
    desk.venue.trade("V-1", "F-1", "4", at(8))
    thought, done = desk.reconcile(60, is_dry_run=True), desk.reconcile(61)
    assert [one.text for one in thought.breaks] == [one.text for one in done.breaks]
    assert done.breaks[-1].text == "limit price is 100.5 here, 99.9 at the venue"


def test_an_order_that_has_ended_and_is_not_known_here_is_no_working_one_in_a_dry_run_either(desk: Desk) -> None:
    """Some venues list the orders of the day, ended ones among them."""
    desk.venue.trade_of_the_day("V-1", "F-1", "4", at(8))
    thought, done = desk.reconcile(60, is_dry_run=True), desk.reconcile(61)
    assert kinds(thought) == kinds(done) == [("missing_fill", True), ("missing_end", True)]
    assert [one.id for one in thought.breaks] == [one.id for one in done.breaks]


def test_a_venue_that_cannot_be_asked_concludes_nothing(desk: Desk) -> None:
    """Behaviours 3 and 18"""
    desk.record(*WORKING)
    before = list(desk.ledger.events())
    desk.venue.is_down = True
    with pytest.raises(VenueUnavailable):
        desk.reconcile(60)
    assert list(desk.ledger.events()) == before


def reverted(desk: Desk, break_id: str) -> None:
    messages = reverting(desk.ledger, repairs_of(desk.ledger, break_id, ACCOUNT), desk.clock.now())
    assert messages
    assert {outcome.outcome for outcome in desk.ledger.record_many(messages)} == {"recorded"}
    again = reverting(desk.ledger, repairs_of(desk.ledger, break_id, ACCOUNT), desk.clock.now())
    assert {outcome.outcome for outcome in desk.ledger.record_many(again)} == {"duplicate"}


def test_a_fill_that_was_taken_over_can_be_taken_back_and_is_not_taken_over_again(desk: Desk) -> None:
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


def test_of_a_position_that_was_adjusted_twice_the_last_adjustment_alone_is_taken_back(desk: Desk) -> None:
    desk.reconcile(30)
    for second, held in ((60, "5"), (120, "7")):
        desk.venue.held = {"BTC-USD": held}
        desk.reconcile(second, may_adjust=True)
    reverted(desk, "position_differs:BTC-USD")

    def held_at(second: float) -> list[str]:
        return [str(row["position_quantity"]) for row in desk.ledger.positions(effective_at=at(second))]

    assert (held_at(100), held_at(200)) == (["5"], ["5"])
    assert (kinds(desk.reconcile(180)), held_at(200)) == ([("position_differs", False)], ["5"])


def test_a_correction_that_was_taken_over_is_corrected_back(desk: Desk) -> None:
    corrected = correct_fill("F-1b", "F-1", "4", "99", venue_order_id="V-1", at=at(8))
    repair = {"actor": "reconciliation", "causation_id": "missing_fill:F-1b", "source": "reconciliation"}
    desk.record(*WORKING, fill("F-1", "4", fee="1", fee_currency="USD", at=at(7)), {**corrected, **repair})
    reverted(desk, "missing_fill:F-1b")
    (row,) = desk.ledger.trades()
    assert (str(row["quantity"]), str(row["price"]), str(row["fee"])) == ("4", "100", "1")
    assert desk.order("cum_quantity", "anomalies") == ("4", [])


def test_a_fill_that_was_taken_over_can_be_taken_back_when_its_order_turned_out_to_be_ours(desk: Desk) -> None:
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
    assert (event["name"], event["source"], event["actor"]) == ("fill_recorded.v1", "reconciliation", "reconciliation")
    assert event["causation_id"] == "missing_fill:BTC-USD:V-1:F-1"
    assert event["evidence"] == {"tid": "F-1"}
