"""An archive in a store of objects, over the protocol of S3: the commands against a server on this
machine."""

import json
import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyarrow import fs

from orderledger import Ledger
from orderledger.analytics.archive.manifest import needed_manifest
from orderledger.analytics.archive.place import Place
from orderledger.analytics.archive.verifying import verify
from tests.analytics.archive.killing import ARCHIVING, killed
from tests.analytics.archive.test_archive import archived_events, side_tables
from tests.command_line import run
from tests.core.contract.streams import every_view, lives, opened, parsed, story

pytestmark = pytest.mark.long

PATIENCE = 60.0
KEYS = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_EC2_METADATA_DISABLED": "true",
}
RUNNING = re.compile(r"Running on http://(127\.0\.0\.1:\d+)")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of an S3 server with the bucket `ledgers`."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        address = next(found[1] for line in process.stderr if (found := RUNNING.search(line)))
        fs.S3FileSystem(
            access_key="key",
            secret_key="secret",
            endpoint_override=address,
            scheme="http",
            allow_bucket_creation=True,
        ).create_dir("ledgers")
        draining = subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL)
        yield address
        process.kill()
        draining.wait(PATIENCE)


@pytest.fixture
def url(server: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """An archive of this test's own."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    folder = re.sub(r"\W", "-", request.node.name)
    return f"s3://ledgers/{folder}/archive?endpoint_override={server}&scheme=http"


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Ledger]:
    with opened(str(tmp_path / "told.db")) as ledger:
        ledger.record_many(parsed(*story(), *lives(40, "other:x")))
        yield ledger


def of_command(*arguments: str | Path) -> dict[str, int]:
    done = run(*arguments, "--json", environment=KEYS)
    assert done.status == 0, done.err
    found: dict[str, int] = json.loads(done.out.splitlines()[-1])
    return found


def test_questions_in_sql_are_asked_of_an_archive_in_a_store_of_objects(
    told: Ledger, url: str, tmp_path: Path
) -> None:
    db = ("--db", str(tmp_path / "told.db"))
    of_command("archive", url, *db)
    for query in (
        "FROM trades",
        "FROM events",
        "SELECT status, count(*) FROM orders GROUP BY ALL ORDER BY ALL",
    ):
        asked = ("sql", query, "--format", "json")
        live = run(*asked, *db)
        assert live.status == 0 and live.out
        assert run(*asked, "--archive", url, environment=KEYS) == live
    missing = run(
        "sql", "FROM trades", "--archive", url.replace("/archive?", "/none?"), environment=KEYS
    )
    assert missing.status == 2 and "holds no archive: manifest.json" in missing.err
    assert "secret" not in missing.err


def test_an_archive_in_a_store_of_objects_grows_and_is_restored(
    told: Ledger, url: str, tmp_path: Path
) -> None:
    db, new = str(tmp_path / "told.db"), str(tmp_path / "new.db")
    first = of_command("archive", url, "--db", db)
    events = needed_manifest(Place(url)).events
    told.record_many(parsed(*lives(30, "third:x")))
    assert of_command("archive", url, "--db", db)["events"] == 120
    assert of_command("archive", url, "--db", db)["events"] == 0
    assert needed_manifest(Place(url)).events[: len(events)] == events, (
        "what was archived stays as it is"
    )
    assert of_command("archive", url, "--verify")["summary"]["faults"] == 0  # type: ignore[index]
    assert of_command("restore", url, "--db", new) == {
        "events": first["events"] + 120,
        "position": first["position"] + 120,
    }
    with Ledger.open(new) as restored:
        assert list(restored.internals.store.all_rows()) == list(told.internals.store.all_rows())
        assert side_tables(restored) == side_tables(told)
        assert every_view(restored) == every_view(told)


def test_the_endpoint_and_the_keys_may_come_from_the_environment(
    told: Ledger, server: str, url: str, tmp_path: Path
) -> None:
    place = url.partition("?")[0]
    keys = {**KEYS, "AWS_ENDPOINT_URL": f"http://{server}"}
    assert run("archive", place, "--db", tmp_path / "told.db", environment=keys).status == 0
    assert verify(Place(url))[0].position == told.internals.store.recorder.last_position()


@pytest.mark.parametrize("fault", ["is missing", "is truncated", "was altered", "is foreign"])
def test_an_object_that_is_not_as_the_manifest_says_is_named(
    fault: str, told: Ledger, url: str, tmp_path: Path
) -> None:
    of_command("archive", url, "--db", str(tmp_path / "told.db"))
    place = Place(url)
    name = needed_manifest(place).events[0].path
    content = place.read(name)
    named = "events/x.parquet" if fault == "is foreign" else name
    if fault == "is missing":
        place.delete(name)
    else:
        place.write(
            named,
            {"is truncated": content[:-9], "was altered": b"X" + content[1:]}.get(fault, content),
        )
    done = run("archive", url, "--verify", environment=KEYS)
    assert (done.status, f"{named}: {fault}" in done.out) == (1, True)
    refused = run("restore", url, "--db", tmp_path / "new.db", environment=KEYS)
    assert (refused.status, f"{named}: {fault}" in refused.err) == (1, True)
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize("seed", range(6))
def test_a_killed_run_leaves_the_archive_whole_and_the_next_goes_on(
    seed: int, url: str, tmp_path: Path
) -> None:
    chance, db = random.Random(seed), str(tmp_path / "ledger.db")
    with opened(db) as ledger:
        for part in range(2):
            ledger.record_many(parsed(*lives(60, f"sim:{part}")))
            killed(ARCHIVING, db, url, chance=chance, seconds=0.4, environment=KEYS)
            place = Place(url)
            if place.has("manifest.json"):
                assert verify(place)[1] == []
                assert archived_events(place) == list(
                    ledger.internals.store.all_rows(needed_manifest(place).position)
                )
        of_command("archive", url, "--db", db)
        assert archived_events(place) == list(ledger.internals.store.all_rows())
        assert verify(place)[1] == []
        names = {file.path for file in needed_manifest(place).files}
        assert {name for name in place.names() if name.endswith(".parquet")} == names


def test_archive_watches(told: Ledger, url: str, tmp_path: Path, orderledger_command: Path) -> None:
    command = [
        str(orderledger_command),
        "archive",
        url,
        "--db",
        str(tmp_path / "told.db"),
        "--watch",
        "--every",
        "1",
    ]
    with subprocess.Popen(
        [*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert (
            json.loads(process.stdout.readline())["events"]
            == told.internals.store.recorder.last_position()
        )
        told.record(parsed(*lives(1, "third:x"))[0])
        assert json.loads(process.stdout.readline())["events"] == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
    assert verify(Place(url))[1] == []


def test_a_rebuild_reads_and_writes_objects(told: Ledger, url: str, tmp_path: Path) -> None:
    of_command("archive", url, "--db", str(tmp_path / "told.db"))
    there = url.replace("/archive?", "/views?")
    of_command("archive-rebuild", url, "--to", there, "--engine", "processes")
    views = verify(Place(there))[0].views
    assert {name: sum(file.rows for file in files) for name, files in views.items()}[
        "trades"
    ] == len(told.trades(include_busted=True))


def test_a_bucket_that_there_is_not_is_named(told: Ledger, url: str, tmp_path: Path) -> None:
    nowhere = url.replace("s3://ledgers", "s3://nowhere")
    done = run("archive", nowhere, "--db", tmp_path / "told.db", environment=KEYS)
    assert (done.status, done.out) == (1, "")
    assert "orderledger: s3://nowhere" in done.err
    assert "Traceback" not in done.err
