"""The log in SQLite: write-ahead log, synchronous=FULL, one multi-row statement per commit.

The library finds `Factory` here: this is its persistence module for SQLite ledgers.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from eventsourcing import sqlite as library
from eventsourcing.persistence import (
    BaseInfrastructureFactory,
    IntegrityError,
    Notification,
    OperationalError,
    StoredEvent,
)
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor
from eventsourcing.utils import EnvType

from orderledger.infrastructure.storage.epoch import Epoch
from orderledger.infrastructure.storage.kept_evidence import NewEvidence, placed
from orderledger.infrastructure.storage.recorder import (
    LAST_POSITION,
    NAME_TAKEN,
    Binding,
    FactKey,
    Fence,
    LogRow,
    NewEvent,
    check_fence,
    chunks,
    own_streams,
)
from orderledger.infrastructure.storage.schema_version import FENCE, SCHEMA_VERSION
from orderledger.infrastructure.storage.sqlite.connections import (
    Datastore,
    connected,
    raised_by_library,
)
from orderledger.infrastructure.storage.table_names import (
    EVENTS_TABLE,
    EVIDENCE_TABLE,
    FACTS_TABLE,
    LEASES_TABLE,
    NAMES_TABLE,
)

BEFORE_COMMIT = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    }
)
"""Error codes of SQLite that precede any commit: nothing was written."""

COLUMNS = "originator_id, originator_version, topic, state, notification_id"


class Recorder(SQLiteApplicationRecorder):
    """Positions come from AUTOINCREMENT: none is used twice, and no event appears behind a
    reader."""

    def construct_create_table_statements(self) -> list[str]:
        table = self.events_table_name
        columns = (
            "originator_id TEXT NOT NULL, originator_version INTEGER NOT NULL, topic TEXT NOT "
            "NULL, state BLOB NOT NULL, notification_id INTEGER PRIMARY KEY AUTOINCREMENT, UNIQUE "
            "(originator_id, originator_version)"
        )
        refuse = "BEGIN SELECT RAISE(ABORT, 'events are immutable'); END"
        dense = (
            f"{table}_dense AFTER INSERT ON {table} WHEN NEW.originator_version > 1 AND NOT "
            f"EXISTS (SELECT 1 FROM {table} WHERE originator_id = NEW.originator_id AND "
            "originator_version = NEW.originator_version - 1) BEGIN SELECT RAISE(ABORT, "
            f"'the version before is missing') WHERE {FENCE}{SCHEMA_VERSION}() IS NULL; END"
        )
        triggers = [
            dense,
            *(
                f"{table}_no_{verb.lower()} BEFORE {verb} ON {table} {refuse}"
                for verb in ("UPDATE", "DELETE")
            ),
        ]
        return [
            f"CREATE TABLE IF NOT EXISTS {table} ({columns})",
            f"DROP TRIGGER IF EXISTS {table}_dense",  # it may call the function of an older version
            *(f"CREATE TRIGGER IF NOT EXISTS {trigger}" for trigger in triggers),
        ]

    def append(
        self,
        events: Sequence[NewEvent],
        bindings: Sequence[Binding],
        free: Sequence[tuple[str, str]],
        facts: Sequence[FactKey],
        fences: Sequence[Fence] = (),
        evidence: Sequence[NewEvidence] = (),
        forgetting: Sequence[str] = (),
        epoch: int | None = None,
    ) -> Sequence[int]:
        with self.datastore.transaction(commit=True) as c:
            if epoch is not None:
                self.epoch.check(epoch)
            for account, fence in fences:
                c.execute(f"SELECT fence FROM {LEASES_TABLE} WHERE account = ?", (account,))
                check_fence(account, fence, c.fetchall())
            positions = self._append(c, events)
            if evidence:
                _store_evidence(c, placed(evidence, positions))
            for stream in forgetting:
                _delete_evidence(c, stream)
            self._check_unborn(c, own_streams(bindings))
            _check_free(c, free)
            _bind(c, bindings)
            for chunk in chunks(facts):
                marks = ",".join(["(?,?)"] * len(chunk))
                c.execute(
                    f"INSERT INTO {FACTS_TABLE} (stream, key) VALUES {marks}",
                    list(chain.from_iterable(chunk)),
                )
        self.epoch.note(*events[-1], positions[-1])
        return positions

    @property
    def epoch(self) -> Epoch:
        datastore = self.datastore
        assert isinstance(datastore, Datastore)
        return datastore.pool.epoch

    def confirm(self, epoch: int) -> None:
        self.epoch.check(epoch)

    def check_place(self) -> None:
        if isinstance(self.datastore, Datastore):
            self.datastore.pool.check_place()

    def settle(self, error: Exception) -> bool:
        """Empty the write-ahead log into the database file, and sync that. A failed fsync is never
        repeated.

        A commit whose fsync failed may be invisible in the write-ahead log and reappear after a
        crash, or be visible but not on disk.
        """
        if getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF in BEFORE_COMMIT:
            return True
        try:
            if isinstance(self.datastore, Datastore):
                self.datastore.renew()
            with self.datastore.get_connection(
                commit=True
            ) as connection:  # a new connection, which may fail too
                cursor = connection.cursor()
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                is_busy = cursor.fetchall()[0][0]
        except sqlite3.Error as failure:
            raise raised_by_library(failure) from failure
        if is_busy:
            raise OperationalError("others are reading: the write-ahead log cannot be emptied")
        return True

    def _insert_events(
        self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **_: Any
    ) -> Sequence[int]:
        return self._append(
            c,
            [(str(e.originator_id), e.originator_version, e.topic, e.state) for e in stored_events],
        )

    def _append(self, c: SQLiteCursor, events: Sequence[NewEvent]) -> list[int]:
        positions: list[int] = []
        for chunk in chunks(events):
            c.execute(
                f"{self._insert} {','.join(['(?,?,?,?)'] * len(chunk))}",
                list(chain.from_iterable(chunk)),
            )
            positions += range(c.lastrowid - len(chunk) + 1, c.lastrowid + 1)
        return positions

    def _check_unborn(self, c: SQLiteCursor, streams: Sequence[str]) -> None:
        for chunk in chunks(streams):
            marks = ",".join("?" * len(chunk))
            c.execute(
                f"SELECT 1 FROM {self.events_table_name} WHERE originator_id IN ({marks}) LIMIT 1",
                chunk,
            )
            if c.fetchone():
                raise IntegrityError(NAME_TAKEN)

    @property
    def _select(self) -> str:
        return f"SELECT {COLUMNS} FROM {self.events_table_name} WHERE"

    @property
    def _insert(self) -> str:
        return (
            f"INSERT INTO {self.events_table_name} (originator_id, originator_version, topic, "
            "state) VALUES"
        )

    def rows_after(self, position: int, limit: int) -> list[LogRow]:
        return self._rows(
            f"{self._select} notification_id > ? ORDER BY notification_id LIMIT ?",
            (position, limit),
        )

    def rows_of(self, streams: Sequence[str]) -> list[LogRow]:
        found: list[LogRow] = []
        for chunk in chunks(streams):
            marks = ",".join("?" * len(chunk))
            found += self._rows(
                f"{self._select} originator_id IN ({marks}) ORDER BY originator_id, "
                "originator_version",
                chunk,
            )
        return found

    def rows_at(self, keys: Sequence[tuple[str, int]]) -> list[LogRow]:
        statement = f"{self._select} originator_id = ? AND originator_version = ?"
        return [row for key in keys for row in self._rows(statement, key)]

    def evidence_at(self, positions: Sequence[int]) -> dict[int, Sequence[Any]]:
        found: dict[int, Sequence[Any]] = {}
        with self.datastore.transaction(commit=False) as c:
            for chunk in chunks(positions):
                marks = ",".join("?" * len(chunk))
                c.execute(
                    f"SELECT position, salt, evidence, text FROM {EVIDENCE_TABLE} WHERE position "
                    f"IN ({marks})",
                    chunk,
                )
                found.update((row[0], tuple(row)[1:]) for row in c.fetchall())
        return found

    def versions_of(self, streams: Sequence[str]) -> dict[str, int]:
        statement = (
            f"SELECT MAX(originator_version) FROM {self.events_table_name} WHERE originator_id = ?"
        )
        found: dict[str, int] = {}
        with self.datastore.transaction(commit=False) as c:
            for stream in streams:
                c.execute(statement, (stream,))
                version = c.fetchone()[0]
                if version is not None:
                    found[stream] = version
        return found

    def facts_known(self, facts: Sequence[FactKey]) -> set[FactKey]:
        by_stream: dict[str, list[str]] = {}
        for stream, key in facts:
            by_stream.setdefault(stream, []).append(key)
        found: set[FactKey] = set()
        with self.datastore.transaction(commit=False) as c:
            for stream, keys in by_stream.items():
                for chunk in chunks(keys):
                    marks = ",".join("?" * len(chunk))
                    c.execute(
                        f"SELECT key FROM {FACTS_TABLE} WHERE stream = ? AND key IN ({marks})",
                        (stream, *chunk),
                    )
                    found.update((stream, row[0]) for row in c.fetchall())
        return found

    def last_position(self) -> int:
        return int(self.max_notification_id() or 0)

    def streams_named(
        self, account: str, names: Mapping[str, Sequence[str]]
    ) -> dict[tuple[str, str], str]:
        found: dict[tuple[str, str], str] = {}
        with self.datastore.transaction(commit=False) as c:
            for kind, asked in names.items():
                for chunk in chunks(asked):
                    marks = ",".join("?" * len(chunk))
                    statement = (
                        f"SELECT name, stream FROM {NAMES_TABLE} WHERE account = ? AND kind = ? "
                        f"AND name IN ({marks})"
                    )
                    c.execute(statement, (account, kind, *chunk))
                    found.update(((kind, name), stream) for name, stream in c.fetchall())
        return found

    def _rows(self, statement: str, parameters: Sequence[Any]) -> list[LogRow]:
        datastore = self.datastore
        assert isinstance(datastore, Datastore)
        with datastore.one_query() as c:
            c.execute(statement, parameters)
            rows = [LogRow(*row) for row in c.fetchall()]
        self.epoch.note_all(rows)
        return rows

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """The library's query without `rowid`: in a table with its own primary key, that column has
        the key's name."""
        first = (start or 1) - (1 if inclusive_of_start or start is None else 0)
        chosen = f"AND topic IN ({','.join('?' * len(topics))})" if topics else ""
        statement = (
            f"{self._select} notification_id > ? AND notification_id <= ? {chosen} ORDER BY "
            "notification_id LIMIT ?"
        )
        rows = self._rows(
            statement, (first, LAST_POSITION if stop is None else stop, *topics, limit)
        )
        return [
            Notification(row.stream, row.version, row.name, row.state, row.position) for row in rows
        ]


