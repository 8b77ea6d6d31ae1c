"""A log that went back gets again what it has lost, from its archive."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger
from tests.command_line import run
from tests.core.contract.streams import fill, parsed, report, request

LOST = (
    report("acknowledged", "C-1", 20, venue_order_id="V-1", evidence={"raw": "1.50", "ü": [1]}),
    fill("C-1", "F-1", 30),
    request("C-2", 40),
    {**report("canceled", "C-1", 50), "actor": "desk", "text": "by hand"},
)


@pytest.fixture
def gone_back(tmp_path: Path) -> tuple[Path, Path, list[dict[str, Any]]]:
    """A store that was put back to an older state, its archive, and the events before that."""
    store, older, archive = tmp_path / "orders.db", tmp_path / "older.db", tmp_path / "archive"
    with Ledger.open(store) as ledger:
        ledger.record_many(parsed(request("C-1", 10)))
    shutil.copy(store, older)
    with Ledger.open(store) as ledger:
        ledger.record_many(parsed(*LOST))
        before = list(ledger.events())
    assert run("archive", archive, "--db", store).status == 0
    for path in tmp_path.glob("orders.db*"):
        path.unlink()
    shutil.copy(older, store)
    return store, archive, [dict(row) for row in before]


def facts(rows: Any) -> list[Any]:
    names = ("stream", "version", "name", "at", "source", "actor", "text", "payload", "evidence")
    return [[row[name] for name in names] for row in rows]


def test_what_is_lost_is_shown_then_recorded_again(
    gone_back: tuple[Path, Path, list[dict[str, Any]]],
) -> None:
    store, archive, before = gone_back
    shown = run("resync", archive, "--db", store, "--dry-run", "--json")
    *rows, summary = map(json.loads, shown.out.splitlines())
    assert [row["event"] for row in rows] == [
        "order_acknowledged.v1",
        "fill_recorded.v1",
        "order_requested.v1",
        "order_canceled.v1",
    ]
    assert summary["summary"] == {"is_dry_run": True, "recorded": 4}
    with Ledger.open(store) as ledger:
        assert len(list(ledger.events())) == 1

    done = run("resync", archive, "--db", store)
    assert (done.status, done.out.splitlines()[-1]) == (
        0,
        "4 lost events recorded again, 0 are there already, 0 refused",
    )
    with Ledger.open(store) as ledger:
        assert facts(ledger.events()) == facts(before)
        assert ledger.order("V-1")["cum_quantity"] == ledger.order("C-1")["cum_quantity"]
        assert ledger.views.check().differences == ()

    again = run("resync", archive, "--db", store)
    assert again.out.splitlines()[-1] == (
        "0 lost events recorded again, 4 are there already, 0 refused"
    )


def test_what_came_in_again_meanwhile_counts_once(
    gone_back: tuple[Path, Path, list[dict[str, Any]]],
) -> None:
    store, archive, _ = gone_back
    with Ledger.open(store) as ledger:
        ledger.record_many(parsed(LOST[1], request("C-3", 60)))
    done = run("resync", archive, "--db", store)
    assert done.out.splitlines()[-1] == (
        "3 lost events recorded again, 1 are there already, 0 refused"
    )
    with Ledger.open(store) as ledger:
        assert [row["fill_id"] for row in ledger.trades()] == ["F-1"]
        assert {row["client_order_id"] for row in ledger.orders()} == {"C-1", "C-2", "C-3"}
        assert ledger.views.check().differences == ()


def test_a_damaged_archive_is_refused(gone_back: tuple[Path, Path, list[dict[str, Any]]]) -> None:
    store, archive, _ = gone_back
    part = next(path for path in archive.rglob("*.parquet") if "events" in str(path))
    part.write_bytes(part.read_bytes()[:-7])
    assert run("resync", archive, "--db", store).status == 1


def test_an_archive_of_another_ledger_is_refused(
    gone_back: tuple[Path, Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    _, archive, _ = gone_back
    for name, messages in (("other", [request("C-9", 1)]), ("empty", [])):
        with Ledger.open(tmp_path / f"{name}.db") as ledger:
            ledger.record_many(parsed(*messages))
        done = run("resync", archive, "--db", tmp_path / f"{name}.db")
        assert (done.status, "another ledger" in done.err) == (2, True)
        with Ledger.open(tmp_path / f"{name}.db") as ledger:
            assert len(list(ledger.events())) == len(messages)
