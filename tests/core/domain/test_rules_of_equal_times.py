"""Rule 10: one order of facts, by time, the venue's sequence and the place in the log. Rule 4: an
order that is open again."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest

from orderledger import Ledger, parse_document
from orderledger.infrastructure.clock import SteppingClock
from tests.scenarios import (
    MIDNIGHT,
    SENT,
    WORKING,
    Document,
    at,
    fill,
    given,
    in_any_order,
    message,
    request,
)

FIVE = at(5)
ACCOUNT = "sim:main"


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.open("memory://", clock=SteppingClock(MIDNIGHT + timedelta(days=1))) as opened:
        yield opened


def by_venue_id(kind: str, **fields: object) -> Document:
    return {"type": kind, "account": ACCOUNT, "venue_order_id": "V-1", "at": FIVE, **fields}


def ours(kind: str, **fields: object) -> Document:
    return message(kind, **{"at": FIVE, **fields})


PAIRS = {
    "terms": (
        by_venue_id("replaced", quantity="10", limit_price="102"),
        ours("replaced", quantity="10", limit_price="97"),
    ),
    "ends": (by_venue_id("canceled"), ours("expired")),
    "sessions": (by_venue_id("suspended"), ours("resumed")),
}
SHOWN = ("limit_price", "status", "ended_at", "is_open")


@pytest.mark.parametrize("first_is_of_the_venue", [True, False])
@pytest.mark.parametrize("mapped", ["first", "last", "alone"])
@pytest.mark.parametrize("what", PAIRS)
def test_of_equal_times_the_place_of_the_first_record_counts_whenever_the_id_becomes_known(
    ledger: Ledger, what: str, mapped: str, first_is_of_the_venue: bool
) -> None:
    """A report under an id that is not mapped yet is recorded elsewhere, and again under its order
    once the id is known."""
    pair = PAIRS[what] if first_is_of_the_venue else PAIRS[what][::-1]
    mapping = message("acknowledged", venue_order_id="V-1", at=at(2))
    messages = [
        request(),
        message("submit"),
        *([mapping, *pair] if mapped == "first" else [*pair, mapping]),
    ]
    parsed = [parse_document(one) for one in messages]
    if mapped == "alone":
        ledger.record_many(parsed[:-1])
        ledger.record(parsed[-1])
    else:
        ledger.record_many(parsed)
    row = ledger.order("C-1", account=ACCOUNT)
    assert row is not None
    expected = given(
        request(), message("submit"), mapping, *({**one, "client_order_id": "C-1"} for one in pair)
    ).row()
    assert {name: str(row[name]) for name in SHOWN} == {name: str(expected[name]) for name in SHOWN}  # type: ignore[literal-required]


def test_the_place_is_kept_by_a_ledger_that_is_opened_again(tmp_path: Path) -> None:
    late, early = PAIRS["terms"]
    mapping, triggered = (
        message("acknowledged", venue_order_id="V-1", at=at(2)),
        message("triggered", at=at(9)),
    )
    with Ledger.open(tmp_path / "orders.db") as ledger:
        for one in (request(), message("submit"), late, early, mapping):
            ledger.record(parse_document(one))
    with Ledger.open(tmp_path / "orders.db") as ledger:
        ledger.record(parse_document(triggered))
        row = ledger.order("C-1", account=ACCOUNT)
        assert row is not None and str(row["limit_price"]) == "97"
        ledger.views.rebuild()
        assert ledger.order("C-1", account=ACCOUNT) == row


@pytest.mark.parametrize("numbers", permutations((1, 2, 3)))
def test_of_equal_times_the_sequence_of_the_venue_counts(numbers: tuple[int, int, int]) -> None:
    prices = {number: str(100 + number) for number in numbers}
    reports = [ours("replaced", limit_price=prices[number], sequence=number) for number in numbers]
    given(*WORKING, *reports).then_order(limit_price="103")


def test_what_has_no_sequence_comes_before_what_has_one() -> None:
    for one, other in permutations(
        (ours("replaced", limit_price="101"), ours("replaced", limit_price="99", sequence=-5))
    ):
        given(*WORKING, one, other).then_order(limit_price="99")


def test_a_later_report_of_the_same_fill_gives_its_sequence() -> None:
    told = fill("F-1", "2", at=FIVE)
    numbered = given(*WORKING, told).when({**told, "sequence": 7}).then_outcome("recorded")
    numbered.when({**told, "sequence": 7}).then_outcome("duplicate").when(told).then_outcome(
        "duplicate"
    )


@pytest.mark.parametrize("is_last", [True, False])
def test_doubt_stands_if_it_is_the_last_of_one_time(is_last: bool) -> None:
    acknowledged, lost = (
        ours("acknowledged", venue_order_id="V-1"),
        ours("unresolved", reason="timeout"),
    )
    told = (
        (acknowledged, ours("request_cancel"), lost)
        if is_last
        else (ours("request_cancel"), lost, acknowledged)
    )
    given(*SENT, *told).then_order(certainty="unresolved" if is_last else "confirmed")


def test_an_order_stays_ended_at_its_last_fill_though_the_venue_says_its_quantity_again() -> None:
    filled = (*WORKING, fill("F-1", "10", at=at(10)))
    given(*filled).when(message("restated", quantity="10", at=at(60))).then_order(
        status="filled", ended_at=at(10)
    )


def test_an_order_that_was_made_as_small_as_its_fills_ended_then_whatever_it_is_made_later() -> (
    None
):
    smaller = (*WORKING, fill("F-1", "6", at=at(10)), message("restated", quantity="6", at=at(20)))
    given(*smaller, message("restated", quantity="5", at=at(30))).then_order(ended_at=at(20))


def test_an_unknown_status_hides_no_conflict() -> None:
    ended = (*WORKING, message("rejected", at=at(10)))
    given(*ended).when(message("status_observed", status="odd", at=at(20))).then_order(
        anomalies=["status_conflict", "unknown_status"]
    )


@pytest.mark.parametrize("end", ["canceled", "expired", "rejected"])
def test_an_end_that_the_venue_reports_of_an_order_that_we_denied_shows_that_it_arrived(
    end: str,
) -> None:
    denied = (request(), message("deny", reason="limit", at=at(1)))
    given(*denied).when(message(end, at=at(2))).then_order(anomalies=["status_conflict"])


# Open again


CANCELED = (*WORKING, fill("F-1", "4", at=at(10)), message("canceled", at=at(20)))


def seen(second: float, status: str = "partially_filled", **fields: object) -> Document:
    return message("status_observed", status=status, at=at(second), source="venue_poll", **fields)


@pytest.mark.parametrize("status", ["new", "partially_filled", "suspended", "stopped"])
@pytest.mark.parametrize(
    "row",
    [seen(21), seen(15, asked_at=at(21)), seen(25, dated_by="receipt", asked_at=at(21))],
    ids=["dated", "asked", "received"],
)
def test_an_ended_order_is_open_again_when_the_venue_shows_it_open_later(
    row: Document, status: str
) -> None:
    for one, other in permutations((CANCELED[-1], {**row, "status": status})):
        given(*CANCELED[:-1], one, other).then_order(
            is_open=True, ended_at=None, leaves_quantity="6", anomalies=["status_conflict"]
        )


@pytest.mark.parametrize(
    "row",
    [
        seen(19),
        seen(20),
        seen(25, dated_by="receipt"),
        seen(15, asked_at=at(19)),
        seen(15, asked_at=at(20)),
        {**seen(25), "at": None},
        seen(25, status="odd"),
    ],
    ids=[
        "before",
        "of that time",
        "of a list",
        "asked before",
        "asked then",
        "no time",
        "unknown word",
    ],
)
def test_an_older_or_undated_row_opens_nothing(row: Document) -> None:
    given(*CANCELED).when(row).then_order(status="canceled", is_open=False)


def test_a_row_of_the_same_time_opens_an_order_if_the_venue_numbers_it_later() -> None:
    numbered = {**CANCELED[-1], "sequence": 3}
    given(*CANCELED[:-1], numbered).when(seen(20, sequence=4)).then_order(is_open=True)
    given(*CANCELED[:-1], numbered).when(seen(20, sequence=2)).then_order(is_open=False)


def test_no_row_opens_an_order_whose_fills_reach_its_quantity() -> None:
    given(*WORKING, fill("F-1", "10", at=at(10)), message("canceled", at=at(20))).when(
        seen(30)
    ).then_order(status="filled", is_open=False)


def test_a_later_end_closes_it_and_clears_the_conflict() -> None:
    reopened = given(*CANCELED, seen(30)).then_order(is_open=True)
    reopened.when(message("canceled", at=at(40))).then_order(status="canceled", anomalies=[])


def test_a_reinstatement_clears_the_conflict() -> None:
    given(*CANCELED, seen(30)).when(message("reinstated", at=at(31))).then_order(
        is_open=True, anomalies=[]
    )


def test_it_can_be_canceled_again_by_name() -> None:
    asked = message("request_cancel", request_id="R-1", at=at(15))
    opened = given(*CANCELED[:-1], asked, CANCELED[-1], seen(30)).then_order(
        is_open=True, pending=None
    )
    opened.when(message("request_cancel", request_id="R-2", at=at(40))).then_outcome(
        "recorded"
    ).then_order(pending="cancel")


def test_the_same_row_again_counts_if_its_query_came_after_the_end() -> None:
    listed = seen(15, dated_by="venue")
    asked = {**listed, "asked_at": at(30)}
    opened = (
        given(*CANCELED, listed)
        .when(asked)
        .then_outcome("recorded", "status_conflict", "late_report")
        .then_order(is_open=True)
    )
    opened.when(asked).then_outcome("duplicate")


def test_the_answer_to_a_query_settles_a_doubt_though_nothing_has_changed() -> None:
    listed = seen(3, status="new")
    lost = (
        *WORKING,
        listed,
        message("request_cancel", at=at(10)),
        message("unresolved", reason="timeout", at=at(11)),
    )
    doubtful = given(*lost).then_order(certainty="unresolved")
    doubtful.when(listed).then_outcome("duplicate").then_order(certainty="unresolved")
    doubtful.when({**listed, "asked_at": at(12)}).then_outcome("recorded").then_order(
        certainty="confirmed"
    )


def test_an_external_order_opens_again_too() -> None:
    row = in_any_order(
        (), message("acknowledged", at=at(1)), message("expired", at=at(5)), seen(6, "new")
    )
    assert row["is_open"]


# Message ids


def test_a_report_with_a_used_message_id_and_other_content_is_recorded() -> None:
    used = given(*WORKING, message("suspended", message_id="M-1", at=at(10)))
    used.when(message("resumed", message_id="M-1", at=at(11))).then_outcome(
        "recorded", "message_id_reused"
    )
    used.then_order(status="new").when(
        message("resumed", message_id="M-1", at=at(11))
    ).then_outcome("duplicate")


def test_a_command_with_a_used_message_id_and_other_content_is_refused() -> None:
    used = given(*WORKING, message("request_cancel", message_id="M-1", at=at(10)))
    used.when(message("request_cancel", message_id="M-1", reason="risk", at=at(11))).then_outcome(
        "refused", "message_id_reused"
    )
    used.when(message("unresolved", message_id="M-1", reason="timeout")).then_outcome(
        "refused", "message_id_reused"
    )
