"""What a halt over HTTP keeps of its body."""

from typing import Any

import pytest

from orderledger import Ledger
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
