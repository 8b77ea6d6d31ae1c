"""How the commands end when they cannot do what was asked: one sentence, and the exit status that says whose fault it is."""

import json
import re
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from orderledger import Ledger, parse_document
from orderledger.cli import main
from orderledger.cli.asking import STATUSES
from orderledger.cli.output import readable
from orderledger.domain.values import Status


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["order", "C-9"], 1, "C-9"),
        (["order", b"\xff"], 2, "no UTF-8"),
        (["orders", "--as-of", "yesterday"], 2, "'yesterday' is not an RFC 3339 time with an offset, such as 2026-"),
        (["orders", "--db", "no/such/folder/ledger.db"], 3, "no file in an existing folder"),
    ],
)
def test_a_command_that_cannot_says_why(
    tmp_path: Path, orderledger_command: Path, arguments: list[str | bytes], status: int, sentence: str
) -> None:
    with Ledger.open(str(tmp_path / "ledger.db")):
        run = subprocess.run(
            [orderledger_command, *arguments], cwd=tmp_path, env={"ORDERLEDGER_DB": "ledger.db"}, capture_output=True, text=True
        )
    assert (run.returncode, run.stdout) == (status, "")
    assert sentence in run.stderr and "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("0.00000000004512", "0.00000000004512"),
        ("1234567890123456789.12345678901", "1234567890123456789.123456789"),
        ("1234567890123456789012345678.1234567890123456789012345678", "1234567890123456789012345678.123456789"),
        ("0.3333333333333333", "0.3333333333"),
        ("100.50", "100.5"),
    ],
)
def test_a_table_shows_long_numbers_short_and_small_ones_at_all(number: str, shown: str) -> None:
    assert readable(Decimal(number)) == shown


def test_the_statuses_that_may_be_asked_for_are_those_that_there_are() -> None:
    """They are written out again, since the command's help is to come without what it takes to load the domain."""
    assert set(STATUSES) == set(Status)


def test_a_status_that_there_is_not_is_wrong_usage(tmp_path: Path, orderledger_command: Path) -> None:
    run = subprocess.run([orderledger_command, "orders", "--status", "filed"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 2 and "filed" in run.stderr


@pytest.mark.parametrize("name", main.commands)
def test_the_help_of_a_command_has_an_example_and_how_it_ends(name: str) -> None:
    told = CliRunner().invoke(main, [name, "--help"]).output
    usage, _, rest = told.partition("\n")
    assert usage.startswith("Usage:")
    assert re.search(rf"^ +(?:.*\| )?orderledger {name}\b", rest, re.MULTILINE)
    assert "Exit status" in rest and "2" in rest and "3" in rest


def test_what_was_taken_back_before_is_not_told_as_taken_back_again(tmp_path: Path, orderledger_command: Path) -> None:
    def reverted(*arguments: str) -> tuple[int, list[str], str]:
        asked = [str(orderledger_command), "revert", "missing_fill:F-1", *arguments]
        run = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True)
        return run.returncode, [json.loads(line)["type"] for line in run.stdout.splitlines()], run.stderr

    def events() -> int:
        with Ledger.open(tmp_path / "orderledger.db") as ledger:
            return len(list(ledger.events()))

    repair = {"actor": "reconciliation", "causation_id": "missing_fill:F-1", "source": "reconciliation"}
    fill = {"type": "fill", "account": "sim:main", "venue_order_id": "V-1", "fill_id": "F-1", "instrument": "BTC-USD"}
    with Ledger.open(tmp_path / "orderledger.db") as ledger:
        ledger.record(parse_document({**fill, **repair, "side": "buy", "quantity": "1", "price": "2"}))
    before = events()
    assert reverted("--dry-run") == (0, ["bust_fill"], "") and events() == before
    assert reverted() == (0, ["bust_fill"], "")
    after = events()
    sentence = "orderledger: nothing is appended for 'missing_fill:F-1': it was taken back before\n"
    assert reverted() == reverted("--dry-run") == (0, [], sentence)
    assert events() == after > before
