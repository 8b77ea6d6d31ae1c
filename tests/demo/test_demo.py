"""The demo as a user runs it: one process dies by SIGKILL, the next one recovers, and the books
agree with the venue's."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from orderledger import Ledger
from orderledger.demo import story
from orderledger.demo.desk import Desk, Outcomes
from orderledger.demo.proof import Disagreement
from orderledger.simulation.local import LocalVenue

SEED = story.SEED
LINES_MAX, WIDTH = 170, 110

SENTENCES = (
    "The process is dead: signal 9, SIGKILL.",
    "NO ANSWER, recorded as unresolved",
    "denied by our own risk check",
    "the venue refuses: post_only_would_match",
    "the connection drops",
    "quantity_mismatch",
    "orders have not ended. In flight: 2. Unresolved: 4. With a cancel or replace outstanding: 2.",
    "SCREEN-1 is not one of our orders",
    "the cancel never arrived, so it is sent again: canceled",
    "so it is sent again under the same id: accepted",
    "it never left this machine and is too late now, so it is denied",
    "Unresolved now: 0. In flight: 0. Outstanding: 0.",
    "Blotter",
    "Trade history",
    "Positions and P&L",
    "Anomalies",
    "The story of M-3, event by event",
    "the process is killed; the next one continues",
    "0 differences",
    "Every order, fill and position: the venue and the ledger agree.",
)


def tell(
    folder: Path, *, seed: int = SEED, hash_seed: str = "0"
) -> subprocess.CompletedProcess[str]:
    """Run the demo in a folder. The issue allows it a minute."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "TERM": "dumb"}
    command = [
        sys.executable,
        "-m",
        "orderledger.demo",
        "--seed",
        str(seed),
        "--folder",
        str(folder),
    ]
    return subprocess.run(
        command, env=environment, capture_output=True, encoding="utf-8", timeout=60, check=False
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def told(folder: Path) -> str:
    """The story, told once, with its store left in `folder`."""
    finished = tell(folder)
    assert (finished.returncode, finished.stderr) == (0, "")
    return finished.stdout


@pytest.mark.parametrize("sentence", SENTENCES)
def test_the_story_has_all_its_parts(told: str, sentence: str) -> None:
    assert sentence in told


def test_the_story_can_be_read_in_one_sitting(told: str) -> None:
    lines = told.splitlines()
    assert len(lines) <= LINES_MAX and max(map(len, lines)) <= WIDTH


@pytest.mark.slow
def test_the_same_seed_gives_the_same_output_to_the_byte_in_any_folder(
    told: str, tmp_path: Path
) -> None:
    assert tell(tmp_path, hash_seed="1").stdout == told


@pytest.mark.slow
def test_another_seed_tells_another_story(told: str, tmp_path: Path) -> None:
    other = tell(tmp_path, seed=72)
    assert other.returncode == 0 and other.stdout.splitlines()[3:] != told.splitlines()[3:]


@pytest.mark.usefixtures("told")
def test_the_store_that_is_left_is_sound_and_says_what_the_venue_says(folder: Path) -> None:
    venue = LocalVenue.load(folder / "venue.json")
    with Ledger.open(str(folder / "orders.db")) as ledger:
        assert ledger.views.check().differences == ()
        assert ledger.open_orders() == [] and venue.open_orders() == []
        filled = {trade["fill_id"] for trade in ledger.trades()}
        assert filled == {
            fill["fill_id"] for fill in venue.fills_since(datetime(2026, 3, 2, tzinfo=UTC))
        }
        positions = {row["instrument"]: row["position_quantity"] for row in ledger.positions()}
        assert positions == venue.positions() != dict.fromkeys(positions, Decimal(0))


@pytest.mark.slow
def test_the_trading_process_dies_by_sigkill_and_leaves_orders_in_every_kind_of_doubt(
    tmp_path: Path,
) -> None:
    store, memory = tmp_path / "orders.db", tmp_path / "venue.json"
    command = [
        sys.executable,
        "-m",
        "orderledger.demo.trader",
        "--db",
        str(store),
        "--venue",
        str(memory),
        "--seed",
        str(SEED),
    ]
    killed = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    with Ledger.open(str(store)) as ledger:
        found = ledger.recover()
        assert [order["client_order_id"] for order in found.in_flight] == ["M-4", "M-5"]
        assert [order["client_order_id"] for order in found.unresolved] == [
            "Q-5",
            "Q-6",
            "M-3",
            "Q-7",
        ]
        assert {order["client_order_id"]: order["pending"] for order in found.pending} == {
            "Q-5": "replace",
            "Q-6": "cancel",
        }
        assert ledger.views.check().differences == ()


@pytest.mark.slow
def test_a_folder_with_a_store_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "orders.db").write_bytes(b"somebody's")
    refused = tell(tmp_path)
    assert refused.returncode == 2 and "the demo needs a folder without orders.db" in refused.stderr
    assert (tmp_path / "orders.db").read_bytes() == b"somebody's"


@pytest.mark.slow
def test_the_proof_fails_when_one_fill_never_reaches_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear = Desk.record_reports

    def hear_but_one(
        desk: Desk, reports: list[dict[str, Any]], *, source: str | None = None
    ) -> Outcomes:
        return hear(
            desk, [report for report in reports if report.get("fill_id") != "T5009"], source=source
        )

    monkeypatch.setattr(Desk, "record_reports", hear_but_one)
    with (tmp_path / "told.txt").open("w", encoding="utf-8") as told, pytest.raises(Disagreement):
        story.run(tmp_path, SEED, Console(file=told, width=WIDTH))
    assert (tmp_path / "told.txt").read_text(encoding="utf-8").count("DIFFER") == 3, (
        "orders, fills and one position"
    )
