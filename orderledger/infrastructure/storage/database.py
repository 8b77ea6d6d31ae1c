"""Rows of the views in SQL: the same five operations on SQLite and on PostgreSQL.

SQLite has no exact numbers and no times: numbers are kept as decimal text, times as RFC 3339 text in UTC.
PostgreSQL has both: NUMERIC and timestamptz.
"""

import sqlite3
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any

from eventsourcing.sqlite import SQLiteCursor, SQLiteDatastore
from msgspec.structs import asdict

from orderledger.domain.recorded import Recorded
from orderledger.infrastructure.storage.codec import decode
from orderledger.infrastructure.storage.columns import Column, changed, json_texts, numbers, row_decoder, times
from orderledger.infrastructure.storage.recording import EVENTS_TABLE, LAST_POSITION, chunks
from orderledger.infrastructure.storage.sqlite_connections import Datastore
from orderledger.projections.tables import BY_NAME, Key, Kind, Row, Table

ROWS_PER_UPSERT = (500, 100, 20, 4, 1)
"""SQLite parses a statement of many rows as long as it writes them. These few are parsed once per connection."""

REBUILDING_LOOK = 0.1
"""Seconds between two looks whether another has rebuilt its views."""


class Session(ABC):
    """One transaction. Tables may be written under another name, with `suffix`."""

    types: dict[Kind, str]
    differs_from: str
    """The operator that compares two values of which either may be missing."""

    _to: dict[Kind, Callable[[Column], Column]]
    """What turns a column of a kind into what the database takes, where that is something else."""

    @abstractmethod
    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement whose parameters are marked `?`, and return its rows."""

    @abstractmethod
    def upsert(self, table: Table, rows: Sequence[Row], suffix: str = "") -> None:
        """Insert rows, or replace those with their keys."""

    @abstractmethod
    def has_table(self, name: str) -> bool: ...

    @abstractmethod
    def column_names(self, name: str) -> set[str]:
        """The columns of a table, none if there is no such table."""

    def to_sql(self, kind: Kind, value: Any) -> Any:
        """A value of a row as the database takes it."""
        return self._to[kind]([value])[0] if kind in self._to else value

    def columns_of(self, table: Table, rows: Sequence[Row]) -> Iterator[Column]:
        """The rows as the database takes them, a column after the other."""
        for column, values in zip(table.columns, zip(*map(itemgetter(*table.names), rows), strict=True), strict=False):
            yield self._to[column.kind](values) if column.kind in self._to else values

    def events_after(self, position: int, limit: int, up_to: int | None = None) -> list[Recorded]:
        """The next events in the order of the log, not beyond `up_to`."""
        return [decode(*row) for row in self.stored_after(position, limit, up_to)]

    def stored_after(self, position: int, limit: int, up_to: int | None = None) -> list[tuple[Any, ...]]:
        """The same as they are stored: stream, version, name, bytes, position."""
        where = "notification_id > ? AND notification_id <= ? ORDER BY notification_id LIMIT ?"
        return self._stored(where, (position, LAST_POSITION if up_to is None else up_to, limit))

    def events_of(self, stream: str) -> list[Recorded]:
        """All events of one stream."""
        return [decode(*row) for row in self._stored("originator_id = ? ORDER BY originator_version", (stream,))]

    def _stored(self, where: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        statement = f"SELECT originator_id, originator_version, topic, state, notification_id FROM {EVENTS_TABLE} WHERE {where}"
        return self.execute(statement, parameters)

    def delete(self, table: Table, keys: Sequence[Key], suffix: str = "") -> None:
        where = " AND ".join(f"{name} = ?" for name in table.key)
        for key in keys:
            self.execute(f"DELETE FROM {table.name}{suffix} WHERE {where}", key)

    def select(
        self, table: Table, where: str = "", parameters: Sequence[Any] = (), *, suffix: str = "", tail: str = ""
    ) -> list[Row]:
        """Rows as the folds made them. `where` is SQL over the table's columns."""
        statement = f"SELECT {self._selected(table)} FROM {table.name}{suffix}"
        if where:
            statement += f" WHERE {where}"
        return self._rows_from(table, self.execute(f"{statement} {tail}", parameters))

    @abstractmethod
    def _selected(self, table: Table) -> str:
        """What is asked of a table, for `_rows_from` to make rows of."""

    @abstractmethod
    def _rows_from(self, table: Table, found: Sequence[tuple[Any, ...]]) -> list[Row]: ...

    def first_missing(self, name: str) -> str:
        """How to sort by a column so that what is missing comes first, and text byte for byte."""
        return name

    def create(self, table: Table, suffix: str = "") -> None:
        """Create the table and its indexes, unless they are there."""
        columns = ", ".join(f"{c.name} {self.types[c.kind]}{' NOT NULL' if c.name in table.key else ''}" for c in table.columns)
        self.execute(f"CREATE TABLE IF NOT EXISTS {table.name}{suffix} ({columns}, PRIMARY KEY ({', '.join(table.key)}))")
        for index in table.indexes:
            name = f"{table.name}{suffix}_by_{'_'.join(index)}"
            self.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {table.name}{suffix} ({', '.join(index)})")

    def survey(self, table: Table) -> None:
        """Have the database look at how much there is of what, where it plans by that."""
        return

    def drop(self, table: Table, suffix: str = "") -> None:
        self.execute(f"DROP TABLE IF EXISTS {table.name}{suffix}")


@cache
def upsert_tail(name: str) -> str:
    """What turns an INSERT into the table into one that replaces the rows whose keys are there."""
    table = BY_NAME[name]
    others = (f"{name} = excluded.{name}" for name in table.names if name not in table.key)
    return f"ON CONFLICT ({', '.join(table.key)}) DO UPDATE SET {', '.join(others)}"


