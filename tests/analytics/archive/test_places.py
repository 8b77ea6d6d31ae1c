"""Where an archive is: folders by their paths, and files that are on the disk when they appear."""

import os
from pathlib import Path

import msgspec
import pytest

from orderledger.analytics.archive import writing
from orderledger.analytics.archive.manifest import needed_manifest
from orderledger.analytics.archive.place import Place
from orderledger.analytics.archive.rows import events_schema
from orderledger.analytics.archive.writing import archive
from tests.command_line import run
from tests.core.contract.streams import lives, opened, parsed


def test_a_place_may_be_a_path_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Place("here/archive").write("a/b", b"content")
    assert (tmp_path / "here/archive/a/b").read_bytes() == b"content"


def test_a_file_is_synced_whole_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[int, list[str]]] = []
    sync = os.fsync

    def noted(handle: int) -> None:
        if not os.path.isdir(f"/proc/self/fd/{handle}"):
            named = [path.name for path in tmp_path.rglob("*") if path.name == "b"]
            synced.append((os.fstat(handle).st_size, named))
        sync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    Place(str(tmp_path)).write("a/b", b"x" * 100)
    assert synced == [(100, [])]


@pytest.mark.parametrize("per_file", [3, 5, 1_000])
def test_no_file_has_more_events_than_a_file_may_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, per_file: int
) -> None:
    monkeypatch.setattr(writing, "EVENTS_PER_FILE", per_file)
    monkeypatch.setattr(writing, "ROWS_AT_ONCE", 2)
    place = Place(str(tmp_path / "archive"))
    with opened("memory://", update_views=False) as ledger:
        ledger.record_many(parsed(*lives(4)))
        last = ledger.log.position()
        archive(ledger.internals.store, place)
    files = [file for file in needed_manifest(place).files if file.path.startswith("events/")]
    assert [file.last for file in files] == [*range(per_file, last, per_file), last]


def test_an_archive_of_an_empty_log_reaches_position_0(tmp_path: Path) -> None:
    db, place = tmp_path / "a.db", tmp_path / "archive"
    opened(str(db)).close()
    assert run("archive", place, "--db", db).status == 0
    verdict = run("archive", place, "--verify")
    assert (verdict.status, verdict.out.endswith(" position 0: all as the manifest says\n")) == (
        0,
        True,
    )


def test_a_rebuild_says_how_many_rows_each_view_has(tmp_path: Path) -> None:
    db, place = tmp_path / "a.db", tmp_path / "archive"
    with opened(str(db)) as ledger:
        ledger.record_many(parsed(*lives(3)))
        rows = {"orders": len(ledger.orders()), "trades": len(ledger.trades())}
        last = ledger.log.position()
    run("archive", place, "--db", db)
    done = run("archive-rebuild", place, "--to", tmp_path / "views", "--json")
    assert done.status == 0, done.err
    found = msgspec.json.decode(done.out)
    assert (found["events"], found["position"]) == (last, last)
    assert rows.items() <= found["rows"].items()


def test_what_every_event_has_is_never_null_in_its_column() -> None:
    needed = {field.name for field in events_schema() if not field.nullable}
    assert needed == {"position", "bucket", "stream", "version", "name", "state", "has_evidence"}
    optional = {field.name for field in events_schema() if field.nullable}
    assert optional == {
        *("recorded_at", "evidence", "text", "salt", "first_position", "first_recorded_at"),
    }
