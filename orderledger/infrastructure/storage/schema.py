"""Creates the tables, once, however many processes start together; refuses a store made by a newer version."""

from orderledger.infrastructure.errors import StoreVersion
from orderledger.infrastructure.storage.application import LedgerApplication
from orderledger.infrastructure.storage.database import Database, Session
from orderledger.infrastructure.storage.recording import NAMES_TABLE
from orderledger.projections.tables import TABLES

SCHEMA_VERSION = 1
"""Of the tables. Raised with every change to what is stored; CHANGELOG.md says what changed."""

FOLD_VERSION = 1
"""Of what the views hold. Raised when a fold changes its results: the views are then rebuilt when a ledger opens."""

VIEWS = "views"


def prepare(database: Database, application: LedgerApplication) -> None:
    """Create what is missing. Raises StoreVersion for a store that a newer version has made."""
    version = _stored_version(database)
    if version is None:
        with database.alone() as session:
            _create(session, application)
        version = _stored_version(database)
    if version is not None and version > SCHEMA_VERSION:
        raise StoreVersion(
            f"the store was made by a newer version (its tables are at {version}, this version knows {SCHEMA_VERSION})"
        )


def _stored_version(database: Database) -> int | None:
    try:
        with database.reading() as session:
            rows = session.execute("SELECT version FROM ledger_schema")
    except Exception as error:
        if "ledger_schema" in str(error):  # no such table: nothing has been created yet
            return None
        raise
    return int(rows[0][0]) if rows else None


def _create(session: Session, application: LedgerApplication) -> None:
    for statement in _event_statements(application):
        session.execute(statement)
    session.execute(
        f"CREATE TABLE IF NOT EXISTS {NAMES_TABLE} (account TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, "
        "stream TEXT NOT NULL, PRIMARY KEY (account, kind, name))"
    )
    for table in TABLES:
        session.create(table)
    session.execute(
        "CREATE TABLE IF NOT EXISTS view_positions (name TEXT PRIMARY KEY, position BIGINT NOT NULL, fold_version BIGINT NOT NULL)"
    )
    session.execute("INSERT INTO view_positions VALUES (?, 0, ?) ON CONFLICT DO NOTHING", (VIEWS, FOLD_VERSION))
    session.execute(
        "CREATE TABLE IF NOT EXISTS ledger_schema (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), version BIGINT NOT NULL)"
    )
    session.execute("INSERT INTO ledger_schema VALUES (1, ?) ON CONFLICT DO NOTHING", (SCHEMA_VERSION,))


def _event_statements(application: LedgerApplication) -> list[str]:
    recorder = application.recorder
    statements = getattr(recorder, "create_table_statements", None) or recorder.sql_create_statements  # type: ignore[attr-defined]
    return [statement if isinstance(statement, str) else statement.as_string() for statement in statements]
