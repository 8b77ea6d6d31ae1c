"""A dry run of reconciliation shows what the run would do, and appends nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from orderledger import Fill, Ledger, Message, parse_document
from orderledger.infrastructure.clock import SteppingClock
from orderledger.venues.base.venue import Answer
from orderledger.venues.collecting.reconciling import stages_of
from orderledger.venues.reconciliation.breaks import shown
from orderledger.venues.reconciliation.reconciler import Reconciled
from tests.scenarios import ACCOUNT, at, correct_fill, fill, message, request
from tests.venues.reconciliation.desk import ALIAS, WORKING, Desk, kinds, left
from tests.venues.reconciliation.plain_venue import Known, PlainVenue


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


def test_a_dry_run_hands_on_a_list_from_stage_to_stage(desk: Desk) -> None:
    desk.record(*WORKING)
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.venue.trade("V-1", "F-1", "4", at(8))
    stages = stages_of(desk.reconcile(60, is_dry_run=True))
    assert [(fact["query"], fact["message"]["type"]) for fact in stages["facts"]] == [
        ("open_orders", "acknowledged"),
        ("fills", "fill"),
        ("positions", "balance"),
    ]
    found = "missing_fill:BTC-USD:V-1:F-1"
    assert stages["differences"] == [{"break": found, "text": "buy 4 BTC-USD at 100"}]
    (repair,) = stages["repairs"]
    assert (repair["break"], repair["message"]["fill_id"]) == (found, "F-1")
    assert [(one["message"]["type"], one["outcome"]) for one in stages["records"]] == [
        ("fill", "recorded"),
        ("balance", "recorded"),
        ("certify", "recorded"),
    ]
    assert stages["records"][0]["message"] == repair["message"]


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
        return [
            (one.id, one.text, one.is_settled, [type(repair) for repair in one.repairs])
            for one in found.breaks
        ]

    assert told(thought) == told(done)
    assert {one.kind.value for one in done.breaks} == {
        "missing_fill", "missing_order", "missing_end", "terms_differ", "absent_order",
        "opening_position"
    }  # fmt: skip
    counts = ("orders", "fills", "positions")
    assert [getattr(thought.certificate, name) for name in counts] == [
        getattr(done.certificate, name) for name in counts
    ]
    assert left(thought) == left(done)


class TellsOnce(PlainVenue):
    """Fills that the ledger has are not told again, as where they are made of cumulated quantities,
    nor the terms beside them."""

    ledger: Ledger
    terms: Sequence[Message] = ()

    async def fills_since(self, account: str, since: datetime) -> Answer:
        told = (await super().fills_since(account, since)).messages
        fills = [
            fill
            for fill in told
            if isinstance(fill, Fill) and not self.ledger.trades(fill_id=fill.fill_id)
        ]
        return Answer(messages=[*fills, *(self.terms if fills else ())])


def test_a_dry_run_asks_no_more_about_an_order_that_the_list_tells_of_than_the_run(
    ledger: Ledger, clock: SteppingClock
) -> None:
    venue = TellsOnce(clock)
    desk, venue.ledger = Desk(ledger, venue, clock), ledger
    desk.record(*WORKING)
    venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(8), is_open=False)
    venue.trade("V-1", "F-1", "10", at(8))
    told = [
        fill("F-1", "10", instrument="BTC-USD", side="buy"),
        message("status_observed", status="filled"),
    ]
    named = {"client_order_id": None, "venue_order_id": "V-1", "at": at(8)}
    venue.lists_more = [parse_document({**one, **named}) for one in told]
    thought, done = desk.reconcile(60, is_dry_run=True), desk.reconcile(61)
    assert kinds(thought) == kinds(done) == [("missing_fill", True)]


def test_a_dry_run_finds_the_terms_that_the_run_finds_beside_a_fill(
    ledger: Ledger, clock: SteppingClock
) -> None:
    venue = TellsOnce(clock)
    desk, venue.ledger = Desk(ledger, venue, clock), ledger
    desk.record(*WORKING)
    venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(8), price="99")
    venue.trade("V-1", "F-1", "4", at(8))
    named = {"client_order_id": None, "venue_order_id": "V-1", "at": at(8)}
    venue.lists_more = [
        parse_document({**fill("F-1", "4", instrument="BTC-USD", side="buy"), **named})
    ]
    venue.terms = [parse_document({**message("replaced", limit_price="99"), **named})]
    thought, done = desk.reconcile(60, is_dry_run=True), desk.reconcile(61)
    assert kinds(thought) == kinds(done) == [("missing_fill", True), ("terms_differ", True)]


def test_a_dry_run_compares_the_positions_that_only_the_missed_fills_make(desk: Desk) -> None:
    desk.venue.orders["V-1"] = Known("V-1", at=at(8), is_open=False)
    desk.venue.trade("V-1", "F-1", "4", at(8))
    desk.venue.held = {}
    thought, done = desk.reconcile(60, is_dry_run=True), desk.reconcile(60)
    assert [one.text for one in thought.breaks] == [one.text for one in done.breaks]
    assert done.breaks[-1].text == "4 here, 0 at the venue"


def test_a_dry_run_counts_a_fill_that_is_told_with_other_numbers_once(desk: Desk) -> None:
    desk.record(*WORKING, fill("F-1", "4", "100", at=at(5)))
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(3))
    desk.venue.trade("V-1", "F-1", "4", at(5), price="101")
    thought, done = desk.reconcile(60, is_dry_run=True), desk.reconcile(60)
    assert kinds(thought) == kinds(done) == [("fill_differs", False)]
    assert thought.certificate.fills == done.certificate.fills == 1


def test_a_dry_run_takes_away_what_a_correction_or_a_bust_would(desk: Desk) -> None:
    """One fill is in the ledger; the other exists in the dry run alone."""
    desk.record(*WORKING, *(fill(name, "2", "100", at=at(5)) for name in ("F-1", "F-2")))
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(9), claims={"cum_quantity": "4"})
    desk.venue.trade("V-1", "F-3", "2", at(6))
    about = {
        "venue_order_id": "V-1",
        "client_order_id": None,
        "instrument": "BTC-USD",
        "side": "buy",
        "at": at(8),
    }
    desk.venue.beside_later = [
        parse_document(message("fill_busted", fill_id="F-1", **about)),
        parse_document(correct_fill("F-2b", "F-2", "3", "100", **about)),
        parse_document(correct_fill("F-3b", "F-3", "1", "100", **about)),
    ]
    desk.venue.held = {"BTC-USD": "4"}
    thought, done = desk.reconcile(60, is_dry_run=True), desk.reconcile(60)
    assert (
        kinds(thought)
        == kinds(done)
        == [("missing_fill", True), ("excess_fill", True), *[("missing_fill", True)] * 2]
    )
    assert thought.certificate.fills == done.certificate.fills == 2
    assert (left(thought), left(done)) == ([], [])


def test_a_dry_run_says_what_differs_in_the_words_of_the_run(desk: Desk) -> None:
    desk.record(request(aliases=ALIAS, limit_price="100.50"), *WORKING[1:])
    desk.venue.orders["V-1"] = Known("V-1", cloid="0xc1", at=at(9), price="99.90")
    desk.venue.trade("V-1", "F-1", "4", at(8))
    thought, done = desk.reconcile(60, is_dry_run=True), desk.reconcile(61)
    assert [one.text for one in thought.breaks] == [one.text for one in done.breaks]
    assert done.breaks[-1].text == "limit price is 100.5 here, 99.9 at the venue"


def test_an_order_that_has_ended_and_is_not_known_here_is_no_working_one_in_a_dry_run_either(
    desk: Desk,
) -> None:
    """Some venues list the orders of the day, ended ones among them."""
    desk.venue.trade_of_the_day("V-1", "F-1", "4", at(8))
    thought, done = desk.reconcile(60, is_dry_run=True), desk.reconcile(61)
    assert kinds(thought) == kinds(done) == [("missing_fill", True), ("missing_end", True)]
    assert [one.id for one in thought.breaks] == [one.id for one in done.breaks]
