"""A rebuild of an archive equals the views of the ledger to the last digit, whatever divides the
work, and whoever is killed."""

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orderledger import InvalidSetting, Ledger, parse_document
from orderledger.analytics import ArchiveError, bucket_of, fold_bucket, fold_positions
from orderledger.analytics.archive import rebuilding, writing
from orderledger.analytics.archive.manifest import needed_manifest
from orderledger.analytics.archive.parquet import read_bucket
from orderledger.analytics.archive.place import Place
from orderledger.analytics.archive.processes import in_processes
from orderledger.analytics.archive.rebuilding import Built, rebuild
from orderledger.analytics.archive.verifying import verify
from orderledger.analytics.archive.writing import archive
from orderledger.projections.tables import BY_NAME, TABLES
from tests.command_line import run
from tests.core.contract.streams import fill, lives, opened, parsed, report, request, story, strange
from tests.core.properties.accounts import account_story, event_story
from tests.seeds import few

NEVER_REBUILT = ("halts", "position_lots", "renames")
"""Views without rows here: an archive of a ledger with a rename is restored, not rebuilt."""
REPOSITORY = Path(__file__).resolve().parents[3]
REBUILDING = """
import sys
from orderledger.analytics.archive.place import Place
from orderledger.analytics.archive.processes import in_processes
from orderledger.analytics.archive.rebuilding import rebuild
places = [Place(path) for path in sys.argv[1:]]
print("ready", flush=True)
with in_processes(1) as run:
    rebuild(*places, run)
"""


def known_late() -> list[dict[str, Any]]:
    """A fill whose order is known after a fill of another order: by its first place in the log it
    is before that one."""
    account = "late:x"
    acknowledged = {**report("acknowledged", "Z-1", 2, venue_order_id="V-1"), "account": account}
    unknown = fill(None, "F-1", 1, account, venue_order_id="V-1")
    return [
        unknown,
        request("A-1", 0, account),
        fill("A-1", "F-0", 1, account),
        request("Z-1", 0, account),
        acknowledged,
    ]


