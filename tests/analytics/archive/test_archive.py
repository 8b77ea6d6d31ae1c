"""An archive has every event once and byte for byte, whatever happens to the process that writes
it; faults are named."""

import json
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars
import pytest

from orderledger import InvalidSetting, Ledger
from orderledger.analytics import ArchiveError
from orderledger.analytics.archive import writing
from orderledger.analytics.archive.manifest import (
    MANIFEST,
    PENDING,
    needed_manifest,
    note_pending,
)
from orderledger.analytics.archive.parquet import read_bucket
from orderledger.analytics.archive.place import Place
from orderledger.analytics.archive.restoring import restore
from orderledger.analytics.archive.rows import bucket_of, stored_state
from orderledger.analytics.archive.verifying import verified, verify
from orderledger.analytics.archive.writing import Archived, archive
from orderledger.infrastructure.clock import SteppingClock
from orderledger.infrastructure.storage import account_facts
from orderledger.infrastructure.storage.recorder import LogRow
from orderledger.infrastructure.storage.table_names import EVIDENCE_TABLE, NAMES_TABLE
from tests.analytics.archive.killing import ARCHIVING, RESTORING, killed
from tests.command_line import run
from tests.core.contract.streams import every_view, lives, opened, parsed, story
from tests.seeds import few, long

PATIENCE = 60.0


