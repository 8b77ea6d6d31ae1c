"""Every alteration of a store is found against a checkpoint, and none is reported on an untouched
store."""

import shutil
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from orderledger import Ledger, StoreError
from orderledger.audit.proof import tiles
from orderledger.audit.proof.checkpoints import CheckpointLoop
from orderledger.audit.proof.keys import load
from orderledger.audit.proof.verifying import Verified, verify
from orderledger.infrastructure.storage.store import open_store, reaching
from tests.audit.proof.alterations import Alterer, covered
from tests.audit.proof.orders import with_evidence
from tests.core.contract.sql import connected
from tests.core.contract.streams import lives, opened, parsed

ALTERATIONS = 120
LONG = 10_000


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, key: Path) -> tuple[Path, str]:
    """A store with two checkpoints, an order whose evidence was forgotten, and its newest
    checkpoint."""
    path = tmp_path_factory.mktemp("original") / "orders.db"
    with opened(f"sqlite:///{path}", update_views=False) as ledger:
        ledger.record_many(parsed(*with_evidence(45)))
        ledger.proof.checkpoint(key)
        ledger.record_many(parsed(*lives(30, "a/b")))
        ledger.proof.forget_evidence("C-3", account="sim:main", reason="asked")
        note = ledger.proof.checkpoint(key).note
    return path, note


def verified(path: Path, note: str, public: str) -> Verified | None:
    """None if the store cannot be opened, which nobody overlooks."""
    try:
        with reaching(str(path)):
            store = open_store(str(path))
            try:
                return verify(store, [note], [public])
            finally:
                store.close()
    except StoreError:
        return None


def test_nothing_is_found_on_an_untouched_store(original: tuple[Path, str], public: str) -> None:
    path, note = original
    found = verified(path, note, public)
    assert found is not None and found.alterations == [] and found.events == found.covered > 256


def run(original: tuple[Path, str], public: str, folder: Path, seed: int, count: int) -> list[str]:
    """The alterations that were not found."""
    chance, missed = Random(seed), []
    source, note = original
    before = covered(source)
    path = folder / "orders.db"
    for _ in range(count):
        for old in folder.glob("orders.db*"):
            old.unlink()
        shutil.copy(source, path)
        what = Alterer(path, chance).alter()
        if "hashes anew" in what:
            with Ledger.open(path, update_views=False) as ledger:
                tiles.update(ledger.internals.store.database)
        after = covered(path)
        found = verified(path, note, public)
        if after != before and found is not None and not found.alterations:
            missed.append(what)
    return missed


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_random_alterations_are_found(
    original: tuple[Path, str], public: str, tmp_path: Path, seed: int
) -> None:
    assert run(original, public, tmp_path, seed, ALTERATIONS // 4) == []


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 110))
def test_ten_thousand_random_alterations_are_found(
    original: tuple[Path, str], public: str, tmp_path: Path, seed: int
) -> None:
    assert run(original, public, tmp_path, seed, LONG // 10) == []


NAMED: list[tuple[str, list[tuple[str, int]]]] = [
    (
        "UPDATE orderledger_events SET originator_version = 77 WHERE notification_id = 5",
        [("changed", 5)],
    ),
    ("DELETE FROM orderledger_events WHERE notification_id = 6", [("removed", 6)]),
    (
        "UPDATE orderledger_events SET notification_id = -7 WHERE notification_id = 7",
        [("inserted", -7), ("removed", 7)],
    ),
    (
        "DELETE FROM orderledger_events WHERE notification_id >= 14",
        [("removed", 14), ("removed", 15), ("removed", 16)],
    ),
    ("UPDATE event_evidence SET salt = evidence WHERE position = 2", [("evidence", 2)]),
    ("DELETE FROM event_evidence WHERE position = 3", [("evidence", 3)]),
]


@pytest.mark.parametrize(
    ("statement", "expected"), NAMED, ids=[statement for statement, _ in NAMED]
)
def test_altered_events_are_named(
    durable_store_url: str, key: Path, public: str, statement: str, expected: list[tuple[str, int]]
) -> None:
    with opened(durable_store_url) as ledger:
        ledger.record_many(parsed(*with_evidence(4)))
        note = ledger.proof.checkpoint(key).note
        assert ledger.proof.verify([note], [public]).alterations == []
        alter(durable_store_url, statement)
        found = ledger.proof.verify([note], [public]).alterations
    is_about_evidence = "event_evidence" in statement
    named = [
        one
        for one in found
        if one.position is not None and (one.kind == "evidence") == is_about_evidence
    ]
    assert [(one.kind, one.position) for one in named] == expected


def alter(url: str, *statements: str) -> None:
    """Change the tables behind their guards."""
    connection: Any = connected(url)
    for table in ("orderledger_events", "event_evidence"):
        if url.startswith("sqlite"):
            listed = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
            ).fetchall()
            for (name,) in listed:
                connection.execute(f"DROP TRIGGER {name}")
        else:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_history_that_was_rewritten_is_found_and_its_intact_beginning_is_named(
    durable_store_url: str, key: Path, public: str
) -> None:
    with opened(durable_store_url) as ledger:
        ledger.record_many(parsed(*with_evidence(3)))
        ledger.proof.checkpoint(key)
        ledger.record_many(parsed(*lives(3, "a/b")))
        note = ledger.proof.checkpoint(key).note
        alter(
            durable_store_url,
            "UPDATE orderledger_events SET originator_version = 9 WHERE notification_id = 14",
            "DELETE FROM proof_tiles",
        )
        tiles.update(ledger.internals.store.database)
        found = ledger.proof.verify([note], [public]).alterations
    assert [(one.kind, one.position) for one in found] == [("rewritten", None)]
    assert "after the first 12 events" in found[0].what


