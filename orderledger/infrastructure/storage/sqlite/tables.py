"""Rows of the views in SQLite. It has no exact numbers and no times, so they are decimal text, and
RFC 3339 text in UTC."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from eventsourcing.persistence import PersistenceError
from eventsourcing.sqlite import SQLiteDatastore
from msgspec.structs import asdict

from orderledger.infrastructure.storage.columns import Column, changed, json_texts, numbers, times
from orderledger.infrastructure.storage.database import (
    REBUILDING_LOOK,
    ROWS_PER_BATCH,
    Database,
    Session,
    upsert_tail,
)
from orderledger.infrastructure.storage.kept_evidence import EVIDENCE_KEPT, MAY_BE_DELETED, table_of
from orderledger.infrastructure.storage.recorder import ATTRIBUTIONS, NAMES_KEPT, chunks
from orderledger.infrastructure.storage.shapes import cell_decoder, shape_of
from orderledger.infrastructure.storage.sqlite.arrow import arrow_of
from orderledger.infrastructure.storage.sqlite.connections import Datastore, make_private
from orderledger.infrastructure.storage.table_names import EVENTS_TABLE, EVIDENCE_TABLE, NAMES_TABLE
from orderledger.projections.view import AnyTable, Kind, RowType, Table
from orderledger.projections.view import Column as ColumnOfTable

if TYPE_CHECKING:
    import pyarrow

GUARDS = {
    "order_names_no_delete": f"BEFORE DELETE ON {NAMES_TABLE} BEGIN SELECT RAISE(ABORT, "
    f"'{NAMES_KEPT}'); END",
    "order_names_no_update": f"""BEFORE UPDATE ON {NAMES_TABLE}
        WHEN (NEW.account, NEW.kind, NEW.name) IS NOT (OLD.account, OLD.kind, OLD.name) OR NEW.stream IS NOT OLD.stream
        AND NOT EXISTS (SELECT 1 FROM {EVENTS_TABLE} WHERE originator_id = OLD.stream AND topic LIKE '{ATTRIBUTIONS}')
        BEGIN SELECT RAISE(ABORT, '{NAMES_KEPT}'); END""",  # noqa: E501 (SQL)
}

EVENTS_GUARDS = tuple(f"{EVENTS_TABLE}_{suffix}" for suffix in ("dense", "no_update", "no_delete"))

EVIDENCE_GUARDS = {
    "event_evidence_no_update": f"BEFORE UPDATE ON {EVIDENCE_TABLE} BEGIN SELECT RAISE(ABORT, "
    f"'{EVIDENCE_KEPT}'); END",
    "event_evidence_no_delete": f"BEFORE DELETE ON {EVIDENCE_TABLE} WHEN NOT {MAY_BE_DELETED} "
    f"BEGIN SELECT RAISE(ABORT, '{EVIDENCE_KEPT}'); END",
}

ROWS_PER_UPSERT = (500, 100, 20, 4, 1)
"""Row counts of statements. SQLite parses a long statement as long as it runs it; these few are
parsed once per connection."""


@cache
def _insert_of(target: str, names: tuple[str, ...], count: int, tail: str) -> str:
    """The statement for `count` rows."""
    marks = f"({','.join('?' * len(names))})"
    return f"INSERT INTO {target} ({', '.join(names)}) VALUES {','.join([marks] * count)} {tail}"


class SQLiteSession(Session):
    guards = (*EVENTS_GUARDS, *GUARDS, *EVIDENCE_GUARDS)
    differs_from = "IS NOT"
    binary = "BLOB"
    place_in_text = "instr"
    raw_event = (
        "CASE typeof(originator_id) WHEN 'text' THEN CAST(originator_id AS BLOB) END, "
        "CASE typeof(originator_version) WHEN 'integer' THEN originator_version END, "
        "CASE typeof(topic) WHEN 'text' THEN CAST(topic AS BLOB) END, CASE typeof(state) WHEN "
        "'blob' THEN state END"
    )
    place = "rowid"
    by_key_alone = " WITHOUT ROWID"
    types: dict[Kind, str] = {  # noqa: RUF012  (a constant of the class)
        "text": "TEXT",
        "number": "TEXT",
        "time": "TEXT",
        "json": "TEXT",
        "flag": "INTEGER",
        "count": "INTEGER",
    }
    _to: dict[Kind, Callable[[Column], Column]] = {  # noqa: RUF012
        "number": numbers,
        "time": times,
        "json": json_texts,
        "flag": lambda column: changed(column, int),
    }
    _as_json: dict[Kind, str] = {  # noqa: RUF012
        "json": "json({})",
        "flag": "json(CASE {} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)",
    }

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor
        self._cursor.row_factory = (
            None  # plain tuples: the library's rows by name cost more than the reading
        )

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._cursor.execute(statement, tuple(parameters)).fetchall()

    def _batches(
        self, statement: str, parameters: Sequence[Any]
    ) -> Generator[list[tuple[Any, ...]], None, None]:
        with closing(self._cursor.connection.cursor()) as cursor:
            cursor.row_factory = None
            cursor.execute(statement, tuple(parameters))
            while rows := cursor.fetchmany(ROWS_PER_BATCH):
                yield rows

    def has_table(self, name: str) -> bool:
        return bool(
            self.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,))
        )

    def table_names(self) -> list[str]:
        return [
            name for (name,) in self.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]

    def column_names(self, name: str) -> set[str]:
        return {
            column for (column,) in self.execute("SELECT name FROM pragma_table_info(?)", (name,))
        }

    def _selected(self, table: AnyTable) -> str:
        """A row as one JSON array: for forty values, the driver takes longer than SQLite and
        msgspec together with text."""
        cells = (
            self._as_json.get(column.kind, "{}").format(column.name) for column in table.columns
        )
        return f"json_array({', '.join(cells)})"

    def _rows_from(self, table: Table[RowType], found: Sequence[tuple[Any, ...]]) -> list[RowType]:
        decode = shape_of(table).decode
        return cast(list[RowType], [asdict(decode(text)) for (text,) in found])

    def _arrow(self, table: AnyTable, source: str, parameters: Sequence[Any]) -> "pyarrow.Table":
        return arrow_of(
            table, self._batches(f"SELECT {', '.join(table.names)} FROM {source}", parameters)
        )

    def rows_at(self, table: Table[RowType], source: str, places: Sequence[Any]) -> list[RowType]:
        where = f"rowid IN ({','.join('?' * len(places))})"
        return self._rows_from(
            table,
            self.execute(f"SELECT {self._selected(table)} FROM {source} WHERE {where}", places),
        )

    def read_cell(self, column: ColumnOfTable, source: str, place: Any) -> None:
        cell = self._as_json.get(column.kind, "{}").format(column.name)
        ((text,),) = self.execute(
            f"SELECT json_array({cell}) FROM {source} WHERE rowid = ?", (place,)
        )
        cell_decoder(column.kind)(text)

    def cell_text(self, name: str, source: str, place: Any) -> str:
        ((value,),) = self.execute(
            f"SELECT CAST({name} AS BLOB) FROM {source} WHERE rowid = ?", (place,)
        )
        return (value or b"").decode(errors="backslashreplace")

    def guard_names(self) -> None:
        for name, trigger in GUARDS.items():
            self.execute(f"CREATE TRIGGER IF NOT EXISTS {name} {trigger}")

    def _active_triggers(self) -> set[str]:
        found = self.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        return {name for (name,) in found}

    @contextmanager
    def unguarded_names(self) -> Iterator[None]:
        for name in GUARDS:
            self.execute(f"DROP TRIGGER IF EXISTS {name}")
        yield
        self.guard_names()

    def create_evidence(self) -> None:
        self.execute(table_of("BLOB", "INTEGER"))
        for name, trigger in EVIDENCE_GUARDS.items():
            self.execute(f"CREATE TRIGGER IF NOT EXISTS {name} {trigger}")

    def faults(self) -> list[str]:
        return [text for (text,) in self.execute("PRAGMA integrity_check(20)") if text != "ok"]

    @contextmanager
    def unguarded_events(self) -> Iterator[None]:
        guards = self.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?",
            (EVENTS_TABLE,),
        )
        self.execute("PRAGMA secure_delete=ON")
        for name, _ in guards:
            self.execute(f"DROP TRIGGER {name}")
        yield
        for _, statement in guards:
            self.execute(statement)

    def upsert(self, table: Table[RowType], rows: Sequence[RowType], suffix: str = "") -> None:
        self._insert(table, rows, suffix, upsert_tail(table.name))

    def append(self, table: Table[RowType], rows: Sequence[RowType], suffix: str = "") -> None:
        self._insert(table, rows, suffix, "")

    def _insert(
        self, table: Table[RowType], rows: Sequence[RowType], suffix: str, tail: str
    ) -> None:
        width = len(table.columns)
        for chunk in chunks(rows):
            values = list(chain.from_iterable(zip(*self.columns_of(table, chunk), strict=True)))
            while values:
                count = next(size for size in ROWS_PER_UPSERT if size * width <= len(values))
                self._cursor.execute(
                    _insert_of(table.name + suffix, table.names, count, tail),
                    values[: count * width],
                )
                del values[: count * width]


class SQLiteDatabase(Database):
    def __init__(self, datastore: SQLiteDatastore) -> None:
        self._datastore = datastore
        self._rebuilding = threading.Lock()

    def _session(self, cursor: sqlite3.Cursor) -> Session:
        session = SQLiteSession(cursor)
        if isinstance(self._datastore, Datastore):
            session.epoch = self._datastore.pool.epoch
        return session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with self._datastore.transaction(commit=True) as cursor:
            yield self._session(cursor.sqlite_cursor)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self._datastore.transaction(commit=False) as cursor:
            yield self._session(cursor.sqlite_cursor)

    @contextmanager
    def streaming(self) -> Iterator[Session]:
        """A reading transaction on a new connection. With a store in memory or a full disk, on the
        thread's own connection."""
        pool = self._datastore.pool
        with self.reading() as session:  # checks that the file is still in its place
            is_alone = pool.is_sqlite_memory_mode or session.execute("PRAGMA locking_mode") == [
                ("exclusive",)
            ]
        if is_alone:
            with self.reading() as session:
                yield session
            return
        location = f"{Path(self._path).as_uri()}?mode=rw"
        settings: dict[str, Any] = {
            "uri": True,
            "timeout": pool.lock_timeout or 0,
            "isolation_level": None,
        }
        with closing(sqlite3.connect(location, check_same_thread=False, **settings)) as connection:
            connection.execute("BEGIN")
            yield self._session(connection.cursor())

    def overwrite_deleted(self) -> bool:
        """Empty the write-ahead log, which has old pages."""
        with self._datastore.get_connection(commit=True) as connection:
            cursor = connection.cursor()
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return not cursor.fetchall()[0][0]

    def alone(self) -> AbstractContextManager[Session]:
        return self.writing()  # SQLite has one writer

    @contextmanager
    def rebuilding(self) -> Iterator[None]:
        """Hold a lock on an empty file beside the database. It ends with the process."""
        with self._rebuilding, ExitStack() as held:
            if not self._datastore.pool.is_sqlite_memory_mode:
                make_private(f"{self._path}-rebuilding")
                lock = sqlite3.connect(f"{self._path}-rebuilding", isolation_level=None, timeout=0)
                held.callback(lock.close)
                while not _is_locked_by(lock):
                    time.sleep(REBUILDING_LOOK)
            yield

    def let_go(self) -> None:
        if (
            isinstance(self._datastore, Datastore)
            and not self._datastore.pool.is_sqlite_memory_mode
        ):
            self._datastore.let_go()

    @property
    def folder(self) -> Path | None:
        return None if self._datastore.pool.is_sqlite_memory_mode else Path(f"{self._path}-rebuilt")

    @property
    def _path(self) -> str:
        """The real path: a user who opened a link must find the files beside the database."""
        return os.path.realpath(self._datastore.pool.db_name)

    @contextmanager
    def side_database(self, path: str | None, beside: Sequence[str] = ()) -> Iterator[Database]:
        if path is None:
            yield self
            return
        datastore = Datastore(path, lock_timeout=0, synchronous="OFF", journal_mode="OFF")
        try:
            database = SQLiteDatabase(datastore)
            with ExitStack() as attached:
                for number, other in enumerate(beside):
                    attached.enter_context(database._attached(other, f"side{number}", "ro"))
                yield database
        finally:
            datastore.close()

    @contextmanager
    def attached(self, paths: Sequence[str]) -> Iterator[None]:
        with ExitStack() as attached:
            for number, path in enumerate(paths):
                attached.enter_context(self._attached(path, f"side{number}", "rw"))
            yield

    def take_in(self, path: str, names: Sequence[str]) -> None:
        with self._attached(path, "other", "ro"), self.writing() as session:
            for name in names:
                session.execute(f"INSERT INTO main.{name} SELECT * FROM other.{name}")

    @contextmanager
    def _attached(self, path: str, name: str, mode: str) -> Iterator[None]:
        """Attach a file to this thread's connection. As a URI, because a file name may not be
        UTF-8.
        """
        with self._datastore.get_connection(commit=True) as connection:
            cursor = connection.cursor()
            cursor.execute(f"ATTACH DATABASE ? AS {name}", (f"{Path(path).as_uri()}?mode={mode}",))
            for pragma in ("synchronous=OFF", "journal_mode=MEMORY"):
                cursor.execute(f"PRAGMA {name}.{pragma}")
                cursor.fetchall()
        try:
            yield
        finally:
            try:
                with self._datastore.get_connection(commit=True) as connection:
                    connection.cursor().execute(f"DETACH DATABASE {name}")
            except (sqlite3.Error, PersistenceError):
                if isinstance(self._datastore, Datastore):
                    # a connection that keeps the file could not attach the next one
                    self._datastore.renew()


def _is_locked_by(connection: sqlite3.Connection) -> bool:
    """Try to get the exclusive lock."""
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
    return connection.in_transaction
