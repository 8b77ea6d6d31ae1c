"""kill -9 while evidence, tiles and checkpoints are written, and while evidence is moved: nothing
is half done."""

import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from orderledger import Ledger
from tests.audit.proof.orders import SECRET, with_evidence
from tests.audit.proof.test_evidence import with_evidence_inside
from tests.core.contract.streams import opened

KILLS = 2
LONG = 100
ORDERS = 600


def killed_after(seconds: float, task: str, path: str, key: Path) -> None:
    arguments = [sys.executable, "-m", "tests.audit.proof.working", task, path, str(key)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "working\n"
        time.sleep(seconds)
        process.kill()


def check_recording(folder: Path, key: Path, public: str, kills: int) -> None:
    path, chance = folder / "orders.db", Random(kills)
    written = path.with_suffix(".checkpoint")
    for _ in range(kills):
        killed_after(chance.uniform(0.02, 0.4), "record", str(path), key)
        with Ledger.open(path, update_views=False) as ledger:
            notes = [written.read_text()] if written.exists() else []
            found = (
                ledger.proof.verify(notes, [public])
                if notes or ledger.status()["checkpoint_position"]
                else None
            )
            assert found is None or found.alterations == []
            for row in ledger.events():
                is_evidence_due = row["name"] in ("order_acknowledged.v1", "fill_recorded.v1")
                assert (row["evidence"] is not None) or row["is_forgotten"] or not is_evidence_due
            assert ledger.views.check().differences == ()
    with Ledger.open(path, update_views=False) as ledger:
        assert ledger.proof.checkpoint(key) and ledger.proof.verify((), [public]).alterations == []


@pytest.mark.slow
def test_kill_9_while_evidence_tiles_and_checkpoints_are_written(
    tmp_path: Path, key: Path, public: str
) -> None:
    check_recording(tmp_path, key, public, KILLS)


@pytest.mark.long
def test_kill_9_a_hundred_times(tmp_path: Path, key: Path, public: str) -> None:
    check_recording(tmp_path, key, public, LONG)


@pytest.mark.slow
def test_kill_9_while_evidence_is_moved(durable_store_url: str, key: Path, public: str) -> None:
    chance = Random(5)
    with opened(durable_store_url) as ledger:
        with_evidence_inside(ledger, with_evidence(ORDERS))
        events = list(ledger.events())
    for _ in range(KILLS):
        killed_after(chance.uniform(0.0, 0.25), "move", durable_store_url, key)
        with opened(durable_store_url) as ledger:
            assert list(ledger.events()) == events
    with opened(durable_store_url) as ledger:
        ledger.proof.move_evidence()
        assert list(ledger.events()) == events
        assert not any(SECRET.encode() in row.state for row in ledger.internals.store.all_rows())
        assert ledger.proof.verify([ledger.proof.checkpoint(key).note], [public]).alterations == []
