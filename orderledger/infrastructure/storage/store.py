"""A store: the log and the views in one database, opened by URL."""

import sqlite3
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from eventsourcing.persistence import ConnectionPoolClosedError, IntegrityError, PersistenceError
from msgspec.structs import replace

from orderledger.domain.recorded import Recorded
from orderledger.infrastructure.errors import OutcomeUnknown, StoreError, StoreUnreachable
from orderledger.infrastructure.settings import Settings
from orderledger.infrastructure.storage import schema
from orderledger.infrastructure.storage.application import LedgerApplication
from orderledger.infrastructure.storage.codec import decode, encode
from orderledger.infrastructure.storage.database import Database
from orderledger.infrastructure.storage.epoch import Epoch
from orderledger.infrastructure.storage.error_text import text_of
from orderledger.infrastructure.storage.kept_evidence import KeptEvidence, NewEvidence, kept_row
from orderledger.infrastructure.storage.postgres.refusals import is_refused
from orderledger.infrastructure.storage.recorder import (
    LAST_POSITION,
    Binding,
    FactKey,
    Fence,
    LedgerRecorder,
    LogRow,
    NewEvent,
)
from orderledger.infrastructure.storage.schema_version import outdated_writer
from orderledger.infrastructure.storage.sqlite.connections import NO_SHARED_MEMORY
from orderledger.infrastructure.storage.sqlite.tables import SQLiteDatabase
from orderledger.infrastructure.storage.urls import POSTGRES, file_of, is_bundle, public
from orderledger.projections.rates import RateRules

FULL, READONLY = sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY
NOT_WRITTEN = frozenset({sqlite3.SQLITE_IOERR_WRITE, *NO_SHARED_MEMORY})


class Conflict(StoreError):
    """A stream has grown since it was read, or a name was bound. Read again and decide again."""


