"""Updates the views in batches, exactly once: one transaction stores a batch's rows and its log
position."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from eventsourcing.persistence import PersistenceError

from orderledger.domain.recorded import Recorded
from orderledger.infrastructure.deadline import deadline
from orderledger.infrastructure.errors import StoreError
from orderledger.infrastructure.garbage import uncollected
from orderledger.infrastructure.latency import Latencies
from orderledger.infrastructure.locks import is_held
from orderledger.infrastructure.storage.database import Session
from orderledger.infrastructure.storage.store import Store, cannot_be_written
from orderledger.infrastructure.storage.view_versions import (
    lock_position,
    move,
    stored,
    stored_position,
)
from orderledger.infrastructure.views.rows import SqlRows
from orderledger.projections.fold import Fold
from orderledger.projections.tables import TABLES

BATCH = 2_000
BATCH_FAR_BEHIND = 20_000
"""Events per transaction. An order is written once per batch that touches it: large batches are
fast, small ones visible soon."""

WORTH_A_LARGE_BATCH = 10_000

WORTH_BUILDING_ANEW = 100_000
"""Number of missing events, beyond those that the views have, from which building new views is
faster (bench_rebuild.py)."""

SLOW_SECONDS = 1.0
"""A batch that takes longer must not hold the lock of the writing transaction all the time: see
`Projector`."""

EVENTS_AT_ONCE = 2_000
"""Events of a transaction in memory at a time."""


Also = Callable[[Session, list[Recorded]], None]


class TableFold:
    """A fold with its rows in tables, over any number of transactions. `also` receives the same
    events in the same transactions."""

    def __init__(
        self,
        suffix: str = "",
        position: int = 0,
        also: Also | None = None,
        *,
        has_positions: bool = True,
    ) -> None:
        self._rows = SqlRows(suffix)
        self._also = also
        self._fold = Fold(self._rows, self._events_of, has_positions=has_positions)
        self.position = position

    def advance(self, session: Session, limit: int, up_to: int | None = None) -> int:
        """Take up to `limit` events, none beyond `up_to`, and write the results. Returns the number
        of events."""
        count = self.take(session, limit, up_to)
        self.write(session)
        return count

    def take(self, session: Session, limit: int, up_to: int | None = None) -> int:
        """Take up to `limit` events in a transaction that may be read-only. `write` writes the
        results."""
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
        """Write the results of the events taken."""
        self._rows.session = session
        self._rows.flush()
        self._fold.evict()
        _warn_of(self._fold.positions.damage)

    def forget_rows(self) -> None:
        """Forget what came from rows of the tables: another process may replace them, at the same
        position.

        What came from the log, the state of orders, is kept.
        """
        self._fold.forget()

    def _events_of(self, stream: str) -> list[Recorded]:
        assert self._rows.session is not None
        return self._rows.session.events_of(stream)


def _warn_of(damage: list[str]) -> None:
    """Log the faults of rows of positions. They were folded from the first entry, and written
    again."""
    if damage:
        import logging  # here, because it is rarely needed

        for one in damage:
            logging.getLogger("orderledger").warning(
                "positions are folded from their first entry: %s", one
            )
        damage.clear()


class ViewsOutdated(Exception):
    """Some views must be rebuilt before any is updated: the folds of others read their rows."""


class _FarBehind(Exception):
    """The views must be built separately instead of being updated."""


def _ignore(position: int) -> None:
    """No progress is shown."""


def _is_worth_building_anew(position: int, last: int) -> bool:
    return last - position > max(position, WORTH_BUILDING_ANEW)


class Rebuilding(Protocol):
    """How views are rebuilt: the module `rebuild`."""

    def rebuild_outdated(self, store: Store, projector: "Projector", /) -> None: ...

    def build_anew(
        self,
        store: Store,
        projector: "Projector",
        progress: Callable[[int], None],
        is_enough: Callable[[], bool],
        /,
    ) -> int: ...


class Projector:
    """Moves events from the log into the tables of the views. Several processes may do so: each
    batch counts once.

    `folds_ahead`: fold before the writing transaction, for which others wait on SQLite. That does
    not help with the writer in the same interpreter: it would wait for the interpreter instead, and
    longer. After a slow batch the next one is always folded before the transaction. Each of many
    late fills folds the later ones of its position again, which would block recording for seconds.
    """

    def __init__(
        self,
        store: Store,
        rebuilding: Rebuilding,
        latencies: Latencies | None = None,
        *,
        folds_ahead: bool = False,
    ) -> None:
        self._store = store
        self._rebuilding = rebuilding
        self._folds_ahead = folds_ahead
        self._was_slow = False
        self._latencies = latencies or Latencies()
        self._lock = threading.RLock()
        self._catching_up = threading.Condition(self._lock)
        self._fold = TableFold(position=-1)
        self._epoch = store.epoch.number
        self._may_build_anew = store.url is not None
        self._building: set[int] = set()
        self.events_read = 0
        self.fault: StoreError | None = None
        """The reason why the views cannot be updated: an older version made them, and rebuilding
        failed."""
        self.is_outdated = False
        """True if an older version made the views, and the store could not be written when they
        were to be rebuilt."""

    def catch_up(
        self,
        progress: Callable[[int], None] | None = None,
        is_enough: Callable[[], bool] = lambda: False,
    ) -> int:
        """Bring the views up to the end of the log, and return their position. `is_enough` may end
        this after any batch.

        Raises RuntimeError in a signal handler that interrupted this method: it would deadlock.
        """
        if self.fault is not None:
            raise self.fault
        if self.is_catching_up_here():
            raise RuntimeError(
                "a signal handler cannot wait for the update of the views that it interrupted: "
                "query after it"
            )
        with deadline(None):
            return self._catch_up(progress, is_enough)

    def _catch_up(
        self, progress: Callable[[int], None] | None, is_enough: Callable[[], bool]
    ) -> int:
        while True:
            try:
                with self._lock:
                    position = self._follow(progress, is_enough, may_stop_far_behind=True)
                self.is_outdated = False
                return position
            except (
                ViewsOutdated
            ):  # another process created missing tables, or an older version made the views
                with self._building_here():
                    self._rebuild_outdated()
            except _FarBehind:
                with self._building_here():
                    self._build_anew(progress or _ignore, is_enough)

    def _rebuild_outdated(self) -> None:
        try:
            self._rebuilding.rebuild_outdated(self._store, self)
        except Exception as error:
            self.is_outdated = cannot_be_written(error)
            raise

    def _build_anew(self, progress: Callable[[int], None], is_enough: Callable[[], bool]) -> None:
        """Build the views separately, which is faster. If that fails, for instance for lack of
        room, update them instead."""
        self._may_build_anew = False
        try:
            self.events_read += self._rebuilding.build_anew(self._store, self, progress, is_enough)
        except Exception:  # the update that follows reports what prevents it too
            return
        with self._store.database.reading() as session:
            self._latencies.projected(stored_position(session))

    @contextmanager
    def _building_here(self) -> Iterator[None]:
        """Note that this thread builds views. It does not hold the lock: another thread may rebuild
        them, and needs it."""
        self._building.add(threading.get_ident())
        try:
            yield
        finally:
            self._building.discard(threading.get_ident())

    def follow(
        self,
        progress: Callable[[int], None] | None = None,
        is_enough: Callable[[], bool] = lambda: False,
    ) -> int:
        """The same, but raises ViewsOutdated instead of rebuilding outdated views."""
        with self._lock:
            return self._follow(progress, is_enough)

    def _follow(
        self,
        progress: Callable[[int], None] | None,
        is_enough: Callable[[], bool],
        *,
        may_stop_far_behind: bool = False,
    ) -> int:
        last, read_before = self._store.recorder.last_position(), self.events_read
        self._begin_epoch()
        if self._fold.position < last:
            with self._store.database.reading() as session:
                position = self._go_on_from(session)  # other processes may have updated the views
            if (
                may_stop_far_behind
                and self._may_build_anew
                and _is_worth_building_anew(position, last)
            ):
                raise _FarBehind
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
        """Check whether this thread is inside `catch_up`: in a signal handler that interrupted
        it."""
        return threading.get_ident() in self._building or is_held(self._catching_up)

    def caught_up(self) -> int | None:
        """Catch up and return the position. None if the views are behind the log and the store is
        read-only, or its disk full.

        A query then folds the log in memory.
        """
        if self.is_outdated and self._has_outdated():
            return None
        try:
            return self.catch_up()
        except PersistenceError as error:
            if not cannot_be_written(error):
                raise
            return None

    def _has_outdated(self) -> bool:
        """Check for views that an older version made. This process or another may have rebuilt them
        since."""
        with self._store.database.reading() as session:
            return bool(stored(session)[1])

    def restart(self) -> None:
        """Drop the fold in memory: another process has restarted the tables, which are now older
        than the fold."""
        with self._lock:
            self._fold = TableFold(position=-1)

    def is_worth_building_anew(self) -> bool:
        """Check whether building the views separately is faster than updating them, because many
        events are missing."""
        with self._store.database.reading() as session:
            return _is_worth_building_anew(stored_position(session), session.last_position())

    def is_far_behind(self) -> bool:
        """Check whether so many events are missing that catching up takes a while."""
        with self._store.database.reading() as session:
            position = stored_position(session)
        return self._store.recorder.last_position() - position > BATCH_FAR_BEHIND

    def _advance(self, limit: int) -> None:
        began = time.monotonic()
        try:
            with uncollected():
                if self._folds_ahead or self._was_slow:
                    while not self._advance_ahead(limit):
                        pass
                else:
                    self._advance_in_one(limit)
            self._was_slow = time.monotonic() - began > SLOW_SECONDS
            self._latencies.projected(self._fold.position)
        except BaseException:
            self._fold = TableFold(position=-1)
            raise

    def _advance_in_one(self, limit: int) -> None:
        with self._store.database.writing() as session:
            lock_position(session)
            self._go_on_from(session)
            self._write(session, self._fold.take(session, limit))

    def _advance_ahead(self, limit: int) -> bool:
        """Fold, then write. Returns False if another process was faster, and the result does not
        count."""
        with self._store.database.reading() as session:
            position = self._go_on_from(session)
            count = self._fold.take(session, limit)
        if count:
            with self._store.database.writing() as session:
                if lock_position(session) != position:
                    self._fold = TableFold(position=-1)
                    return False
                self._write(session, count)
        return True

    def _go_on_from(self, session: Session) -> int:
        """Continue at the position of the tables, and return it. Raises ViewsOutdated if they must
        be rebuilt first."""
        position, outdated = stored(session)
        self._begin_epoch()
        if outdated:
            raise ViewsOutdated(", ".join(sorted(outdated)))
        if (
            position != self._fold.position
        ):  # another process has updated the tables, so the fold in memory is stale
            self._fold = TableFold(position=position)
        return position

    def _begin_epoch(self) -> None:
        """Drop the fold in memory if the log went back: it has events that are lost."""
        if self._epoch != self._store.epoch.number:
            self._epoch = self._store.epoch.number
            self._fold = TableFold(position=-1)

    def _write(self, session: Session, count: int) -> None:
        if count:
            self._fold.write(session)
            self._fold.forget_rows()
            self.events_read += count
            move(session, self._fold.position)


def survey(store: Store) -> None:
    """Update the planner's statistics after a bulk write."""
    with store.database.writing() as session:
        for table in TABLES:
            session.analyze(table)
