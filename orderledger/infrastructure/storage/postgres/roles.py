"""Roles of a ledger in PostgreSQL: an owner, a recorder and a reader, each with the rights that it
needs and no others."""

from itertools import chain

from psycopg.sql import Identifier, Literal

from orderledger.infrastructure.storage.database import Session
from orderledger.infrastructure.storage.schema import table_names
from orderledger.infrastructure.storage.table_names import (
    CHECKPOINTS_TABLE,
    EVENTS_TABLE,
    EVIDENCE_TABLE,
    FACTS_TABLE,
    NAMES_TABLE,
    SCHEMA_TABLE,
    TILES_TABLE,
)

LOCKS = "MAINTAIN"
"""The right to lock a table, since version 17 of PostgreSQL."""

LOCKS_BEFORE_17 = "UPDATE"
"""The same before it. The trigger refuses the updates themselves."""

RECORDER = {
    SCHEMA_TABLE: "SELECT",
    EVENTS_TABLE: f"SELECT, INSERT, {LOCKS}",
    FACTS_TABLE: "SELECT, INSERT",
    EVIDENCE_TABLE: "SELECT, INSERT",
    NAMES_TABLE: "SELECT, INSERT, UPDATE",
    TILES_TABLE: f"SELECT, INSERT, UPDATE, {LOCKS}",
    CHECKPOINTS_TABLE: "SELECT, INSERT",
}
"""Rights of the recorder on the tables that are not written freely."""

FREELY = "SELECT, INSERT, UPDATE, DELETE"
"""Rights of the recorder on views, and on tables of operation."""

FUNCTIONS = (
    f"{EVENTS_TABLE}_append",
    f"{EVENTS_TABLE}_guard",
    f"{NAMES_TABLE}_guard",
    f"{EVIDENCE_TABLE}_guard",
)
SEQUENCE = f"{EVENTS_TABLE}_notification_id_seq"


def statements(session: Session, prefix: str) -> list[str]:
    """SQL that makes the roles, or brings them up to date. Run it in one transaction, as a
    superuser or as the owner of the tables with CREATEROLE."""
    owner, recorder, reader = (f"{prefix}_{word}" for word in ("owner", "recorder", "reader"))
    ((schema, database, version),) = session.execute(
        "SELECT current_schema(), current_database(), current_setting('server_version_num')::int"
    )
    locks = LOCKS if version >= 170_000 else LOCKS_BEFORE_17
    tables = [name for name in table_names() if session.has_table(name)]
    return [
        *map(_role_made, (owner, recorder, reader)),
        *_of_schema(_quoted(schema), _quoted(database), *map(_quoted, (owner, recorder, reader))),
        *chain.from_iterable(
            _of_table(
                _quoted(schema, name),
                RECORDER.get(name, FREELY).replace(LOCKS, locks),
                *map(_quoted, (owner, recorder, reader)),
            )
            for name in tables
        ),
        *(
            f"ALTER FUNCTION {_quoted(schema, name)} OWNER TO {_quoted(owner)}"
            for name in FUNCTIONS
        ),
        f"GRANT USAGE ON SEQUENCE {_quoted(schema, SEQUENCE)} TO {_quoted(recorder)}",
    ]


def _of_schema(schema: str, database: str, owner: str, recorder: str, reader: str) -> list[str]:
    """Rights on the schema, and on the tables that the owner makes later: a rebuild replaces the
    tables of views."""
    later = f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT"
    return [
        f"GRANT {owner} TO CURRENT_USER",
        f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC, {recorder}, {reader}",
        f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {owner}",
        f"GRANT USAGE ON SCHEMA {schema} TO {recorder}, {reader}",
        f"GRANT TEMPORARY ON DATABASE {database} TO {owner}, {recorder}",
        f"{later} {FREELY} ON TABLES TO {recorder}",
        f"{later} SELECT ON TABLES TO {reader}",
    ]


def _of_table(table: str, rights: str, owner: str, recorder: str, reader: str) -> list[str]:
    return [
        f"ALTER TABLE {table} OWNER TO {owner}",
        f"REVOKE ALL ON {table} FROM PUBLIC, {recorder}, {reader}",
        f"GRANT {rights} ON {table} TO {recorder}",
        f"GRANT SELECT ON {table} TO {reader}",
    ]


def _role_made(name: str) -> str:
    """PostgreSQL has no CREATE ROLE IF NOT EXISTS."""
    return (
        f"DO $do$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = "
        f"{Literal(name).as_string()}) THEN CREATE ROLE {_quoted(name)} NOLOGIN; END IF; END $do$"
    )


def _quoted(*names: str) -> str:
    return Identifier(*names).as_string()
