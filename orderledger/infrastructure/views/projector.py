"""Keeps the views up to date: exactly once, in batches, each with its rows and its place in the log in one transaction."""

import threading
from collections.abc import Callable

from eventsourcing.persistence import PersistenceError

from orderledger.domain.recorded import Recorded
from orderledger.infrastructure.errors import StoreError, StoreVersion
from orderledger.infrastructure.garbage import uncollected
from orderledger.infrastructure.latency import Latencies
from orderledger.infrastructure.storage.database import Session
from orderledger.infrastructure.storage.schema import FOLD_VERSION, VIEWS
from orderledger.infrastructure.storage.store import Store, cannot_be_written
from orderledger.infrastructure.views.rows import SqlRows
from orderledger.projections.fold import Fold
from orderledger.projections.tables import TABLES

BATCH = 2_000
BATCH_FAR_BEHIND = 20_000
"""Events per transaction. An order is written once per batch that touches it: large ones are fast, small ones are soon seen."""

WORTH_A_LARGE_BATCH = 10_000

EVENTS_AT_ONCE = 2_000
"""In memory, of a transaction's worth."""


Also = Callable[[Session, list[Recorded]], None]


class TableFold:
    """The fold with its rows in tables. It goes on where it was, in one transaction after another. `also`: who takes the same
    events in the same transactions."""

    def __init__(self, suffix: str = "", position: int = 0, also: Also | None = None) -> None:
        self._rows = SqlRows(suffix)
        self._also = also
        self._fold = Fold(self._rows, self._events_of)
        self.position = position

    def advance(self, session: Session, limit: int, up_to: int | None = None) -> int:
        """Take so many events, not beyond a position, and write what follows. Returns how many there were."""
        count = self.take(session, limit, up_to)
        self.write(session)
        return count

    def take(self, session: Session, limit: int, up_to: int | None = None) -> int:
        """Take so many events: a transaction that reads will do. What follows waits for `write`."""
        self._rows.session = session
        count = 0
        while wanted := min(limit - count, EVENTS_AT_ONCE):
            events = session.events_after(self.position, wanted, up_to)
            for event in events:
                self._fold.take(event)
            if self._also is not None:
                self._also(session, events)
            if events:
                self.position = events[-1].position or self.position
                count += len(events)
            if len(events) < wanted:
                break
        if count:
            self._fold.settle()
        return count

    def write(self, session: Session) -> None:
        """Write what follows from the events that were taken."""
        self._rows.session = session
        self._rows.flush()
        self._fold.evict()

    def forget_rows(self) -> None:
        """What it knows by rows of the tables is read again: another process may put others in their place, at the same position.
        What it knows of orders comes from the log."""
        self._fold.positions.forget()

    def _events_of(self, stream: str) -> list[Recorded]:
        assert self._rows.session is not None
        return self._rows.session.events_of(stream)


