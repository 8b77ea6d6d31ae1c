"""Rows of the views in PostgreSQL: NUMERIC, timestamptz and jsonb, written table by table."""

import time
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from msgspec.structs import asdict
from psycopg import Cursor, Error, OperationalError
from psycopg.rows import tuple_row

from orderledger.infrastructure.deadline import current
from orderledger.infrastructure.storage.columns import (
    Column,
    changed,
    json_texts,
    numbers,
    parse_json,
    times,
)
from orderledger.infrastructure.storage.database import (
    REBUILDING_LOOK,
    ROWS_PER_BATCH,
    Database,
    Session,
    upsert_tail,
)
from orderledger.infrastructure.storage.kept_evidence import EVIDENCE_KEPT, MAY_BE_DELETED, table_of
from orderledger.infrastructure.storage.postgres.arrow import arrow_of
from orderledger.infrastructure.storage.postgres.connections import Datastore
from orderledger.infrastructure.storage.recorder import ATTRIBUTIONS, NAMES_KEPT
from orderledger.infrastructure.storage.shapes import shape_of
from orderledger.infrastructure.storage.table_names import (
    EVENTS_TABLE,
    EVIDENCE_TABLE,
    NAMES_TABLE,
    TILES_TABLE,
)
from orderledger.projections.view import AnyTable, Kind, RowType, Table
from orderledger.projections.view import Column as ColumnOfTable

if TYPE_CHECKING:
    import pyarrow

ROWS_WORTH_A_COPY = 200
"""Rows from which COPY pays off. COPY into a temporary table takes four round trips, and a fifth of
the work per row."""

TEXTS_OF_ORDERS = frozenset(
    {"account", "stream", "proposal_id", "client_order_id", "instrument", "method", "state"}
)
"""Text columns by which views are sorted."""

CREATION_LOCK = 7_230_011_942
"""Key of the advisory lock for creating tables."""

GUARDS = (
    f"""CREATE OR REPLACE FUNCTION {NAMES_TABLE}_guard() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.account, NEW.kind, NEW.name) = (OLD.account, OLD.kind, OLD.name) AND (NEW.stream = OLD.stream OR EXISTS (
            SELECT 1 FROM {EVENTS_TABLE} WHERE originator_id = OLD.stream AND topic LIKE '{ATTRIBUTIONS}'))
        THEN RETURN NEW; END IF;
    END IF;
    RAISE EXCEPTION '{NAMES_KEPT}';
END $body$""",  # noqa: E501 (SQL)
    f"""CREATE OR REPLACE TRIGGER {NAMES_TABLE}_kept BEFORE DELETE OR TRUNCATE ON {NAMES_TABLE}
        FOR EACH STATEMENT EXECUTE FUNCTION {NAMES_TABLE}_guard()""",
    f"""CREATE OR REPLACE TRIGGER {NAMES_TABLE}_moved BEFORE UPDATE ON {NAMES_TABLE}
        FOR EACH ROW EXECUTE FUNCTION {NAMES_TABLE}_guard()""",
)

EVIDENCE_GUARDS = (
    f"""CREATE OR REPLACE FUNCTION {EVIDENCE_TABLE}_guard() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF {MAY_BE_DELETED} THEN RETURN OLD; END IF;
    END IF;
    RAISE EXCEPTION '{EVIDENCE_KEPT}';
END $body$""",  # noqa: E501 (SQL)
    f"""CREATE OR REPLACE TRIGGER {EVIDENCE_TABLE}_kept BEFORE TRUNCATE ON {EVIDENCE_TABLE}
        FOR EACH STATEMENT EXECUTE FUNCTION {EVIDENCE_TABLE}_guard()""",
    f"""CREATE OR REPLACE TRIGGER {EVIDENCE_TABLE}_unchanged BEFORE UPDATE OR DELETE ON {EVIDENCE_TABLE}
        FOR EACH ROW EXECUTE FUNCTION {EVIDENCE_TABLE}_guard()""",  # noqa: E501 (SQL)
)

