"""The main job on real input: recorded order flow, FIX scenarios and P&L cases, through the
command, on both databases.

The checks are given ones, with oracles of their own; they and the data lie beside the repository.
"""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.shared

SLICE = {"LOBSTER_AAPL": 3_000, "CME_ESH4": 20_000}
"""Messages of a stream in a quick run, or somewhat more: replaces are among them, and fills of
orders that nobody knows."""

REOPENED = {"LOBSTER_AAPL": 0, "CME_ESH4": 1}
"""Orders that were filled, and in the same moment replaced to one more: open by the last line of
the stream that names them. The totals that came with it take them for filled."""


@cache
def limited(source: str, shared: Path, count: int) -> tuple[str, ...]:
    """Options for a slice that does not end between a request and its acknowledgement: the oracle
    of the checks takes a requested order for an acknowledged one."""
    messages = messages_of(source, shared, "--limit", str(count + 100))
    while messages[count - 1]["type"] == "request":
        count += 1
    return "--source", source, "--limit", str(count)


def check(
    tool: str, shared: Path, command: Path, store: str, *options: str
) -> subprocess.CompletedProcess[str]:
    arguments = [
        sys.executable,
        str(shared / "tools" / tool),
        "--orderledger",
        str(command),
        "--db",
        store,
        *options,
    ]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=900, check=False)


@cache
def messages_of(source: str, shared: Path, *options: str) -> list[dict[str, str]]:
    stream = shared / "data" / "streams" / "order_events.csv.gz"
    tool = shared / "tools" / "order_events_to_messages.py"
    run = subprocess.run(
        [sys.executable, tool, stream, "--source", source, *options],
        check=True,
        capture_output=True,
        text=True,
    )
    return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.mark.slow
def test_orders_end_as_the_fix_matrices_print_them(
    shared: Path, orderledger_command: Path, durable_store_url: str
) -> None:
    run = check("check_fix_cases.py", shared, orderledger_command, durable_store_url)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.slow
def test_profit_and_loss_agrees_with_the_cases_of_other_systems(
    shared: Path, orderledger_command: Path, durable_store_url: str
) -> None:
    run = check("check_pnl_cases.py", shared, orderledger_command, durable_store_url)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.slow
def test_every_order_and_the_profit_of_an_hour_of_apple_agree_with_the_oracle(
    shared: Path, orderledger_command: Path, durable_store_url: str
) -> None:
    run = check(
        "check_stream.py",
        shared,
        orderledger_command,
        durable_store_url,
        *limited("LOBSTER_AAPL", shared, SLICE["LOBSTER_AAPL"]),
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "durable_store_url", ["sqlite", pytest.param("postgres", marks=pytest.mark.long)], indirect=True
)
def test_every_order_of_a_futures_stream_agrees_and_fills_of_no_known_side_are_kept_but_not_counted(
    shared: Path, orderledger_command: Path, durable_store_url: str
) -> None:
    """The stream tells no side for fills of orders that were added before it began."""
    options = limited("CME_ESH4", shared, SLICE["CME_ESH4"])
    run = check("check_stream.py", shared, orderledger_command, durable_store_url, *options)
    assert run.returncode == 0, run.stdout + run.stderr
    told = [
        message
        for message in messages_of("CME_ESH4", shared, *options[2:])
        if message["type"] == "fill"
    ]
    trades = ask(orderledger_command, durable_store_url, "trades")
    assert len(trades) == len(told)
    assert (
        sum(trade["side"] is None for trade in trades)
        == sum(fill.get("side") == "" for fill in told)
        == 7
    )
    assert ask(orderledger_command, durable_store_url, "pnl")[0]["fills"] == len(told) - 7


@pytest.mark.long
def test_every_order_and_the_profit_of_the_whole_apple_stream_agree_with_the_oracle(
    shared: Path, orderledger_command: Path, durable_store_url: str
) -> None:
    run = check(
        "check_stream.py",
        shared,
        orderledger_command,
        durable_store_url,
        "--source",
        "LOBSTER_AAPL",
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "source", ["LOBSTER_AAPL", pytest.param("CME_ESH4", marks=pytest.mark.long)]
)
def test_nothing_acknowledged_is_lost_when_recording_is_killed(
    shared: Path, orderledger_command: Path, durable_store_url: str, source: str
) -> None:
    options = (*limited(source, shared, 1_000), "--rounds", "2")
    run = check("check_kill.py", shared, orderledger_command, durable_store_url, *options)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.long
@pytest.mark.parametrize("source", ["LOBSTER_AAPL", "CME_ESH4"])
def test_whole_streams_end_with_the_totals_that_are_known_of_them(
    shared: Path, orderledger_command: Path, durable_store_url: str, source: str, tmp_path: Path
) -> None:
    lines = tmp_path / "messages.ndjson"
    lines.write_text("".join(json.dumps(message) + "\n" for message in messages_of(source, shared)))
    subprocess.run(
        [orderledger_command, "record", lines, "--db", durable_store_url],
        capture_output=True,
        check=False,
    )
    known = json.loads((shared / "data" / "streams" / "expected.json").read_text())[source]
    orders = [
        row
        for row in ask(orderledger_command, durable_store_url, "orders")
        if row["origin"] == "own"
    ]
    assert len(orders) == known["orders"]
    ended = [row for row in orders if row["status"] in ("filled", "canceled")]
    still_open = known["final"]["OPEN_ZERO_FILL"] + known["final"]["OPEN_PARTFILLED"]
    assert len(orders) - len(ended) == still_open + REOPENED[source]
    own = [
        trade
        for trade in ask(orderledger_command, durable_store_url, "trades")
        if trade["client_order_id"] is not None
    ]
    assert len(own) == known["fills"]


def ask(command: Path, store: str, *question: str) -> list[dict[str, object]]:
    run = subprocess.run(
        [command, *question, "--db", store, "--json"], check=True, capture_output=True, text=True
    )
    return [json.loads(line) for line in run.stdout.splitlines()]
