"""The answer to a reconciliation over HTTP, and the body that asks for one."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from orderledger.serve.problems import Problem
from orderledger.serve.reconciling import ReconcileBody, answer_of

AGREES: Any = {"account": "sim:a", "agrees": True}
FAILED: Any = {"account": "sim:b", "fault": "no route to host"}


def test_the_reports_are_the_rows() -> None:
    assert json.loads(answer_of([AGREES], 7)) == {"position": 7, "rows": [AGREES]}


def test_a_venue_that_could_not_be_queried_is_a_problem_that_has_all_rows() -> None:
    with pytest.raises(Problem) as caught:
        answer_of([AGREES, FAILED], 7)
    document = json.loads(caught.value.body())
    assert caught.value.status == document["status"] == 502
    assert (document["account"], document["fault"], document["position"]) == (
        "sim:b",
        "no route to host",
        7,
    )
    assert document["rows"] == [AGREES, FAILED]


@pytest.mark.parametrize(
    "body", [{"dry_run": "true"}, {"dry_run": 1}, {"account": 5}, {"dryrun": True}]
)
def test_a_body_has_the_fields_of_the_command_in_their_own_kinds(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ReconcileBody.model_validate(body)


def test_a_body_that_was_checked_does_not_change() -> None:
    body = ReconcileBody(account="sim:a")
    assert body.dry_run is False
    with pytest.raises(ValidationError, match="frozen"):
        body.dry_run = True
