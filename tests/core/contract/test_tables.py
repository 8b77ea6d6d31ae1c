"""The tables of the command line: in a window as wide as it is, and piped on."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from orderledger import Ledger, parse_document
from tests.command_line import run, run_in_window

CLOID = "0x1234567890abcdef1234567890abcdef"
ME = {"account": "hyperliquid:main", "client_order_id": CLOID}
BOUGHT = {
    "instrument": "BTC-USD",
    "side": "buy",
    "quantity": "0.5",
    "order_type": "limit",
    "limit_price": "64000.5",
}
DAY = (
    {"account": "hyperliquid:main", "type": "instrument", "instrument": "BTC-USD",
    "currency": "USDC"},
    {**ME, **BOUGHT, "type": "request", "strategy": "momentum", "at": "2026-11-20T09:00:00Z"},
    {**ME, "type": "acknowledged", "venue_order_id": "77738308"},
    {**ME, "type": "fill", "fill_id": "F-1", "quantity": "0.2", "price": "63990", "fee": "1.28",
    "fee_currency": "USDC"},
    {**ME, "type": "request_cancel"},
    {**ME, **BOUGHT, "type": "request", "client_order_id": "C-2"},
    {**ME, "type": "unresolved", "client_order_id": "C-2", "reason": "timeout"},
    {"account": "hyperliquid:main", "type": "fill", "venue_order_id": "999", "fill_id": "F-9",
    "instrument": "ETH-USD",
     "side": "sell", "quantity": "1", "price": "3000"},
)  # fmt: skip
LEFT_OUT = re.compile(
    r"columns that do not fit: (.*); a wider window, `\| less -S` and --json show them"
)


@pytest.fixture
def ledger_path(tmp_path: Path) -> Path:
    path = tmp_path / "orders.db"
    with Ledger.open(str(path)) as ledger:
        ledger.record_many(map(parse_document, DAY))
    return path


def shown_at(width: int, *arguments: str | Path) -> list[str]:
    """What a window of that width shows, without the styles."""
    return re.sub(r"\x1b\[[0-9;]*m", "", run_in_window(width, *arguments)).split("\n")


@pytest.mark.parametrize("width", [80, 130])
@pytest.mark.parametrize(
    "command", ["orders", "trades", "positions", "recover", "history", "anomalies"]
)
def test_a_table_keeps_to_its_window(ledger_path: Path, command: str, width: int) -> None:
    asked = [command, CLOID] if command == "history" else [command]
    lines = [
        line
        for line in shown_at(width, *asked, "--db", ledger_path)
        if "orderledger resolve" not in line  # pasted whole
    ]
    assert max(map(len, lines)) <= width
    assert len(lines) < 25, "a cell cut to letters"


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_what_an_order_is_can_be_read_in_any_window(ledger_path: Path, width: int) -> None:
    shown = "\n".join(shown_at(width, "orders", "--db", ledger_path))
    for word in (
        "BTC-USD",
        "buy",
        "0.5",
        "64000.5",
        "0.2",
        "partially_filled",
        "cancel",
        "pending",
        "unresolved",
        "C-2",
        "999",
    ):
        assert re.search(rf"(?<!\S){word}(?!\S)", shown.replace(",", "")), word


@pytest.mark.parametrize("width", [30, 60])
@pytest.mark.parametrize(
    ("command", "words"),
    [("trades", ["buy", "0.2", "63990", "F-1"]), ("pnl", ["0.2", "63990", "-1.28", "USDC"])],
)
def test_where_the_first_columns_have_no_room_they_stand_below_each_other(
    ledger_path: Path, command: str, words: list[str], width: int
) -> None:
    lines = shown_at(width, command, "--db", ledger_path)
    assert max(map(len, lines)) <= width
    assert [word for word in words if word not in "\n".join(lines).split()] == []


def test_what_was_left_out_is_named_with_the_ways_to_see_it(ledger_path: Path) -> None:
    narrow = LEFT_OUT.search(" ".join(shown_at(80, "trades", "--db", ledger_path)))
    assert narrow is not None
    assert narrow[1].split(", ") == [
        "fee", "fee currency", "strategy", "account", "fill id", "source", "venue order id",
        "recorded at", "position",
    ]  # fmt: skip
    assert not LEFT_OUT.search(" ".join(shown_at(250, "trades", "--db", ledger_path)))


def test_a_window_has_the_most_important_columns_it_has_room_for(ledger_path: Path) -> None:
    def columns(command: str, width: int) -> str:
        return " ".join(shown_at(width, command, "--db", ledger_path)).partition("─")[0]

    assert [("requested at" in columns("orders", width)) for width in (80, 120, 200)] == [
        False,
        True,
        True,
    ]


def test_a_currency_is_shown_beside_its_fee_alone(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "orders.db") as ledger:
        of_long_fee = {
            **DAY[3],
            "fee": "0.0000000123456789",
            "instrument": "BTC-USD",
            "side": "buy",
        }
        ledger.record(parse_document({**of_long_fee, "client_order_id": "C-1"}))
    seen = set()
    for width in range(70, 110, 4):
        head, _, rest = " ".join(
            shown_at(width, "trades", "--db", tmp_path / "orders.db")
        ).partition("─")
        seen.add(("currency" in head, "0.0000000123" in rest))
    assert seen == {(False, False), (False, True), (True, True)}


def test_the_story_of_an_order_tells_who_said_it_and_why(ledger_path: Path) -> None:
    with Ledger.open(ledger_path) as ledger:
        told = {
            "actor": "anna",
            "correlation_id": "K-1",
            "causation_id": "mail-7",
            "evidence": {"mail": "stop"},
            "source": "operator",
        }
        ledger.record(
            parse_document({**ME, "client_order_id": "C-2", "type": "request_cancel", **told})
        )
    for command in (["history", "C-2"], ["events", "--actor", "anna"]):
        done = run(*command, "--db", ledger_path)
        lines = [line for line in done.out.splitlines() if "cancel requested" in line]
        assert [
            re.findall(r"(?<!\S)(anna|K-1|mail-7|yes|operator)(?!\S)", line) for line in lines
        ] == [["anna", "operator", "yes", "K-1", "mail-7"]]
        assert "evidence" in done.out.splitlines()[0]


def test_statuses_have_colours_in_a_terminal_that_shows_them(ledger_path: Path) -> None:
    asked = ("orders", "--db", ledger_path)
    shown = run_in_window(200, *asked)
    assert re.search("\x1b\\[36mpartially_filled\\b", shown) and re.search(
        "\x1b\\[1;33mpending_new\\b", shown
    )
    for setting in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\x1b" not in run_in_window(200, *asked, environment=setting)
    assert "\x1b" not in run(*asked).out


def test_times_are_shown_in_utc_and_the_help_says_so(
    orderledger_command: Path, ledger_path: Path
) -> None:
    """In a process of its own, since Python reads TZ as it starts."""
    asked: list[str | Path] = [orderledger_command, "history", CLOID, "--db", ledger_path]
    done = subprocess.run(
        asked,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TZ": "America/New_York"},
    )
    assert "2026-11-20 09:00:00.000" in done.stdout
    assert "UTC" in run("--help").out


def test_what_is_piped_on_has_every_column_and_a_line_per_row(ledger_path: Path) -> None:
    head, _, *rows, count = run("orders", "--db", ledger_path).out.splitlines()
    assert re.split(r"\s\s+", head.strip()) == [
        "order", "instrument", "side", "quantity", "limit price", "cum quantity", "status",
        "requested at", "average price",
        "updated at", "anomalies", "strategy", "account", "venue order id", "order type",
        "fees", "origin",
    ]  # fmt: skip
    assert [row.split()[0] for row in rows] == ["999", CLOID, "C-2"]
    assert count == "3 orders"
