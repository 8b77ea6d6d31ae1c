"""A log that went back gets again what it has lost, from its archive."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.analytics.archive import resyncing
from orderledger.analytics.relay.sink import publications
from orderledger.cli.times import shown as time_shown
from tests.command_line import run
from tests.core.contract.streams import fill, parsed, report, request
from tests.local_postgres import private_postgres
from tests.older_log import database

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


@pytest.mark.parametrize("at_once", [1, 3, 1_000])
def test_what_is_lost_is_shown_then_recorded_again(
    gone_back: tuple[Path, Path, list[dict[str, Any]]],
    at_once: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resyncing, "EVENTS_PER_COMMIT", at_once)
    store, archive, before = gone_back
    shown = run("resync", archive, "--db", store, "--dry-run", "--json")
    *rows, summary = map(json.loads, shown.out.splitlines())
    assert [row["event"] for row in rows] == [
        "order_acknowledged.v1",
        "fill_recorded.v1",
        "order_requested.v1",
        "order_canceled.v1",
    ]
    assert summary["summary"] == {
        "is_dry_run": True,
        "recorded": 4,
        "kept_to": 1,
        "lost_from": before[0]["recorded_at"].isoformat().replace("+00:00", "Z"),
        "lost_to": summary["summary"]["lost_to"],
        "copied_to": 5,
        "copied_at": before[-1]["recorded_at"].isoformat().replace("+00:00", "Z"),
        "accounts": {"sim:main": 4},
    }
    assert summary["summary"]["copied_at"] < summary["summary"]["lost_to"]
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


def test_the_accounts_and_the_time_to_query_the_venues_for_are_shown(
    gone_back: tuple[Path, Path, list[dict[str, Any]]],
) -> None:
    store, archive, before = gone_back
    shown = [time_shown(before[position - 1]["recorded_at"]) for position in (1, 5)]
    with Ledger.open(store) as ledger:
        ledger.record_many(parsed({**request("C-7", 60), "account": "other:x"}))
        came_back = time_shown(list(ledger.events())[-1]["recorded_at"])
    lost, copied, account, _ = run("resync", archive, "--db", store, "--dry-run").out.splitlines()[
        4:
    ]
    assert lost == f"lost: the events after log position 1, from {shown[0]} to {came_back}"
    assert copied.startswith(f"The copy ends at log position 5, recorded at {shown[1]}. ")
    assert account == "  sim:main: 4 lost events in the copy"
    for path in store.parent.glob("orders.db*"):
        path.unlink()
    assert run("restore", archive, "--db", store).status == 0
    whole = run("resync", archive, "--db", store).out.splitlines()
    assert whole[0] == "lost: nothing that the copy has"


def as_kafka(lines: list[str]) -> list[str]:
    """Ordered within each stream only, and a part of them twice."""
    by_stream = sorted(lines, key=lambda line: json.loads(line)["stream"], reverse=True)
    return [*by_stream[2:], *by_stream]


@pytest.mark.parametrize("publishing", [list, as_kafka])
def test_what_is_lost_is_recorded_again_from_what_a_relay_published(
    gone_back: tuple[Path, Path, list[dict[str, Any]]],
    tmp_path: Path,
    publishing: Callable[[list[str]], list[str]],
) -> None:
    store, archive, before = gone_back
    whole, published = tmp_path / "whole.db", tmp_path / "published.ndjson"
    assert run("restore", archive, "--db", whole).status == 0
    with Ledger.open(whole) as ledger:
        rows = list(ledger.internals.store.all_rows())
        lines = [one.body.decode() for one in publications(ledger.internals.store, rows)]
    published.write_text("\n".join(publishing(lines)) + "\n\n")

    shown = run("resync", published, "--db", store, "--dry-run", "--json").out.splitlines()
    assert [json.loads(row)["position"] for row in shown[:-1]] == [2, 3, 4, 5]
    done = run("resync", "-", "--db", store, stdin=published)
    assert (done.status, done.out.splitlines()[-1]) == (
        0,
        "4 lost events recorded again, 0 are there already, 0 refused",
    )
    with Ledger.open(store) as ledger:
        assert facts(ledger.events()) == facts(before)
        assert ledger.views.check().differences == ()
    again = run("resync", published, "--db", store)
    assert again.out.splitlines()[-1] == (
        "0 lost events recorded again, 4 are there already, 0 refused"
    )
    assert run("resync", published, "--db", whole).out.splitlines()[0] == (
        "lost: nothing that the copy has"
    )


@pytest.mark.slow
@pytest.mark.parametrize("copy", ["archive", "published"])
def test_a_log_in_postgresql_gets_again_what_it_has_lost(copy: str, tmp_path: Path) -> None:
    with private_postgres() as server, database(server, "ledger") as (url, copy_or_put_back):
        with Ledger.open(url) as ledger:
            ledger.record_many(parsed(request("C-1", 10)))
        copy_or_put_back()
        with Ledger.open(url) as ledger:
            ledger.record_many(parsed(*LOST))
            before = [dict(row) for row in ledger.events()]
        assert run("archive", tmp_path / "archive", "--db", url).status == 0
        (tmp_path / "published").write_text(run("tail", "--db", url, "--json").out)
        copy_or_put_back()
        for last in (
            "4 lost events would be recorded again, 0 are there already, 0 refused",
            "4 lost events recorded again, 0 are there already, 0 refused",
            "0 lost events recorded again, 4 are there already, 0 refused",
        ):
            options = ("--dry-run",) if "would" in last else ()
            done = run("resync", tmp_path / copy, "--db", url, *options)
            assert (done.status, done.out.splitlines()[-1]) == (0, last)
            assert "lost: the events after log position 1, from " in done.out
        with Ledger.open(url) as ledger:
            assert facts(ledger.events()) == facts(before)
            assert ledger.views.check().differences == ()


def test_a_file_that_lacks_the_events_that_the_log_has_is_refused(
    gone_back: tuple[Path, Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    """The broker kept only the last events: nothing shows that they are of this ledger."""
    store, archive, _ = gone_back
    assert run("restore", archive, "--db", tmp_path / "whole.db").status == 0
    printed = run("tail", "--db", tmp_path / "whole.db", "--lines", "2", "--json").out
    (tmp_path / "last.ndjson").write_text(printed)
    done = run("resync", tmp_path / "last.ndjson", "--db", store)
    assert (done.status, "begins after the events" in done.err) == (2, True)


@pytest.mark.parametrize("line", ["{", "[]", '{"position":1}', "cut"])
def test_a_line_that_is_not_an_event_is_named(
    gone_back: tuple[Path, Path, list[dict[str, Any]]], tmp_path: Path, line: str
) -> None:
    store, *_ = gone_back
    printed = run("tail", "--db", store, "--json").out
    (tmp_path / "x.ndjson").write_text(printed + (printed[:-9] if line == "cut" else line))
    done = run("resync", tmp_path / "x.ndjson", "--db", store)
    assert (done.status, "line 2 is not an event: " in done.err) == (1, True)


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


def test_judgements_are_left_to_the_ledger_and_what_follows_them_is_recorded(
    tmp_path: Path,
) -> None:
    store, archive = tmp_path / "orders.db", tmp_path / "archive"
    first = request("C-1", 10)
    over = fill("C-1", "F-1", 20, quantity="11")
    with Ledger.open(store) as ledger:
        ledger.record_many(parsed(first))
    shutil.copy(store, tmp_path / "older.db")
    with Ledger.open(store) as ledger:
        ledger.record_many(parsed(over, request("C-2", 30)))
        names = [row["name"] for row in ledger.events()]
    assert names[2:] == ["anomaly_detected.v1", "order_requested.v1"]
    assert run("archive", archive, "--db", store).status == 0
    for path in tmp_path.glob("orders.db*"):
        path.unlink()
    shutil.copy(tmp_path / "older.db", store)
    shown = run("resync", archive, "--db", store, "--dry-run", "--json").out.splitlines()
    assert [json.loads(line).get("event") for line in shown] == [
        "fill_recorded.v1",
        "order_requested.v1",
        None,
    ]
    assert run("resync", archive, "--db", store).status == 0
    with Ledger.open(store) as ledger:
        assert [row["name"] for row in ledger.events()] == names


def test_an_empty_copy_has_nothing_that_was_lost(tmp_path: Path) -> None:
    store, archive = tmp_path / "orders.db", tmp_path / "archive"
    Ledger.open(store).close()
    assert run("archive", archive, "--db", store).status == 0
    done = run("resync", archive, "--db", store, "--json")
    assert done.status == 0, done.err
    summary = json.loads(done.out.splitlines()[-1])["summary"]
    assert (summary["copied_to"], summary["copied_at"], summary["accounts"]) == (0, None, {})
