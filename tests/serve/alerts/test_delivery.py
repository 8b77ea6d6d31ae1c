"""Delivery: every notice at least once, in order, to a webhook, a command and apprise; never with a
secret in the open."""

import json
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.infrastructure.errors import InvalidSetting
from orderledger.serve.alerts.delivery import LONGEST_PAUSE, pause_after
from orderledger.serve.alerts.lists import alerts
from orderledger.serve.alerts.settings import AlertSettings
from orderledger.serve.alerts.watcher import Watcher
from tests.core.contract.streams import START, of_account, parsed
from tests.serve.alerts.desk import ACCOUNT, Desk
from tests.serve.alerts.receiver import Receiver, receiving

HALT = {"kind": "halt", "severity": "critical"}
COLLECTING = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read())"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def at_desk(url: str, *targets: dict[str, Any], rule: dict[str, Any] | None = None) -> Desk:
    return Desk(url, rule or HALT, targets=targets)


def halted(desk: Desk, second: float, account: str = ACCOUNT) -> None:
    desk.record(of_account("halt", second, account=account))
    desk.at(second)


def resumed(desk: Desk, second: float, account: str = ACCOUNT) -> None:
    desk.record(of_account("resume_trading", second, account=account))
    desk.at(second)


def test_a_webhook_gets_what_was_raised_and_what_was_cleared(
    store_url: str, receiver: Receiver
) -> None:
    desk = at_desk(
        store_url, {"name": "desk", "webhook": receiver.url, "headers": {"X-Team": "risk"}}
    )
    halted(desk, 1)
    assert desk.watcher.deliver()
    resumed(desk, 2)
    assert desk.watcher.deliver()
    assert desk.watcher.deliver()
    assert receiver.events() == [("halt", "raised"), ("halt", "cleared")]
    raised, cleared = receiver.taken
    assert raised == {
        "id": "alerts-1-raised",
        "event": "raised",
        "alert": 1,
        "watcher": "alerts",
        "rule": "halt",
        "kind": "halt",
        "severity": "critical",
        "subject": ACCOUNT,
        "account": ACCOUNT,
        "text": f"trading is halted in {ACCOUNT}: ",
        "details": {
            "instrument": None,
            "strategy": None,
            "reason": None,
            "actor": None,
            "cancels_orders": False,
        },
        "position": 1,
        "raised_at": "2026-03-02T09:30:01.000000Z",
        "cleared_at": None,
    }
    assert (cleared["id"], cleared["cleared_at"]) == (
        "alerts-1-cleared",
        "2026-03-02T09:30:02.000000Z",
    )
    assert [one["Idempotency-Key"] for one in receiver.headers] == [
        "alerts-1-raised",
        "alerts-1-cleared",
    ]
    assert receiver.headers[0]["X-Team"] == "risk"
    row = desk.last()
    assert (row["attempts"], row["waiting"], row["delivered_at"]) == (
        2,
        [],
        START + timedelta(seconds=2),
    )
    desk.ledger.close()


@pytest.mark.slow
def test_a_failure_is_tried_again_after_growing_pauses_and_holds_up_what_comes_after(
    store_url: str, receiver: Receiver
) -> None:
    desk = at_desk(store_url, {"name": "desk", "webhook": receiver.url})
    receiver.failing = 2
    halted(desk, 1, "sim:one")
    halted(desk, 1, "sim:two")
    assert not desk.watcher.deliver()
    assert desk.watcher.deliver()  # not due yet
    assert (receiver.attempts, receiver.taken) == (1, [])
    assert desk.rows()[0]["fault"] == "HTTP 503: busy"
    desk.at(2)
    assert not desk.watcher.deliver()
    desk.at(3.9)
    assert desk.watcher.deliver()
    assert receiver.attempts == 2
    desk.at(4)
    assert desk.watcher.deliver()
    assert [one["subject"] for one in receiver.taken] == ["sim:one", "sim:two"]
    assert [row["attempts"] for row in desk.rows()] == [3, 1]
    assert desk.rows()[0]["fault"] is None
    desk.ledger.close()


def test_a_notice_is_given_up_at_last_and_says_so(store_url: str, receiver: Receiver) -> None:
    desk = at_desk(store_url, {"name": "desk", "webhook": receiver.url, "give_up_hours": 1})
    receiver.failing = 2
    halted(desk, 1)
    desk.watcher.deliver()
    desk.at(3_601)
    desk.watcher.deliver()
    halted(desk, 3_602, "sim:other")
    assert desk.watcher.deliver()
    assert [one["subject"] for one in receiver.taken] == ["sim:other"]
    (notice,) = desk.rows()[0]["notices"]
    assert (notice["given_up_at"], notice["delivered_at"]) == (
        START + timedelta(seconds=3_601),
        None,
    )
    assert desk.rows()[0]["waiting"] == ["desk"]
    desk.ledger.close()


def test_pauses_grow_to_five_minutes() -> None:
    assert [pause_after(number) for number in (0, 1, 2, 8, 9, 1_000)] == [
        1,
        2,
        4,
        256,
        LONGEST_PAUSE,
        LONGEST_PAUSE,
    ]