class Store:
    """The append-only log, and the tables of the views. `url` is for other processes; None if no
    other process can open it."""

    def __init__(self, application: LedgerApplication, database: Database, url: str | None) -> None:
        self.url = url
        self.application = application
        self.database = database
        self.recorder = cast(LedgerRecorder, application.recorder)
        self._unsettled: PersistenceError | None = None
        self._is_closed = False
        self._read_only: str | None = None
        self._at_close: Callable[[], None] = _nothing
        self.rate_rules = RateRules()
        """How the views convert amounts in other currencies: a setting of the ledger."""
        self.missing_guards: tuple[str, ...] = ()
        """Triggers that protect the log, and were missing when it was opened."""

    def make_read_only(self, why: str, at_close: Callable[[], None]) -> None:
        """Refuse to record from now on. `at_close` is called after the store was closed."""
        self._read_only, self._at_close = why, at_close

    @property
    def file(self) -> str | None:
        """The file of a store in SQLite. None for other stores."""
        return None if self.url is None or self.url.startswith(POSTGRES) else self.url

    def append(
        self,
        events: Sequence[Recorded],
        bindings: Sequence[Binding],
        free: Sequence[tuple[str, str]] = (),
        facts: Sequence[FactKey] = (),
        fences: Sequence[Fence] = (),
        evidence: Sequence[NewEvidence] = (),
        forgetting: Sequence[str] = (),
        epoch: int | None = None,
    ) -> Sequence[int]:
        """Store events and bind names in one commit. Returns the events' positions when they are
        durable.

        `free`: (account, client order id) that must not be another name of an order. `facts`: keys
        that must not be in their streams yet. `fences`: leases that must still hold; raises Fenced
        otherwise. `evidence`: stored beside its events. `forgetting`: streams whose earlier
        evidence is deleted; an event of each must say so. Raises Conflict if a stream has grown
        meanwhile, or a name was bound: nothing was stored. Raises LogWentBack if the log went back
        since the number `epoch` was read: nothing was stored. Raises StoreVersion if a newer
        version has upgraded the store: nothing was stored. Raises OutcomeUnknown if a failed
        commit may have happened, and reading back failed too.
        """
        stored = [(event.stream, event.version, *encode(event)) for event in events]
        try:
            return self.recorder.append(
                stored, bindings, free, facts, fences, evidence, forgetting, epoch
            )
        except IntegrityError as error:
            raise Conflict("a stream has grown since it was read") from error
        except PersistenceError as error:
            if (newer := outdated_writer(error)) is not None:
                raise newer from error
            return self._settle(stored, error)

    @property
    def epoch(self) -> Epoch:
        """The knowledge that this process has of the log, and the times that the log went back."""
        return self.recorder.epoch

    def make_sure(self) -> None:
        """Call before deciding anything: everything in the log is then final.

        Raises OutcomeUnknown while an earlier failed commit is not settled, and StoreUnreachable if
        the store is closed or its file is gone.
        """
        if self._is_closed:
            raise StoreUnreachable("the ledger is closed")
        if self._read_only is not None:
            raise StoreUnreachable(self._read_only)
        if self._unsettled is not None:
            self._make_final(self._unsettled)
        try:
            # duplicates are answered from memory, without a read that would notice it
            self.recorder.check_place()
        except PersistenceError as error:
            raise self._unusable(error) from error

    def _make_final(self, error: PersistenceError) -> bool:
        self._unsettled = error
        try:
            is_final = self.recorder.settle(error)
        except (PersistenceError, StoreUnreachable) as again:
            raise _unread(error, again) from again
        self._unsettled = None
        return is_final

    def _settle(self, stored: Sequence[NewEvent], error: PersistenceError) -> list[int]:
        """Read back after a failed commit. Its outcome is unknown: its events may have been
        written."""
        is_final = self._make_final(error)
        try:
            positions = self._positions_of(stored)
        except (PersistenceError, StoreUnreachable) as again:
            raise _unread(error, again) from again
        if positions is not None:
            return positions
        if is_final:
            raise self._unusable(error) from error
        raise OutcomeUnknown(
            f"the store failed in the middle of a commit: {text_of(error)}"
        ) from error

    def _unusable(self, error: PersistenceError) -> StoreUnreachable:
        return unreachable(error, self.url or "the store")

    def _positions_of(self, stored: Sequence[NewEvent]) -> list[int] | None:
        """The positions of these events in the log. None unless all of them are there."""
        rows = self.recorder.rows_at([(stream, version) for stream, version, _, _ in stored])
        found = {(row.stream, row.version): row for row in rows}
        positions = []
        for stream, version, _, state in stored:
            row = found.get((stream, version))
            if row is None or row.state != state:
                return None
            positions.append(row.position)
        return positions

    def events_of(self, streams: Sequence[str]) -> dict[str, list[Recorded]]:
        """All events of some streams."""
        found: dict[str, list[Recorded]] = {}
        for row in self.recorder.rows_of(streams):
            found.setdefault(row.stream, []).append(_decoded(row))
        return found

    def with_evidence(self, events: Sequence[Recorded]) -> list[Recorded]:
        """The events with their evidence and text, unless those were forgotten. A copy under
        another order shows the evidence of the event that it repeats."""
        waiting = {
            one.position: one
            for one in events
            if one.evidence_hash is not None or one.text_hash is not None
        }
        found: dict[int, KeptEvidence] = {}
        asked = {position: position for position in waiting if position is not None}
        while asked:
            kept = self.recorder.evidence_at(list(set(asked.values())))
            found.update((shown, kept_row(*kept[at])) for shown, at in asked.items() if at in kept)
            asked = self._origins(
                {shown: at for shown, at in asked.items() if at not in kept}, waiting
            )
        return [
            _shown(one, found[one.position]) if one.position in found else one for one in events
        ]

    def _origins(
        self, asked: dict[int, int], waiting: dict[int | None, Recorded]
    ) -> dict[int, int]:
        """The positions of the events that copies repeat, by the position of the copy."""
        copies = {
            shown: one.attributed_from
            for shown in asked
            if (one := waiting[shown]).attributed_from is not None
        }
        rows = (
            {
                (row.stream, row.version): _decoded(row)
                for row in self.recorder.rows_at([*set(copies.values())])
            }
            if copies
            else {}
        )
        waiting.update((shown, rows[place]) for shown, place in copies.items() if place in rows)
        return {
            shown: rows[place].position or 0 for shown, place in copies.items() if place in rows
        }

    def all_events(self) -> Iterator[Recorded]:
        """All events of the log, in order."""
        return map(_decoded, self.all_rows())

    def all_rows(
        self, up_to: int = LAST_POSITION, batch: int = 5_000, *, after: int = 0
    ) -> Iterator[LogRow]:
        """All events of the log after a position in stored form, in order."""
        position = after
        while position < up_to and (
            rows := self.recorder.rows_after(position, min(batch, up_to - position))
        ):
            yield from (row for row in rows if row.position <= up_to)
            position = rows[-1].position

    def close(self) -> None:
        """Close all connections. Later calls raise an error."""
        self._is_closed = True
        self.application.close()
        self._at_close()


def _nothing() -> None:
    """The store is not a temporary one."""


def _decoded(row: LogRow) -> Recorded:
    return decode(*row)


def _shown(recorded: Recorded, kept: KeptEvidence) -> Recorded:
    evidence = recorded.evidence if recorded.evidence_hash is None else kept.evidence
    return replace(
        recorded, evidence=evidence, text=recorded.text if recorded.text_hash is None else kept.text
    )


