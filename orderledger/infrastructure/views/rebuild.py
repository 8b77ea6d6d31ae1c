"""Builds the views anew from the log, beside the live ones, and then puts the new rows in their place."""

import re
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from orderledger.infrastructure.errors import DamagedRow, InvalidSetting
from orderledger.infrastructure.garbage import uncollected
from orderledger.infrastructure.storage import account_facts
from orderledger.infrastructure.storage.database import Session
from orderledger.infrastructure.storage.name_index import NameTable
from orderledger.infrastructure.storage.recorder import FACTS_TABLE
from orderledger.infrastructure.storage.schema import FOLD_VERSION, VIEWS
from orderledger.infrastructure.storage.store import Store
from orderledger.infrastructure.views.projector import (
    BATCH_FAR_BEHIND,
    Projector,
    TableFold,
    is_current,
    lock_position,
    survey,
)
from orderledger.projections.names import ORDER_NAMES
from orderledger.projections.position_tables import INNER
from orderledger.projections.tables import BY_NAME, TABLES
from orderledger.projections.view import Table

SUFFIX = "__rebuilt"
"""So are the tables named that are built in, with some letters of each rebuild's own after it: one that has lost its lock with a
connection that was cut, and does not know it, has nothing to do with the next one's."""

APART = f"views{SUFFIX}."
"""So begin the names of the files that several processes fill. By them they are known for ours."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """`is_equal`: whether the new rows are those that were there."""

    names: tuple[str, ...]
    events: int
    seconds: float
    is_equal: bool

    @property
    def events_per_second(self) -> float:
        return self.events / self.seconds if self.seconds else 0.0


def rebuild(
    store: Store, projector: Projector, names: Sequence[str] = (), *, jobs: int = 1, progress: Progress | None = None
) -> Rebuilt:
    """Build the named views (all, if none is named). Recording goes on. Raises InvalidSetting for a name there is not."""
    if isinstance(names, str):
        raise TypeError(f"names takes a sequence of names, not one text: [{names!r}]")
    views = [name for name in BY_NAME if name not in INNER]
    if unknown := [name for name in names if name not in views]:
        raise InvalidSetting("names", f"{unknown[0]!r} is no view: {', '.join(views)}")
    with store.database.rebuilding():
        return _rebuild(store, projector, names, jobs, progress)


def rebuild_outdated(store: Store, projector: Projector) -> None:
    """Rebuild views that an older version of the folds has made. Raises StoreVersion for those of a newer one."""
    if _is_current(store):
        return
    with store.database.rebuilding():
        if _is_current(store):  # another process has done it meanwhile
            return
        _rebuild(store, projector)


def _is_current(store: Store) -> bool:
    with store.database.reading() as session:
        return is_current(session)


def _rebuild(
    store: Store, projector: Projector, names: Sequence[str] = (), jobs: int = 1, progress: Progress | None = None
) -> Rebuilt:
    chosen = tuple(table for table in BY_NAME.values() if not names or INNER.get(table.name, table.name) in names)
    began = time.perf_counter()
    with _beside(store) as suffix:
        builder = _Builder(store, suffix)
        if jobs > 1 and store.url is not None:
            from orderledger.infrastructure.views.parallel import build_in_parallel  # few need what it imports

            builder.begin_at(build_in_parallel(store, suffix, jobs, builder.names))
        while builder.advance():
            if progress is not None:
                progress(builder.position, store.recorder.last_position())
        is_equal = ORDER_NAMES not in chosen or _switch_names(store, builder)
        is_equal &= _switch(store, projector, builder, [table for table in chosen if table is not ORDER_NAMES])
        if not names:
            is_equal &= account_facts.rebuild(store.database, suffix)
    rebuilt = tuple(table.name for table in chosen if table.name not in INNER)
    return Rebuilt(rebuilt, builder.events, time.perf_counter() - began, is_equal)


class _Builder:
    """Folds the log into tables of other names."""

    def __init__(self, store: Store, suffix: str) -> None:
        self.suffix = suffix
        self._store = store
        self.names = NameTable(suffix)
        self._fold = TableFold(suffix, also=self.names.take)
        self.events = 0

    @property
    def position(self) -> int:
        return self._fold.position

    def begin_at(self, built: tuple[int, int]) -> None:
        """Others have built up to a position, from so many events."""
        self._fold.position, self.events = built

    def advance(self) -> int:
        """Take the next batch. Returns how many events there were, none at the end of the log."""
        with uncollected(), self._store.database.writing() as session:
            return self.advance_in(session)

    def advance_in(self, session: Session, up_to: int | None = None) -> int:
        """The same in a transaction that is under way, and not beyond a position."""
        count = self._fold.advance(session, BATCH_FAR_BEHIND, up_to)
        self.events += count
        return count


@contextmanager
def _beside(store: Store) -> Iterator[str]:
    """The suffix of empty tables to build in, gone afterwards. Nothing is left of a rebuild that was killed."""
    suffix = f"{SUFFIX}_{uuid.uuid4().hex[:8]}"
    built = re.compile(f"({'|'.join([*BY_NAME, FACTS_TABLE])}){SUFFIX}(_[0-9a-f]{{8}})?")
    _clear_folder(store)
    with store.database.alone() as session:
        for name in filter(built.fullmatch, session.table_names()):
            session.execute(f"DROP TABLE {name}")
        for table in BY_NAME.values():
            session.create(table, suffix)
        account_facts.create(session, suffix)
    try:
        yield suffix
    finally:
        _clear_folder(store)
        with store.database.alone() as session:
            for table in BY_NAME.values():
                session.drop(table, suffix)
            session.execute(f"DROP TABLE IF EXISTS {FACTS_TABLE}{suffix}")


def _clear_folder(store: Store) -> None:
    """Of what rebuilds have made in it. It stays where anything else is there."""
    folder = store.database.folder
    if folder is not None:
        for path in folder.glob(f"{APART}*"):
            path.unlink(missing_ok=True)  # the processes of one that was killed may still be ending
        with suppress(OSError):
            folder.rmdir()


def _switch_names(store: Store, builder: _Builder) -> bool:
    """The same for the index of names, which is as far as the log: nobody may append meanwhile."""
    with store.database.writing() as session:
        session.lock_log()
        while builder.names.advance(session):
            pass
        if _is_same(session, ORDER_NAMES, builder.suffix):
            return True
        with session.unguarded_names():
            _put_in_place(session, ORDER_NAMES, builder.suffix)
        return False


def _put_in_place(session: Session, table: Table, suffix: str) -> None:
    session.execute(f"DELETE FROM {table.name}")
    session.execute(f"INSERT INTO {table.name} SELECT * FROM {table.name}{suffix}")


def _switch(store: Store, projector: Projector, builder: _Builder, chosen: Sequence[Table]) -> bool:
    """In one transaction: bring both to the same place in the log, compare, and put the new rows in place. Where a damaged row
    keeps the live views from getting there, all of them are replaced, whichever were named: they have to be at one place."""
    with suppress(DamagedRow):
        projector.catch_up()
    with store.database.writing() as session:
        position = lock_position(session)
        while builder.position < position and builder.advance_in(session, position):
            pass
        if builder.position > position and chosen:
            chosen = TABLES
            session.execute("UPDATE view_positions SET position = ? WHERE name = ?", (builder.position, VIEWS))
        differing = [table for table in chosen if not _is_same(session, table, builder.suffix)]
        for table in differing:
            _put_in_place(session, table, builder.suffix)
        if len(chosen) == len(TABLES):  # in the same transaction: from here on no older version, which may be open, goes on
            session.execute("UPDATE view_positions SET fold_version = ? WHERE name = ?", (FOLD_VERSION, VIEWS))
    if differing:
        survey(store)
    return not differing


def _is_same(session: Session, table: Table, suffix: str) -> bool:
    """Whether both tables hold the same rows: as many, and each of the live ones equal to the new one with its key."""
    counts = (f"SELECT COUNT(*) FROM {name}" for name in (table.name, table.name + suffix))
    if len({session.execute(count)[0] for count in counts}) > 1:
        return False
    keys = " AND ".join(f"live.{name} = made.{name}" for name in table.key)
    differs = " OR ".join(f"live.{name} {session.differs_from} made.{name}" for name in table.names)
    statement = f"SELECT 1 FROM {table.name} AS live LEFT JOIN {table.name}{suffix} AS made ON {keys} WHERE {differs} LIMIT 1"
    return not session.execute(statement)
