"""The oracle is right on cases worked out by hand: orders, fills, and what is recorded."""

import ast
import sys
from fractions import Fraction
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

import tests.auditor
from tests.auditing.cases import at, audited, fill, message, only, request, unnamed
from tests.auditor import Auditor, differences

TESTS = Path(tests.auditor.__file__).parent


def test_a_late_fill_counts_after_a_cancel_and_the_cancel_stands() -> None:
    auditor = audited(
        request(),
        message(1, "submit"),
        message(2, "acknowledged", venue_order_id="V-1"),
        fill(3, "F-1", "2", fee="0.2", fee_currency="USD"),
        fill(4, "F-2", "3", "101", fee="-0.1", fee_currency="USD"),
        message(5, "request_cancel", request_id="R-1"),
        message(6, "canceled"),
        fill(7, "F-3", "1", "103", fee="1", fee_currency="BNB"),
    )
    assert only(auditor.orders()) == {
        "account": "sim:main",
        "client_order_id": "C-1",
        "working_client_order_id": "C-1",
        "venue_order_id": "V-1",
        "venue_order_ids": ["V-1"],
        "aliases": {},
        "origin": "own",
        "instrument": "BTC-USD",
        "side": "buy",
        "order_type": "limit",
        "time_in_force": None,
        "expire_at": None,
        "post_only": False,
        "reduce_only": False,
        "position_side": None,
        "position_id": None,
        "quantity": 10,
        "limit_price": 100,
        "stop_price": None,
        "quote_quantity": None,
        "legs": None,
        "display_quantity": None,
        "trail_offset": None,
        "trail_offset_type": None,
        "trigger_source": None,
        "status": "canceled",
        "pending": None,
        "certainty": "confirmed",
        "cum_quantity": 6,
        "leaves_quantity": 0,
        "average_price": Fraction(606, 6),
        "reported_cum_quantity": None,
        "fees": {"USD": Fraction(1, 10), "BNB": 1},
        "strategy": None,
        "links": None,
        "group_orders": None,
        "tags": {},
        "anomalies": ["fill_after_end"],
        "reason": None,
        "requested_at": at(0),
        "submitted_at": at(1),
        "acknowledged_at": at(2),
        "pending_since": None,
        "pending_request": None,
        "absent_at": None,
        "first_fill_at": at(3),
        "last_fill_at": at(7),
        "ended_at": at(6),
        "updated_at": at(7),
        "is_open": False,
    }


def test_a_cancel_after_a_partial_fill_is_nothing_odd_even_when_it_arrives_first() -> None:
    row = only(audited(request(), message(3, "canceled"), fill(2, "F-1", "4")).orders())
    assert (row["status"], row["leaves_quantity"], row["anomalies"]) == ("canceled", 0, [])


def test_late_fills_that_complete_a_canceled_order_make_it_filled() -> None:
    row = only(
        audited(
            request(),
            message(1, "acknowledged"),
            message(2, "canceled"),
            fill(1, "F-1", "4"),
            fill(3, "F-2", "7"),
        ).orders()
    )
    assert (row["status"], row["cum_quantity"], row["ended_at"]) == ("filled", 11, at(3))
    assert row["anomalies"] == ["fill_after_end", "overfill"]


def test_a_bust_reopens_a_filled_order_and_a_correction_chain_leaves_its_last_link() -> None:
    reports = [
        fill(2, "F-1", "6", "100", fee="0.6", fee_currency="USD", liquidity="maker"),
        fill(3, "F-2", "4", "100"),
        message(4, "fill_corrected", fill_id="F-1b", corrects="F-1", quantity="5", price="99"),
        message(5, "fill_corrected", fill_id="F-1c", corrects="F-1b", quantity="5", price="98"),
        message(6, "fill_busted", fill_id="F-2"),
    ]
    whole = audited(request(), *reports[:2])
    assert (only(whole.orders())["status"], only(whole.orders())["ended_at"]) == ("filled", at(3))
    for shuffled in permutations(reports):
        auditor = audited(request(), *shuffled)
        row, trade = only(auditor.orders()), only(auditor.trades())
        assert (
            row["status"],
            row["cum_quantity"],
            row["leaves_quantity"],
            row["average_price"],
        ) == (
            "partially_filled",
            5,
            5,
            98,
        )
        assert (trade["fill_id"], trade["fee"], trade["liquidity"], row["ended_at"]) == (
            "F-1c",
            Fraction("0.6"),
            "maker",
            None,
        )


def test_the_later_of_two_corrections_stands_and_a_bust_of_it_brings_nothing_back() -> None:
    reports = [
        fill(2, "F-1", "6"),
        message(5, "fill_corrected", fill_id="F-3", corrects="F-1", quantity="3", price="100"),
        message(4, "fill_corrected", fill_id="F-2", corrects="F-1", quantity="2", price="100"),
    ]
    assert only(audited(request(), *reports).trades())["fill_id"] == "F-3"
    assert audited(request(), *reports, message(6, "fill_busted", fill_id="F-3")).trades() == []


