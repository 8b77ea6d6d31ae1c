"""`GET /api/alerts` lists what the command `alerts` lists, and the status tells how many are open."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.command_line import run
from tests.contract.streams import of_account
from tests.service.harness import asked
from tests.watching.desk import Desk

RULES = ({"kind": "halt"}, {"kind": "gap", "seconds": 5})


@pytest.fixture
def desk(durable_store_url: str) -> Iterator[Desk]:
    desk = Desk(durable_store_url, *RULES)
    with desk.ledger:
        yield desk


def rows(desk: Desk, path: str) -> list[dict[str, Any]]:
    (answer,) = asked(desk.ledger, path)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["rows"]
    return found


def test_the_list_has_the_rows_and_filters_of_the_command(desk: Desk, durable_store_url: str) -> None:
    desk.record(of_account("halt", 1, reason="review"), of_account("gap", 2, **{"from": "2026-03-02T09:30:02Z"}))
    desk.at(3)
    desk.at(60)
    desk.record(of_account("resume_trading", 61))
    desk.at(62)
    for options, query in (
        ((), ""),
        (("--open",), "?open=true"),
        (("--rule", "halt"), "?rule=halt"),
        (("--account", "sim:other"), "?account=sim:other"),
    ):
        printed = run("alerts", *options, "--json", "--db", durable_store_url)
        assert rows(desk, f"/api/alerts{query}") == [json.loads(line) for line in printed.out.splitlines()]
    (is_open,) = rows(desk, "/api/alerts?open=true")
    assert (is_open["rule"], is_open["position"], is_open["cleared_at"]) == ("gap", 2, None)
    assert [row["rule"] for row in rows(desk, "/api/alerts?order=newest&limit=1")] == ["gap"]
    assert [row["rule"] for row in rows(desk, "/api/alerts?limit=1")] == ["halt"]


def test_the_status_changes_with_each_alert_that_is_raised_or_cleared(desk: Desk) -> None:
    def alerts() -> dict[str, int]:
        (answer,) = asked(desk.ledger, "/api/status")
        found: dict[str, int] = answer.json()["alerts"]
        return found

    assert alerts() == {"open": 0, "last": 0}
    desk.record(of_account("halt", 1, reason="review"))
    desk.at(2)
    assert alerts() == {"open": 1, "last": 1}
    desk.record(of_account("resume_trading", 3))
    desk.at(4)
    assert alerts() == {"open": 0, "last": 1}


@pytest.mark.parametrize(
    "wrong", ["as_of=1", "effective_at=2026-11-20T00:00:00Z", "open=yes", "order=first", "severity=critical"]
)
def test_what_the_command_does_not_take_is_a_problem(wrong: str, desk: Desk) -> None:
    (answer,) = asked(desk.ledger, f"/api/alerts?{wrong}")
    assert (answer.status_code, answer.json()["field"]) == (400, wrong.partition("=")[0])
