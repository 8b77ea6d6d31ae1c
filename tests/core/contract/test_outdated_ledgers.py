"""What a ledger remembers of an order may be outdated, since another ledger has written: it decides
by the log all the same."""

from typing import Any

import pytest

from orderledger import Ledger, Outcome, parse_document
from tests.core.contract.streams import fill, report, request


def record(ledger: Ledger, document: dict[str, Any]) -> Outcome:
    return ledger.record(parse_document(document))


def remember_that_nobody_has(name: str, ledger: Ledger) -> None:
    assert record(ledger, report("submit", name, 0)).reason == "unknown_order"


def test_an_order_that_bears_its_name_turns_out_to_be_the_one_that_is_requested(
    two: tuple[Ledger, Ledger],
) -> None:
    one, other = two
    remember_that_nobody_has("C-2", one)
    record(other, report("acknowledged", "C-2", 1, venue_order_id="V-1"))
    record(other, report("replaced", "C-2", 2, quantity="8", replacement_client_order_id="C-1"))
    assert record(one, request("C-1", venue_order_id="V-1")).outcome == "recorded"
    assert [order["client_order_id"] for order in one.orders()] == ["C-1"]
    assert one.order("V-1")["venue_order_ids"] == ["V-1"]


def test_a_venue_id_of_an_unknown_order_is_no_id_reused(two: tuple[Ledger, Ledger]) -> None:
    one, other = two
    remember_that_nobody_has("C-2", one)
    record(other, report("acknowledged", "C-2", 1, venue_order_id="V-1"))
    assert record(one, request("C-1")).anomalies == ()
    assert record(one, report("acknowledged", "C-1", 2, venue_order_id="V-1")).anomalies == ()
    assert [order["client_order_id"] for order in one.orders()] == ["C-1"]


def test_an_order_may_be_submitted_again_after_another_ledger_has_found_it_absent(
    two: tuple[Ledger, Ledger],
) -> None:
    one, other = two
    record(one, request("C-1"))
    assert record(one, report("submit", "C-1", 1)).outcome == "recorded"
    assert record(one, report("unresolved", "C-1", 2, reason="timeout")).outcome == "recorded"
    assert record(other, report("absent", "C-1", 3)).outcome == "recorded"
    assert record(one, report("submit", "C-1", 4)).outcome == "recorded"
    assert record(one, report("unresolved", "C-1", 5, reason="timeout")).outcome == "recorded"


def test_what_would_be_answered_is_what_is_answered(two: tuple[Ledger, Ledger]) -> None:
    one, other = two
    record(one, request("C-1", quantity="1"))
    shared, late = fill("C-1", "F-1", 1), fill("C-1", "F-2", 2)
    record(other, shared)
    messages = [parse_document(document) for document in (shared, late)]
    foreseen = one.recording.preview(messages, view="orders")
    previewed = [(told.outcome, told.anomalies) for told in one.recording.preview(messages)]
    assert previewed == [("duplicate", ()), ("recorded", ("overfill",))]
    assert previewed == [(told.outcome, told.anomalies) for told in one.record_many(messages)]
    assert (
        [order["cum_quantity"] for order in foreseen]
        == [order["cum_quantity"] for order in one.orders()]
        == [2]
    )


@pytest.mark.parametrize("kind", ["replaced", "request_replace"])
def test_after_a_restart_what_is_told_again_still_gives_its_order_its_name(
    durable_store_url: str, kind: str
) -> None:
    replaced = report(kind, "C-1", 1, quantity="8", replacement_client_order_id="C-2")
    with Ledger.open(durable_store_url) as ledger:
        ledger.record_many([parse_document(request("C-1")), parse_document(replaced)])
    with Ledger.open(durable_store_url) as ledger:
        outcomes = ledger.record_many(
            [parse_document(replaced), parse_document(fill("C-2", "F-1", 2))]
        )
        assert [(told.outcome, told.anomalies) for told in outcomes] == [
            ("duplicate", ()),
            ("recorded", ()),
        ]
        assert [(order["client_order_id"], order["cum_quantity"]) for order in ledger.orders()] == [
            ("C-1", 1)
        ]


def test_an_order_that_another_ledger_has_requested_is_no_longer_what_it_was_taken_for(
    two: tuple[Ledger, Ledger],
) -> None:
    one, other = two
    for document in (
        report("acknowledged", "C-1", 1, venue_order_id="V-1"),
        report("acknowledged", "C-2", 2, venue_order_id="V-2"),
        report("triggered", "C-2", 3, venue_order_id="V-1"),  # C-1 is C-2
    ):
        record(one, document)
    assert [order["client_order_id"] for order in one.orders()] == ["C-2"]
    record(other, request("C-1"))  # no: C-2 is C-1
    assert record(one, report("acknowledged", "C-2", 4)).outcome == "recorded"
    assert record(one, fill("C-1", "F-1", 5)).outcome == "recorded"
    assert [(order["client_order_id"], order["cum_quantity"]) for order in one.orders()] == [
        ("C-1", 1)
    ]


def test_a_request_gets_what_is_known_under_its_id_though_another_ledger_has_moved_the_name(
    two: tuple[Ledger, Ledger],
) -> None:
    one, other = two
    record(one, report("replaced", "C-2", 1, quantity="5", replacement_client_order_id="C-1"))
    record(one, fill("C-1", "F-1", 2))
    record(
        other, report("replaced", "C-3", 3, quantity="5", replacement_client_order_id="C-2")
    )  # C-2 is C-3
    record(one, report("acknowledged", "C-1", 4))
    record(one, request("C-1"))
    assert [(order["client_order_id"], order["cum_quantity"]) for order in one.orders()] == [
        ("C-1", 1)
    ]