def test_the_same_fill_is_a_duplicate_and_other_numbers_are_kept_as_an_anomaly() -> None:
    auditor = audited(request(), fill(1, "F-1", "2"))
    assert auditor.offer(fill(9, "F-1", "2.0", "100.00"), at(2000)) == "duplicate"
    assert auditor.offer(fill(1, "F-1", "2", fee="0.1", fee_currency="USD"), at(2001)) == "recorded"
    assert (
        auditor.offer(fill(1, "F-1", "2", fee="0.10", fee_currency="USD"), at(2002)) == "duplicate"
    )
    assert auditor.offer(fill(2, "F-1", "3"), at(2003)) == "recorded"
    row = only(auditor.orders())
    assert (row["cum_quantity"], row["fees"], row["anomalies"]) == (
        2,
        {"USD": Fraction(1, 10)},
        ["fill_id_reused"],
    )


def test_a_repeated_fill_that_names_the_order_anew_is_recorded_for_its_name() -> None:
    auditor = audited(request(), fill(1, "F-1", "2"), fill(1, "F-1", "2", venue_order_id="V-1"))
    assert (
        auditor.offer(unnamed(fill(1, "F-1", "2"), venue_order_id="V-1"), at(2000)) == "duplicate"
    )
    assert auditor.offer(unnamed(fill(2, "F-2", "1"), venue_order_id="V-1"), at(2001)) == "recorded"
    assert (only(auditor.orders())["cum_quantity"], len(auditor.trades())) == (3, 2)


def test_fills_before_the_mapping_count_at_once_and_go_to_the_order_when_it_comes() -> None:
    strange = [
        unnamed(fill(3, "F-1", "2", instrument="BTC-USD", side="buy"), venue_order_id="V-1"),
        unnamed(fill(4, "F-2", "1", instrument="BTC-USD", side="buy"), aliases={"index": "7"}),
    ]
    auditor = audited(request(), *strange)
    assert [
        (row["client_order_id"], row["origin"], row["cum_quantity"]) for row in auditor.orders()
    ] == [
        ("C-1", "own", 0),
        (None, "external", 2),
        (None, "external", 1),
    ]
    assert auditor.orders()[1]["anomalies"] == ["unknown_order"]
    assert only(auditor.pnl())["position_quantity"] == 3
    mapping = [
        message(2, "acknowledged", venue_order_id="V-1"),
        unnamed(message(5, "triggered"), venue_order_id="V-1", aliases={"index": "7"}),
    ]
    for shuffled in permutations([request(), *strange, *mapping]):
        row = only(audited(*shuffled).orders())
        assert (row["client_order_id"], row["origin"], row["cum_quantity"], row["anomalies"]) == (
            "C-1",
            "own",
            3,
            [],
        )
        assert (row["status"], row["venue_order_ids"], row["aliases"]) == (
            "partially_filled",
            ["V-1"],
            {"index": "7"},
        )


def test_reports_under_a_replacement_id_and_a_request_id_belong_to_the_order() -> None:
    auditor = audited(
        request(),
        message(1, "acknowledged", venue_order_id="V-1"),
        fill(6, "F-1", "3", client_order_id="C-1b"),
        message(2, "request_replace", quantity="2", replacement_client_order_id="C-1b"),
        message(3, "request_cancel", request_id="R-1"),
    )
    row = only(auditor.orders())
    assert (row["pending"], row["quantity"], row["cum_quantity"]) == ("cancel", 10, 3)
    assert (
        auditor.offer(message(4, "cancel_rejected", client_order_id="R-1"), at(2000)) == "recorded"
    )
    assert only(auditor.orders())["pending"] == "replace"
    replaced = message(
        5, "replaced", quantity="3", replacement_client_order_id="C-1b", venue_order_id="V-2"
    )
    assert auditor.offer(replaced, at(2001)) == "recorded"
    row = only(auditor.orders())
    assert (row["pending"], row["status"], row["working_client_order_id"], row["ended_at"]) == (
        None,
        "filled",
        "C-1b",
        at(6),
    )
    assert (row["venue_order_id"], row["venue_order_ids"], row["anomalies"]) == (
        "V-2",
        ["V-1", "V-2"],
        [],
    )


@pytest.mark.parametrize(
    ("reports", "status", "leaves"),
    [
        ([message(1, "canceled"), message(2, "rejected")], "canceled", 0),
        ([message(2, "canceled"), message(3, "expired")], "expired", 0),
        ([message(1, "acknowledged"), message(2, "rejected", reason="duplicate_order")], "new", 10),
        ([message(2, "rejected", reason="duplicate_order")], "rejected", 0),
        ([fill(1, "F-1", "4"), message(2, "suspended")], "suspended", 6),
        (
            [fill(3, "F-1", "4"), message(2, "suspended"), message(4, "resumed")],
            "partially_filled",
            6,
        ),
        ([message(1, "acknowledged"), message(2, "done_for_day")], "done_for_day", 0),
        ([message(1, "status_observed", status="filled")], "new", 10),
    ],
)
def test_the_status_follows_the_precedence_of_the_facts(
    reports: list[dict[str, Any]], status: str, leaves: int
) -> None:
    for shuffled in permutations(reports):
        row = only(audited(request(), *shuffled).orders())
        assert (row["status"], row["leaves_quantity"]) == (status, leaves)