def open_store(
    url: str,
    *,
    synchronous: str = "FULL",
    lock_timeout: int = 30,
    answer_timeout: int = 30,
    upgrades: bool = True,
) -> Store:
    """Open the store at a path, `sqlite:///path`, `postgresql://...` or `memory://`. Creates what
    is missing and upgrades what is older, unless `upgrades` is false: only to look at it."""
    path = file_of(url)
    with reaching(url):
        store = (
            _open_postgres(url, synchronous, lock_timeout, answer_timeout)
            if url.startswith(POSTGRES)
            else _open_sqlite(path, synchronous, lock_timeout)
        )
        return _prepared(store) if upgrades else store


def is_there(url: str) -> bool:
    """Check for a ledger at this URL, without creating anything. Raises as `open_store` does."""
    path = file_of(url)
    with reaching(url):
        if url.startswith(POSTGRES):
            from orderledger.infrastructure.storage.postgres import recorder as postgres_recorder

            return postgres_recorder.has_ledger(url, Settings.read().answer_timeout)
        if path is None or is_bundle(path):
            return True
        from orderledger.infrastructure.storage.sqlite import recorder as sqlite_recorder

        return _placed(path).exists() and sqlite_recorder.has_ledger(
            _placed(path), Settings.read().lock_timeout
        )


def _placed(path: str) -> Path:
    """The absolute path: later connections must not depend on the working directory."""
    if Path(path).is_dir() or not Path(path).absolute().parent.is_dir():
        raise StoreUnreachable(f"{path} is not a file in an existing folder")
    return Path(path).absolute()


def _open_sqlite(path: str | None, synchronous: str, lock_timeout: int) -> Store:
    from orderledger.infrastructure.storage.sqlite import recorder as sqlite_recorder

    if path is not None:
        path = str(_placed(path))
    environment = {
        "PERSISTENCE_MODULE": sqlite_recorder.__name__,
        "SQLITE_DBNAME": path or f"file:orderledger-{uuid.uuid4().hex}?mode=memory&cache=shared",
        "SQLITE_LOCK_TIMEOUT": str(lock_timeout),
        "SQLITE_SYNCHRONOUS": synchronous,
    }
    application = LedgerApplication(environment)
    database = SQLiteDatabase(application.factory.datastore)  # type: ignore[attr-defined]
    return Store(application, database, path)


def _open_postgres(url: str, synchronous: str, lock_timeout: int, answer_timeout: int) -> Store:
    from orderledger.infrastructure.storage.postgres import recorder as postgres_recorder
    from orderledger.infrastructure.storage.postgres.tables import PostgresDatabase

    environment = {
        "PERSISTENCE_MODULE": postgres_recorder.__name__,
        "ORDERLEDGER_URL": url,
        "POSTGRES_LOCK_TIMEOUT": str(lock_timeout),
        "ORDERLEDGER_ANSWER_TIMEOUT": str(answer_timeout),
        "POSTGRES_SYNCHRONOUS_COMMIT": "on" if synchronous in ("FULL", "EXTRA") else "off",
        "POSTGRES_ENABLE_DB_FUNCTIONS": "n",
    }
    application = LedgerApplication(environment)
    database = PostgresDatabase(application.factory.datastore)  # type: ignore[attr-defined]
    return Store(application, database, url)


def _prepared(store: Store) -> Store:
    try:
        store.missing_guards = schema.prepare(store.database, store.application)
    except BaseException:
        store.close()
        raise
    return store


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Convert errors of a database that cannot be used to StoreUnreachable."""
    try:
        yield
    except ConnectionPoolClosedError as error:
        raise StoreUnreachable("the ledger is closed") from error
    except (PersistenceError, OSError) as error:
        raise unreachable(error, url) from error
    except Exception as error:
        is_of_driver = type(error).__module__.partition(".")[0] in (
            "sqlite3",
            "psycopg",
            "psycopg_pool",
        )
        if is_of_driver or isinstance(
            error, UnicodeDecodeError
        ):  # sqlite3 may fail to read its own message about a damaged file
            raise unreachable(error, url) from error
        raise


def as_store_error(error: Exception, url: str = "the store") -> StoreError:
    """The error in this package's terms."""
    return error if isinstance(error, StoreError) else unreachable(error, url)


def unreachable(error: Exception, url: str = "the store") -> StoreUnreachable:
    """An error that states in one sentence why a store cannot be used."""
    return StoreUnreachable(f"{public(url)} cannot be used: {text_of(error)}")


def _unread(failed: Exception, reading: Exception) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"the store failed in the middle of a commit ({text_of(failed)}), and cannot be read:"
        f" {text_of(reading)}"
    )


def cannot_be_written(error: BaseException) -> bool:
    """Check whether the database can be read but not written: it is read-only, or the disk is
    full."""
    code = getattr(error.__cause__ or error, "sqlite_errorcode", 0)
    return is_refused(error) or code & 0xFF in (FULL, READONLY) or code in NOT_WRITTEN
