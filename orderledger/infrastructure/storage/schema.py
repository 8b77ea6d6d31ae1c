"""Creates the tables once, even if several processes start together. Refuses a store made by a
newer version."""

from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from itertools import chain
from types import ModuleType

from eventsourcing.persistence import PersistenceError

from orderledger.infrastructure.errors import StoreUnreachable, StoreVersion
from orderledger.infrastructure.logs import EventLogger
from orderledger.infrastructure.storage import account_facts, view_versions
from orderledger.infrastructure.storage.application import LedgerApplication
from orderledger.infrastructure.storage.database import Database, Session
from orderledger.infrastructure.storage.schema_version import SCHEMA_VERSION
from orderledger.infrastructure.storage.table_names import (
    CHECKPOINTS_TABLE,
    COLLECTORS_TABLE,
    EVENTS_TABLE,
    EVIDENCE_TABLE,
    FACTS_TABLE,
    LEASES_TABLE,
    NAMES_TABLE,
    REQUEST_KEYS_TABLE,
    SCHEMA_TABLE,
    TILES_TABLE,
)
from orderledger.projections.tables import TABLES

log = EventLogger("orderledger.storage")

OWN_TABLES = (
    COLLECTORS_TABLE, FACTS_TABLE, LEASES_TABLE, EVIDENCE_TABLE, TILES_TABLE, CHECKPOINTS_TABLE,
    REQUEST_KEYS_TABLE,
)  # fmt: skip
"""The tables that a ledger has besides the log, the names, the views and those of leaves."""

LEAVES = {"orderledger.serve.alerts.tables": ("alerts", "alert_notices", "alert_cursors")}
"""Tables of leaves, by the module whose `create` makes them. They are made with the store, so that
they are there for every reader. The modules are imported only to make a missing table."""


def prepare(database: Database, application: LedgerApplication) -> tuple[str, ...]:
    """Create what is missing or outdated. The function that appends to PostgreSQL changed in
    versions 2, 4, 6, 8 and 9. Version 4 added the keys of account facts; version 5 a version of
    each view and the leases of senders; version 6 the evidence beside events, the tiles, the
    checkpoints and the alerts; version 7 the index of aliases; version 8 the guard against missing
    versions; version 9 the fence of older writers. Returns the guards that somebody had removed.
    Raises StoreVersion for a store made by a newer version.
    """
    with database.reading() as session:
        version = stored_version(session)
        missing = session.missing_guards() if version == SCHEMA_VERSION else ()
        has_tables = not missing_tables(session)
        is_whole = version == SCHEMA_VERSION and view_versions.are_whole(session) and has_tables
    if not is_whole:
        with database.alone() as session:
            _create(session, application)
    elif missing:
        _put_back(database, application, missing)
    return missing


def _put_back(database: Database, application: LedgerApplication, missing: tuple[str, ...]) -> None:
    """Create the missing guards again. A role that may not do so can still read and record."""
    names = ", ".join(missing)
    try:
        with database.alone() as session:
            _create(session, application)
    except PersistenceError as error:
        log.warning("guards_missing", guards=names, error=error)
    else:
        log.warning("guards_restored", guards=names)


def missing_tables(session: Session) -> list[str]:
    """The tables, other than views, that are not there. Not those of leaves that are not
    installed."""
    missing = [name for name in OWN_TABLES if not session.has_table(name)]
    for module, own in LEAVES.items():
        lacking = [name for name in own if not session.has_table(name)]
        missing += lacking if lacking and _imported([module]) else []
    return missing


def _imported(names: Iterable[str]) -> list[ModuleType]:
    """These modules, without those that are not installed."""
    found = []
    for name in names:
        with suppress(ModuleNotFoundError):
            found.append(import_module(name))
    return found


def stored_version(session: Session) -> int | None:
    """The version of the tables, None before there are any. Raises StoreVersion if it is newer than
    this package."""
    if not session.has_table(SCHEMA_TABLE):
        return None
    rows = session.execute(f"SELECT version FROM {SCHEMA_TABLE}")
    if rows and rows[0][0] > SCHEMA_VERSION:
        raise StoreVersion(
            f"the store was made by a newer version (its tables are at {rows[0][0]}, this version "
            f"knows {SCHEMA_VERSION}): install that version"
        )
    return int(rows[0][0]) if rows else None