@cache
def _upsert_of(name: str, suffix: str, count: int) -> str:
    """The statement for so many rows."""
    names = BY_NAME[name].names
    marks = f"({','.join('?' * len(names))})"
    return f"INSERT INTO {name}{suffix} ({', '.join(names)}) VALUES {','.join([marks] * count)} {upsert_tail(name)}"


class SQLiteSession(Session):
    differs_from = "IS NOT"
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
    _as_json: dict[Kind, str] = {"json": "json({})", "flag": "json(CASE {} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"}  # noqa: RUF012

    def __init__(self, cursor: SQLiteCursor) -> None:
        self._cursor = cursor.sqlite_cursor
        self._cursor.row_factory = None  # plain tuples: the library's rows by name cost more than the reading

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._cursor.execute(statement, tuple(parameters)).fetchall()

    def has_table(self, name: str) -> bool:
        return bool(self.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)))

    def column_names(self, name: str) -> set[str]:
        return {column for (column,) in self.execute("SELECT name FROM pragma_table_info(?)", (name,))}

    def _selected(self, table: Table) -> str:
        """A row as one JSON array: the driver takes longer for forty values than SQLite and msgspec together for their text."""
        return f"json_array({', '.join(self._as_json.get(c.kind, '{}').format(c.name) for c in table.columns)})"

    def _rows_from(self, table: Table, found: Sequence[tuple[Any, ...]]) -> list[Row]:
        decode = row_decoder(table.name)
        return [asdict(decode(text)) for (text,) in found]

    def upsert(self, table: Table, rows: Sequence[Row], suffix: str = "") -> None:
        width = len(table.columns)
        for chunk in chunks(rows):
            values = list(chain.from_iterable(zip(*self.columns_of(table, chunk), strict=True)))
            while values:
                count = next(size for size in ROWS_PER_UPSERT if size * width <= len(values))
                self._cursor.execute(_upsert_of(table.name, suffix, count), values[: count * width])
                del values[: count * width]


class Database(ABC):
    """Opens transactions."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[Session]:
        """A transaction that commits at the end."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[Session]:
        """A transaction that sees one state of everything."""

    @abstractmethod
    def alone(self) -> AbstractContextManager[Session]:
        """A transaction that no other process of this ledger runs beside: for creating tables."""

    @abstractmethod
    def rebuilding(self) -> AbstractContextManager[None]:
        """While views are built anew: one at a time, of all threads and processes. Whoever comes later waits."""

    def let_go(self) -> None:
        """After an interrupt, which may have come where a transaction ends: leave nothing of this thread's open or locked."""
        return

    @property
    def folder(self) -> Path | None:
        """For what is built apart, beside the database: there is room there. None where it needs none."""
        return None

    @contextmanager
    def apart(self, path: str, tables: Sequence[Table], suffix: str) -> Iterator["Database"]:
        """Where a process fills these tables while others fill theirs: this database itself, if writers do not wait for each
        other in it, else a file of its own. `take_in` adds what is in the file."""
        yield self

    def take_in(self, path: str, tables: Sequence[Table], suffix: str) -> None:
        """Add the rows of tables that were filled apart."""
        return


class SQLiteDatabase(Database):
    def __init__(self, datastore: SQLiteDatastore) -> None:
        self._datastore = datastore
        self._rebuilding = threading.Lock()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with self._datastore.transaction(commit=True) as cursor:
            yield SQLiteSession(cursor)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self._datastore.transaction(commit=False) as cursor:
            yield SQLiteSession(cursor)

    def alone(self) -> AbstractContextManager[Session]:
        return self.writing()  # whoever writes here is alone

    @contextmanager
    def rebuilding(self) -> Iterator[None]:
        """The lock is one on an empty file beside the database: it goes with the process that holds it."""
        with self._rebuilding, ExitStack() as held:
            if not self._datastore.pool.is_sqlite_memory_mode:
                lock = sqlite3.connect(f"{self._datastore.pool.db_name}-rebuilding", isolation_level=None, timeout=0)
                held.callback(lock.close)
                while not _is_locked_by(lock):
                    time.sleep(REBUILDING_LOOK)
            yield

    def let_go(self) -> None:
        if isinstance(self._datastore, Datastore) and not self._datastore.pool.is_sqlite_memory_mode:
            self._datastore.let_go()

    @property
    def folder(self) -> Path | None:
        return None if self._datastore.pool.is_sqlite_memory_mode else Path(f"{self._datastore.pool.db_name}-rebuilt")

    @contextmanager
    def apart(self, path: str, tables: Sequence[Table], suffix: str) -> Iterator[Database]:
        datastore = Datastore(path, lock_timeout=0, synchronous="OFF")
        try:
            database = SQLiteDatabase(datastore)
            with database.writing() as session:
                for table in tables:
                    session.create(table, suffix)
            yield database
        finally:
            datastore.close()

    def take_in(self, path: str, tables: Sequence[Table], suffix: str) -> None:
        with self._datastore.get_connection(commit=True) as connection:
            cursor = connection.cursor()
            cursor.execute("ATTACH DATABASE ? AS apart", (Path(path).as_uri(),))  # a name may be no UTF-8
            try:
                cursor.execute("BEGIN IMMEDIATE")
                for table in tables:
                    cursor.execute(f"INSERT INTO main.{table.name}{suffix} SELECT * FROM apart.{table.name}{suffix}")
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
            finally:
                cursor.execute("DETACH DATABASE apart")


def _is_locked_by(connection: sqlite3.Connection) -> bool:
    """Whether it has the file to itself now."""
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
    return connection.in_transaction