class Projector:
    """Takes events from the log into the tables of the views. Several processes may: each batch counts once.

    `folds_ahead`: before the transaction that writes, which others wait for on SQLite. Where the writer is in the same
    interpreter that does not help: it then waits for the interpreter instead, and longer.
    """

    def __init__(self, store: Store, latencies: Latencies | None = None, *, folds_ahead: bool = False) -> None:
        self._store = store
        self._folds_ahead = folds_ahead
        self._latencies = latencies or Latencies()
        self._lock = threading.RLock()
        self._fold = TableFold(position=-1)
        self.events_read = 0
        self.fault: StoreError | None = None
        """Why the views cannot be brought up to date: an older version made them, and they cannot be built anew."""
        self.is_outdated = False
        """Whether they are an older version's since nothing can be written."""

    def catch_up(self, progress: Callable[[int], None] | None = None, is_enough: Callable[[], bool] = lambda: False) -> int:
        """Bring the views up to the end of the log, and return their position. `is_enough` may say so after any batch. Raises
        RuntimeError in a signal handler that has come in the middle of that: the one would wait for the other."""
        if self.fault is not None:
            raise self.fault
        if self.is_catching_up_here():
            raise RuntimeError("a signal handler cannot wait for the views that it has interrupted: ask after it")
        with self._lock:
            last, read_before = self._store.recorder.last_position(), self.events_read
            if self._fold.position < last:
                self._go_on_from(self._stored_position())  # where others have brought them there, nothing is to be written
            while self._fold.position < last:
                before = self._fold.position
                self._advance(BATCH_FAR_BEHIND if last - before > WORTH_A_LARGE_BATCH else BATCH)
                if progress is not None:
                    progress(self._fold.position)
                if self._fold.position == before or is_enough():
                    break
            if self.events_read - read_before > BATCH_FAR_BEHIND:
                survey(self._store)
            return self._fold.position

    def is_catching_up_here(self) -> bool:
        """Whether this thread is in the middle of that: in a signal handler that came there."""
        return self._lock._is_owned()  # type: ignore[attr-defined, no-any-return]

    def caught_up(self) -> int | None:
        """The same, but None where the views are behind the log and cannot be written, since we may only read, or the disk is
        full. What is asked is then folded in memory."""
        if self.is_outdated:
            return None
        try:
            return self.catch_up()
        except PersistenceError as error:
            if not cannot_be_written(error):
                raise
            return None

    def restart(self) -> None:
        """Forget what is in memory: others have begun the tables anew, and they are behind it."""
        with self._lock:
            self._fold = TableFold(position=-1)

    def is_far_behind(self) -> bool:
        """Whether so much of the log is still to be taken that catching up takes a while."""
        position = self._stored_position()
        return self._store.recorder.last_position() - position > BATCH_FAR_BEHIND

    def _stored_position(self) -> int:
        with self._store.database.reading() as session:
            return stored_position(session)

    def _advance(self, limit: int) -> None:
        try:
            with uncollected():
                if self._folds_ahead:
                    while not self._advance_ahead(limit):
                        pass
                else:
                    self._advance_in_one(limit)
            self._latencies.projected(self._fold.position)
        except BaseException:
            self._fold = TableFold(position=-1)
            raise

    def _advance_in_one(self, limit: int) -> None:
        with self._store.database.writing() as session:
            self._go_on_from(lock_position(session))
            self._write(session, self._fold.take(session, limit))

    def _advance_ahead(self, limit: int) -> bool:
        """Returns whether it counts: not where another process has been faster."""
        with self._store.database.reading() as session:
            position = stored_position(session)
            self._go_on_from(position)
            count = self._fold.take(session, limit)
        if count:
            with self._store.database.writing() as session:
                if lock_position(session) != position:
                    self._fold = TableFold(position=-1)
                    return False
                self._write(session, count)
        return True

    def _go_on_from(self, position: int) -> None:
        if position != self._fold.position:  # another process has gone on: what is in memory is no longer what is in the tables
            self._fold = TableFold(position=position)

    def _write(self, session: Session, count: int) -> None:
        if count:
            self._fold.write(session)
            self._fold.forget_rows()
            self.events_read += count
            session.execute("UPDATE view_positions SET position = ? WHERE name = ?", (self._fold.position, VIEWS))


def survey(store: Store) -> None:
    """After much has been written at once."""
    with store.database.writing() as session:
        for table in TABLES:
            session.analyze(table)


def lock_position(session: Session) -> int:
    """Where the views are. Whoever has asked holds them until the end of the transaction."""
    session.execute("UPDATE view_positions SET position = position WHERE name = ?", (VIEWS,))
    return stored_position(session)


def stored_position(session: Session) -> int:
    """Where the views are, without holding them. Raises StoreVersion for those of a newer fold, which ours would spoil."""
    return _stored(session)[0]


def is_current(session: Session) -> bool:
    """Whether today's fold made the views. Raises StoreVersion for a newer one."""
    return _stored(session)[1] == FOLD_VERSION


def _stored(session: Session) -> tuple[int, int]:
    position, version = session.execute("SELECT position, fold_version FROM view_positions WHERE name = ?", (VIEWS,))[0]
    if version > FOLD_VERSION:
        raise StoreVersion(f"a newer version made the views (their fold is at {version}, this version knows {FOLD_VERSION})")
    return position, version
