"""`GET /api/alerts` lists what the command `alerts` lists, and the status tells how many are
open."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.infrastructure.clock import SteppingClock
from orderledger.infrastructure.storage.columns import time_text
from orderledger.serve.alerts.lists import status
from orderledger.serve.alerts.settings import AlertSettings
from orderledger.serve.alerts.watcher import Watcher
from tests.command_line import run
from tests.core.contract.streams import START, of_account, request
from tests.serve.alerts.desk import Desk
from tests.serve.http.harness import asked

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


def test_the_list_has_the_rows_and_filters_of_the_command(
    desk: Desk, durable_store_url: str
) -> None:
    desk.record(
        of_account("halt", 1, reason="review"),
        of_account("gap", 2, **{"from": "2026-03-02T09:30:02Z"}),
    )
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
        assert rows(desk, f"/api/alerts{query}") == [
            json.loads(line) for line in printed.out.splitlines()
        ]
    (is_open,) = rows(desk, "/api/alerts?open=true")
    assert (is_open["rule"], is_open["position"], is_open["cleared_at"]) == ("gap", 2, None)
    assert [row["rule"] for row in rows(desk, "/api/alerts?order=newest&limit=1")] == ["gap"]
    assert [row["rule"] for row in rows(desk, "/api/alerts?order=asc&limit=1")] == ["halt"]
    assert [row["rule"] for row in rows(desk, "/api/alerts?limit=1")] == [
        "gap"
    ]  # the other is cleared


SEVERE = (
    {"kind": "halt", "severity": "info"},
    {"kind": "gap", "seconds": 5},
    {"kind": "unresolved", "seconds": 1, "severity": "critical"},
)


def test_the_gravest_alert_comes_first_then_the_newest_and_cleared_ones_last(
    durable_store_url: str,
) -> None:
    desk = Desk(durable_store_url, *SEVERE)
    with desk.ledger:
        for number, order in enumerate(("A", "B", "C"), start=1):
            about = {"client_order_id": order, "venue_order_id": None}
            desk.record(
                request(order, second=number),
                of_account("unresolved", number, **about, reason="timeout"),
            )
            desk.at(100 + number)
        desk.record(
            of_account("gap", 110, **{"from": "2026-03-02T09:30:02Z"}),
            of_account("halt", 111, reason="review"),
        )
        desk.at(120)
        desk.record(of_account("reject", 121, client_order_id="B", venue_order_id=None))
        desk.at(130)
        printed = run("alerts", "--json", "--db", durable_store_url)
        of_command = [json.loads(line) for line in printed.out.splitlines()]
        for found in (rows(desk, "/api/alerts"), of_command):
            assert [(row["severity"], row["id"]) for row in found] == [
                ("critical", 3),
                ("critical", 1),
                ("warning", 5),
                ("info", 4),
                ("critical", 2),  # it is cleared
            ]
        assert [row["id"] for row in rows(desk, "/api/alerts?open=true&limit=2")] == [3, 1]


def test_the_status_says_when_a_watcher_last_looked_and_whether_all_of_them_do(
    durable_store_url: str,
) -> None:
    clock = SteppingClock(START, timedelta())

    def watched(second: float) -> tuple[bool, Any]:
        clock.set(START + timedelta(seconds=second))
        alerts = status(ledger, clock)["alerts"]
        return alerts["is_watched"], alerts["looked_at"]

    with Ledger.open(durable_store_url, clock=clock, update_views=False) as ledger:
        assert watched(0) == (False, None)
        settings = {"rules": [RULES[0]], "look_seconds": 1}
        one, slow = (
            Watcher(ledger, AlertSettings.model_validate({**settings, **more}), clock=clock)
            for more in ({"name": "one"}, {"name": "slow", "look_seconds": 100})
        )
        one.look()
        assert watched(30) == (True, time_text(START))
        assert watched(31) == (False, time_text(START))
        one.look()
        slow.look()
        for second in range(31, 320, 10):  # the slow one looks every 100 seconds
            clock.set(START + timedelta(seconds=second))
            one.look()
        assert watched(320) == (True, time_text(START + timedelta(seconds=31)))
        assert watched(335) == (False, time_text(START + timedelta(seconds=31)))
        clock.set(START + timedelta(days=2))
        one.look()
        assert watched(2 * 86_400)[0] is True  # the slow one is forgotten


def test_a_watcher_that_is_stopped_says_so_at_once(durable_store_url: str) -> None:
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        with Watcher(ledger, AlertSettings.model_validate({"rules": [RULES[0]]})):
            deadline = time.monotonic() + 60
            while not status(ledger)["alerts"]["is_watched"]:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert status(ledger)["alerts"]["is_watched"] is False
        assert status(ledger)["alerts"]["looked_at"] is not None
        printed = run("status", "--db", durable_store_url)
        assert "watcher alerts: stopped, looked at 2" in printed.out


def test_the_status_changes_with_each_alert_that_is_raised_or_cleared(desk: Desk) -> None:
    def alerts() -> dict[str, int]:
        (answer,) = asked(desk.ledger, "/api/status")
        found: dict[str, int] = answer.json()["alerts"]
        return {name: found[name] for name in ("open", "last")}

    assert alerts() == {"open": 0, "last": 0}
    desk.record(of_account("halt", 1, reason="review"))
    desk.at(2)
    assert alerts() == {"open": 1, "last": 1}
    desk.record(of_account("resume_trading", 3))
    desk.at(4)
    assert alerts() == {"open": 0, "last": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        "as_of=1",
        "effective_at=2026-11-20T00:00:00Z",
        "open=yes",
        "order=first",
        "severity=critical",
    ],
)
def test_what_the_command_does_not_take_is_a_problem(wrong: str, desk: Desk) -> None:
    (answer,) = asked(desk.ledger, f"/api/alerts?{wrong}")
    assert (answer.status_code, answer.json()["field"]) == (400, wrong.partition("=")[0])
