"""A combination whose recorder is killed between the fills of its legs."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orderledger import Ledger, parse_document
from tests.scenarios import Document, fill, request

REPOSITORY = Path(__file__).resolve().parents[3]
LEGS = [
    {"instrument": "C-480", "side": "buy", "ratio": 1},
    {"instrument": "C-490", "side": "sell", "ratio": 2},
]
RECORDER = """
import json, sys
from orderledger import Ledger, parse_document
ledger = Ledger.open(sys.argv[1])
for line in sys.stdin:
    print(ledger.record(parse_document(json.loads(line))).outcome, flush=True)
"""
STORY: list[Document] = [
    request(instrument="C-480/490", quantity="3", limit_price="5", legs=LEGS),
    fill("F-1", "3", "18", leg=0),
    fill("F-2", "6", "6", leg=1),
]


def recorder(url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RECORDER, url],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def say(process: subprocess.Popen[str], message: Document) -> str:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps(message, default=str) + "\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


@pytest.mark.slow
def test_a_half_filled_combination_is_open_by_what_its_legs_leave(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'orders.db'}"
    with recorder(url) as process:
        assert [say(process, message) for message in STORY[:2]] == ["recorded", "recorded"]
        process.send_signal(signal.SIGKILL)
    with Ledger.open(url) as ledger:
        (order,) = ledger.orders()
        assert (order["status"], order["cum_quantity"], order["is_open"]) == (
            "partially_filled",
            0,
            True,
        )
        rows = {row["instrument"]: row for row in ledger.exposure()}
        assert (rows["C-480"]["position_quantity"], rows["C-490"]["position_quantity"]) == (3, 0)
        assert (rows["C-480"]["open_buy_quantity"], rows["C-490"]["open_sell_quantity"]) == (0, 6)
        outcomes = [ledger.record(parse_document(message)).outcome for message in STORY]
        assert outcomes == ["duplicate", "duplicate", "recorded"]
        (order,) = ledger.orders()
        assert (order["status"], order["cum_quantity"]) == ("filled", 3)
        assert not [row for row in ledger.exposure() if row["open_sell_quantity"]]
