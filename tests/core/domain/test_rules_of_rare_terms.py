"""Quote quantities, shown quantities, trail offsets and trigger prices."""

from decimal import Decimal

import pytest

from orderledger import InvalidMessage, Ledger
from orderledger.infrastructure.messages.facts import to_fact
from orderledger.infrastructure.messages.parsing import parse_document
from tests.core.domain.telling import told, words
from tests.scenarios import ACCOUNT, Document, at, fill, given, message, request

TRAIL = {"trail_offset": "2.5", "trail_offset_type": "percent"}
TERMS = {"display_quantity": "0", **TRAIL, "trigger_source": "mark"}


def by_quote(**fields: str) -> Document:
    return request(quantity=None, quote_quantity="100", order_type="market", limit_price=None)


def test_an_order_for_a_quote_quantity_has_no_quantity_and_no_leaves() -> None:
    given(by_quote()).when(fill("F-1", "0.02", "2500")).then_order(
        status="partially_filled",
        quantity=None,
        quote_quantity="100",
        leaves_quantity=None,
        cum_quantity="0.02",
    )


@pytest.mark.parametrize(
    "filled",
    [
        message("status_observed", status="filled"),
        fill("F-2", "0.01", "2500", reported={"status": "filled"}),
    ],
)
def test_it_is_filled_once_the_venue_says_so(filled: Document) -> None:
    given(by_quote(), fill("F-1", "0.02", "2500")).when(filled).then_order(
        status="filled", leaves_quantity=None, is_open=False, anomalies=[]
    )


def test_it_is_not_filled_by_a_word_without_a_fill() -> None:
    given(by_quote()).when(message("status_observed", status="filled")).then_order(
        status="new", anomalies=["status_conflict"]
    )


def test_its_leaves_stay_unknown_after_a_cancel() -> None:
    given(by_quote(), fill("F-1", "0.02")).when(message("canceled")).then_order(
        status="canceled", leaves_quantity=None, cum_quantity="0.02"
    )


def test_a_quantity_that_the_venue_states_ends_the_doubt_about_it() -> None:
    given(by_quote(), fill("F-1", "2", "50")).when(message("restated", quantity="2")).then_order(
        status="filled", quantity="2", leaves_quantity="0"
    )


def test_its_exposure_has_no_bound_on_its_side(ledger: Ledger) -> None:
    told(ledger, by_quote(), message("submit"), fill("F-1", "0.02", side="buy"))
    (row,) = ledger.exposure(account=ACCOUNT)
    assert (row["position_quantity_least"], row["position_quantity_most"]) == (
        Decimal("0.02"),
        None,
    )
    assert [order["leaves_quantity_most"] for order in row["orders"]] == [None]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"quote_quantity": "100"}, "quantity"),
        ({"quantity": None}, "quantity"),
        ({"trail_offset": "1"}, "trail_offset"),
        ({"trail_offset_type": "amount"}, "trail_offset"),
    ],
)
def test_a_request_states_one_quantity_and_an_offset_with_its_unit(
    fields: dict[str, str | None], field: str
) -> None:
    with pytest.raises(InvalidMessage) as error:
        to_fact(parse_document(request(**fields)))
    assert error.value.field == field


def test_rare_terms_are_those_of_the_request_until_the_venue_changes_them() -> None:
    changed = message(
        "replaced", display_quantity="2", trail_offset="1", trail_offset_type="amount"
    )
    given(request(order_type="trailing_stop", **TERMS)).when(changed).then_order(
        display_quantity="2", trail_offset="1", trail_offset_type="amount", trigger_source="mark"
    )
    given(request(order_type="take_profit", **TERMS)).when(message("submit")).then_order(
        display_quantity="0",
        trail_offset="2.5",
        trail_offset_type="percent",
        trigger_source="mark",
        order_type="take_profit",
    )


def test_a_request_with_other_rare_terms_is_another_order(ledger: Ledger) -> None:
    assert words(ledger, request(**TERMS), request(**TERMS)) == [("recorded",), ("duplicate",)]
    assert words(ledger, request(**{**TERMS, "trigger_source": "last"})) == [
        ("refused", "duplicate_client_order_id")
    ]


def test_a_replace_request_for_other_rare_terms_is_refused_under_the_same_id(
    ledger: Ledger,
) -> None:
    asked = message("request_replace", request_id="R-1", display_quantity="1")
    other = message("request_replace", request_id="R-1", display_quantity="2")
    assert words(ledger, request(), asked, asked, other) == [
        ("recorded",),
        ("recorded",),
        ("duplicate",),
        ("refused", "request_id_reused"),
    ]


def test_a_pending_request_is_shown_with_its_id_and_terms() -> None:
    asked = message("request_replace", request_id="R-1", quantity="12", trigger_source="last")
    given(request(), message("acknowledged")).when(asked).then_order(
        pending_request={
            "kind": "replace",
            "request_id": "R-1",
            "replacement_client_order_id": None,
            "quantity": "12",
            "trigger_source": "last",
        }
    )


def test_the_oldest_cancel_is_the_pending_request_and_an_answer_ends_it() -> None:
    asked = [
        message("request_replace", request_id="R-1", quantity="12"),
        message("request_cancel", request_id="R-2"),
        message("request_cancel", request_id="R-3"),
    ]
    cancel = {"kind": "cancel", "request_id": "R-2", "replacement_client_order_id": None}
    working = (request(), message("acknowledged"))
    given(*working, *asked[:2]).when(asked[2]).then_order(pending_request=cancel)
    refused = [message("cancel_rejected", request_id=name) for name in ("R-2", "R-3")]
    given(*working, *asked, *refused).when(message("replaced", quantity="12")).then_order(
        pending_request=None, pending=None
    )


def test_a_request_that_only_the_venue_shows_has_no_id() -> None:
    given(request()).when(message("status_observed", pending="cancel")).then_order(
        pending_request={
            "kind": "cancel",
            "request_id": None,
            "replacement_client_order_id": None,
        }
    )


def test_recovery_shows_the_age_of_a_pending_request(ledger: Ledger) -> None:
    told(ledger, request(at=at(1)), message("request_cancel", request_id="R-1", at=at(2)))
    found = ledger.recover()
    (row,) = found.pending
    assert row["pending_request"] is not None
    assert row["pending_request"]["request_id"] == "R-1"
    assert found.pending_ages[row["stream"]] >= 0