def _create(session: Session, application: LedgerApplication) -> None:
    if stored_version(session) is None and not session.has_table(SCHEMA_TABLE):
        _refuse_what_is_not_ours(session)
    for statement in _event_statements(application):
        session.execute(statement)
    session.execute(
        f"CREATE TABLE IF NOT EXISTS {NAMES_TABLE} (account TEXT NOT NULL, kind TEXT NOT NULL, "
        "name TEXT NOT NULL, stream TEXT NOT NULL, PRIMARY KEY (account, kind, name))"
    )
    session.execute(
        f"CREATE INDEX IF NOT EXISTS {NAMES_TABLE}_by_alias ON {NAMES_TABLE} "
        f"(({value_of_alias(session)})) WHERE kind = 'alias'"
    )
    session.guard_names()
    session.create_evidence()
    _create_proof(session)
    if not session.has_table(FACTS_TABLE):
        account_facts.create(session)
        account_facts.fill(session)
    view_versions.create(session)
    session.execute(
        f"CREATE TABLE IF NOT EXISTS {COLLECTORS_TABLE} (name TEXT PRIMARY KEY, status TEXT NOT "
        "NULL)"
    )
    session.execute(
        f"CREATE TABLE IF NOT EXISTS {LEASES_TABLE} (account TEXT PRIMARY KEY, holder TEXT, "
        "process TEXT, fence BIGINT NOT NULL, beat BIGINT NOT NULL)"
    )
    for leaf in _imported(LEAVES):
        leaf.create(session)
    _create_request_keys(session)
    session.execute(
        f"CREATE TABLE IF NOT EXISTS {SCHEMA_TABLE} (only_row INTEGER PRIMARY KEY CHECK (only_row "
        "= 1), version BIGINT NOT NULL)"
    )
    session.execute(
        f"INSERT INTO {SCHEMA_TABLE} VALUES (1, ?) ON CONFLICT (only_row) "
        "DO UPDATE SET version = excluded.version",
        (SCHEMA_VERSION,),
    )


def value_of_alias(session: Session) -> str:
    """SQL for the value of an alias in the name index, whose name is `NAME=VALUE`. The index of
    aliases has it."""
    return session.exact(f"substr(name, {session.place_in_text}(name, '=') + 1)")


def _create_proof(session: Session) -> None:
    session.execute(
        f"CREATE TABLE IF NOT EXISTS {TILES_TABLE} (level BIGINT NOT NULL, number BIGINT NOT NULL, "
        f"hashes {session.binary} NOT NULL, positions {session.binary} NOT NULL, PRIMARY KEY "
        "(level, number))"
    )
    session.execute(
        f"CREATE TABLE IF NOT EXISTS {CHECKPOINTS_TABLE} (size BIGINT PRIMARY KEY, position BIGINT "
        "NOT NULL, made_at TEXT NOT NULL, note TEXT NOT NULL)"
    )


def _create_request_keys(session: Session) -> None:
    session.execute(
        f"CREATE TABLE IF NOT EXISTS {REQUEST_KEYS_TABLE} (holder TEXT NOT NULL, key TEXT NOT "
        f"NULL, fingerprint {session.binary} NOT NULL, begun_at TEXT NOT NULL, status BIGINT, "
        f"media TEXT, body {session.binary}, PRIMARY KEY (holder, key))"
    )
    session.execute(
        f"CREATE INDEX IF NOT EXISTS {REQUEST_KEYS_TABLE}_by_time ON {REQUEST_KEYS_TABLE} "
        "(begun_at)"
    )


def _refuse_what_is_not_ours(session: Session) -> None:
    """Refuse a database in which another program has tables of these names, so that none of its
    data is lost.
    """
    if taken := [name for name in table_names() if session.column_names(name)]:
        raise StoreUnreachable(
            "the database is not a ledger, and has tables or views of its own that are named "
            f"{', '.join(taken)}"
        )


def table_names() -> tuple[str, ...]:
    """All tables of a ledger. One whose leaf is not installed may be missing."""
    others = (SCHEMA_TABLE, *OWN_TABLES, *chain(*LEAVES.values()), "view_positions")
    return (EVENTS_TABLE, NAMES_TABLE, *others, "view_versions", *(table.name for table in TABLES))


def _event_statements(application: LedgerApplication) -> list[str]:
    recorder = application.recorder
    statements = (
        getattr(recorder, "create_table_statements", None) or recorder.sql_create_statements  # type: ignore[attr-defined]
    )
    return [
        statement if isinstance(statement, str) else statement.as_string()
        for statement in statements
    ]