def has_ledger(path: Path, lock_timeout: int) -> bool:
    """Check for a ledger in this file, which may be another program's. Raises sqlite3's errors."""
    found: list[Any] = []

    def look(connection: sqlite3.Connection) -> None:
        found.extend(
            connection.execute(
                "SELECT 1 FROM sqlite_master WHERE name = 'ledger_schema'"
            ).fetchall()
        )

    connected(f"{path.as_uri()}?mode=rw", look, timeout=lock_timeout).close()
    return bool(found)


def _check_free(c: SQLiteCursor, free: Sequence[tuple[str, str]]) -> None:
    by_account: dict[str, list[str]] = {}
    for account, name in free:
        by_account.setdefault(account, []).append(name)
    for account, names in by_account.items():
        for chunk in chunks(names):
            marks = ",".join("?" * len(chunk))
            c.execute(
                f"SELECT 1 FROM {NAMES_TABLE} WHERE account = ? AND kind = 'client' AND name IN "
                f"({marks})",
                (account, *chunk),
            )
            if c.fetchone():
                raise IntegrityError(NAME_TAKEN)


def _store_evidence(c: SQLiteCursor, rows: Sequence[tuple[Any, ...]]) -> None:
    for chunk in chunks(rows):
        marks = ",".join(["(?,?,?,?)"] * len(chunk))
        c.execute(
            f"INSERT INTO {EVIDENCE_TABLE} (position, salt, evidence, text) VALUES {marks}",
            list(chain.from_iterable(chunk)),
        )


