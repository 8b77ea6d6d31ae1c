"""Rows of the views in SQL: the same operations on SQLite and PostgreSQL."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orderledger.domain.recorded import Recorded
from orderledger.infrastructure.deadline import check_time
from orderledger.infrastructure.storage.codec import decode
from orderledger.infrastructure.storage.columns import Column
from orderledger.infrastructure.storage.damage import first_damaged
from orderledger.infrastructure.storage.epoch import Epoch
from orderledger.infrastructure.storage.recorder import LAST_POSITION, LogRow
from orderledger.infrastructure.storage.table_names import EVENTS_TABLE
from orderledger.projections.tables import BY_NAME
from orderledger.projections.view import AnyTable, Key, Kind, RowType, Table
from orderledger.projections.view import Column as ColumnOfTable

if TYPE_CHECKING:
    import pyarrow

ROWS_PER_BATCH = 1_000
"""Rows that a stream of rows holds in memory at a time."""

Place = tuple[str, int]
"""A stream, and a version in it."""

REBUILDING_LOOK = 0.1
"""Seconds between two attempts to get the lock of a rebuild."""


class Session(ABC):
    """One transaction. `suffix` names another copy of a table."""

    epoch: Epoch | None = None
    """The knowledge that this process has of the log. None in a database beside the log."""

    types: dict[Kind, str]
    differs_from: str
    """Operator that compares two values, either of which may be missing."""

    place_in_text: str
    """SQL function for the place of a text in another, from 1 on, or 0 if it is absent."""

    binary: str
    """SQL type for bytes."""

    raw_event: str
    """SQL for stream, version, name and bytes of an event: bytes, and null where a value has a
    wrong type."""

    unlogged = ""
    """SQL word for a table that need not survive a crash, if the database has one."""

    by_key_alone = ""
    """SQL clause for a table that consists of its key, if the database has one."""

    _to: dict[Kind, Callable[[Column], Column]]
    """Converters of columns to the types of the database, by kind. A kind without one needs
    none."""

    @abstractmethod
    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement whose parameters are marked `?`, and return its rows."""

    def execute_in_batches(
        self, statement: str, parameters: Sequence[Any] = ()
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Run a query, and return its rows in batches, so that memory does not grow with their
        number."""
        with closing(self._batches(statement, parameters)) as found:
            yield from found

    @abstractmethod
    def upsert(self, table: Table[RowType], rows: Sequence[RowType], suffix: str = "") -> None:
        """Insert rows, or replace those with their keys."""

    @abstractmethod
    def append(self, table: Table[RowType], rows: Sequence[RowType], suffix: str = "") -> None:
        """Insert rows that are not in the table yet."""

    @abstractmethod
    def has_table(self, name: str) -> bool: ...

    @abstractmethod
    def table_names(self) -> list[str]: ...

    @abstractmethod
    def column_names(self, name: str) -> set[str]:
        """The columns of a table, empty if the table does not exist."""

    def to_sql(self, kind: Kind, value: Any) -> Any:
        """A value of a row, as the database takes it."""
        return self._to[kind]([value])[0] if kind in self._to else value

    def key_to_sql(self, table: AnyTable, key: Key) -> Key:
        """The key of a row, as the database takes it."""
        named = zip(table.key, key, strict=True)
        return tuple(self.to_sql(table.kinds[name], value) for name, value in named)

    def columns_of(self, table: Table[RowType], rows: Sequence[RowType]) -> list[Column]:
        """The columns of these rows, as the database takes them."""
        values = zip(*map(itemgetter(*table.names), rows), strict=True)
        return [
            self._to[column.kind](cells) if column.kind in self._to else cells
            for column, cells in zip(table.columns, values, strict=False)
        ]

    def events_after(self, position: int, limit: int, up_to: int | None = None) -> list[Recorded]:
        """The next events in log order, none beyond `up_to`."""
        return [decode(*row) for row in self.stored_after(position, limit, up_to)]

    def stored_after(
        self, position: int, limit: int, up_to: int | None = None
    ) -> list[tuple[Any, ...]]:
        """The next events in stored form: stream, version, name, bytes, position."""
        where = "notification_id > ? AND notification_id <= ? ORDER BY notification_id LIMIT ?"
        return self._stored(where, (position, LAST_POSITION if up_to is None else up_to, limit))

    def stored_by_stream(
        self, after: Place, before: str | None, up_to: int, limit: int
    ) -> list[tuple[Any, ...]]:
        """The next events in the order of streams and versions, in stored form: after a place,
        and from streams before another one.
        """
        where, values = (
            "(originator_id, originator_version) > (?, ?) AND notification_id <= ?",
            [*after, up_to],
        )
        if before is not None:
            where, values = f"{where} AND originator_id < ?", [*values, before]
        return self._stored(
            f"{where} ORDER BY originator_id, originator_version LIMIT ?", (*values, limit)
        )

    def stored_named(
        self, names: Sequence[str], position: int, up_to: int, limit: int
    ) -> list[tuple[Any, ...]]:
        """The next events with one of these names in log order, in stored form."""
        where = (
            f"topic IN ({', '.join('?' * len(names))}) AND notification_id > ? AND notification_id "
            "<= ?"
        )
        return self._stored(
            f"{where} ORDER BY notification_id LIMIT ?", (*names, position, up_to, limit)
        )

    def stored_where(self, where: str, parameters: Sequence[Any]) -> list[LogRow]:
        """Events in stored form. `where` is SQL over the columns of the log, with its order and its
        limit."""
        return [LogRow(*row) for row in self._stored(where, parameters)]

    def streams_dividing(self, parts: int) -> list[str]:
        """Streams that divide the log into this many parts with about the same number of events,
        fewer if it is small.
        """
        ((count,),) = self.execute(f"SELECT COUNT(*) FROM {EVENTS_TABLE}")
        statement = (
            f"SELECT originator_id FROM {EVENTS_TABLE} ORDER BY originator_id LIMIT 1 OFFSET ?"
        )
        found = [self.execute(statement, (count * part // parts,)) for part in range(1, parts)]
        return list(dict.fromkeys(row[0] for rows in found for row in rows))

    def last_position(self) -> int:
        """The position of the last event that this transaction sees, 0 in an empty log."""
        return int(
            self.execute(f"SELECT COALESCE(MAX(notification_id), 0) FROM {EVENTS_TABLE}")[0][0]
        )

    def events_of(self, stream: str) -> list[Recorded]:
        """All events of one stream."""
        return [
            decode(*row)
            for row in self._stored("originator_id = ? ORDER BY originator_version", (stream,))
        ]

    def _stored(self, where: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        statement = (
            "SELECT originator_id, originator_version, topic, state, notification_id FROM "
            f"{EVENTS_TABLE} WHERE {where}"
        )
        rows = self.execute(statement, parameters)
        if self.epoch is not None:
            self.epoch.note_all(rows)
        return rows

    def delete(self, table: AnyTable, keys: Sequence[Key], suffix: str = "") -> None:
        where = " AND ".join(f"{name} = ?" for name in table.key)
        for key in keys:
            self.execute(
                f"DELETE FROM {table.name}{suffix} WHERE {where}", self.key_to_sql(table, key)
            )

    def select(
        self,
        table: Table[RowType],
        where: str = "",
        parameters: Sequence[Any] = (),
        *,
        suffix: str = "",
        tail: str = "",
    ) -> list[RowType]:
        """Rows as the folds made them. `where` is SQL over the table's columns."""
        source, rest = f"{table.name}{suffix}", f"{_where(where)} {tail}"
        with self._reporting_damage(table, source, rest, parameters):
            return self._rows_from(
                table,
                self.execute(f"SELECT {self._selected(table)} FROM {source} {rest}", parameters),
            )

    def each(
        self,
        table: Table[RowType],
        where: str = "",
        parameters: Sequence[Any] = (),
        *,
        suffix: str = "",
        tail: str = "",
    ) -> Iterator[RowType]:
        """The same rows, read in batches, so that memory does not grow with their number."""
        source, rest = f"{table.name}{suffix}", f"{_where(where)} {tail}"
        with closing(
            self._batches(f"SELECT {self._selected(table)} FROM {source} {rest}", parameters)
        ) as found:
            while True:
                check_time()
                with self._reporting_damage(table, source, rest, parameters):
                    batch = next(found, None)
                    rows = self._rows_from(table, batch) if batch else []
                if batch is None:
                    return
                yield from rows

    def arrow(
        self, table: AnyTable, where: str = "", parameters: Sequence[Any] = (), *, tail: str = ""
    ) -> "pyarrow.Table":
        """The same rows as an Arrow table: numbers and JSON as text, times as timestamps, flags as
        booleans."""
        rest = f"{_where(where)} {tail}"
        with self._reporting_damage(table, table.name, rest, parameters):
            return self._arrow(table, f"{table.name} {rest}", parameters)

    @abstractmethod
    def _arrow(
        self, table: AnyTable, source: str, parameters: Sequence[Any]
    ) -> "pyarrow.Table": ...

    @contextmanager
    def _reporting_damage(
        self, table: AnyTable, source: str, rest: str, parameters: Sequence[Any]
    ) -> Iterator[None]:
        """Raise DamagedRow if a read fails because of a damaged row."""
        try:
            yield
        except Exception as error:
            damaged = first_damaged(self, table, source, rest, parameters)
            if damaged is None:
                raise
            raise damaged from error

    place: str
    """SQL expression for the place of a row, which works even if its key is damaged."""

    @abstractmethod
    def rows_at(self, table: Table[RowType], source: str, places: Sequence[Any]) -> list[RowType]:
        """The rows at these places of a table, which is named `source`."""

    @abstractmethod
    def read_cell(self, column: ColumnOfTable, source: str, place: Any) -> None:
        """Read one value as `select` does, to test whether it is readable."""

    @abstractmethod
    def cell_text(self, name: str, source: str, place: Any) -> str:
        """One value as text, whatever its type."""

    @abstractmethod
    def _batches(
        self, statement: str, parameters: Sequence[Any]
    ) -> Generator[list[tuple[Any, ...]], None, None]:
        """The rows of a statement, at most `ROWS_PER_BATCH` at a time."""

    @abstractmethod
    def _selected(self, table: AnyTable) -> str:
        """The select list for a table. `_rows_from` makes rows of its results."""

    @abstractmethod
    def _rows_from(
        self, table: Table[RowType], found: Sequence[tuple[Any, ...]]
    ) -> list[RowType]: ...

    def exact(self, name: str) -> str:
        """SQL of a text column, compared and sorted byte for byte."""
        return name

    def first_missing(self, name: str) -> str:
        """SQL that sorts by a column: missing values first, text byte for byte."""
        return name

    def latest_first(self, name: str) -> str:
        """SQL that sorts by a column: the latest first, missing values last."""
        return f"{name} DESC NULLS LAST"

    def create(self, table: AnyTable, suffix: str = "") -> None:
        """Create the table and its indexes, unless they exist."""
        columns = self._columns_declared(table)
        self.execute(
            f"CREATE TABLE IF NOT EXISTS {table.name}{suffix} ({columns}, PRIMARY KEY "
            f"({', '.join(table.key)}))"
        )
        for index in table.indexes:
            name = f"{table.name}{suffix}_by_{'_'.join(index)}"
            self.execute(
                f"CREATE INDEX IF NOT EXISTS {name} ON {table.name}{suffix} ({', '.join(index)})"
            )
        for index in table.paged_by:
            name = f"{table.name}{suffix}_page_{'_'.join(index)}"
            columns = ", ".join(map(self.first_missing, index))
            self.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {table.name}{suffix} ({columns})")

    def create_bare(self, table: AnyTable, suffix: str) -> None:
        """Create the table without its key and its indexes, which slow down many new rows."""
        self.execute(
            f"CREATE {self.unlogged} TABLE {table.name}{suffix} ({self._columns_declared(table)})"
        )

    def add_key(self, table: AnyTable, suffix: str) -> None:
        """Add the key to a table that was created bare."""
        self.execute(
            f"CREATE UNIQUE INDEX {table.name}{suffix}_key ON {table.name}{suffix} "
            f"({', '.join(table.key)})"
        )

    def _columns_declared(self, table: AnyTable) -> str:
        return ", ".join(
            f"{c.name} {self.types[c.kind]}{' NOT NULL' if c.name in table.key else ''}"
            for c in table.columns
        )

    def analyze(self, table: AnyTable) -> None:
        """Update the planner's statistics, if the database uses any."""
        return

    def lock_log(self) -> None:
        """Prevent appends until the end of this transaction. Nothing to do on SQLite, which has one
        writer."""
        return

    def continue_after(self, position: int) -> None:
        """Give the next event a higher position. Nothing to do on SQLite, which remembers the
        highest position by itself."""
        return

    @abstractmethod
    def unguarded_events(self) -> AbstractContextManager[None]:
        """Suspend the guard of the log within this transaction, while the form of events is
        changed."""

    def connected(self) -> list[dict[str, Any]] | None:
        """The other connections to the database. None if it does not know them."""
        return None

    def faults(self) -> list[str]:
        """The faults that the database itself finds in its files."""
        return []

    def lock_tiles(self) -> None:
        """Let no other process write tiles until the end of this transaction. Nothing to do on
        SQLite, which has one writer."""
        return

    @abstractmethod
    def guard_names(self) -> None:
        """Install the guard of the name index. The database then refuses to delete a name, or to
        bind it to another order.

        The exception: its order was attributed to another order.
        """

    guards: tuple[str, ...]
    """Triggers that refuse changes of events, names and evidence."""

    def missing_guards(self) -> tuple[str, ...]:
        """The triggers that were dropped or disabled."""
        active = self._active_triggers()
        return tuple(name for name in self.guards if name not in active)

    @abstractmethod
    def _active_triggers(self) -> set[str]: ...

    @abstractmethod
    def unguarded_names(self) -> AbstractContextManager[None]:
        """Suspend the guard while the name index is repaired."""

    @abstractmethod
    def create_evidence(self) -> None:
        """Create the table of evidence, unless it exists.

        The database refuses to change evidence, and to delete it unless the log says that it was
        forgotten.
        """

    def drop(self, table: AnyTable, suffix: str = "") -> None:
        self.execute(f"DROP TABLE IF EXISTS {table.name}{suffix}")


def _where(condition: str) -> str:
    return f"WHERE {condition}" if condition else ""


@cache
def upsert_tail(name: str) -> str:
    """The end of an INSERT that replaces rows with the same keys."""
    table = BY_NAME[name]
    others = (f"{name} = excluded.{name}" for name in table.names if name not in table.key)
    return f"ON CONFLICT ({', '.join(table.key)}) DO UPDATE SET {', '.join(others)}"


class Database(ABC):
    """Opens transactions."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[Session]:
        """A transaction that commits at the end."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[Session]:
        """A transaction that sees one consistent state."""

    def streaming(self) -> AbstractContextManager[Session]:
        """A reading transaction on its own connection, so that this thread can run other queries
        and writes meanwhile."""
        return self.reading()

    @abstractmethod
    def alone(self) -> AbstractContextManager[Session]:
        """A transaction that excludes other processes of this ledger: for creating tables."""

    @abstractmethod
    def rebuilding(self) -> AbstractContextManager[None]:
        """Hold the lock of a rebuild. One at a time, over all threads and processes; later ones
        wait."""

    @abstractmethod
    def overwrite_deleted(self) -> bool:
        """Remove deleted rows from the files of the database. Returns False if others prevent it
        now, or the role may not."""

    def let_go(self) -> None:
        """Clean up after an interrupt, which may come at the end of a transaction: leave nothing of
        this thread open or locked."""
        return

    @property
    def folder(self) -> Path | None:
        """A folder beside the database, which has room for files of a rebuild. None if a rebuild
        needs no files."""
        return None

    def side_database(
        self, path: str | None, beside: Sequence[str] = ()
    ) -> AbstractContextManager["Database"]:
        """The database in which to build new tables: a new file, or this database itself without a
        path.

        A file keeps no journal: after a failure it is useless. The tables of the files `beside` can
        be read too.
        """
        return nullcontext(self)

    def attached(self, paths: Sequence[str]) -> AbstractContextManager[None]:
        """Make the tables of files available to this thread."""
        return nullcontext()

    def take_in(self, path: str, names: Sequence[str]) -> None:
        """Add the rows that were built in another file to the tables with these names."""
        return
