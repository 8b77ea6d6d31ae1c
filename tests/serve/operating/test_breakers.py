"""Breakers of a gateway in another process: over HTTP, as metrics, and on the command line."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from orderledger import Ledger
from orderledger.gateway.published import BreakerRow, GatewayStatuses
from tests.command_line import run
from tests.conftest import REPOSITORY
from tests.serve.http.processes import Server
from tests.serve.operating.test_reconciling import until
from tests.serve.operating.trader import ACCOUNT, BTC


@contextmanager
def trading(store: str, failures: int) -> Iterator["subprocess.Popen[str]"]:
    """The process, once that many of its orders have failed."""
    command = [sys.executable, "-m", "tests.serve.operating.trader", store, str(failures)]
    trader = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)
    assert trader.stdout is not None
    try:
        lines = [trader.stdout.readline() for _ in range(failures + 1)]
        assert lines[-1] == "ready\n", lines
        yield trader
    finally:
        trader.kill()
        trader.wait(10)


def breakers(server: Server, **asked: str) -> dict[str, dict[str, Any]]:
    answer = httpx.get(f"{server.url}/api/breakers", params=asked)
    assert answer.status_code == 200, answer.text
    rows = answer.json()["rows"]
    assert all(row.keys() == BreakerRow.__annotations__.keys() for row in rows)
    return {row["breaker"]: row for row in rows}


def value_of(server: Server, breaker: str) -> str | None:
    value: str | None = breakers(server).get(breaker, {}).get("value")
    return value


@pytest.mark.slow
def test_a_breaker_is_seen_from_its_count_to_its_halt_and_to_the_end_of_the_gateway(
    new_store_url: str,
) -> None:
    with Server(new_store_url) as server, trading(new_store_url, failures=2) as trader:
        until(lambda: value_of(server, "sending_failures") == "2")
        shown = breakers(server)
        assert shown.keys() == {
            "sending_failures",
            "rejects_per_minute",
            "daily_loss",
            "open_break",
            "drawdown",
        }
        assert {row["state"] for row in shown.values()} == {"armed"}
        assert [shown[name]["limit"] for name in ("sending_failures", "daily_loss", "open_break",
        "drawdown")] == [
            "3", "1000", "0", "250.5",
        ]  # fmt: skip
        assert (shown["daily_loss"]["instrument"], shown["open_break"]["strategy"]) == (BTC, "grid")
        assert breakers(server, account="sim:other") == {}
        trader.kill()
        trader.wait()
        until(lambda: float(breakers(server)["sending_failures"]["status_age_seconds"]) > 3)
        assert (
            breakers(server)["sending_failures"]["is_running"] is True
        )  # it had no time to say that it ends


@pytest.mark.slow
def test_a_tripped_breaker_says_since_when_and_why_until_trading_is_resumed(tmp_path: Path) -> None:
    store = str(tmp_path / "orders.db")
    with Server(store) as server, trading(store, failures=3):
        until(lambda: breakers(server).get("sending_failures", {}).get("state") == "tripped")
        row = breakers(server)["sending_failures"]
        (halt,) = httpx.get(f"{server.url}/api/halts?active=true").json()["rows"]
        assert (row["tripped_at"], row["reason"]) == (
            halt["halted_at"],
            "3 requests in a row were not sent or not answered",
        )
        assert row["cancels_orders"] is True
        metrics = httpx.get(f"{server.url}/metrics").text
        assert (
            f'orderledger_tripped_breakers{{account="{ACCOUNT}",breaker="sending_failures"}} 1.0'
            in metrics
        )
        assert (
            f'orderledger_tripped_breakers{{account="{ACCOUNT}",breaker="drawdown"}} 0.0' in metrics
        )
        assert f'orderledger_gateway_up{{account="{ACCOUNT}"}} 1.0' in metrics
        assert re.search(
            r'orderledger_breaker_limit_ratio\{account="sim:main",breaker="rejects_per_minute"\} '
            r"0\.0",
            metrics,
        )
        said = run("status", "--db", store)
        assert "sending_failures" in said.out and "tripped" in said.out
        httpx.post(f"{server.url}/api/halts", json={"account": ACCOUNT, "strategy": "grid"})
        assert breakers(server)["drawdown"]["state"] == "halted"
        assert (
            httpx.post(f"{server.url}/api/halts/resume", json={"account": ACCOUNT}).status_code
            == 200
        )
        assert breakers(server)["sending_failures"]["state"] == "armed"


def test_a_gateway_without_breakers_removes_what_an_earlier_one_published(store_url: str) -> None:
    with Ledger.open(store_url, update_views=False) as ledger:
        statuses = GatewayStatuses(ledger.internals.store.database)
        status = {
            "holder": "here",
            "at": "2026-11-20T09:00:00Z",
            "is_running": True,
            "breakers": [],
        }
        statuses.write({ACCOUNT: status, "sim:other": status})
        ledger.internals.publish("here", {"accounts": {}})
        statuses.remove([ACCOUNT])
        assert ledger.status()["gateways"] == {"sim:other": status}
        assert ledger.status()["collectors"] == {"here": {"accounts": {}}}


@pytest.mark.parametrize("columns", ["breaker,state", "moon"])
def test_columns_of_breakers_can_be_chosen(columns: str, tmp_path: Path) -> None:
    from tests.serve.http.harness import asked

    with Ledger.open(tmp_path / "orders.db", update_views=False) as ledger:
        (answer,) = asked(ledger, f"/api/breakers?columns={columns}")
    assert answer.status_code == (400 if columns == "moon" else 200)
