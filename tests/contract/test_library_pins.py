"""What we rely on inside the eventsourcing library, and the pitfalls of it that a test can show."""

import inspect
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
import pytest
from eventsourcing import postgres as library_postgres
from eventsourcing import sqlite as library_sqlite
from eventsourcing.persistence import IntegrityError, OperationalError, StoredEvent
from eventsourcing.postgres import PostgresDatastore

from orderledger import Ledger, OutcomeUnknown, StoreError, StoreUnreachable, parse_document
from orderledger.infrastructure.clock import SteppingClock
from orderledger.infrastructure.storage import postgres, sqlite
from orderledger.infrastructure.storage.application import LedgerMapper
from orderledger.infrastructure.storage.postgres_call import bigint_array, bytea_array, call, text_array
from orderledger.infrastructure.storage.recording import EVENTS_TABLE
from tests.contract.streams import MADE_AT, every_view, fill, lives, parsed, request

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def ledger(durable_store_url: str) -> Iterator[Ledger]:
    with Ledger.open(durable_store_url, clock=SteppingClock(MADE_AT)) as ledger:
        yield ledger


def recorder_of(ledger: Ledger) -> Any:
    return ledger._store.application.recorder


def datastore_of(ledger: Ledger) -> Any:
    return recorder_of(ledger).datastore


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


def test_the_persistence_modules_bring_our_factory_and_recorder(ledger: Ledger, durable_store_url: str) -> None:
    module = sqlite if durable_store_url.startswith("sqlite") else postgres
    application = ledger._store.application
    assert type(application.factory) is module.Factory
    assert type(application.recorder) is module.Recorder
    assert type(application.mapper) is LedgerMapper


def test_every_sqlite_connection_is_ours(tmp_path: Path) -> None:
    """The pool calls `_create_connection` for each of them: write-ahead log, durable at every commit."""
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db", lock_timeout=7) as ledger:
        store, ready = datastore_of(ledger), threading.Barrier(6)

        def settings_of(number: int) -> tuple[Any, ...]:
            ready.wait()
            with store.transaction(commit=number % 2 == 0) as cursor:
                pragmas = ("synchronous", "journal_mode", "busy_timeout", "foreign_keys")
                found = [cursor.execute(f"PRAGMA {name}") or cursor.fetchone()[0] for name in pragmas]
            ready.wait()
            return tuple(found[:3])

        with ThreadPoolExecutor(6) as pool:
            assert set(pool.map(settings_of, range(6))) == {(2, "wal", 7_000)}


@pytest.mark.parametrize(("synchronous", "level"), [("OFF", 0), ("NORMAL", 1), ("FULL", 2), ("EXTRA", 3)])
def test_a_weaker_promise_is_the_users_choice(tmp_path: Path, synchronous: str, level: int) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with Ledger.open(url, synchronous=synchronous) as ledger, datastore_of(ledger).transaction(commit=True) as cursor:
        cursor.execute("PRAGMA synchronous")
        assert cursor.fetchone()[0] == level


def test_a_postgresql_commit_is_waited_for(postgres_schema_url: str) -> None:
    with Ledger.open(postgres_schema_url) as ledger, datastore_of(ledger).get_connection() as connection:
        rows = [connection.execute(f"SHOW {name}").fetchone() for name in ("synchronous_commit", "transaction_isolation")]
        assert [next(iter(row.values())) for row in rows] == ["on", "read committed"]


# The library's own readers and writers see the same log


def test_the_librarys_own_interfaces_read_the_same_log(ledger: Ledger) -> None:
    ledger.record_many(parsed(*lives(3)))
    application = ledger._store.application
    events = list(ledger.events())
    notifications = application.recorder.select_notifications(start=1, limit=1_000)
    assert [notification.id for notification in notifications] == [event["position"] for event in events]
    assert [notification.topic for notification in notifications] == [event["name"] for event in events]
    later = application.recorder.select_notifications(start=2, limit=2, inclusive_of_start=False)
    assert [notification.id for notification in later] == [3, 4]
    names = application.recorder.select_notifications(start=None, limit=10, topics=["order_requested.v1"])
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
    """The library reads the whole environment of the process; what belongs to another application is not for us."""
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


