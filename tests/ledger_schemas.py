"""PostgreSQL schemas for tests: new ones, and such with the tables of a ledger, which many tests
use one after the other.

Creating the tables of a ledger costs the server fifty milliseconds, deleting the rows of a test
less than one.
"""

import contextlib
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import LiteralString
from urllib.parse import parse_qs, quote, urlencode

import psycopg
from psycopg.sql import SQL, Composable, Composed, Identifier
from psycopg.types.json import Json

from orderledger import Ledger

DROP_TIMEOUT = "10s"
"""A test that leaves a transaction open would otherwise block the removal of its schema for
ever."""

CONNECTIONS_END_SECONDS_MAX = 2.0
"""How long to wait for the connections of a test to end. A schema that somebody may still use is
not used again."""

SHAPE: LiteralString = """
SELECT md5(string_agg(row, ' ' ORDER BY row)) FROM (
    SELECT 'namespace' || oid || '/' || xmin FROM pg_namespace WHERE oid = %(schema)s::regnamespace
    UNION ALL SELECT 'class' || oid || '/' || xmin FROM pg_class WHERE relnamespace = %(schema)s::regnamespace
    UNION ALL SELECT 'column' || attrelid || '/' || attnum || '/' || a.xmin
        FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = %(schema)s::regnamespace
    UNION ALL SELECT 'trigger' || t.oid || '/' || t.xmin
        FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = %(schema)s::regnamespace
    UNION ALL SELECT 'function' || oid || '/' || xmin FROM pg_proc WHERE pronamespace = %(schema)s::regnamespace
) AS rows (row)
"""  # noqa: E501 (SQL)
"""A digest that every CREATE, ALTER, DROP and GRANT in the schema changes: `xmin` is the
transaction that wrote a catalog row."""

CONNECTIONS: LiteralString = """
SELECT pid FROM pg_stat_activity
WHERE backend_type = 'client backend' AND datname = current_database() AND pid <> pg_backend_pid()
"""
RELATIONS: LiteralString = (
    "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = %s ORDER BY "
    "relname"
)


@dataclass(frozen=True, slots=True)
class LedgerSchema:
    """A schema with the tables of a ledger: its shape, and the statement that makes the ledger
    empty again."""

    name: str
    shape: str
    emptying: Composed


class Schemas:
    """The schemas of one database, made and removed by one connection of a superuser."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._administrator = psycopg.connect(url, autocommit=True)
        self._administrator.execute(SQL("SET lock_timeout = {}").format(DROP_TIMEOUT))
        self._free: list[LedgerSchema] = []

    def close(self) -> None:
        self._administrator.close()

    @contextlib.contextmanager
    def new(self) -> Iterator[str]:
        """The URL of a new schema without tables."""
        name = self._created()
        yield with_search_path(self._url, name)
        self._drop(name)

    @contextlib.contextmanager
    def ledger(self) -> Iterator[str]:
        """The URL of a schema with the tables of a ledger, and without events."""
        schema = self._free.pop() if self._free else self._with_tables(self._created())
        others = self._connections()  # perhaps left by earlier tests, and so in other schemas
        yield with_search_path(self._url, schema.name)
        if self._have_ended(others) and self._shape(schema.name) == schema.shape:
            self._administrator.execute(schema.emptying)
            self._free.append(schema)
        else:
            self._drop(schema.name)

    def _created(self) -> str:
        name = f"test_{uuid.uuid4().hex}"
        self._administrator.execute(SQL("CREATE SCHEMA {}").format(Identifier(name)))
        return name

    def _drop(self, name: str) -> None:
        self._administrator.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(name)))

    def _with_tables(self, name: str) -> LedgerSchema:
        Ledger.open(with_search_path(self._url, name), update_views=False).close()
        return LedgerSchema(name, self._shape(name), self._emptying(name))

    def _have_ended(self, others: set[int]) -> bool:
        """Wait until all connections have ended but these."""
        deadline = time.monotonic() + CONNECTIONS_END_SECONDS_MAX
        while self._connections() - others:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.001)
        return True

    def _connections(self) -> set[int]:
        return {process_id for (process_id,) in self._administrator.execute(CONNECTIONS)}

    def _shape(self, name: str) -> str:
        return str(self._administrator.execute(SHAPE, {"schema": name}).fetchall()[0][0])

    def _emptying(self, name: str) -> Composed:
        """Delete all rows, and write those of a new ledger. A superuser may bypass the triggers
        that protect events."""
        statements: list[Composable] = [SQL("BEGIN; SET LOCAL session_replication_role = replica")]
        for relation in self._relations(name, "r"):
            table = Identifier(name, relation)
            statements.append(SQL("DELETE FROM {}").format(table))
            rows = self._administrator.execute(
                SQL("SELECT json_agg(r) FROM {} AS r").format(table)
            ).fetchall()[0][0]
            if rows:
                insert = SQL(
                    "INSERT INTO {0} SELECT * FROM json_populate_recordset(NULL::{0}, {1})"
                )
                statements.append(insert.format(table, Json(rows)))
        statements += [
            SQL("SELECT setval({}, 1, false)").format(f"{name}.{each}")
            for each in self._relations(name, "S")
        ]
        return SQL("; ").join([*statements, SQL("COMMIT")])

    def _relations(self, schema: str, kind: str) -> list[str]:
        return [name for (name,) in self._administrator.execute(RELATIONS, (schema, kind))]


def with_search_path(url: str, schema: str) -> str:
    """The same database, with `schema` as the only place for unqualified names."""
    # Not urlunsplit: it takes the slashes from URLs that name no host, as most of ours.
    base, _, query = url.partition("?")
    parameters = parse_qs(query, keep_blank_values=True)
    # The last setting wins, so options that the URL brings along are kept before ours.
    parameters["options"] = [" ".join([*parameters.get("options", []), f"-c search_path={schema}"])]
    return f"{base}?{urlencode(parameters, doseq=True, quote_via=quote, safe='/')}"
