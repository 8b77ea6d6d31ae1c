"""The store behind a ledger: connections, sessions, its own tables, leases, and the writer."""

from orderledger.infrastructure.storage import account_facts
from orderledger.infrastructure.storage.collector_status import (
    CollectorStatuses,
    gateway_row,
    watcher_row,
)
from orderledger.infrastructure.storage.columns import (
    json_text,
    json_texts,
    numbers,
    parse_json,
    time_text,
)
from orderledger.infrastructure.storage.database import Database, Session
from orderledger.infrastructure.storage.evidence import (
    KeptEvidence,
    RandomBytes,
    hash_of,
    kept_row,
    set_aside,
)
from orderledger.infrastructure.storage.leases import Lease, Leases
from orderledger.infrastructure.storage.name_index import NameTable
from orderledger.infrastructure.storage.recorder import (
    CHECKPOINTS_TABLE,
    EVENTS_TABLE,
    EVIDENCE_TABLE,
    LAST_POSITION,
    REQUEST_KEYS_TABLE,
    TILES_TABLE,
    LogRow,
    NewEvidence,
)
from orderledger.infrastructure.storage.restoring import RestoredRow, restore_rows
from orderledger.infrastructure.storage.schema import SCHEMA_VERSION
from orderledger.infrastructure.storage.store import (
    Conflict,
    Store,
    file_of_store,
    is_there,
    open_store,
    reaching,
)
from orderledger.infrastructure.storage.view_versions import stored, stored_position

__all__ = [
    "CHECKPOINTS_TABLE",
    "EVENTS_TABLE",
    "EVIDENCE_TABLE",
    "LAST_POSITION",
    "REQUEST_KEYS_TABLE",
    "SCHEMA_VERSION",
    "TILES_TABLE",
    "CollectorStatuses",
    "Conflict",
    "Database",
    "KeptEvidence",
    "Lease",
    "Leases",
    "LogRow",
    "NameTable",
    "NewEvidence",
    "RandomBytes",
    "RestoredRow",
    "Session",
    "Store",
    "account_facts",
    "file_of_store",
    "gateway_row",
    "hash_of",
    "is_there",
    "json_text",
    "json_texts",
    "kept_row",
    "numbers",
    "open_store",
    "parse_json",
    "reaching",
    "restore_rows",
    "set_aside",
    "stored",
    "stored_position",
    "time_text",
    "watcher_row",
]