REBUILDING_LOCK = 7_230_011_943
"""Key of the advisory lock for rebuilding views."""


def _sorted(value: Any) -> Any:
    """JSON objects with sorted keys. jsonb has an order of its own."""
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _parsed(text: str) -> Any:
    value = parse_json(text)
    has_an_order = text.count('": ') > 1
    return _sorted(value) if has_an_order else value


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


class PostgresSession(Session):
    guards = (
        f"{EVENTS_TABLE}_immutable",
        f"{NAMES_TABLE}_kept",
        f"{NAMES_TABLE}_moved",
        f"{EVIDENCE_TABLE}_kept",
        f"{EVIDENCE_TABLE}_unchanged",
    )
    differs_from = "IS DISTINCT FROM"
    binary = "bytea"
    place_in_text = "strpos"
    raw_event = (
        "convert_to(originator_id, 'UTF8'), originator_version, convert_to(topic, 'UTF8'), state"
    )
    place = "ctid::text"
    unlogged = "UNLOGGED"
    types: dict[Kind, str] = {  # noqa: RUF012
        "text": "text",
        "number": "numeric",
        "time": "timestamptz",
        "json": "jsonb",
        "flag": "boolean",
        "count": "bigint",
    }
    _to: dict[Kind, Callable[[Column], Column]] = {"json": json_texts, "number": numbers}  # noqa: RUF012
    # NUMERIC keeps trailing zeros; 7.0 must be 7 everywhere
    _from: dict[Kind, Callable[[Any], Any]] = {"json": _parsed, "number": Decimal, "time": _utc}  # noqa: RUF012
    _as_text = frozenset({"json", "number"})
    """Kinds selected as text. A Decimal from text takes a third of psycopg's time for a binary
    NUMERIC."""

    def __init__(self, cursor: Cursor[Any]) -> None:
        self._cursor = cursor

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        marked = statement.replace("?", "%s") if parameters else statement
        self._cursor.execute(marked.encode(), parameters or None)
        return self._cursor.fetchall() if self._cursor.description else []

    def _batches(
        self, statement: str, parameters: Sequence[Any]
    ) -> Generator[list[tuple[Any, ...]], None, None]:
        """Read with a server-side cursor, which keeps the unfetched rows."""
        with self._cursor.connection.cursor(uuid.uuid4().hex, row_factory=tuple_row) as cursor:
            cursor.execute(statement.replace("?", "%s").encode(), parameters or None, binary=True)
            while rows := cursor.fetchmany(ROWS_PER_BATCH):
                yield rows

    def has_table(self, name: str) -> bool:
        # From the catalog, because to_regclass may answer with the state before the last lock wait.
        return bool(self.execute("SELECT 1 FROM pg_class WHERE oid = to_regclass(?)", (name,)))

    def table_names(self) -> list[str]:
        statement = (
            "SELECT relname FROM pg_class WHERE relnamespace = "
            "to_regnamespace(quote_ident(current_schema())) AND relkind = 'r'"
        )
        return [name for (name,) in self.execute(statement)]

    def column_names(self, name: str) -> set[str]:
        statement = (
            "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(?) AND attnum > 0 AND "
            "NOT attisdropped"
        )
        return {column for (column,) in self.execute(statement, (name,))}

    def upsert(self, table: Table[RowType], rows: Sequence[RowType], suffix: str = "") -> None:
        if len(rows) < ROWS_WORTH_A_COPY:
            self._upsert_arrays(table, rows, suffix)
            return
        staged, names = f"{table.name}_staged", ", ".join(table.names)
        self.execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS {staged} (LIKE {table.name})")
        self._copy(table, rows, staged)
        self.execute(
            f"INSERT INTO {table.name}{suffix} ({names}) SELECT {names} FROM {staged} "
            f"{upsert_tail(table.name)}"
        )
        self.execute(f"TRUNCATE {staged}")

    def append(self, table: Table[RowType], rows: Sequence[RowType], suffix: str = "") -> None:
        self._copy(table, rows, f"{table.name}{suffix}")

    def _copy(self, table: Table[RowType], rows: Sequence[RowType], target: str) -> None:
        with self._cursor.copy(
            f"COPY {target} ({', '.join(table.names)}) FROM STDIN".encode()
        ) as copy:
            for row in zip(*self._texts_of(table, rows), strict=True):
                copy.write_row(row)

    def _texts_of(self, table: Table[RowType], rows: Sequence[RowType]) -> Iterator[Sequence[Any]]:
        """Columns for COPY, with times as text: writing them takes a fifth of psycopg's time for a
        datetime."""
        for column, values in zip(table.columns, self.columns_of(table, rows), strict=True):
            yield times(values) if column.kind == "time" else values

    def _upsert_arrays(self, table: Table[RowType], rows: Sequence[RowType], suffix: str) -> None:
        arrays = list(map(list, self.columns_of(table, rows)))
        marks = ", ".join(f"%s::{self.types[column.kind]}[]" for column in table.columns)
        target = f"{table.name}{suffix} ({', '.join(table.names)})"
        statement = f"INSERT INTO {target} SELECT * FROM unnest({marks}) {upsert_tail(table.name)}"
        self._cursor.execute(statement.encode(), arrays)

    def _selected(self, table: AnyTable) -> str:
        return ", ".join(
            f"{c.name}::text" if c.kind in self._as_text else c.name for c in table.columns
        )

    def _rows_from(self, table: Table[RowType], found: Sequence[tuple[Any, ...]]) -> list[RowType]:
        changes = (self._from.get(column.kind) for column in table.columns)
        columns = (
            changed(values, change)
            for values, change in zip(zip(*found, strict=True), changes, strict=False)
        )
        struct = shape_of(table).struct
        return cast(list[RowType], [asdict(struct(*row)) for row in zip(*columns, strict=True)])

    def _arrow(self, table: AnyTable, source: str, parameters: Sequence[Any]) -> "pyarrow.Table":
        return arrow_of(table, self._cursor, source, tuple(parameters))

    def rows_at(self, table: Table[RowType], source: str, places: Sequence[Any]) -> list[RowType]:
        statement = (
            f"SELECT {self._selected(table)} FROM {source} WHERE ctid = ANY(?::text[]::tid[])"
        )
        return self._rows_from(table, self.execute(statement, (list(places),)))

    def read_cell(self, column: ColumnOfTable, source: str, place: Any) -> None:
        cell = f"{column.name}::text" if column.kind in self._as_text else column.name
        found = self.execute(f"SELECT {cell} FROM {source} WHERE ctid = ?::text::tid", (place,))
        changed(found[0], self._from.get(column.kind))

    def cell_text(self, name: str, source: str, place: Any) -> str:
        return str(
            self.execute(f"SELECT {name}::text FROM {source} WHERE ctid = ?::text::tid", (place,))[
                0
            ][0]
        )

    def lock_log(self) -> None:
        self.execute(f"LOCK TABLE {EVENTS_TABLE} IN EXCLUSIVE MODE")

    def lock_tiles(self) -> None:
        self.execute(f"LOCK TABLE {TILES_TABLE} IN EXCLUSIVE MODE")

    def continue_after(self, position: int) -> None:
        if position:
            self.execute(
                f"SELECT setval(pg_get_serial_sequence('{EVENTS_TABLE}', 'notification_id'), ?)",
                (position,),
            )

    def guard_names(self) -> None:
        for statement in GUARDS:
            self._cursor.execute(statement.encode())

    def create_evidence(self) -> None:
        for statement in (table_of("bytea", "bigint"), *EVIDENCE_GUARDS):
            self._cursor.execute(statement.encode())

    def _active_triggers(self) -> set[str]:
        statement = (
            "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid WHERE "
            "relnamespace = to_regnamespace(quote_ident(current_schema())) AND tgenabled IN "
            "('O', 'A')"
        )
        return {name for (name,) in self.execute(statement)}

    def connected(self) -> list[dict[str, Any]]:
        names = ("process", "user", "application", "host", "since")
        rows = self.execute(
            "SELECT pid, usename::text, application_name, host(client_addr), backend_start FROM "
            "pg_stat_activity WHERE datname = current_database() AND backend_type = "
            "'client backend' AND pid <> pg_backend_pid() ORDER BY backend_start, pid"
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    @contextmanager
    def unguarded_names(self) -> Iterator[None]:
        """Disable the trigger. Others can read meanwhile."""
        self.execute(f"ALTER TABLE {NAMES_TABLE} DISABLE TRIGGER USER")
        yield
        self.execute(f"ALTER TABLE {NAMES_TABLE} ENABLE TRIGGER USER")

    @contextmanager
    def unguarded_events(self) -> Iterator[None]:
        self.execute(f"ALTER TABLE {EVENTS_TABLE} DISABLE TRIGGER USER")
        yield
        self.execute(f"ALTER TABLE {EVENTS_TABLE} ENABLE TRIGGER USER")

    def analyze(self, table: AnyTable) -> None:
        """Analyze now: autovacuum would take a minute or so, and until then a query for the few
        open orders scans the whole table.

        Skips a table that is locked: another process is analyzing or vacuuming it.
        """
        names = dict.fromkeys(
            name for index in (table.key, *table.indexes, *table.paged_by) for name in index
        )
        self.execute(f"ANALYZE (SKIP_LOCKED) {table.name} ({', '.join(names)})")

    def exact(self, name: str) -> str:
        return f'{name} COLLATE "C"'

    def first_missing(self, name: str) -> str:
        is_text = name in TEXTS_OF_ORDERS
        return f'{name} COLLATE "C" NULLS FIRST' if is_text else f"{name} NULLS FIRST"

    def latest_first(self, name: str) -> str:
        return self.first_missing(name).replace("NULLS FIRST", "DESC NULLS LAST")


class PostgresDatabase(Database):
    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore

    def _session(self, cursor: Cursor[Any]) -> Session:
        session = PostgresSession(cursor)
        session.epoch = self._datastore.epoch
        return session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with self._cursor() as cursor:
            yield self._session(cursor)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self._cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            until = current()
            if until is not None:
                left = max(1, round(1_000 * (until - time.monotonic())))
                cursor.execute(f"SET LOCAL statement_timeout = {left}".encode())
            yield self._session(cursor)

    @contextmanager
    def _cursor(self) -> Iterator[Cursor[Any]]:
        with (
            self._datastore.get_connection() as connection,
            connection.transaction(),
            connection.cursor(row_factory=tuple_row, binary=True) as cursor,
        ):
            yield cursor

    def overwrite_deleted(self) -> bool:
        """Vacuum the table of evidence. Others that still see the rows prevent it."""
        with self._datastore.get_connection() as connection:
            try:
                connection.execute(f"VACUUM {EVIDENCE_TABLE}".encode())
            except Error:
                return False
        return True

    @contextmanager
    def alone(self) -> Iterator[Session]:
        with self.writing() as session:
            session.execute(f"SELECT pg_advisory_xact_lock({CREATION_LOCK})")
            yield session

    @contextmanager
    def rebuilding(self) -> Iterator[None]:
        """Hold an advisory lock. It belongs to the connection, so it must be released before the
        pool hands the connection on."""
        with (
            self._datastore.get_connection() as connection,
            connection.cursor(row_factory=tuple_row) as cursor,
        ):
            try:  # an interrupt may come right after the server gave the lock
                while not cursor.execute(
                    "SELECT pg_try_advisory_lock(%s)", (REBUILDING_LOCK,)
                ).fetchall()[0][0]:
                    time.sleep(REBUILDING_LOOK)
                yield
            finally:
                try:
                    cursor.execute("SELECT pg_advisory_unlock_all()")
                except OperationalError:
                    pass  # the lock ended with the connection
                except BaseException:
                    connection.close()  # closing it releases the lock
                    raise
