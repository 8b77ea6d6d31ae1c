"""POST /api/resolve: an operator decides whether an order in doubt arrived. GET /api/doubts lists
them."""

import asyncio
from typing import Any

import httpx
import pytest

from orderledger import Acknowledged, Ledger, Request, Submit, Unresolved
from tests.serve.http.harness import BEGAN_AT, asked, client_of

OF_ORDER: dict[str, Any] = {"account": "sim:main", "client_order_id": "D-1"}
TERMS: dict[str, Any] = {
    "instrument": "BTC-USD",
    "side": "buy",
    "quantity": "1",
    "order_type": "limit",
    "limit_price": "100",
}


@pytest.fixture
def doubtful(ledger: Ledger) -> Ledger:
    """A ledger with one order whose sending was not answered."""
    requested, submitted = (
        Request(**OF_ORDER, **TERMS, at=BEGAN_AT),
        Submit(**OF_ORDER, at=BEGAN_AT),
    )
    ledger.record_many(
        [requested, submitted, Unresolved(**OF_ORDER, at=BEGAN_AT, reason="timeout")]
    )
    return ledger


def posted(ledger: Ledger, body: Any) -> httpx.Response:
    async def post() -> httpx.Response:
        async with client_of(ledger) as client:
            return await client.post("/api/resolve", json=body)

    return asyncio.run(post())


def test_the_doubts_are_listed_with_their_age_and_what_to_do(doubtful: Ledger) -> None:
    (answer,) = asked(doubtful, "/api/doubts?account=sim:main")
    (row,) = answer.json()["rows"]
    assert (row["client_order_id"], row["about"], row["reason"]) == ("D-1", "order", "timeout")
    assert float(row["age_seconds"]) > 0
    assert row["commands"][0] == "orderledger resolve D-1 --account sim:main --never-arrived"


@pytest.mark.parametrize(
    ("decision", "status"),
    [
        ({"never_arrived": True}, "denied"),
        ({"worked_as": "V-1", "never_arrived": None}, "new"),
        ({"canceled": True}, "canceled"),
    ],
)
def test_a_decision_is_recorded_with_the_time_of_the_server(
    doubtful: Ledger, decision: dict[str, Any], status: str
) -> None:
    answer = posted(doubtful, {**OF_ORDER, **decision, "text": "seen in the terminal"})
    assert (answer.status_code, answer.json()["outcome"]) == (200, "recorded")
    last = list(doubtful.history("D-1"))[-1]
    assert (doubtful.order("D-1")["status"], last["source"], last["text"]) == (
        status,
        "operator",
        "seen in the terminal",
    )
    assert abs((last["at"] - last["recorded_at"]).total_seconds()) < 60


def test_a_decision_on_an_order_without_a_doubt_is_refused(doubtful: Ledger) -> None:
    doubtful.record(Acknowledged(**OF_ORDER, at=BEGAN_AT))
    answer = posted(doubtful, {**OF_ORDER, "never_arrived": True})
    assert (answer.status_code, answer.json()["reason"]) == (409, "not_in_doubt")
    assert "the venue has shown D-1" in answer.json()["detail"]
    unknown = posted(doubtful, {**OF_ORDER, "client_order_id": "C-9", "never_arrived": True})
    assert (unknown.status_code, unknown.json()["type"]) == (
        404,
        "urn:orderledger:problem:unknown_order",
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"account": "sim:main", "never_arrived": True}, "client_order_id"),
        ({"client_order_id": "D-1", "never_arrived": True}, "account"),
        (OF_ORDER, "never_arrived"),
        ({**OF_ORDER, "never_arrived": True, "worked_as": "V-1"}, "never_arrived"),
        ({**OF_ORDER, "never_arrived": "yes"}, "never_arrived"),
        ({**OF_ORDER, "never_arrived": False}, "never_arrived"),
        ({**OF_ORDER, "worked_as": 7}, "worked_as"),
        ({**OF_ORDER, "worked_as": ""}, "worked_as"),
        ({**OF_ORDER, "never_arrived": True, "reason": "\x1b"}, "reason"),
        ({**OF_ORDER, "never_arrived": True, "at": "2026-11-20T09:00:00Z"}, "at"),
        ({**OF_ORDER, "never_arrived": True, "actor": "somebody"}, "actor"),
    ],
)
def test_a_decision_is_one_of_three_and_has_no_other_fields(
    doubtful: Ledger, body: Any, field: str
) -> None:
    answer = posted(doubtful, body)
    assert (answer.status_code, answer.json()["field"]) == (400, field), answer.text
    assert doubtful.order("D-1")["certainty"] == "unresolved"
