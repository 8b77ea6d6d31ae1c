"""How the commands end when they cannot do what was asked: one sentence, and the exit status that says whose fault it is."""

import subprocess
from pathlib import Path

import pytest

from orderledger import Ledger


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["order", "C-9"], 1, "C-9"),
        (["order", b"\xff"], 2, "no UTF-8"),
        (["orders", "--as-of", "yesterday"], 2, "yesterday"),
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
