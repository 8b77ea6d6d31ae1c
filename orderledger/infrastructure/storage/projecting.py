"""Keeps the views up to date: exactly once, in batches, each with its rows and its place in the log in one transaction."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from eventsourcing.persistence import PersistenceError

from orderledger.domain.recorded import Recorded
from orderledger.infrastructure.garbage import uncollected
from orderledger.infrastructure.latency import Latencies
from orderledger.infrastructure.storage.database import Session
from orderledger.infrastructure.storage.schema import VIEWS
from orderledger.infrastructure.storage.sqlrows import SqlRows
from orderledger.infrastructure.storage.store import Store
from orderledger.projections.fold import Fold

BATCH = 2_000
BATCH_FAR_BEHIND = 20_000
"""Events per transaction. An order is written once per batch that touches it: large ones are fast, small ones are soon seen."""

WORTH_A_LARGE_BATCH = 10_000

EVENTS_AT_ONCE = 2_000
"""In memory, of a transaction's worth."""

POLL_SECONDS = 1.0
PAUSE_SECONDS = 0.1
EVENTS_WHEN_BUSY = 1_000
"""Who records one message after the other waits for each commit of the views: they pause between two, and so hold up fewer
than one message in a hundred. Who records thousands in that time does not notice one more."""


class TableFold:
    """The fold with its rows in tables. It goes on where it was, in one transaction after another."""

    def __init__(self, suffix: str = "", position: int = 0) -> None:
        self._rows = SqlRows(suffix)
        self._fold = Fold(self._rows, self._events_of)
        self.position = position

    def advance(self, session: Session, limit: int, up_to: int | None = None) -> int:
        """Take so many events, not beyond a position, and write what follows. Returns how many there were."""
        self._rows.session = session
        count = 0
        while wanted := min(limit - count, EVENTS_AT_ONCE):
            events = session.events_after(self.position, wanted, up_to)
            for event in events:
                self._fold.take(event)
            if events:
                self.position = events[-1].position or self.position
                count += len(events)
            if len(events) < wanted:
                break
        if count:
            self._fold.settle()
            self._rows.flush()
            self._fold.evict()
        return count

    def _events_of(self, stream: str) -> list[Recorded]:
        assert self._rows.session is not None
        return self._rows.session.events_of(stream)


class Projector:
    """Takes events from the log into the tables of the views. Several processes may: each batch counts once."""

    def __init__(self, store: Store, latencies: Latencies | None = None) -> None:
        self._store = store
        self._latencies = latencies or Latencies()
        self._lock = threading.Lock()
        self._fold = TableFold(position=-1)
        self.events_read = 0

    def catch_up(self, progress: Callable[[int], None] | None = None, is_enough: Callable[[], bool] = lambda: False) -> int:
        """Bring the views up to the end of the log, and return their position. `is_enough` may say so after any batch."""
        with self._lock:
            last = self._store.recorder.last_position()
            while self._fold.position < last:
                before = self._fold.position
                self._advance(BATCH_FAR_BEHIND if last - before > WORTH_A_LARGE_BATCH else BATCH)
                if progress is not None:
                    progress(self._fold.position)
                if self._fold.position == before or is_enough():
                    break
            return self._fold.position

    def is_far_behind(self) -> bool:
        """Whether so much of the log is still to be taken that catching up takes a while."""
        with self._store.database.reading() as session:
            position = stored_position(session)
        return self._store.recorder.last_position() - position > BATCH_FAR_BEHIND

    def restart(self) -> None:
        """Forget what is in memory: the tables have been changed by others."""
        with self._lock:
            self._fold = TableFold(position=-1)

    def _advance(self, limit: int) -> None:
        try:
            with uncollected(), self._store.database.writing() as session:
                self._advance_in(session, limit)
            self._latencies.projected(self._fold.position)
        except BaseException:
            self._fold = TableFold(position=-1)
            raise

    def _advance_in(self, session: Session, limit: int) -> None:
        position = lock_position(session)
        if position != self._fold.position:  # another process has gone on: what is in memory is no longer what is in the tables
            self._fold = TableFold(position=position)
        count = self._fold.advance(session, limit)
        if count:
            self.events_read += count
            session.execute("UPDATE view_positions SET position = ? WHERE name = ?", (self._fold.position, VIEWS))


def lock_position(session: Session) -> int:
    """Where the views are. Whoever has asked holds them until the end of the transaction."""
    session.execute("UPDATE view_positions SET position = position WHERE name = ?", (VIEWS,))
    return stored_position(session)


def stored_position(session: Session) -> int:
    """Where the views are, without holding them."""
    return int(session.execute("SELECT position FROM view_positions WHERE name = ?", (VIEWS,))[0][0])


def stored_fold_version(session: Session) -> int:
    """Of the fold that made the views."""
    return int(session.execute("SELECT fold_version FROM view_positions WHERE name = ?", (VIEWS,))[0][0])


class Follower:
    """A thread that keeps the views up to date while a ledger is open."""

    def __init__(self, projector: Projector) -> None:
        self._projector = projector
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._resting = 0
        self._pausing = 0
        self.failure: Exception | None = None

    def notice(self) -> None:
        """Something has been committed."""
        if not self._wake.is_set():
            self._wake.set()

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Leave the interpreter to a bulk recording: begin nothing. Questions bring the views up to date all the same."""
        self._resting += 1
        try:
            yield
        finally:
            self._resting -= 1
            self._wake.set()

    @contextmanager
    def pausing(self) -> Iterator[None]:
        """Leave the interpreter to a recovery: stop after the batch that is under way."""
        self._pausing += 1
        try:
            with self.resting():
                yield
        finally:
            self._pausing -= 1

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="orderledger-views", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(POLL_SECONDS)
            self._wake.clear()
            if self._resting:
                continue
            try:
                while self._follow() > EVENTS_WHEN_BUSY:
                    pass
                self.failure = None
            except (PersistenceError, OSError) as error:  # the database may come back; reading the views says what is wrong
                self.failure = error
                self._stopping.wait(POLL_SECONDS)
            self._stopping.wait(PAUSE_SECONDS)

    def _follow(self) -> int:
        """Catch up, unless there is something else to do. Returns how many events there were."""
        read_before = self._projector.events_read
        if not self._has_to_leave():
            self._projector.catch_up(is_enough=self._has_to_leave)
        return self._projector.events_read - read_before

    def _has_to_leave(self) -> bool:
        return bool(self._pausing) or self._stopping.is_set()
