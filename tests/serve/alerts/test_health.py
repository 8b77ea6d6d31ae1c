"""Health: ready or not, with every reason, as data and as an exit status."""

import json
import sqlite3
from datetime import timedelta
from pathlib import Path

from orderledger import Ledger
from orderledger.infrastructure.clock import SteppingClock
from orderledger.infrastructure.errors import StoreUnreachable
from orderledger.serve.health import Readiness, ReadinessLimits, live, ready
from tests.command_line import run
from tests.core.contract.streams import START, moment, opened, parsed, request

NOW = START + timedelta(seconds=60)


def look(ledger: Ledger, **limits: object) -> Readiness:
    return ready(
        ledger, ReadinessLimits.model_validate(limits), clock=SteppingClock(NOW, timedelta())
    )


def checks(found: Readiness) -> list[tuple[str, str | None, float | None, float | None]]:
    assert found.is_ready is not bool(found.reasons)
    return [(one.check, one.subject, one.value, one.limit) for one in found.reasons]


def test_a_ledger_is_ready_until_its_views_are_too_far_behind(store_url: str) -> None:
    with opened(store_url, update_views=False) as ledger:
        ledger.record_many(parsed(request("A"), request("B"), request("C")))
        assert checks(look(ledger, views_behind=3)) == []
        assert checks(look(ledger, views_behind=2)) == [("views_behind", None, 3, 2)]
        assert look(ledger, views_behind=2).position == 3
        ledger.views.catch_up()
        assert checks(look(ledger, views_behind=0)) == []


def test_every_feed_that_is_needed_has_to_be_heard(store_url: str) -> None:
    with opened(store_url, update_views=False) as ledger:
        counters = {"is_up": True, "last_message_age_seconds": 20.0}
        down = {"is_up": False, "last_message_age_seconds": None}
        ledger.internals.publish(
            "here",
            {
                "at": moment(50),
                "is_running": True,
                "accounts": {"sim:up": counters, "sim:down": down},
            },
        )
        ledger.internals.publish("claiming", {"accounts": {}, "claim": {}})
        assert checks(look(ledger, feeds={"sim:up": 10}, messages={"sim:up": 30})) == []
        assert checks(look(ledger, feeds={"sim:up": 9.5, "sim:down": 99, "sim:none": 99})) == [
            ("feed", "sim:up", 10, 9.5),
            ("feed", "sim:down", None, 99),
            ("feed", "sim:none", None, 99),
        ]
        assert checks(look(ledger, messages={"sim:up": 29, "sim:down": 99})) == [
            ("feed_message", "sim:up", 30, 29),
            ("feed_message", "sim:down", None, 99),
        ]


def test_a_fault_of_the_background_update_is_a_reason(store_url: str) -> None:
    with opened(store_url) as ledger:
        assert checks(look(ledger)) == []
        ledger._follower.failure = StoreUnreachable("the disk is full")
        found = look(ledger)
        ledger._follower.failure = None
    assert checks(found) == [("views_fault", None, None, None)]
    assert "the disk is full" in found.reasons[0].text


def test_a_store_that_cannot_be_read_is_not_ready_and_the_process_lives(tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    with opened(str(path), update_views=False) as ledger:
        with sqlite3.connect(path) as other:
            other.execute("DROP TABLE view_positions")
        found = look(ledger)
    assert checks(found) == [("store", None, None, None)]
    assert found.shown()["position"] is None
    assert live() == {"is_live": True}


def test_the_command_tells_docker_and_systemd_by_its_status(tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    missing = run("health", "--db", path, "--json")
    assert (missing.status, missing.out) == (3, "") and missing.err.startswith(
        "orderledger: there is no ledger at"
    )
    assert not path.exists()
    with opened(str(path), update_views=False) as ledger:
        ledger.record_many(parsed(request("A"), request("B")))
    fine = run("health", "--db", path)
    assert (fine.status, fine.out, fine.err) == (0, "ready\n", "")
    behind = run("health", "--db", path, "--views-behind", "1", "--feed", "sim:main=30")
    assert behind.status == 1
    assert behind.out.splitlines() == [
        "the views are 2 events behind the log, the limit is 1",
        "sim:main: no collector feeds it",
    ]
    as_json = run("health", "--db", path, "--views-behind", "1", "--json")
    assert (as_json.status, json.loads(as_json.out)["reasons"][0]["check"]) == (1, "views_behind")
    with sqlite3.connect(path) as other:
        other.execute("ALTER TABLE collectors RENAME COLUMN status TO told")
    unusable = run("health", "--db", path)
    assert (unusable.status, "no such column" in unusable.out) == (3, True), unusable
    path.write_bytes(b"no database" * 1_000)
    unusable = run("health", "--db", path)
    assert (unusable.status, "cannot be used" in unusable.err) == (3, True), unusable
    for wrong in ("sim:main", "=3", "sim:main=0", "sim:main=nan", "sim:main=soon"):
        assert run("health", "--db", path, "--feed", wrong).status == 2, wrong
