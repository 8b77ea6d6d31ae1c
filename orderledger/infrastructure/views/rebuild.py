"""Builds new views from the log beside the live ones, and then replaces the live rows."""

import re
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from orderledger.infrastructure.errors import DamagedRow, InvalidSetting, StoreError
from orderledger.infrastructure.garbage import uncollected
from orderledger.infrastructure.storage import account_facts
from orderledger.infrastructure.storage.database import Session
from orderledger.infrastructure.storage.name_index import NameTable
from orderledger.infrastructure.storage.recorder import FACTS_TABLE
from orderledger.infrastructure.storage.store import Store
from orderledger.infrastructure.storage.view_versions import lock_position, mark_current, move, stored
from orderledger.infrastructure.views.building import ALL, Plan, build, plan_of
from orderledger.infrastructure.views.projector import (
    BATCH_FAR_BEHIND,
    Projector,
    TableFold,
    ViewsOutdated,
    survey,
)
from orderledger.projections.names import ORDER_NAMES
from orderledger.projections.position_tables import POSITIONS
from orderledger.projections.tables import TABLES, VIEWS, tables_behind, tables_of
from orderledger.projections.view import Table

SUFFIX = "__rebuilt"
"""Suffix of the tables to build in. Each rebuild adds random letters, so that a rebuild that lost its lock with its connection
unnoticed does not disturb the next one."""

APART = f"views{SUFFIX}."
"""Prefix of the files that several processes fill. It marks them as ours."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Result of a rebuild. `is_equal`: whether the new rows equal the replaced ones."""

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
    """Rebuild the named views, or all. Recording goes on. Raises InvalidSetting for an unknown name."""
    if isinstance(names, str):
        raise TypeError(f"names takes a sequence of names, not one text: [{names!r}]")
    if unknown := [name for name in names if name not in VIEWS]:
        raise InvalidSetting("names", f"{unknown[0]!r} is no view: {', '.join(VIEWS)}")
    with store.database.rebuilding():
        return _rebuild(store, projector, {*names, *_outdated(store)} if names else VIEWS, jobs, progress)


def rebuild_outdated(store: Store, projector: Projector) -> None:
    """Rebuild the views that an older version made, and leave the others. Raises StoreVersion if a newer version made one."""
    if not _outdated(store):
        return
    with store.database.rebuilding():
        if outdated := _outdated(store):  # otherwise another process has rebuilt them meanwhile
            _rebuild(store, projector, outdated)


def _outdated(store: Store) -> set[str]:
    with store.database.reading() as session:
        return stored(session)[1]


def _rebuild(
    store: Store, projector: Projector, views: Collection[str], jobs: int = 1, progress: Progress | None = None
) -> Rebuilt:
    began = time.perf_counter()
    try:
        events, is_equal = _build_and_switch(store, projector, views, jobs, progress)
    except _LiveViewsStopped:
        events, is_equal = _build_and_switch(store, projector, VIEWS, jobs, progress)
    return Rebuilt(tuple(name for name in VIEWS if name in views), events, time.perf_counter() - began, is_equal)


class _LiveViewsStopped(Exception):
    """A damaged row stops the live views before the position of the new ones, so that all views are to be replaced."""


def _build_and_switch(
    store: Store, projector: Projector, views: Collection[str], jobs: int, progress: Progress | None
) -> tuple[int, bool]:
    """Returns the number of events, and whether the new rows equal the old ones."""
    chosen, is_all = tables_of(views), len(views) == len(VIEWS)
    end = _end(store, chosen)
    suffix, up_to = f"{SUFFIX}_{uuid.uuid4().hex[:8]}", store.recorder.last_position() if end is None else end
    plan = plan_of(tables_behind(views), suffix, up_to, has_facts=is_all)
    with _beside(store, plan, jobs) as folder:
        count, paths = _build(store, plan, jobs, folder, progress)
        with store.database.attached(paths):
            builder = _Builder(store, plan, count)
            while builder.advance(end):
                if progress is not None:
                    progress(builder.events, store.recorder.last_position())
            is_equal = ORDER_NAMES not in chosen or _switch_names(store, builder)
            is_equal &= _switch(store, projector, builder, [table for table in chosen if table is not ORDER_NAMES])
            if is_all:
                is_equal &= account_facts.switch(store.database, suffix, up_to)
    return builder.events, is_equal


def _build(store: Store, plan: Plan, jobs: int, folder: Path | None, progress: Progress | None) -> tuple[int, list[str]]:
    """Build the tables. Returns the number of events, and the files with the tables, none if they are in the database itself."""

    def counted(count: int) -> None:
        if progress is not None:
            progress(count, plan.up_to)

    if jobs > 1 and store.url is not None:
        from orderledger.infrastructure.views.parallel import build_in_parallel  # imported here because few callers need it

        return build_in_parallel(store, plan, jobs, folder, counted)
    path = None if folder is None else str(folder / f"{APART}0")
    with store.database.side_database(path) as side:
        if path is not None:
            with side.writing() as session:
                plan.create(session, ALL)
        with uncollected():
            return build(store, side, plan, counted), [] if path is None else [path]


def _end(store: Store, chosen: Sequence[Table]) -> int | None:
    """The position to build up to, None for the end of the log.

    Nobody updates the other views while some are outdated, and no view may be ahead of them.
    """
    with store.database.reading() as session:
        position, outdated = stored(session)
    return position if outdated and not set(TABLES) <= set(chosen) else None