def test_tiles_and_checkpoints_that_were_altered_are_found(
    durable_store_url: str, key: Path, public: str
) -> None:
    with opened(durable_store_url) as ledger:
        ledger.record_many(parsed(*lives(200)))
        note = ledger.proof.checkpoint(key).note
        for table in ("proof_tiles", "proof_checkpoints"):
            with ledger.internals.store.database.reading() as session:
                kept = session.execute(f"SELECT * FROM {table}")
            with ledger.internals.store.database.writing() as session:
                session.execute(f"DELETE FROM {table}")
                if table == "proof_checkpoints":
                    session.execute(
                        f"INSERT INTO {table} VALUES (?, ?, ?, ?)",
                        (*kept[0][:3], kept[0][3].replace("desk", "dusk")),
                    )
                else:
                    for level, number, hashes, positions in kept:
                        session.execute(
                            f"INSERT INTO {table} VALUES (?, ?, ?, ?)",
                            (level, number, bytes(hashes)[::-1], positions),
                        )
            found = ledger.proof.verify([note], [public]).alterations
            assert found and {one.kind for one in found} == {
                "tiles" if table == "proof_tiles" else "checkpoint"
            }
            with ledger.internals.store.database.writing() as session:
                session.execute(f"DELETE FROM {table}")
                for row in kept:
                    session.execute(f"INSERT INTO {table} VALUES (?, ?, ?, ?)", row)
        assert ledger.proof.verify([note], [public]).alterations == []


def test_new_events_are_counted_as_not_covered(store_url: str, key: Path) -> None:
    with opened(store_url) as ledger:
        ledger.record_many(parsed(*with_evidence(2)))
        ledger.proof.checkpoint(key)
        ledger.record_many(parsed(*lives(1, "a/b")))
        found = ledger.proof.verify()
    assert (found.covered, found.alterations) == (8, []) and found.events > 8


def test_verifying_reports_its_progress_to_the_end(tmp_path: Path, key: Path) -> None:
    def progress_of(ledger: Ledger) -> list[tuple[int, int]]:
        reported: list[tuple[int, int]] = []
        ledger.proof.verify(progress=lambda done, last: reported.append((done, last)))
        return reported

    with opened(f"sqlite:///{tmp_path}/orders.db", update_views=False) as ledger:
        ledger.record_many(parsed(*lives(5, "a/b")))
        ledger.proof.checkpoint(key)
        assert progress_of(ledger)[-1] == (end := last_position(ledger), end)
        ledger.record_many(parsed(*lives(2, "c/d")))
        assert progress_of(ledger)[-1] == (end := last_position(ledger), end)
        assert len(progress_of(ledger)) == 2, "one for the tiles, one for the events beside them"


def last_position(ledger: Ledger) -> int:
    return int(ledger.status()["position"])


def wait_for(notes: list[str], count: int) -> None:
    ends_at = time.monotonic() + 30
    while len(notes) < count and time.monotonic() < ends_at:
        time.sleep(0.01)
    assert len(notes) == count


def test_checkpoints_are_made_while_running_and_once_more_at_the_end(
    tmp_path: Path, key: Path
) -> None:
    notes: list[str] = []
    with opened(f"sqlite:///{tmp_path}/orders.db", update_views=False) as ledger:
        ledger.record_many(parsed(*lives(2, "a/b")))
        store = ledger.internals.store
        maker = CheckpointLoop(store, load(key), 0.01, [notes.append], pytest.fail)
        maker.start()
        wait_for(notes, 1)
        time.sleep(0.05)
        assert len(notes) == 1, "none without new events"
        ledger.record_many(parsed(*lives(1, "c/d")))
        wait_for(notes, 2)
        maker.stop()
        last = CheckpointLoop(store, load(key), 600, [notes.append], pytest.fail)
        last.ask_to_stop()
        last.run()
        assert len(notes) == 3