@pytest.fixture(autouse=True)
def _small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "EVENTS_PER_FILE", 100)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(str(tmp_path / "archive"))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a ledger with every type of message, for all tests to copy."""
    path = tmp_path_factory.mktemp("recorded") / "told.db"
    with opened(str(path)) as ledger:
        ledger.record_many(parsed(*story(), *lives(40, "other:x")))
        ledger.views.catch_up()
    return path


@pytest.fixture
def told(recorded: Path, tmp_path: Path) -> Iterator[Ledger]:
    """A ledger with every type of message."""
    with opened(shutil.copy(str(recorded), str(tmp_path))) as ledger:
        yield ledger


def archived(ledger: Ledger, place: Place) -> Archived:
    return archive(ledger.internals.store, place, catch_up=ledger.views.catch_up)


def archived_events(place: Place) -> list[LogRow]:
    """All events of an archive, as a ledger would store them."""
    manifest = needed_manifest(place)
    rows = [
        LogRow(
            one["stream"],
            one["version"],
            one["name"],
            stored_state(one["state"], one["evidence"], one["salt"]),
            one["position"],
        )
        for bucket in range(manifest.buckets)
        for one in read_bucket(place, manifest.events, bucket).to_pylist()
    ]
    return sorted(rows, key=lambda row: row.position)


def side_tables(ledger: Ledger) -> list[object]:
    """What recording needs beside the events."""
    with ledger.internals.store.database.reading() as session:
        names = sorted(session.execute(f"SELECT account, kind, name, stream FROM {NAMES_TABLE}"))
        beside = [
            [None if one is None else bytes(one) for one in row[1:]] for row in _evidence(session)
        ]
        return [names, sorted(account_facts.stored(session)), beside]


def _evidence(session: Any) -> list[Any]:
    return sorted(session.execute(f"SELECT position, salt, evidence, text FROM {EVIDENCE_TABLE}"))


@pytest.mark.slow
def test_an_archive_has_each_event_once_and_byte_for_byte(told: Ledger, place: Place) -> None:
    first = archived(told, place)
    told.record_many(parsed(*lives(30, "third:x")))
    second = archived(told, place)
    assert (second.events, second.position) == (120, first.position + 120)
    assert archived(told, place) == Archived(0, second.position, second.files)
    assert archived_events(place) == list(told.internals.store.all_rows())
    assert verify(place)[1] == []


def test_every_program_that_reads_parquet_reads_an_archive(told: Ledger, place: Place) -> None:
    archived(told, place)
    events = duckdb.connect().execute(
        "SELECT count(*), count(DISTINCT position), count(evidence) FROM "
        f"'{place.root}/events/*.parquet'"
    )
    count = told.internals.store.recorder.last_position()
    assert events.fetchall() == [
        (count, count, sum(row["evidence"] is not None for row in told.events()))
    ]
    trades = polars.read_parquet(f"{place.root}/views/trades/*.parquet").sort("at", "position")
    rows = told.trades(include_busted=True)
    assert trades["quantity"].cast(polars.Decimal(38, 9)).to_list() == [
        row["quantity"] for row in rows
    ]
    assert trades["at"].to_list() == [row["at"] for row in rows]


def test_the_bucket_of_a_stream_never_changes() -> None:
    streams = ("sim:main/C-1", "sim:main/C-2", "a#venue/V", "a#proposal/P-1")
    assert [bucket_of(stream, 64) for stream in streams] == [59, 1, 33, 18]
    assert (
        bucket_of("a#mark/BTC", 64) == bucket_of("a#gap/", 64) == bucket_of("a#instrument/ETH", 64)
    )


@pytest.mark.slow
@pytest.mark.parametrize("source", ["sqlite", "postgres"])
def test_a_restored_ledger_is_equal_event_for_event(
    source: str,
    durable_store_url: str,
    place: Place,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    url = (
        str(tmp_path / "from.db")
        if source == "sqlite"
        else request.getfixturevalue("postgres_schema_url")
    )
    with opened(url) as ledger:
        if source == "postgres":
            _leave_a_gap(ledger)
        ledger.record_many(parsed(*story(), *lives(40, "other:x")))
        archived(ledger, place)
        with opened(durable_store_url) as restored:
            assert restore(place, verified(place), restored.internals.store) == len(
                list(ledger.internals.store.all_rows())
            )
            assert list(restored.internals.store.all_rows()) == list(
                ledger.internals.store.all_rows()
            )
            assert side_tables(restored) == side_tables(ledger)
            assert every_view(restored) == every_view(ledger)
            assert restored.views.check().differences == ()
            new = parsed(*lives(1, "new:x"))[0]
            assert (
                restored.record(new).position == ledger.internals.store.recorder.last_position() + 1
            )
            for one in (ledger, restored):
                outcomes = [outcome.outcome for outcome in one.record_many(parsed(*story()))]
                assert set(outcomes) <= {"duplicate", "refused"}


def _leave_a_gap(ledger: Ledger) -> None:
    """As a commit that was rolled back leaves it."""
    with ledger.internals.store.database.writing() as session:
        session.continue_after(7)


def test_a_part_of_an_archive_can_be_restored(told: Ledger, place: Place) -> None:
    archived(told, place)
    with Ledger.open("memory://") as restored:
        assert restore(place, verified(place), restored.internals.store, up_to=150) == 150
        assert list(restored.internals.store.all_rows()) == list(told.internals.store.all_rows(150))
        assert restored.views.check().differences == ()


def test_a_ledger_that_is_not_empty_is_not_restored_into(
    told: Ledger, place: Place, durable_store_url: str
) -> None:
    archived(told, place)
    with Ledger.open(durable_store_url) as other:
        other.record(parsed(*lives(1))[0])
        before = list(other.internals.store.all_rows())
        with pytest.raises(
            InvalidSetting, match="db: the ledger is not empty: its last event is at log position 1"
        ):
            restore(place, verified(place), other.internals.store)
        assert list(other.internals.store.all_rows()) == before


def test_the_archive_of_another_ledger_is_not_added_to(
    told: Ledger, place: Place, tmp_path: Path
) -> None:
    archived(told, place)
    with opened(str(tmp_path / "other.db")) as other:
        for messages in ((), lives(100)):  # a shorter ledger, and a longer one
            other.record_many(parsed(*messages))
            with pytest.raises(ArchiveError, match="is the archive of another ledger"):
                archived(other, place)
    assert verify(place)[1] == []


def test_a_folder_of_other_files_is_not_made_an_archive(told: Ledger, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_text("cat")
    with pytest.raises(ArchiveError, match="is not an archive, and not empty: cat.jpg"):
        archived(told, Place(str(tmp_path / "photos")))
    assert [path.name for path in (tmp_path / "photos").iterdir() if path.name != ".lock"] == [
        "cat.jpg"
    ]


FAULTS = {
    "is missing": lambda path: path.unlink(),
    "is truncated": lambda path: path.write_bytes(path.read_bytes()[:-10]),
    "was altered": lambda path: path.write_bytes(
        bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:]
    ),
    "is foreign": lambda path: path.with_name("x.parquet").write_bytes(path.read_bytes()),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("what", ["events", "views/trades"])
def test_a_file_that_is_not_as_the_manifest_says_is_named(
    fault: str, what: str, told: Ledger, place: Place, tmp_path: Path
) -> None:
    archived(told, place)
    path = sorted(Path(place.root, what).iterdir())[-1]
    FAULTS[fault](path)
    named = f"{what}/{'x.parquet' if fault == 'is foreign' else path.name}"
    done = run("archive", place.root, "--verify")
    assert done.status == 1
    assert f"{named}: {fault}" in done.out
    refused = run("restore", place.root, "--db", str(tmp_path / "new.db"))
    assert (refused.status, refused.out) == (1, "")
    assert f"{named}: {fault}" in refused.err
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"rows": ', '"rows": 1'),
        ('"crc32"', '"md5"'),
        ('"version": 1', '"version": 2'),
        ("{", "["),
        ('"digest"', '"d"'),
    ],
)
def test_an_altered_manifest_is_refused(old: str, new: str, told: Ledger, place: Place) -> None:
    archived(told, place)
    path = Path(place.root, MANIFEST)
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ArchiveError, match=r"manifest\.json: "):
        verified(place)


def test_what_a_killed_run_left_is_removed_and_no_other_file(told: Ledger, place: Place) -> None:
    archived(told, place)
    stray, kept = (
        Path(place.root, "events/000000000000999-000000000001000.parquet"),
        Path(place.root, "events/mine.txt"),
    )
    note_pending(place, ["events/000000000000999-000000000001000.parquet"])
    stray.write_text("half a file")
    kept.write_text("not ours")
    part = Path(place.root, f"events/x.parquet.{'0' * 32}.part")
    part.write_text("half")
    assert [fault.file for fault in verify(place)[1]] == ["events/mine.txt"]
    archived(told, place)
    assert not stray.exists()
    assert not part.exists()
    assert not Path(place.root, PENDING).exists()
    assert kept.exists()


@pytest.mark.slow
def test_a_file_that_a_killed_run_wrote_is_removed(
    told: Ledger, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    archived(told, place)
    told.record_many(parsed(*lives(3, "third:x")))
    monkeypatch.setattr(writing, "write_manifest", die)
    with pytest.raises(KeyboardInterrupt):
        archived(told, place)
    monkeypatch.undo()
    names = {file.path for file in needed_manifest(place).files}
    assert {name for name in place.names() if name.endswith(".parquet")} - names != set()
    assert verify(place)[1] == []
    told.record_many(parsed(*lives(3, "fourth:x")))
    archived(told, place)
    names = {file.path for file in needed_manifest(place).files}
    assert {name for name in place.names() if name.endswith(".parquet")} == names
    assert archived_events(place) == list(told.internals.store.all_rows())


def test_two_processes_do_not_write_to_one_archive(told: Ledger, place: Place) -> None:
    with place.locked(), pytest.raises(ArchiveError, match="another process is writing to it"):
        archived(told, Place(place.root))


@pytest.mark.slow
@pytest.mark.parametrize("seed", few(2, 60))
def test_a_killed_archive_run_leaves_the_archive_whole_and_the_next_goes_on(
    seed: int, place: Place, tmp_path: Path
) -> None:
    chance, url = random.Random(seed), str(tmp_path / "ledger.db")
    with opened(url) as ledger:
        for part in range(2):
            ledger.record_many(parsed(*lives(60, f"sim:{part}")))
            killed(ARCHIVING, url, place.root, chance=chance, seconds=0.15)
            if place.has(MANIFEST):
                assert verify(place)[1] == []
                assert archived_events(place) == list(
                    ledger.internals.store.all_rows(needed_manifest(place).position)
                )
        archived(ledger, place)
        assert archived_events(place) == list(ledger.internals.store.all_rows())
        assert verify(place)[1] == []
        names = {file.path for file in needed_manifest(place).files}
        assert {
            os.path.relpath(path, place.root) for path in Path(place.root).rglob("*.parquet")
        } == names


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, *long(range(3, 30))])
def test_a_killed_restore_leaves_no_half_ledger(
    seed: int, durable_store_url: str, told: Ledger, place: Place
) -> None:
    archived(told, place)
    chance, wanted = random.Random(seed), list(told.internals.store.all_rows())
    killed(RESTORING, durable_store_url, place.root, chance=chance, seconds=0.4)
    with closing(opened(durable_store_url)) as ledger:
        found = list(ledger.internals.store.all_rows())
        assert found in ([], wanted)
        if not found:
            restore(place, verified(place), ledger.internals.store)
        assert list(ledger.internals.store.all_rows()) == wanted
        assert side_tables(ledger) == side_tables(told)
        assert every_view(ledger) == every_view(told)


def test_the_commands_archive_and_restore(told: Ledger, place: Place, tmp_path: Path) -> None:
    db, new = str(tmp_path / "told.db"), str(tmp_path / "new.db")
    done = run("archive", place.root, "--db", db, "--json")
    count = told.internals.store.recorder.last_position()
    assert (done.status, json.loads(done.out)["events"]) == (0, count)
    assert "all as the manifest says" in run("archive", place.root, "--verify").out
    restored = run("restore", place.root, "--db", new, "--json")
    assert (restored.status, json.loads(restored.out)) == (0, {"events": count, "position": count})
    assert run("check", "--db", new).status == 0
    again = run("restore", place.root, "--db", new)
    assert (again.status, again.out) == (2, "")
    assert "the ledger is not empty" in again.err
    assert run("restore", str(tmp_path / "nowhere"), "--db", new).status == 1
    assert run("archive", db, "--db", db).status == 2
    assert run("archive", place.root, "--db", db, "--buckets", "8").status == 2


def test_restore_ends_at_a_time_of_recording_or_at_a_position(tmp_path: Path, place: Place) -> None:
    db = str(tmp_path / "hourly.db")
    hours = [datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in range(8, 12)]
    for hour in hours:
        with Ledger.open(db, clock=SteppingClock(hour, timedelta()), update_views=False) as ledger:
            ledger.record_many(parsed(*lives(40, f"sim:{hour.hour}")))
    assert run("archive", place.root, "--db", db).status == 0
    wanted = {
        "2026-11-20T07:59:59Z": 0,
        "2026-11-20T08:00:00Z": 160,
        "2026-11-20T10:59:00": 480,
        "2099-01-01": 640,
    }
    for number, (moment, position) in enumerate(wanted.items()):
        new = str(tmp_path / f"new-{number}.db")
        done = run(
            *("restore", place.root, "--at", moment, "--timezone", "UTC", "--db", new, "--json")
        )
        assert json.loads(done.out) == {"events": position, "position": position}
        with opened(db) as ledger, opened(new) as restored:
            rows = list(ledger.internals.store.all_rows(position))
            assert list(restored.internals.store.all_rows()) == rows


def test_restore_takes_one_end_only(place: Place, tmp_path: Path) -> None:
    new = tmp_path / "new.db"
    done = run("restore", place.root, "--up-to", "1", "--at", "2026-11-20", "--db", new)
    assert (done.status, new.exists()) == (2, False)
    assert "--up-to and --at name the end of the log twice" in done.err


def test_status_shows_how_far_an_archive_is_behind(tmp_path: Path, place: Place) -> None:
    clock = SteppingClock(datetime(2026, 11, 20, tzinfo=UTC), timedelta())
    with Ledger.open(tmp_path / "orders.db", clock=clock, update_views=False) as ledger:
        ledger.record_many(parsed(*lives(1)))
        clock.set(datetime(2026, 11, 20, 0, 1, tzinfo=UTC))
        ledger.record_many(parsed(*lives(1, "other:x")))
        clock.set(datetime(2026, 11, 20, 0, 3, tzinfo=UTC))
        name = f"archive {place.root}"
        for position, events, seconds in ((4, 4, 120.0), (8, 0, 0.0)):
            ledger.internals.publish(name, {"position": position, "files": 7})
            behind = {"events_behind": events, "seconds_behind": seconds}
            assert ledger.status()["copies"] == {name: {"position": position, "files": 7, **behind}}
        assert ledger.status()["collectors"] == {}
    shown = run("status", "--db", tmp_path / "orders.db").out.splitlines()[-1]
    assert shown == f"{name}: up to log position 8, 0 events and 0.0 s behind the log"


def test_the_public_address_of_a_place_has_no_credentials() -> None:
    url = "s3://key:secret@bucket/ledger?endpoint_override=127.0.0.1:1&scheme=http"
    assert Place(url).public == "s3://bucket/ledger"


@pytest.mark.slow
def test_archive_watches_until_it_is_interrupted(
    told: Ledger, place: Place, tmp_path: Path, orderledger_command: Path
) -> None:
    command = [str(orderledger_command), "archive", place.root, "--db", str(tmp_path / "told.db")]
    with subprocess.Popen(
        [*command, "--watch", "--every", "1", "--json", "--no-views"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert (
            json.loads(process.stdout.readline())["events"]
            == told.internals.store.recorder.last_position()
        )
        told.record(parsed(*lives(1, "third:x"))[0])
        line = json.loads(process.stdout.readline())
        assert (line["events"], line["events_behind"], line["seconds_behind"]) == (1, 0, 0.0)
        assert told.status()["copies"][f"archive {place.root}"]["position"] == line["position"]
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
    assert verify(place)[1] == []


NO_SERVER = "endpoint_override=127.0.0.1:1&scheme=http"


@pytest.mark.slow
@pytest.mark.parametrize("where", ["/proc/archive", f"s3://bucket/x?{NO_SERVER}"])
def test_a_place_that_cannot_be_used_is_named(
    where: str, told: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}
    done = run("archive", where, "--db", str(tmp_path / "told.db"), environment=keys)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"orderledger: {where}: cannot be used: ")


@pytest.mark.slow
def test_a_secret_in_the_url_of_an_archive_is_not_printed(told: Ledger, tmp_path: Path) -> None:
    secret = "wJalrXUtnFEMI%2FbPxRfi"
    done = run(
        "archive",
        f"s3://key:{secret}@bucket/x?{NO_SERVER}",
        "--db",
        tmp_path / "told.db",
        environment={"AWS_MAX_ATTEMPTS": "1"},
    )
    assert (done.status, secret in done.err, "wJalr" in done.err) == (1, False, False)


@pytest.mark.slow
def test_an_archive_may_be_named_by_a_url(told: Ledger, tmp_path: Path) -> None:
    there = Place(f"file://{tmp_path}/remote")
    archived(told, there)
    told.record_many(parsed(*lives(5, "third:x")))
    archived(told, there)
    assert archived_events(there) == list(told.internals.store.all_rows())
    assert verify(there)[1] == []
    with pytest.raises(InvalidSetting, match="DIR: cannot be used"):
        Place("gopher://x/y")


def test_evidence_and_text_are_restored_unless_they_were_forgotten(
    durable_store_url: str, tmp_path: Path
) -> None:
    place = Place(str(tmp_path / "archive"))
    told = [
        {"type": "acknowledged", "account": "a:b", "client_order_id": name,
        "venue_order_id": f"V-{name}", "text": "as said",
         "at": "2026-11-20T09:00:00Z", "evidence": {"price": 0.10, "of": name}}
        for name in ("C-1", "C-2")
    ]  # fmt: skip
    with Ledger.open(durable_store_url) as ledger:
        ledger.record_many(parsed(*told))
        archived(ledger, place)
        ledger.proof.forget_evidence("C-1", account="a:b", reason="asked")
        archived(ledger, place)
        wanted = list(ledger.events())
    with Ledger.open(tmp_path / "restored.db") as restored:
        restore(place, needed_manifest(place), restored.internals.store)
        assert list(restored.events()) == wanted
        assert [
            row["evidence"] is None
            for row in restored.events()
            if row["name"] == "order_acknowledged.v1"
        ] == [True, False]