class _Builder:
    """Folds what was recorded during a rebuild into the new tables."""

    def __init__(self, store: Store, plan: Plan, events: int) -> None:
        self.suffix = plan.suffix
        self.is_whole = plan.wants_all
        self.events = events
        self._store = store
        self.names = NameTable(plan.suffix, plan.up_to)
        self._fold = TableFold(plan.suffix, plan.up_to, also=self.names.take, has_positions=plan.wants(POSITIONS))
        if plan.wants(ORDER_NAMES):
            with store.database.writing() as session:
                self.names.bind_others(session)

    @property
    def position(self) -> int:
        return self._fold.position

    def advance(self, up_to: int | None = None) -> int:
        """Take the next batch, not beyond a position. Returns the number of events, 0 at the end."""
        with uncollected(), self._store.database.writing() as session:
            return self.advance_in(session, up_to)

    def advance_in(self, session: Session, up_to: int | None = None) -> int:
        """Take the next batch in a running transaction, not beyond a position."""
        count = self._fold.advance(session, BATCH_FAR_BEHIND, up_to)
        self.events += count
        return count


@contextmanager
def _beside(store: Store, plan: Plan, jobs: int) -> Iterator[Path | None]:
    """The folder for the files of new tables. None if they are in the database itself: then they are there, empty. All of it is
    removed at the end. Also removes what a killed rebuild left."""
    _clear_folder(store)
    _drop(store, re.compile(f"({'|'.join([table.name for table in ALL] + [FACTS_TABLE])}){SUFFIX}(_[0-9a-f]{{8}})?"))
    folder = _make_folder(store, is_needed=jobs > 1)
    if folder is None:
        with store.database.alone() as session:
            plan.create(session, ALL)
    try:
        yield folder
    finally:
        _clear_folder(store)
        if folder is None:
            _drop(store, re.compile(f".*{plan.suffix}"))


def _drop(store: Store, names: re.Pattern[str]) -> None:
    with store.database.reading() as session:
        found = list(filter(names.fullmatch, session.table_names()))
    if found:
        with store.database.alone() as session:
            for name in found:
                session.execute(f"DROP TABLE IF EXISTS {name}")


def _make_folder(store: Store, *, is_needed: bool) -> Path | None:
    """Make the folder beside the database. If there is something in the way, one process can do without."""
    folder = store.database.folder
    if folder is None:
        return None
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if is_needed:
            raise StoreError(f"{folder} is in the way of a rebuild with several processes, and no rebuild made it") from None
        return None
    return folder


def _clear_folder(store: Store) -> None:
    """Remove the files of rebuilds, and the folder if nothing else is in it."""
    folder = store.database.folder
    if folder is not None:
        for path in folder.glob(f"{APART}*"):
            path.unlink(missing_ok=True)  # processes of a killed rebuild may still be ending, and remove it
        with suppress(OSError):
            folder.rmdir()


def _switch_names(store: Store, builder: _Builder) -> bool:
    """Replace the name index. It must match the end of the log, so appends wait meanwhile."""
    with store.database.writing() as session:
        session.lock_log()
        while builder.names.advance(session):
            pass
        mark_current(session, (ORDER_NAMES.name,))
        if _is_same(session, ORDER_NAMES, builder.suffix):
            return True
        with session.unguarded_names():
            _put_in_place(session, ORDER_NAMES, builder.suffix)
        return False


def _put_in_place(session: Session, table: Table, suffix: str) -> None:
    session.execute(f"DELETE FROM {table.name}")
    session.execute(f"INSERT INTO {table.name} SELECT * FROM {table.name}{suffix}")


def _switch(store: Store, projector: Projector, builder: _Builder, chosen: Sequence[Table]) -> bool:
    """In one transaction, bring live and new rows to the same log position, compare them, and replace the live ones.

    If a damaged row stops the live views before that position, all views are replaced, whichever were named: they share one
    position.
    """
    with suppress(DamagedRow, ViewsOutdated):
        projector.follow()
    with store.database.writing() as session:
        position = lock_position(session)
        while builder.position < position and builder.advance_in(session, position):
            pass
        if builder.position > position and chosen:
            if not builder.is_whole:
                raise _LiveViewsStopped
            chosen = TABLES
            move(session, builder.position)
        differing = [table for table in chosen if not _is_same(session, table, builder.suffix)]
        for table in differing:
            _put_in_place(session, table, builder.suffix)
        # in this transaction, so that an older version that is still open cannot go on
        mark_current(session, (table.name for table in chosen if table.name in VIEWS))
    if differing:
        survey(store)
    return not differing


def _is_same(session: Session, table: Table, suffix: str) -> bool:
    """Compare two tables: as many rows, and each live row equal to the new row with its key."""
    counts = (f"SELECT COUNT(*) FROM {name}" for name in (table.name, table.name + suffix))
    if len({session.execute(count)[0] for count in counts}) > 1:
        return False
    keys = " AND ".join(f"live.{name} = made.{name}" for name in table.key)
    differs = " OR ".join(f"live.{name} {session.differs_from} made.{name}" for name in table.names)
    statement = f"SELECT 1 FROM {table.name} AS live LEFT JOIN {table.name}{suffix} AS made ON {keys} WHERE {differs} LIMIT 1"
    return not session.execute(statement)
