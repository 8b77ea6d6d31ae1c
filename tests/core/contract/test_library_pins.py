"""What we rely on inside the eventsourcing library."""

import inspect
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from eventsourcing import postgres as library_postgres
from eventsourcing import sqlite as library_sqlite
from eventsourcing.persistence import IntegrityError, StoredEvent
from eventsourcing.postgres import PostgresDatastore
from psycopg.conninfo import conninfo_to_dict

from orderledger import Ledger, parse_document
from orderledger.infrastructure.clock import SteppingClock
from orderledger.infrastructure.storage.application import LedgerMapper
from orderledger.infrastructure.storage.postgres import recorder as postgres_recorder
from orderledger.infrastructure.storage.postgres.call import (
    bigint_array,
    bytea_array,
    call,
    text_array,
)
from orderledger.infrastructure.storage.sqlite import recorder as sqlite_recorder
from orderledger.infrastructure.storage.table_names import EVENTS_TABLE
from tests.core.contract.library import datastore_of
from tests.core.contract.streams import MADE_AT, every_view, lives, parsed, request


@pytest.fixture
def ledger(durable_store_url: str) -> Iterator[Ledger]:
    with Ledger.open(durable_store_url, clock=SteppingClock(MADE_AT)) as ledger:
        yield ledger


# Names we override or call


def test_the_library_is_the_version_that_was_read() -> None:
    major, minor, patch = map(int, version("eventsourcing").split("."))
    assert (major, minor) == (9, 5) and patch >= 6


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (library_sqlite.SQLiteConnectionPool, "_create_connection"),
        (library_sqlite.SQLiteConnectionPool, "get_connection"),
        (library_sqlite.SQLiteConnectionPool, "put_connection"),
        (library_sqlite.SQLiteDatastore, "get_connection"),
        (library_sqlite.SQLiteDatastore, "transaction"),
        (library_sqlite.SQLiteApplicationRecorder, "_insert_events"),
        (library_sqlite.SQLiteApplicationRecorder, "construct_create_table_statements"),
        (library_sqlite.SQLiteApplicationRecorder, "select_notifications"),
        (library_sqlite.SQLiteApplicationRecorder, "max_notification_id"),
        (library_postgres.PostgresDatastore, "after_connect_func"),
        (library_postgres.PostgresDatastore, "get_connection"),
        (library_postgres.PostgresApplicationRecorder, "max_notification_id"),
    ],
)
def test_the_library_has_what_we_override_or_call(owner: type[Any], name: str) -> None:
    assert inspect.isfunction(getattr(owner, name))


def test_the_persistence_modules_bring_our_factory_and_recorder(
    ledger: Ledger, durable_store_url: str
) -> None:
    module = sqlite_recorder if durable_store_url.startswith("sqlite") else postgres_recorder
    application = ledger._store.application
    assert type(application.factory) is module.Factory
    assert type(application.recorder) is module.Recorder
    assert type(application.mapper) is LedgerMapper


def test_every_sqlite_connection_is_ours(tmp_path: Path) -> None:
    """The pool calls `_create_connection` for each of them: write-ahead log, durable at every
    commit."""
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db", lock_timeout=7) as ledger:
        store, ready = datastore_of(ledger), threading.Barrier(6)

        def settings_of(number: int) -> tuple[Any, ...]:
            ready.wait()
            with store.transaction(commit=number % 2 == 0) as cursor:
                pragmas = ("synchronous", "journal_mode", "busy_timeout", "foreign_keys")
                found = [
                    cursor.execute(f"PRAGMA {name}") or cursor.fetchone()[0] for name in pragmas
                ]
            ready.wait()
            return tuple(found[:3])

        with ThreadPoolExecutor(6) as pool:
            assert set(pool.map(settings_of, range(6))) == {(2, "wal", 7_000)}


@pytest.mark.parametrize(
    ("synchronous", "level"), [("OFF", 0), ("NORMAL", 1), ("FULL", 2), ("EXTRA", 3)]
)
def test_a_weaker_promise_is_the_users_choice(tmp_path: Path, synchronous: str, level: int) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with (
        Ledger.open(url, synchronous=synchronous) as ledger,
        datastore_of(ledger).transaction(commit=True) as cursor,
    ):
        cursor.execute("PRAGMA synchronous")
        assert cursor.fetchone()[0] == level


def test_what_is_prescribed_to_a_role_changes_no_promise(postgres_schema_url: str) -> None:
    prescribed = {
        "synchronous_commit": "off",
        "default_transaction_isolation": "serializable",
        "idle_session_timeout": "9000",
    }
    options = "".join(f" -c {name}={value}" for name, value in prescribed.items())
    expected = {
        "synchronous_commit": "on",
        "transaction_isolation": "read committed",
        "idle_session_timeout": "0",
    }
    for url in (postgres_schema_url, postgres_schema_url + quote(options, safe="")):
        with Ledger.open(url) as ledger, datastore_of(ledger).get_connection() as connection:
            rows = [connection.execute(f"SHOW {name}").fetchone() for name in expected]
            assert [next(iter(row.values())) for row in rows] == list(expected.values())