# Pitfalls


def test_database_functions_of_the_library_are_off(postgres_schema_url: str) -> None:
    """Pitfall 1: they take no table lock, and a tailing reader misses events."""
    with Ledger.open(postgres_schema_url) as ledger:
        assert datastore_of(ledger).enable_db_functions is False
        ledger.record(parse_document(request("C-1")))
        with datastore_of(ledger).get_connection() as connection:
            names = "SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace ORDER BY proname"
            functions = [row["proname"] for row in connection.execute(names).fetchall()]
    assert functions == [f"{EVENTS_TABLE}_append", f"{EVENTS_TABLE}_guard"]


def test_positions_become_visible_in_order(postgres_schema_url: str) -> None:
    """Pitfall 1: a reader that follows the log while many write misses nothing."""
    with Ledger.open(postgres_schema_url) as one, Ledger.open(postgres_schema_url) as other:
        seen: list[int] = []
        is_over = threading.Event()

        def follow() -> None:
            while not is_over.is_set() or seen[-1:] != [recorder_of(one).last_position()]:
                rows = recorder_of(one).rows_after(seen[-1] if seen else 0, 1_000)
                seen.extend(row.position for row in rows)

        def write(number: int) -> None:
            (one, other)[number % 2].record_many(parsed(*lives(20, f"sim:{number}")))

        with ThreadPoolExecutor(9) as pool:
            following = pool.submit(follow)
            for writing in [pool.submit(write, number) for number in range(8)]:
                writing.result()
            is_over.set()
            following.result(timeout=30)
        assert seen == [event["position"] for event in one.events()]
        assert len(seen) == 8 * 80