def told(url: str) -> Ledger:
    """A ledger with every type of message, attributed orders, many instruments, and more fills than
    one checkpoint has."""
    ledger = opened(url)
    many = [
        {**one, "instrument": f"I-{n % 7}"} if one["type"] in ("request", "fill") else one
        for n, one in enumerate(lives(90, "z:b"))
    ]
    ledger.record_many(
        parsed(
            *story(),
            *lives(150, "other:x"),
            *many,
            *strange("odd/#%é", ["a", "b/c", "#%é"]),
            *known_late(),
        )
    )
    for seed in range(3):  # accounts with cash: opening balances, transfers, fees in coins
        for message in account_story(Random(seed)):
            ledger.record(parse_document({**message, "account": f"cash:{seed}"}))
        for message in event_story(Random(seed), has_renames=False):
            realized = {name: one for name, one in message.items() if name != "premium"}
            ledger.record(parse_document({**realized, "account": f"ends:{seed}"}))
    return ledger


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of that ledger, with its views, for all tests to copy."""
    path = tmp_path_factory.mktemp("recorded") / "told.db"
    with told(str(path)) as ledger:
        ledger.views.catch_up()
    return path


@pytest.fixture
def ledger(recorded: Path, tmp_path: Path) -> Iterator[Ledger]:
    with opened(shutil.copy(str(recorded), str(tmp_path))) as ledger:
        yield ledger


@pytest.fixture
def place(ledger: Ledger, tmp_path: Path) -> Place:
    """Its archive."""
    place = Place(str(tmp_path / "archive"))
    archive(ledger.internals.store, place, buckets=8, catch_up=ledger.views.catch_up)
    return place


def built(place: Place, to: Place, jobs: int, **settings: Any) -> Built:
    with in_processes(jobs) as run:
        return rebuild(place, to, run, **settings)


def rows_at(place: Place) -> dict[str, pa.Table]:
    """The rows of all views in a place, each view sorted by its key."""
    views = needed_manifest(place).views
    return {
        table.name: pa.concat_tables(
            [pq.read_table(place.path_of(file.path)) for file in views[table.name]]
            or [_empty(table.name)]
        ).sort_by([(name, "ascending") for name in table.key])
        for table in TABLES
    }


def _empty(view: str) -> pa.Table:
    from orderledger.analytics.archive.rows import schema_of

    return schema_of(BY_NAME[view]).empty_table()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("buckets", "per_task", "jobs", "trades"),
    [(1, 1, 1, 10**6), (8, 3, 1, 1), (64, 64, 1, 50), (64, 5, 2, 1)],
)
def test_a_rebuild_equals_the_views_of_the_ledger(
    buckets: int,
    per_task: int,
    jobs: int,
    trades: int,
    ledger: Ledger,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rebuilding, "TRADES_PER_TASK", trades)
    monkeypatch.setattr(writing, "EVENTS_PER_FILE", 150)
    place, to = Place(str(tmp_path / "archive")), Place(str(tmp_path / "rebuilt"))
    archive(ledger.internals.store, place, buckets=buckets, catch_up=ledger.views.catch_up)
    done = built(place, to, jobs, buckets_per_task=per_task)
    wanted = rows_at(place)
    assert rows_at(to) == wanted
    assert done.rows == {name: len(rows) for name, rows in wanted.items()}
    assert verify(to)[1] == []
    assert all(len(wanted[name]) for name in wanted if name not in NEVER_REBUILT)


def test_the_rows_of_the_ledger_itself_are_archived(ledger: Ledger, place: Place) -> None:
    trades = pq.read_table(
        place.path_of(needed_manifest(place).views["trades"][0].path)
    ).to_pylist()
    shown = {(row["stream"], row["fill_id"]): row for row in ledger.trades(include_busted=True)}
    assert {(row["stream"], row["fill_id"]) for row in trades} == set(shown)
    for row in trades:
        live = shown[row["stream"], row["fill_id"]]
        assert (row["quantity"], row["at"], row["state"]) == (
            format(live["quantity"], "f"),
            live["at"],
            live["state"],
        )


def test_a_job_of_ones_own_folds_buckets_in_any_grouping(place: Place) -> None:
    files = needed_manifest(place).events
    events = [read_bucket(place, files, bucket) for bucket in range(8)]
    assert all(
        bucket_of(stream, 8) == bucket
        for bucket in range(8)
        for stream in events[bucket]["stream"].to_pylist()
    )
    wanted = rows_at(place)
    assert not any(map(len, fold_bucket(events[0].slice(0, 0)).values()))
    for groups in ([[0, 1, 2, 3, 4, 5, 6, 7]], [[7, 0, 3], [1, 2, 4, 5, 6]]):
        parts = [
            fold_bucket(pa.concat_tables([events[bucket] for bucket in group])) for group in groups
        ]
        tables = {name: pa.concat_tables([part[name] for part in parts]) for name in parts[0]}
        tables |= fold_positions(tables["trades"], tables["account_events"], tables["instruments"])
        assert {
            name: rows.sort_by([(key, "ascending") for key in BY_NAME[name].key])
            for name, rows in tables.items()
        } == wanted


@pytest.mark.slow
@pytest.mark.parametrize("seed", few(2, 20))
def test_a_killed_rebuild_is_no_result_and_the_next_completes_it(
    seed: int, place: Place, tmp_path: Path
) -> None:
    to, chance = Place(str(tmp_path / "rebuilt")), random.Random(seed)
    with subprocess.Popen(
        [sys.executable, "-c", REBUILDING, place.root, to.root],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(chance.random() * 0.3)
        process.send_signal(signal.SIGKILL)
    if not to.has("manifest.json"):
        built(place, to, 1)
    assert rows_at(to) == rows_at(place)
    assert verify(to)[1] == []
    assert not [name for name in to.names() if name.endswith(".part")]


def test_a_killed_worker_ends_the_rebuild_without_a_result(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orderledger.infrastructure.errors import StoreError

    to = Place(str(tmp_path / "rebuilt"))

    def kill_one(done: int) -> None:
        for child in psutil.Process().children():
            with suppress(psutil.NoSuchProcess):  # one that is reaped meanwhile
                if "spawn_main" in " ".join(child.cmdline()):
                    child.kill()

    with pytest.raises(StoreError, match="was killed"):
        built(place, to, 2, progress=kill_one)
    assert not to.has("manifest.json")
    built(place, to, 1)
    assert rows_at(to) == rows_at(place)


def test_a_place_with_other_files_or_a_result_is_refused(place: Place, tmp_path: Path) -> None:
    to = Place(str(tmp_path / "rebuilt"))
    built(place, to, 1)
    with pytest.raises(InvalidSetting, match="to: .* holds a finished result"):
        built(place, to, 1)
    with pytest.raises(InvalidSetting, match="to: .* holds a finished result"):
        built(place, place, 1)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_text("cat")
    with pytest.raises(InvalidSetting, match=r"is not empty: cat\.jpg"):
        built(place, Place(str(tmp_path / "photos")), 1)


def test_a_damaged_archive_is_not_rebuilt(place: Place, tmp_path: Path) -> None:
    path = sorted(Path(place.root, "events").iterdir())[0]
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ArchiveError, match=r"events/.*\.parquet: is truncated"):
        built(place, Place(str(tmp_path / "rebuilt")), 1)
    assert not (tmp_path / "rebuilt" / "manifest.json").exists()


def test_the_command_rebuilds(place: Place, tmp_path: Path) -> None:
    def told(*arguments: str) -> Any:
        return run("archive-rebuild", place.root, *arguments)

    done = told("--to", str(tmp_path / "rebuilt"), "--json")
    assert done.status == 0
    assert json.loads(done.out)["events"] == needed_manifest(place).rows
    assert rows_at(Place(str(tmp_path / "rebuilt"))) == rows_at(place)
    assert told("--to", str(tmp_path / "rebuilt")).status == 2
    assert told("--to", str(tmp_path / "other"), "--master", "local[2]").status == 2
    assert told().status == 2