def test_a_command_gets_the_notice_on_its_standard_input(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    target = {"name": "pager", "command": [sys.executable, "-c", COLLECTING, str(taken)]}
    desk = at_desk("memory://", target)
    halted(desk, 1)
    assert desk.watcher.deliver()
    assert [json.loads(line)["id"] for line in taken.read_text().splitlines()] == [
        "alerts-1-raised"
    ]


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        (["/no/such/program"], "/no/such/program cannot be run: No such file or directory"),
        (
            [sys.executable, "-c", "import sys; sys.exit('no line to the pager')"],
            "ended with status 1: no line to the pager",
        ),
        (["sh", "-c", "sleep 60 & sleep 60"], "sh did not end within 0.3 s"),
        (["true"], None),  # does not read what it is given
    ],
)
def test_a_command_that_fails_is_tried_again(command: list[str], fault: str | None) -> None:
    desk = at_desk(
        "memory://",
        {"name": "pager", "command": command, "timeout_seconds": 0.3 if "sh" in command else 20},
    )
    halted(desk, 1)
    began = time.monotonic()
    assert desk.watcher.deliver() is (fault is None)
    assert time.monotonic() - began < 20
    found = desk.last()["fault"]
    assert found is None if fault is None else fault in str(found)


@pytest.mark.slow
def test_apprise_delivers_to_its_services(receiver: Receiver) -> None:
    desk = at_desk(
        "memory://", {"name": "phone", "apprise": [receiver.url.replace("http://", "json://")]}
    )
    halted_text = []

    def take(body: bytes, headers: dict[str, str]) -> int:
        halted_text.append(json.loads(body))
        return 200

    receiver.take = take  # type: ignore[method-assign]
    halted(desk, 1)
    assert desk.watcher.deliver()
    assert [(one["title"], one["type"]) for one in halted_text] == [
        ("critical: halt raised", "failure")
    ]


def test_a_url_that_apprise_does_not_know_is_refused_without_being_shown() -> None:
    with pytest.raises(InvalidSetting) as caught:
        at_desk("memory://", {"name": "phone", "apprise": ["nosuch://token-of-ours@host"]})
    assert str(caught.value) == "targets.1.apprise.1: is not a URL that apprise knows"


def test_without_apprise_its_targets_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(InvalidSetting, match=r"pip install 'orderledger\[alerts\]'") as caught:
        at_desk("memory://", {"name": "phone", "apprise": ["json://localhost"]})
    assert str(caught.value).startswith("targets.1.apprise: needs apprise")


SECRET = "s3cr3t-0123456789abcdef"


@pytest.mark.parametrize("place", ["path", "query", "password", "header"])
def test_no_secret_of_an_address_is_ever_shown(
    place: str, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    host = receiver.url.removeprefix("http://").removesuffix("/hook")
    url = {
        "path": f"http://{host}/{SECRET}",
        "query": f"http://{host}/hook?key={SECRET}",
        "password": f"http://us:{SECRET}@{host}/hook",
        "header": receiver.url,
    }[place]
    headers = {"Authorization": f"Bearer {SECRET}"} if place == "header" else {}
    desk = at_desk("memory://", {"name": "desk", "webhook": url, "headers": headers})
    receiver.failing = 1
    receiver.answer = f"{url} {SECRET} was not known"  # some servers say what they were given

    def echo(body: bytes, headers: dict[str, str]) -> int:
        raise RuntimeError(f"no {url} {headers}")  # the connection ends without an answer

    halted(desk, 1)
    desk.watcher.deliver()
    assert "was not known" in str(desk.last()["fault"])
    said = json.dumps(desk.rows(), default=str)
    receiver.take = echo  # type: ignore[method-assign]
    desk.at(3)
    desk.watcher.deliver()
    shown = said + json.dumps(desk.rows(), default=str) + caplog.text
    assert desk.last()["attempts"] == 2
    assert SECRET not in shown


def test_threads_look_and_deliver_until_they_are_stopped(
    tmp_path: Path, receiver: Receiver
) -> None:
    settings = AlertSettings.model_validate(
        {
            "look_seconds": 0.02,
            "rules": [HALT],
            "targets": [
                {"name": "broken", "webhook": "http://127.0.0.1:9/hook"},
                {"name": "desk", "webhook": receiver.url},
            ],
        }
    )
    with Ledger.open(tmp_path / "orders.db") as ledger, Watcher(ledger, settings) as watcher:
        ledger.record_many(parsed(of_account("halt", 1)))
        until(lambda: receiver.events() == [("halt", "raised")])
        ledger.record_many(parsed(of_account("resume_trading", 2)))
        until(lambda: receiver.events() == [("halt", "raised"), ("halt", "cleared")])
        assert watcher.fault() is None
    assert not [
        thread for thread in threading.enumerate() if thread.name.startswith("orderledger-alerts")
    ]


def test_a_store_that_fails_is_a_fault_and_the_watcher_goes_on(tmp_path: Path) -> None:
    settings = AlertSettings.model_validate({"look_seconds": 0.02, "rules": [HALT]})
    with Ledger.open(tmp_path / "orders.db") as ledger, Watcher(ledger, settings) as watcher:
        with ledger.internals.store.database.writing() as session:
            session.execute("ALTER TABLE alerts RENAME TO alerts_away")
        until(lambda: watcher.fault() is not None)
        with ledger.internals.store.database.writing() as session:
            session.execute("ALTER TABLE alerts_away RENAME TO alerts")
        until(lambda: watcher.fault() is None)
        ledger.record_many(parsed(of_account("halt", 1)))
        until(lambda: bool(alerts_of(ledger)))


def alerts_of(ledger: Ledger) -> list[Any]:
    return list(alerts(ledger))


def until(condition: Any, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
