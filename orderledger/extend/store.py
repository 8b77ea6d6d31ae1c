"""The store behind a ledger: connections, sessions, its own tables and indexes."""

from orderledger.infrastructure.storage import (
    collector_status,
    columns,
    kept_evidence,
    table_names,
)
from orderledger.infrastructure.storage.database import Database, Session
from orderledger.infrastructure.storage.indexes import fill_indexes
from orderledger.infrastructure.storage.recorder import LAST_POSITION, LogRow, chunks
from orderledger.infrastructure.storage.schema_version import SCHEMA_VERSION
from orderledger.infrastructure.storage.store import (
    Conflict,
    Store,
    is_there,
    open_store,
    reaching,
)
from orderledger.infrastructure.storage.view_versions import stored, stored_position

__all__ = [
    "LAST_POSITION",
    "SCHEMA_VERSION",
    "Conflict",
    "Database",
    "LogRow",
    "Session",
    "Store",
    "chunks",
    "collector_status",
    "columns",
    "fill_indexes",
    "is_there",
    "kept_evidence",
    "open_store",
    "reaching",
    "stored",
    "stored_position",
    "table_names",
]
