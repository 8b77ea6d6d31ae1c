"""The explanation of an order over HTTP, the watch in the process of the service, and the demo that
shows its page."""

import json
import re
import select
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from orderledger import Ledger
from tests.command_line import run
from tests.serve.http.harness import asked


def test_an_order_is_explained_as_on_the_command_line(ledger: Ledger) -> None:
    told, missing, wrong = asked(
        ledger,
        "/api/orders/sim:0/C-0/explanation",
        "/api/orders/sim:0/nothing/explanation",
        "/api/orders/sim:0/C-0/explanation?as_of=yesterday",
    )
    found = json.loads(told.content)
    assert [step["sentence"] for step in found["steps"]] == [
        step["sentence"] for step in ledger.audit.explain("C-0")["steps"]
    ]
    assert found["summary"] == ledger.audit.explain("C-0")["summary"]
    assert (missing.status_code, wrong.status_code, wrong.json()["field"]) == (404, 400, "as_of")


RULES = """
[[targets]]
name = "file"
command = ["tee", "{file}"]
[[rules]]
kind = "halt"
targets = ["file"]
"""


@pytest.mark.slow
def test_the_service_watches_its_ledger(tmp_path: Path, orderledger_command: Path) -> None:
    db, rules, alert = tmp_path / "a.db", tmp_path / "alerts.toml", tmp_path / "alert.json"
    rules.write_text(RULES.format(file=alert))
    command: list[str | Path] = [
        orderledger_command,
        "serve",
        "--db",
        db,
        "--port",
        "0",
        "--alerts",
        rules,
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as service:
        url = url_of(service)
        assert (
            httpx.post(
                f"{url}/api/halts?confirm=true", json={"account": "sim:main", "reason": "review"}
            ).status_code
            == 200
        )
        wait_for(lambda: alert.exists() and alert.stat().st_size > 0)
        service.send_signal(signal.SIGTERM)
        assert service.wait(30) == 0
    assert json.loads(alert.read_text())["kind"] == "halt"
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM alerts").fetchall() == [(1,)]


@pytest.mark.slow
def test_the_service_signs_checkpoints_of_its_log(
    tmp_path: Path, orderledger_command: Path
) -> None:
    db, key, out = tmp_path / "a.db", tmp_path / "log.key", tmp_path / "checkpoint.txt"
    assert run("keygen", str(key)).status == 0
    command: list[str | Path] = [
        orderledger_command,
        "serve",
        "--db",
        db,
        "--port",
        "0",
        "--checkpoint-key",
        key,
    ]
    command += ["--checkpoint-seconds", "1", "--checkpoint-out", out]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as service:
        assert (
            httpx.post(
                f"{url_of(service)}/api/halts?confirm=true",
                json={"account": "sim:main", "reason": "review"},
            ).status_code
            == 200
        )
        wait_for(lambda: out.exists() and out.read_text().splitlines()[1:2] == ["1"])
        service.send_signal(signal.SIGTERM)
        assert service.wait(30) == 0
    checked = run("verify", "--checkpoint", str(out), "--key", f"{key}.pub", "--db", str(db))
    assert checked.status == 0, checked.err


@pytest.mark.slow
def test_the_demo_shows_the_page_while_a_venue_trades(
    tmp_path: Path, orderledger_command: Path
) -> None:
    command: list[str | Path] = [
        orderledger_command,
        "demo",
        "--serve",
        "--port",
        "0",
        "--folder",
        tmp_path,
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as demo:
        url = url_of(demo)
        position = httpx.get(f"{url}/api/me").json()["position"]
        wait_for(lambda: httpx.get(f"{url}/api/me").json()["position"] > position)
        assert httpx.get(f"{url}/api/orders", params={"limit": 1}).json()["rows"]
        assert "<!doctype html>" in httpx.get(url).text.lower()
        demo.send_signal(signal.SIGINT)
        assert demo.wait(30) == 0
    with Ledger.open(tmp_path / "orders.db") as ledger:
        assert ledger.views.check().differences == ()


def url_of(process: "subprocess.Popen[str]") -> str:
    """The address that the process announces on stderr."""
    assert process.stderr is not None
    seen: list[str] = []
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([process.stderr], [], [], 1.0)[0]:
            seen.append(process.stderr.readline())
            found = re.search(r"http://127\.0\.0\.1:[0-9]+", seen[-1])
            if found is not None:
                return found.group()
    raise AssertionError("".join(seen))


def wait_for(is_so: Any) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, "it has not come about in a minute"
        time.sleep(0.1)