@pytest.mark.parametrize("error", [OperationalError("the answer got lost"), IntegrityError("a retry met its own event")])
def test_a_commit_whose_answer_got_lost_counts_once(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Pitfall 3: the events are compared with what is stored before anybody is told otherwise."""
    recorder, append = recorder_of(ledger), recorder_of(ledger).append
    is_lost = [True]

    def losing(*arguments: Any) -> Any:
        positions = append(*arguments)
        if is_lost:
            is_lost.clear()
            raise error
        return positions

    monkeypatch.setattr(recorder, "append", losing)
    outcome = ledger.record(parse_document(fill("C-1", "F-1")))
    assert (outcome.outcome, is_lost) == ("recorded" if isinstance(error, OperationalError) else "duplicate", [])
    assert [event["name"] for event in ledger.events()].count("fill_recorded.v1") == 1
    assert ledger.record(parse_document(fill("C-1", "F-1"))).outcome == "duplicate"


def test_a_failed_commit_leaves_no_trace_in_memory(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall 4: what did not become durable is not known afterwards, whatever was decided before."""
    ledger.record(parse_document(request("C-1")))
    recorder, append = recorder_of(ledger), recorder_of(ledger).append

    def failing(*_: Any) -> Any:
        raise OperationalError("disk full")

    monkeypatch.setattr(recorder, "append", failing)
    messages = parsed(fill("C-1", "F-1"), fill(None, "F-2", venue_order_id="V-1"), request("C-2"))
    for message in messages:
        with pytest.raises(StoreError, match="disk full"):
            ledger.record(message)
    with pytest.raises(StoreError, match="disk full"):
        ledger.record_soon(messages[0]).result(60)
    monkeypatch.setattr(recorder, "append", append)
    assert [outcome.outcome for outcome in ledger.record_many(messages)] == ["recorded"] * 3
    assert [event["version"] for event in ledger.history("C-1")] == [1, 2]
    assert ledger.check().differences == ()


def test_an_interrupt_in_the_middle_of_a_commit_leaves_nobody_waiting(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder, append = recorder_of(ledger), recorder_of(ledger).append
    committing, queued = threading.Event(), threading.Event()

    def interrupted(*arguments: Any) -> Any:
        monkeypatch.setattr(recorder, "append", append)
        committing.set()
        queued.wait(60)
        raise KeyboardInterrupt

    monkeypatch.setattr(recorder, "append", interrupted)
    told: list[BaseException] = []

    def record() -> None:
        try:
            ledger.record(parse_document(request("C-1")))
        except BaseException as error:
            told.append(error)

    thread = threading.Thread(target=record)
    thread.start()
    committing.wait(60)
    future = ledger.record_soon(parse_document(request("C-2")))
    queued.set()
    thread.join(60)
    assert [type(error) for error in told] == [KeyboardInterrupt]
    assert future.result(60).outcome == "recorded"
    assert ledger.record(parse_document(request("C-1"))).outcome == "recorded"
    assert ledger.check().differences == ()


def test_a_commit_that_nobody_can_ask_about_is_told_as_unknown(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder, append = recorder_of(ledger), recorder_of(ledger).append

    def vanishing(*arguments: Any) -> Any:
        append(*arguments)
        raise OperationalError("connection lost")

    def unreachable(*_: Any) -> Any:
        raise OperationalError("still gone")

    with monkeypatch.context() as broken:
        broken.setattr(recorder, "append", vanishing)
        broken.setattr(recorder, "rows_at", unreachable)
        with pytest.raises(OutcomeUnknown):
            ledger.record(parse_document(fill("C-1", "F-1")))
    assert ledger.record(parse_document(fill("C-1", "F-1"))).outcome == "duplicate"
    assert len(ledger.trades()) == 1


CLOSING = """
import sys, threading
from orderledger import Ledger, LedgerError
from tests.contract.streams import lives, parsed
for attempt in range(3):
    ledger = Ledger.open(sys.argv[1])
    ledger.record_many(parsed(*lives(20)))
    def read():
        try:
            while True:
                ledger.orders(); list(ledger.events()); ledger.record_many(parsed(*lives(2)))
        except LedgerError as error:
            assert "closed" in str(error), error
    threads = [threading.Thread(target=read, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    ledger.close()
    for thread in threads:
        thread.join()
print("alive")
"""


def test_closing_while_threads_read_crashes_nothing(durable_store_url: str) -> None:
    """Pitfall 6: the library's close ends the process with a segmentation fault."""
    command = [sys.executable, "-c", CLOSING, durable_store_url]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr, ended.stdout) == (0, "", "alive\n")


def test_sqlite_gives_no_position_twice(tmp_path: Path) -> None:
    """Pitfall 7: positions are rowids, which SQLite gives again, unless the key is AUTOINCREMENT."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    with Ledger.open(url) as ledger:
        ledger.record_many(parsed(*lives(2)))
        last = max(event["position"] for event in ledger.events())
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        (statement,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (EVENTS_TABLE,)).fetchone()
        assert "AUTOINCREMENT" in statement
        connection.execute(f"DROP TRIGGER {EVENTS_TABLE}_no_delete")
        connection.execute(f"DELETE FROM {EVENTS_TABLE} WHERE notification_id = ?", (last,))
    connection.close()
    with Ledger.open(url) as ledger:
        assert ledger.record(parse_document(request("C-9"))).position == last + 1


def test_whoever_holds_the_log_is_not_waited_for_for_ever(durable_store_url: str) -> None:
    """Pitfall 10: the library's lock timeout on PostgreSQL is infinite unless it is set."""
    with Ledger.open(durable_store_url, lock_timeout=1, follow=False) as ledger:
        ledger.record(parse_document(request("C-1")))
        holder = holding(durable_store_url)
        began = time.monotonic()
        with pytest.raises(StoreError):
            ledger.record(parse_document(request("C-2")))
        assert time.monotonic() - began < 20
        holder.rollback()
        holder.close()
        assert ledger.record(parse_document(request("C-2"))).outcome == "recorded"


@pytest.mark.parametrize("mode", ["EXCLUSIVE", "ACCESS EXCLUSIVE"])
def test_the_whole_wait_for_postgresql_is_as_long_as_was_asked_for(postgres_schema_url: str, mode: str) -> None:
    """Whatever the one who made the store asked for, whether it is reading or writing that waits, and nothing is left unknown."""
    Ledger.open(postgres_schema_url, follow=False).close()
    with Ledger.open(postgres_schema_url, lock_timeout=1, follow=False) as ledger:
        ledger.record(parse_document(request("C-1")))
        holder = holding(postgres_schema_url, mode)
        asked: list[Callable[[], object]] = [
            lambda: ledger.record(parse_document(request("C-2"))),
            lambda: ledger.record(parse_document(fill("C-1", "F-1", aliases={"index": "7"}))),
            lambda: ledger.record_soon(parse_document(request("C-2"))).result(),
        ]
        if mode == "ACCESS EXCLUSIVE":
            asked += [ledger.orders, ledger.recover, ledger.status]
        for ask in asked:
            began = time.monotonic()
            with pytest.raises(StoreUnreachable, match="another holds the store: waited 1 s, and nothing was written"):
                ask()
            assert time.monotonic() - began < 3
        holder.rollback()
        holder.close()
        assert ledger.record(parse_document(request("C-2"))).outcome == "recorded"
        assert [len(ledger.history(name)) for name in ("C-1", "C-2")] == [1, 1]


def test_a_store_of_the_version_before_takes_over_the_new_function(postgres_schema_url: str) -> None:
    Ledger.open(postgres_schema_url, follow=False).close()
    append = f"{EVENTS_TABLE}_append"
    with psycopg.connect(postgres_schema_url) as connection:
        (body,) = connection.execute(f"SELECT pg_get_functiondef('{append}'::regproc)").fetchone() or ("",)
        connection.execute(body.replace("BEGIN\n", "BEGIN\n    SET LOCAL lock_timeout = '30s';\n", 1).encode())
        connection.execute("UPDATE ledger_schema SET version = 1")
    with Ledger.open(postgres_schema_url, lock_timeout=1, follow=False) as ledger:
        holder = holding(postgres_schema_url)
        began = time.monotonic()
        with pytest.raises(StoreUnreachable, match="waited 1 s"):
            ledger.record(parse_document(request("C-1")))
        assert time.monotonic() - began < 3
        holder.close()
        assert ledger.record(parse_document(request("C-1"))).outcome == "recorded"


def holding(url: str, mode: str = "EXCLUSIVE") -> Any:
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        return connection
    other = psycopg.connect(url)
    other.execute(f"LOCK TABLE {EVENTS_TABLE} IN {mode} MODE")
    return other


def test_the_pool_of_the_library_can_be_pointed_elsewhere(postgres_schema_url: str) -> None:
    """We give the URL to the pool after the library has made it, which works while the pool is not open."""
    assert "url" not in inspect.signature(PostgresDatastore.__init__).parameters
    with Ledger.open(postgres_schema_url) as ledger:
        assert datastore_of(ledger).pool.conninfo == postgres_schema_url


@pytest.mark.parametrize("texts", [[], ["a"], ["", "ü", '"', "{", "NULL", "a,b", "\\"], ["x" * 300] * 1_000])
def test_our_arrays_are_those_of_postgresql(postgres_schema_url: str, texts: list[str]) -> None:
    """Byte for byte what the server makes of the same lists."""
    states, numbers = [text.encode() for text in texts], [-(2**63), 2**63 - 1, 0, -1, *range(1_000)][: len(texts)]
    ours = [text_array(texts), bytea_array(states), bigint_array(numbers)]
    with psycopg.connect(postgres_schema_url) as connection:
        statement = "SELECT %s::text[], %s::bytea[], %s::bigint[]"
        told = connection.execute(statement, (texts, states, numbers), binary=True).pgresult
        assert told is not None and [told.get_value(0, column) for column in range(3)] == ours
        assert call(connection, b"SELECT $1::bigint[]", [bigint_array(numbers)]) == numbers
        with pytest.raises(psycopg.errors.UndefinedTable):
            call(connection, b"SELECT $1::bigint[] FROM missing", [bigint_array(numbers)])
