"""The commands `watch` and `alerts` as operators run them, and a watcher that is killed between
raising and delivering."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger
from tests.command_line import run
from tests.core.contract.streams import of_account, parsed
from tests.serve.alerts.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def settings(folder: Path, text: str) -> Path:
    path = folder / "alerts.toml"
    path.write_text(text)
    return path


def record(db: Path, *documents: dict[str, Any]) -> None:
    with Ledger.open(db, update_views=False) as ledger:
        ledger.record_many(parsed(*documents))


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.slow
def test_one_look_raises_delivers_and_is_listed(tmp_path: Path, receiver: Receiver) -> None:
    db = tmp_path / "orders.db"
    config = settings(
        tmp_path,
        f'[[targets]]\nname = "desk"\nwebhook = "{receiver.url}"\n[[rules]]\nkind = "halt"\n',
    )
    checked = run("watch", "--config", config, "--check")
    assert (checked.status, checked.out) == (0, "halt: halt, warning, to desk\n")
    assert run("watch", "--config", config, "--once", "--db", db).status == 3
    record(db, of_account("halt", 1, reason="review"))
    receiver.failing = 1
    first = run("watch", "--config", config, "--once", "--db", db)
    assert (first.status, first.out) == (1, "1 raised, 0 cleared\n")
    assert "a target failed" in first.err
    (row,) = lines(run("alerts", "--open", "--json", "--db", db).out)
    assert (row["fault"], row["waiting"], row["attempts"], row["cleared_at"]) == (
        "HTTP 503: busy",
        ["desk"],
        1,
        None,
    )
    record(db, of_account("resume_trading", 2))
    time.sleep(1.1)
    second = run("watch", "--config", config, "--once", "--db", db)
    assert (second.status, second.out) == (0, "0 raised, 1 cleared\n")
    assert receiver.events() == [("halt", "raised"), ("halt", "cleared")]
    assert run("alerts", "--open", "--json", "--db", db).out == ""
    assert "review" in run("alerts", "--rule", "halt", "--db", db).out
    assert run("alerts", "--rule", "other", "--json", "--db", db).out == ""


@pytest.mark.slow
def test_a_watcher_that_is_killed_between_raise_and_delivery_loses_nothing(
    tmp_path: Path, receiver: Receiver, orderledger_command: Path
) -> None:
    db, taken = tmp_path / "orders.db", tmp_path / "taken"
    record(db, of_account("halt", 1))
    hanging = (
        f'[[targets]]\nname = "desk"\ncommand = ["sh", "-c", "touch {taken}; sleep '
        '600"]\n[[rules]]\nkind = "halt"\n'
    )
    config = settings(tmp_path, hanging)
    process = subprocess.Popen([orderledger_command, "watch", "--config", config, "--db", db])
    until(taken.exists)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (row,) = lines(run("alerts", "--json", "--db", db).out)
    assert (row["attempts"], row["delivered_at"], row["waiting"]) == (1, None, ["desk"])
    with (
        Ledger.open(db, update_views=False) as ledger,
        ledger.internals.store.database.writing() as session,
    ):  # the pause is over
        session.execute("UPDATE alert_notices SET next_attempt_at = '2026-01-01T00:00:00.000000Z'")
    config = settings(
        tmp_path,
        f'[[targets]]\nname = "desk"\nwebhook = "{receiver.url}"\n[[rules]]\nkind = "halt"\n',
    )
    process = subprocess.Popen([orderledger_command, "watch", "--config", config, "--db", db])
    until(lambda: bool(receiver.taken))
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert [one["id"] for one in receiver.taken] == ["alerts-1-raised"]
    (row,) = lines(run("alerts", "--json", "--db", db).out)
    assert (row["attempts"], row["waiting"]) == (2, [])


def test_without_a_ledger_nothing_is_listed_and_nothing_is_made(tmp_path: Path) -> None:
    assert run("alerts", "--db", tmp_path / "none.db").status == 3
    assert not (tmp_path / "none.db").exists()


def until(condition: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
