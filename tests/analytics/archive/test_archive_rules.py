"""The rules of an archive: its settings, its positions, and what its commands print."""

import json
import shutil
from pathlib import Path

import pytest

from orderledger import InvalidSetting, Ledger
from orderledger.analytics.archive.manifest import MANIFEST, File, Manifest
from orderledger.analytics.archive.place import Place
from orderledger.analytics.archive.rows import bucket_of
from orderledger.analytics.archive.verifying import _faults_of_positions
from orderledger.analytics.archive.writing import BUCKETS_MAX, archive
from orderledger.analytics.archive_tables import _fault
from tests.command_line import run
from tests.core.contract.streams import lives, opened, parsed


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "orders.db"
    with opened(str(path)) as ledger:
        ledger.record_many(parsed(*lives(5, "sim:main")))
        ledger.views.catch_up()
    return path


@pytest.fixture
def url(recorded: Path, tmp_path: Path) -> str:
    return shutil.copy(str(recorded), str(tmp_path))


@pytest.mark.parametrize("buckets", [0, -1, BUCKETS_MAX + 1])
def test_an_archive_has_one_bucket_or_more_up_to_the_most(
    url: str, tmp_path: Path, buckets: int
) -> None:
    with opened(url) as ledger:
        store, catch_up = ledger.internals.store, ledger.views.catch_up
        place = Place(str(tmp_path / "archive"))
        with pytest.raises(InvalidSetting, match=f"takes 1 to {BUCKETS_MAX}, not {buckets}"):
            archive(store, place, catch_up=catch_up, buckets=buckets)
        done = archive(store, place, catch_up=catch_up, buckets=1)
        assert (done.events, done.position) == (len([*ledger.events()]), done.position)
        assert archive(store, place, catch_up=catch_up, buckets=1).events == 0
        with pytest.raises(InvalidSetting, match="has 1, which cannot change"):
            archive(store, place, catch_up=catch_up, buckets=2)


def test_every_stream_has_its_bucket() -> None:
    assert {bucket_of(f"a/{number}", 7) for number in range(200)} == set(range(7))
    assert bucket_of("a/1", 1) == 0


def files(*positions: tuple[int | None, int | None]) -> tuple[File, ...]:
    return tuple(
        File(f"file-{first}", 1, 1, "", first=first, last=last) for first, last in positions
    )


@pytest.mark.parametrize(
    ("positions", "end", "faults"),
    [
        ([], 0, []),
        ([(1, 1)], 1, []),
        ([(1, 5), (6, 6), (9, 12)], 12, []),
        ([(1, 5), (5, 9)], 9, ["file-5 does not follow log position 5"]),
        ([(1, 5), (3, 9)], 9, ["file-3 does not follow log position 5"]),
        ([(4, 2)], 2, ["file-4 does not follow log position 0"]),
        ([(0, 2)], 2, ["file-0 does not follow log position 0"]),
        ([(None, 3)], 3, ["file-None does not follow log position 0"]),
        ([(1, 3)], 4, [f"{MANIFEST} ends at log position 4, but its files at 3"]),
    ],
)
def test_each_position_is_in_one_file_and_the_files_end_where_the_manifest_says(
    positions: list[tuple[int | None, int | None]], end: int, faults: list[str]
) -> None:
    manifest = Manifest(buckets=1, position=end, events=files(*positions))
    found = [f"{fault.file} {fault.fault}" for fault in _faults_of_positions(manifest)]
    assert found == faults


def test_a_file_that_cannot_be_read_is_described_in_a_line() -> None:
    assert _fault(FileNotFoundError(2, "No such file")) == "there is no such file"
    assert _fault(ValueError("no magic bytes\nat the end")) == "no magic bytes"


def test_the_commands_say_how_much_they_archived_and_verified(url: str, tmp_path: Path) -> None:
    place = str(tmp_path / "archive")
    with Ledger.open(url) as ledger:
        count, last = len([*ledger.events()]), ledger.status()["position"]
    first = run("archive", place, "--db", url)
    assert f"{count} new events, up to log position {last}, " in first.out
    again = json.loads(run("archive", place, "--db", url, "--json").out)
    assert (again["events"], again["position"]) == (0, last)
    whole = run("archive", place, "--verify")
    assert whole.out.endswith(f"up to log position {last}: all as the manifest says\n")
    (Path(place) / "other.txt").write_text("foreign")
    faulty = run("archive", place, "--verify")
    fault = "other.txt: is foreign: the manifest does not name it"
    assert (faulty.status, faulty.out.splitlines()[0]) == (1, fault)
    rows = [
        json.loads(line) for line in run("archive", place, "--verify", "--json").out.splitlines()
    ]
    assert rows[0] == {"file": "other.txt", "fault": "is foreign: the manifest does not name it"}
    assert rows[-1]["summary"] == {"files": again["files"], "position": last, "faults": 1}
    (Path(place) / "other.txt").unlink()
    restored = run("restore", place, "--db", str(tmp_path / "restored.db"))
    assert restored.out == f"{count} events, up to log position {last}\n"