def _delete_evidence(c: SQLiteCursor, stream: str) -> None:
    """Overwrite the bytes, which SQLite would otherwise leave in free pages."""
    c.execute("PRAGMA secure_delete=ON")
    c.fetchall()
    c.execute(
        f"DELETE FROM {EVIDENCE_TABLE} WHERE position IN (SELECT notification_id FROM "
        f"{EVENTS_TABLE} WHERE originator_id = ?)",
        (stream,),
    )


def _bind(c: SQLiteCursor, bindings: Sequence[Binding]) -> None:
    for chunk in chunks([binding for binding in bindings if not binding.is_claim]):
        marks = ",".join(["(?,?,?,?)"] * len(chunk))
        c.execute(
            f"INSERT INTO {NAMES_TABLE} (account, kind, name, stream) VALUES {marks}",
            [value for binding in chunk for value in binding[:4]],
        )
    for binding in bindings:
        if binding.is_claim:
            c.execute(
                f"INSERT INTO {NAMES_TABLE} (account, kind, name, stream) VALUES (?,?,?,?) "
                "ON CONFLICT (account, kind, name) DO UPDATE SET stream = excluded.stream",
                binding[:4],
            )


class Factory(library.SQLiteFactory):
    """Reads the settings. `SQLITE_DBNAME`, `SQLITE_LOCK_TIMEOUT`: as in the library.
    `SQLITE_SYNCHRONOUS`: FULL, or less if the user wants less durability."""

    def __init__(self, env: EnvType) -> None:
        BaseInfrastructureFactory.__init__(self, env)
        lock_timeout = int(self.env.get(self.SQLITE_LOCK_TIMEOUT) or 30)
        self.datastore = Datastore(
            self.env[self.SQLITE_DBNAME], lock_timeout, self.env.get("SQLITE_SYNCHRONOUS") or "FULL"
        )

    def application_recorder(self) -> Recorder:
        return Recorder(datastore=self.datastore, events_table_name=EVENTS_TABLE)
