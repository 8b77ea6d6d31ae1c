"""What a halt over HTTP keeps of its body."""

from typing import Any

import pytest

from orderledger import Ledger
from tests.core.contract.streams import parsed
from tests.serve.http.harness import asked
from tests.serve.http.test_requests import posted

BODY: dict[str, Any] = {
    "account": "sim:0",
    "instrument": "BTC-USD",
    "strategy": "s0",
    "reason": "drill",
    "text": "The weekly drill.",
    "message_id": "m-1",
    "correlation_id": "c-1",
}


@pytest.mark.parametrize(
    ("path", "name"), [("halts", "trading_halted.v1"), ("halts/resume", "trading_resumed.v1")]
)
def test_every_field_that_may_be_posted_is_recorded(ledger: Ledger, path: str, name: str) -> None:
    answer = posted(ledger, f"/api/{path}", json=BODY)
    assert (answer.status_code, answer.json()["outcome"]) == (200, "recorded")
    event = list(ledger.events())[-1]
    assert event["name"] == name
    assert event["correlation_id"] == BODY["correlation_id"]
    shown = {"account": event["account"], **event, **event["payload"]}
    assert {key: shown[key] for key in BODY} == BODY


@pytest.mark.parametrize("field", ["at", "source", "halted", ""])
def test_another_field_is_refused_by_its_name(ledger: Ledger, field: str) -> None:
    answer = posted(ledger, "/api/halts", json={**BODY, field: "x"})
    assert answer.status_code in (400, 422)
    assert ledger.halts() == []


def test_messages_are_not_read_where_they_are_posted(ledger: Ledger) -> None:
    (answer,) = asked(ledger, "/api/messages")
    assert answer.status_code == 405


def test_a_decision_keeps_the_reason_and_the_text_of_its_body(ledger: Ledger) -> None:
    order = {"account": "sim:0", "client_order_id": "doubted"}
    terms = {"instrument": "BTC-USD", "side": "buy", "quantity": "1", "order_type": "market"}
    at = {"at": "2026-11-20T10:00:00Z"}
    ledger.record_many(
        parsed(
            {"type": "request", **order, **terms, **at},
            {"type": "submit", **order, **at},
            {"type": "unresolved", **order, **at, "reason": "timeout"},
        )
    )
    given = {"reason": "asked", "text": "By phone."}
    body = {**order, **given, "never_arrived": True}
    assert posted(ledger, "/api/resolve", json=body).status_code == 200
    event = next(row for row in list(ledger.events())[::-1] if row["name"] == "order_denied.v1")
    assert {name: {**event, **event["payload"]}[name] for name in given} == given