def test_done_for_the_day_does_not_end_an_order_good_till_canceled() -> None:
    row = only(
        audited(
            request(time_in_force="gtc"), fill(1, "F-1", "4"), message(2, "done_for_day")
        ).orders()
    )
    assert (row["status"], row["leaves_quantity"], row["ended_at"]) == ("done_for_day", 6, None)


def test_a_lost_answer_stays_unresolved_until_the_venue_speaks() -> None:
    auditor = audited(
        request(),
        message(1, "submit"),
        message(2, "unresolved", reason="timeout"),
        message(3, "absent"),
    )
    row = only(auditor.orders())
    assert (row["status"], row["certainty"], row["leaves_quantity"]) == (
        "pending_new",
        "unresolved",
        10,
    )
    assert auditor.offer(message(4, "acknowledged"), at(2000)) == "recorded"
    assert only(auditor.orders())["certainty"] == "confirmed"


def test_commands_are_refused_and_requests_repeated_for_the_stated_reasons() -> None:
    auditor = Auditor()
    story: list[tuple[dict[str, Any], str, str | None]] = [
        (message(0, "submit"), "refused", "unknown_order"),
        (request(0), "recorded", None),
        (request(9), "duplicate", None),
        (request(0, quantity="11"), "refused", "duplicate_client_order_id"),
        (message(1, "submit"), "recorded", None),
        (message(1, "submit"), "duplicate", None),
        (message(2, "submit"), "refused", "already_submitted"),
        (message(3, "absent"), "recorded", None),
        (message(4, "submit"), "recorded", None),
        (message(5, "acknowledged"), "recorded", None),
        (message(6, "deny", reason="limit"), "refused", "already_acknowledged"),
        (message(7, "request_replace", limit_price="99", request_id="R-0"), "recorded", None),
        (message(8, "request_replace", limit_price="99.0", request_id="R-0"), "duplicate", None),
        (
            message(8, "request_replace", limit_price="98", request_id="R-0"),
            "refused",
            "request_id_reused",
        ),
        (message(8, "request_cancel", request_id="R-1"), "recorded", None),
        (message(9, "request_cancel", request_id="R-1"), "duplicate", None),
        (
            message(9, "request_replace", quantity="9", request_id="R-1"),
            "refused",
            "request_id_reused",
        ),
        (fill(9, "F-1", "10"), "recorded", None),
        (message(10, "request_cancel", request_id="R-2"), "refused", "order_ended"),
        (message(10, "request_replace", quantity="10"), "refused", "order_ended"),
        (message(10, "request_replace", quantity="11"), "recorded", None),
        (message(11, "approve", proposal_id="P-1"), "refused", "unknown_proposal"),
    ]
    for offered, outcome, reason in story:
        assert (auditor.offer(offered, at(1000)), auditor.expected_reason) == (outcome, reason), (
            offered
        )


def test_rows_are_compared_as_exact_numbers_and_instants() -> None:
    expected = {
        "average_price": Fraction(1, 3),
        "quantity": Fraction(1, 2),
        "ended_at": at(0),
        "fees": {"USD": Fraction(1)},
    }
    found = {
        "average_price": "0.33333333333333333",
        "quantity": "0.50",
        "ended_at": "2025-01-02T00:00:00.000000Z",
        "fees": {"USD": "1"},
    }
    assert differences(expected, found) == []
    assert differences(expected, found | {"quantity": "0.5000000000000000001"}) != []
    assert differences(expected, found | {"quantity": 0.5}) != []
    assert differences(expected, found | {"average_price": "0.3333"}) != []
    assert differences(expected, found | {"fees": {}, "ended_at": None}, fields=["quantity"]) == []
    assert len(differences(expected, {})) == 4


CASES = {"cases", "account_answers"}
"""Parts that tests of the oracle use, and the oracle does not."""


def test_the_oracle_shares_no_code_with_what_it_audits() -> None:
    oracles = [TESTS / "auditor.py", TESTS / "account_auditor.py"]
    parts = list((TESTS / "auditing").glob("*.py"))
    imported = {
        name
        for path in [*oracles, *parts]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in (
            [node.module or "."]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    }
    strange = {name for name in imported if name.partition(".")[0] not in sys.stdlib_module_names}
    assert strange == {
        "tests.auditor",
        *(f"tests.auditing.{path.stem}" for path in parts if path.stem not in CASES),
    }
