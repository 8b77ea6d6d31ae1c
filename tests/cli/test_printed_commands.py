"""The commands that `recover` and `doubts` print, pasted into a shell."""

import json
import shlex
from pathlib import Path

import pytest

from orderledger import Ledger
from orderledger.infrastructure.storage.urls import without_password
from tests.cli.test_resolving import in_doubt, request
from tests.command_line import run


@pytest.mark.parametrize("question", ["recover", "doubts"])
@pytest.mark.parametrize("form", ["table", "json"])
def test_a_printed_command_works_when_it_is_pasted(
    tmp_path: Path, question: str, form: str
) -> None:
    db = "my orders.db"
    with Ledger.open(str(tmp_path / db)) as ledger:
        in_doubt(ledger, "it's C-1")
    more = ("--json",) if form == "json" else ()
    shown = run(question, "--db", db, *more, folder=tmp_path).out
    if form == "table":
        (pasted, *_) = [line for line in shown.splitlines() if "orderledger resolve" in line]
    else:
        row = json.loads(shown.splitlines()[0])
        pasted = (row if question == "doubts" else row["doubt"])["commands"][0]
    ended = run(*shlex.split(pasted)[1:], folder=tmp_path)
    assert (ended.status, ended.out) == (
        0,
        "recorded of it's C-1: it never arrived, and is denied\n",
    )


@pytest.mark.parametrize("store", [{"ORDERLEDGER_DB": "my.db"}, {}])
def test_a_printed_command_names_no_store_that_the_command_line_did_not_name(
    tmp_path: Path, store: dict[str, str]
) -> None:
    name = store.get("ORDERLEDGER_DB", "orderledger.db")
    with Ledger.open(str(tmp_path / name)) as ledger:
        in_doubt(ledger)
    shown = run("doubts", folder=tmp_path, environment=store).out
    assert "    orderledger resolve C-1 --account tradier:main --never-arrived\n" in shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("orders.db", "orders.db"),
        ("postgresql://anna:s%40cret@db:5432/orders", "postgresql://anna@db:5432/orders"),
        ("postgresql:///orders?host=/tmp&password=secret", "postgresql:///orders?host=/tmp"),
        ("postgresql://db/orders?password=secret&port=1", "postgresql://db/orders?port=1"),
        ("postgresql://db/orders?password=secret", "postgresql://db/orders"),
    ],
)
def test_a_printed_command_has_no_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_the_placeholder_of_a_printed_command_is_not_recorded_as_an_id(tmp_path: Path) -> None:
    url = str(tmp_path / "orders.db")
    with Ledger.open(url) as ledger:
        in_doubt(ledger)
        (_, pasted, _) = ledger.doubts()[0]["commands"]
        ended = run(*shlex.split(pasted)[1:], "--db", url)
        assert (ended.status, "in place of ID" in ended.err) == (2, True)
        assert ledger.order("C-1")["status"] == "pending_new"


def test_a_decision_that_is_refused_ends_with_status_1_as_the_help_says(tmp_path: Path) -> None:
    url = str(tmp_path / "orders.db")
    with Ledger.open(url) as ledger:
        ledger.record(request("C-1"))
        assert run("resolve", "C-1", "--never-arrived", "--db", url).status == 1
    assert "Exit status: 0 recorded, 1 refused" in run("resolve", "--help").out
    errors = (Path(__file__).parents[2] / "docs/reference/errors.md").read_text()
    assert "`resolve`: the decision was refused" in errors


def test_the_audit_names_the_operator_who_decided(tmp_path: Path) -> None:
    url = str(tmp_path / "orders.db")
    with Ledger.open(url) as ledger:
        in_doubt(ledger)
    run("resolve", "C-1", "--never-arrived", "--actor", "anna", "--db", url)
    shown = run("events", "--actor", "anna", "--json", "--db", url).out
    (row,) = map(json.loads, shown.splitlines())
    assert (row["name"], row["actor"], row["source"]) == ("order_denied.v1", "anna", "operator")
