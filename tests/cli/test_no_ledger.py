"""Where there is no ledger, whoever only asks makes none, and leaves what is there as it was."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest
from click.testing import CliRunner

from orderledger import Ledger, StoreUnreachable
from orderledger.cli import main
from orderledger.infrastructure.storage.store import is_there
from orderledger.infrastructure.storage.urls import public
from tests.core.contract.sql import connected


def asked(url: str, arguments: str) -> tuple[int, str, str]:
    run = CliRunner().invoke(main, [*arguments.split(), "--db", url])
    return run.exit_code, run.stdout, run.stderr


def tables(url: str) -> list[str]:
    of_postgres = (
        "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
    )
    with closing(connected(url)) as connection:
        found = connection.execute(
            "SELECT name FROM sqlite_master" if url.startswith("sqlite") else of_postgres
        )
        return [name for (name,) in found]


@pytest.fixture
def database(new_store_url: str) -> str:
    """Of another program."""
    with closing(connected(new_store_url)) as connection:
        connection.execute("CREATE TABLE notes (text TEXT)")
        connection.commit()
    return new_store_url


CREATING = ("record", "import", "restore", "serve")
"""Commands that create a missing ledger."""

QUESTIONS = (
    "orders", "orders --json", "orders --limit 2", "order C-1", "history C-1", "trades",
    "positions", "pnl", "recover",
    "anomalies --open", "proposals", "instruments", "marks", "account-events", "certificates",
    "events --json", "check", "upgrade", "upgrade --check",
    "status", "halt sim:main", "resume sim:main", "halts", "exposure", "latency", "explain C-1",
    "why order C-1",
    ("restate orders --from "
    "2026-11-20T09:00:00Z"), "audit", "audit --report rts24", "what-if", "prove-order-independence",
    "equity", "pnl-of-fills", "lots", "disposals", "balances", "valuation --in USD",
    "doubts", "reconciliation", "reconciled-orders", "accounts", "breaks",
    "breakers", "order-records",
    "sql SELECT", "analyse pnl", "alerts", "archive backup", ("bundle b.zip --account "
                                                             "sim:main"),
                                                             "checkpoint --key /dev/null",
    "compare a b", "export orders", ("forget --evidence-of C-1 "
                                    "--reason asked"), "metrics", "move-evidence", "prove C-1",
    ("relay "
    "nats://127.0.0.1:1/desk "
    "--once"), "report --day 2026-11-20", "tail", "verify --key /dev/null", "rebuild",
    "health", "health --json",
    "revert missing_fill:1", "translate hyperliquid /dev/null --account hyperliquid:main",
)  # fmt: skip


def test_every_command_with_a_ledger_is_asked_without_one() -> None:
    asking = {
        name
        for name, command in main.commands.items()
        if any(option.name == "db" for option in command.params)
    }
    assert {question.split()[0] for question in QUESTIONS} == asking - {
        *CREATING,
        "watch",  # it needs a file of rules, and has a test of its own
        "resolve",  # it records
        "resync",  # it reads the archive first
        "roles",  # only in PostgreSQL, and has a test of its own
    }


@pytest.mark.parametrize("arguments", QUESTIONS)
def test_in_a_database_without_a_ledger(database: str, arguments: str) -> None:
    status, printed, said = asked(database, arguments)
    sentence = (
        f"there is no ledger at {public(database)}: `orderledger record` and `collect` create one"
    )
    assert (status, printed, said) == (3, "", f"orderledger: {sentence}\n")
    assert tables(database) == ["notes"]
    if database.startswith("sqlite"):
        assert Path(database.removeprefix("sqlite://")).read_bytes()[18] == 1, (
            "not in the mode of a write-ahead log"
        )


@pytest.mark.parametrize("arguments", QUESTIONS)
def test_a_file_that_is_not_there_is_not_made_by_a_question(tmp_path: Path, arguments: str) -> None:
    status, printed, said = asked(str(tmp_path / "typo.db"), arguments)
    assert (status, printed) == (3, "") and f"there is no ledger at {tmp_path}/typo.db" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("setting", ["role=pg_monitor", "search_path=nowhere"])
def test_where_a_role_may_not_look_nothing_is_said_of_a_ledger(
    postgres_schema_url: str, setting: str
) -> None:
    theirs = f"{postgres_schema_url}{quote(f' -c {setting}')}"
    for command in ("orders", "status", "record /dev/null"):
        status, printed, said = asked(theirs, command)
        assert (status, printed) == (
            3,
            "",
        ) and "search_path names no existing schema that this role may use" in said


def test_recording_makes_one_beside_what_is_there_and_says_so_once(database: str) -> None:
    _, _, first = asked(database, "record /dev/null")
    _, _, second = asked(database, "record /dev/null")
    assert ("a new ledger at" in first, "a new ledger at" in second) == (True, False)
    assert asked(database, "orders") == (0, "no orders\n", "")
    assert {"notes", "orders"} < set(tables(database))


def test_a_file_that_another_keeps_to_itself_is_waited_for_as_long_as_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDERLEDGER_LOCK_TIMEOUT", "0")
    with closing(sqlite3.connect(tmp_path / "orders.db")) as other:
        other.execute("CREATE TABLE notes (text TEXT)")
        other.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        with pytest.raises(StoreUnreachable, match="database is locked"):
            is_there(str(tmp_path / "orders.db"))
        assert time.monotonic() - began < 4, "five seconds are what SQLite's driver waits"


def test_a_locked_file_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "orders.db")
    facts = tmp_path / "facts.ndjson"
    facts.write_text('{"type": "mark", "account": "sim:main", "instrument": "X", "price": "1"}')
    assert asked(path, f"record {facts}")[0] == 0
    monkeypatch.setenv("ORDERLEDGER_LOCK_TIMEOUT", "0")
    with closing(sqlite3.connect(path)) as stopped:
        stopped.execute("BEGIN IMMEDIATE")
        status, _, said = asked(path, "halt sim:main --actor anna")
    assert (status, path in said, "database is locked" in said) == (3, True, True)
    assert "`lsof`" in said and "`kill -9`" in said


@pytest.mark.slow
def test_in_a_file_of_any_name(tmp_path: Path) -> None:
    for name in ("a?b#c%20 d.db", "größe.db", os.fsdecode(b"\xff.db")):
        path = tmp_path / name
        assert asked(str(path), "record /dev/null")[0] == 0
        assert asked(str(path), "orders") == (0, "no orders\n", "")
        with Ledger.open(path, update_views=False) as ledger:
            assert (ledger.orders(), ledger.views.rebuild(jobs=2).is_equal) == ([], True)
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT count(*) FROM orders").fetchall() == [(0,)]


def test_a_file_that_is_no_database_is_let_go_of(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no database " * 1_000)
    with pytest.raises(StoreUnreachable, match="file is not a database") as caught:
        Ledger.open(tmp_path / "notes.txt")
    assert (
        caught.value.__traceback__ is not None
    )  # which holds what was opened, unless that was closed
    assert [
        file.path for file in psutil.Process().open_files() if file.path.startswith(str(tmp_path))
    ] == []


def test_a_question_is_not_asked_of_a_ledger_in_memory() -> None:
    status, printed, said = asked("memory://", "orders")
    assert (status, printed) == (3, "")
    assert "memory:// is a new, empty ledger: give the path or the URL of one" in said