# The library's own readers and writers see the same log


def test_the_librarys_own_interfaces_read_the_same_log(ledger: Ledger) -> None:
    ledger.record_many(parsed(*lives(3)))
    application = ledger._store.application
    events = list(ledger.events())
    notifications = application.recorder.select_notifications(start=1, limit=1_000)
    assert [notification.id for notification in notifications] == [
        event["position"] for event in events
    ]
    assert [notification.topic for notification in notifications] == [
        event["name"] for event in events
    ]
    later = application.recorder.select_notifications(start=2, limit=2, inclusive_of_start=False)
    assert [notification.id for notification in later] == [3, 4]
    names = application.recorder.select_notifications(
        start=None, limit=10, topics=["order_requested.v1"]
    )
    assert len(names) == 3
    assert [event.version for event in application.load("sim:main/C-1")] == [1, 2, 3, 4]


def test_the_librarys_own_interface_writes_to_a_sqlite_log(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        ledger.record_many(parsed(*lives(1)))
        application = ledger._store.application
        stored = application.mapper.to_stored_event(application.load("sim:main/C-0")[2])  # type: ignore[arg-type]
        copy = StoredEvent("sim:main/C-9", 1, stored.topic, stored.state)
        assert list(application.recorder.insert_events([copy]) or ()) == [5]
        with pytest.raises(IntegrityError):
            application.recorder.insert_events([copy])
        assert ledger.order("C-9")["cum_quantity"] == 1


def test_the_users_environment_does_not_change_the_store(
    durable_store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library reads the whole environment of the process; what belongs to another application
    is not for us."""
    meant_for_another = {
        "MAPPER_TOPIC": "eventsourcing.persistence:Mapper",
        "ORIGINATOR_ID_TYPE": "uuid",
        "CREATE_TABLE": "y",
        "POSTGRES_ENABLE_DB_FUNCTIONS": "y",
        "IS_SNAPSHOTTING_ENABLED": "y",
        "COMPRESSOR_TOPIC": "zlib",
        "APPLICATION_RECORDER_TOPIC": "eventsourcing.popo:POPOApplicationRecorder",
        "PERSISTENCE_MODULE": "eventsourcing.popo",
    }
    messages = parsed(*lives(2))
    with Ledger.open("memory://", clock=SteppingClock(MADE_AT)) as undisturbed:
        undisturbed.record_many(messages)
        expected = every_view(undisturbed)
    for name, value in meant_for_another.items():
        monkeypatch.setenv(name, value)
    with Ledger.open(durable_store_url, clock=SteppingClock(MADE_AT)) as ledger:
        ledger.record_many(messages)
        assert every_view(ledger) == expected
        assert ledger._store.application.load("sim:main/C-1")[0].version == 1


# How the library is set up


def test_database_functions_of_the_library_are_off(postgres_schema_url: str) -> None:
    """Pitfall 1: they take no table lock, and a tailing reader misses events."""
    with Ledger.open(postgres_schema_url) as ledger:
        assert datastore_of(ledger).enable_db_functions is False
        ledger.record(parse_document(request("C-1")))
        with datastore_of(ledger).get_connection() as connection:
            names = (
                "SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace "
                "ORDER BY proname"
            )
            functions = [row["proname"] for row in connection.execute(names).fetchall()]
    assert functions == [
        "event_evidence_guard",
        "order_names_guard",
        f"{EVENTS_TABLE}_append",
        f"{EVENTS_TABLE}_guard",
    ]


def test_the_pool_of_the_library_can_be_pointed_elsewhere(postgres_schema_url: str) -> None:
    """We give the URL to the pool after the library has made it, which works while the pool is not
    open."""
    assert "url" not in inspect.signature(PostgresDatastore.__init__).parameters
    with Ledger.open(postgres_schema_url) as ledger:
        assert (
            conninfo_to_dict(datastore_of(ledger).pool.conninfo).items()
            > conninfo_to_dict(postgres_schema_url).items()
        )


@pytest.mark.parametrize(
    "texts", [[], ["a"], ["", "ü", '"', "{", "NULL", "a,b", "\\"], ["x" * 300] * 1_000]
)
def test_our_arrays_are_those_of_postgresql(postgres_schema_url: str, texts: list[str]) -> None:
    """Byte for byte what the server makes of the same lists."""
    states, numbers = (
        [text.encode() for text in texts],
        [-(2**63), 2**63 - 1, 0, -1, *range(1_000)][: len(texts)],
    )
    ours = [text_array(texts), bytea_array(states), bigint_array(numbers)]
    with psycopg.connect(postgres_schema_url) as connection:
        statement = "SELECT %s::text[], %s::bytea[], %s::bigint[]"
        told = connection.execute(statement, (texts, states, numbers), binary=True).pgresult
        assert told is not None and [told.get_value(0, column) for column in range(3)] == ours
        assert call(connection, b"SELECT $1::bigint[]", [bigint_array(numbers)]) == numbers
        with pytest.raises(psycopg.errors.UndefinedTable):
            call(connection, b"SELECT $1::bigint[] FROM missing", [bigint_array(numbers)])
