"""Builds new views from the log beside the live ones, and then replaces the live rows."""

import time
import uuid
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orderledger.infrastructure.errors import DamagedRow, InvalidSetting
from orderledger.infrastructure.garbage import uncollected
from orderledger.infrastructure.storage import account_facts
from orderledger.infrastructure.storage.database import Session
from orderledger.infrastructure.storage.name_index import NameTable
from orderledger.infrastructure.storage.store import Store
from orderledger.infrastructure.storage.view_versions import (
    lock_position,
    mark_current,
    move,
    stored,
)
from orderledger.infrastructure.views.beside import APART, SUFFIX, beside
from orderledger.infrastructure.views.building import build
from orderledger.infrastructure.views.plan import ALL, Plan, plan_of
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
from orderledger.projections.view import AnyTable

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
    store: Store,
    projector: Projector,
    names: Sequence[str] = (),
    *,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Rebuilt:
    """Rebuild the named views, or all. Recording continues. Raises InvalidSetting for an unknown
    name."""
    if unknown := [name for name in names if name not in VIEWS]:
        raise InvalidSetting("names", f"{unknown[0]!r} is not a view: {', '.join(VIEWS)}")
    with store.database.rebuilding():
        return _rebuild(
            store, projector, {*names, *_outdated(store)} if names else VIEWS, jobs, progress
        )


def rebuild_outdated(store: Store, projector: Projector) -> None:
    """Rebuild the views that an older version made, and leave the others. Raises StoreVersion if a
    newer version made one."""
    if not _outdated(store):
        return
    with store.database.rebuilding():
        if outdated := _outdated(store):  # otherwise another process has rebuilt them meanwhile
            _rebuild(store, projector, outdated)


def build_anew(
    store: Store,
    projector: Projector,
    progress: Callable[[int], None],
    is_enough: Callable[[], bool],
) -> int:
    """Build the views from the beginning of the log, as a rebuild does. This is faster than
    updating views that lack most of the log. Returns the number of events. Stops without any change
    when `is_enough` returns true."""

    def look(done: int, total: int) -> None:
        progress(done)
        if is_enough():
            raise _Enough

    views = [
        name for name in VIEWS if name != ORDER_NAMES.name
    ]  # names are written with the events
    with store.database.rebuilding():
        if not projector.is_worth_building_anew():  # another process has updated them meanwhile
            return 0
        with suppress(_Enough):
            return _build_and_switch(store, projector, views, 1, look, follows=False)[0]
    return 0


class _Enough(Exception):
    """The caller of `build_anew` has to do something else."""


def _outdated(store: Store) -> set[str]:
    with store.database.reading() as session:
        return stored(session)[1]


def _rebuild(
    store: Store,
    projector: Projector,
    views: Collection[str],
    jobs: int = 1,
    progress: Progress | None = None,
) -> Rebuilt:
    began = time.perf_counter()
    try:
        events, is_equal = _build_and_switch(store, projector, views, jobs, progress)
    except _LiveViewsStopped:
        events, is_equal = _build_and_switch(store, projector, VIEWS, jobs, progress)
    return Rebuilt(
        tuple(name for name in VIEWS if name in views),
        events,
        time.perf_counter() - began,
        is_equal,
    )


class _LiveViewsStopped(Exception):
    """A damaged row stops the live views before the position of the new ones, so all views must be
    replaced."""


def _build_and_switch(
    store: Store,
    projector: Projector,
    views: Collection[str],
    jobs: int,
    progress: Progress | None,
    *,
    follows: bool = True,
) -> tuple[int, bool]:
    """Returns the number of events, and whether the new rows equal the old ones. `follows`: bring
    the old rows up to the position of the new ones first."""
    chosen, is_all = tables_of(views), len(views) == len(VIEWS)
    end = _end(store, chosen)
    suffix, up_to = (
        f"{SUFFIX}_{uuid.uuid4().hex[:8]}",
        store.recorder.last_position() if end is None else end,
    )
    plan = plan_of(tables_behind(views), suffix, up_to, has_facts=is_all)
    with beside(store, plan, jobs) as folder:
        count, paths = _build(store, plan, jobs, folder, progress)
        with store.database.attached(paths):
            builder = _Builder(store, plan, count)
            while builder.advance(end):
                if progress is not None:
                    progress(builder.events, store.recorder.last_position())
            is_equal = ORDER_NAMES not in chosen or _switch_names(store, builder)
            if follows:
                with suppress(DamagedRow, ViewsOutdated):
                    projector.follow()
            is_equal &= _switch(
                store, builder, [table for table in chosen if table is not ORDER_NAMES]
            )
            if is_all:
                is_equal &= account_facts.switch(store.database, suffix, up_to)
    return builder.events, is_equal


def _build(
    store: Store, plan: Plan, jobs: int, folder: Path | None, progress: Progress | None
) -> tuple[int, list[str]]:
    """Build the tables. Returns the number of events, and the files with the tables, none if they
    are in the database itself."""

    def counted(count: int) -> None:
        if progress is not None:
            progress(count, plan.up_to)

    if jobs > 1 and store.url is not None:
        from orderledger.infrastructure.views.parallel import (
            build_in_parallel,
        )  # imported here because few callers need it

        return build_in_parallel(store, plan, jobs, folder, counted)
    path = None if folder is None else str(folder / f"{APART}0")
    with store.database.side_database(path) as side:
        if path is not None:
            with side.writing() as session:
                plan.create(session, ALL)
        with uncollected():
            return build(store, side, plan, counted), [] if path is None else [path]


def _end(store: Store, chosen: Sequence[AnyTable]) -> int | None:
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
        self._fold = TableFold(
            plan.suffix, plan.up_to, also=self.names.take, has_positions=plan.wants(POSITIONS)
        )
        if plan.wants(ORDER_NAMES):
            with store.database.writing() as session:
                self.names.bind_others(session)

    @property
    def position(self) -> int:
        return self._fold.position

    def advance(self, up_to: int | None = None) -> int:
        """Take the next batch, not beyond a position. Returns the number of events, 0 at the
        end."""
        with uncollected(), self._store.database.writing() as session:
            return self.advance_in(session, up_to)

    def advance_in(self, session: Session, up_to: int | None = None) -> int:
        """Take the next batch in a running transaction, not beyond a position."""
        count = self._fold.advance(session, BATCH_FAR_BEHIND, up_to)
        self.events += count
        return count


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


def _put_in_place(session: Session, table: AnyTable, suffix: str) -> None:
    session.execute(f"DELETE FROM {table.name}")
    session.execute(f"INSERT INTO {table.name} SELECT * FROM {table.name}{suffix}")


def _switch(store: Store, builder: _Builder, chosen: Sequence[AnyTable]) -> bool:
    """In one transaction, bring live and new rows to the same log position, compare them, and
    replace the live ones.

    If a damaged row stops the live views before that position, all views are replaced, whichever
    were named: they share one position.
    """
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
        # in this transaction, so that an older version that is still open cannot continue
        mark_current(session, (table.name for table in chosen if table.name in VIEWS))
    if differing:
        survey(store)
    return not differing


def _is_same(session: Session, table: AnyTable, suffix: str) -> bool:
    """Compare two tables: as many rows, and each live row equal to the new row with its key."""
    counts = (f"SELECT COUNT(*) FROM {name}" for name in (table.name, table.name + suffix))
    if len({session.execute(count)[0] for count in counts}) > 1:
        return False
    keys = " AND ".join(f"live.{name} = made.{name}" for name in table.key)
    differs = " OR ".join(f"live.{name} {session.differs_from} made.{name}" for name in table.names)
    statement = (
        f"SELECT 1 FROM {table.name} AS live LEFT JOIN {table.name}{suffix} AS made ON {keys} "
        f"WHERE {differs} LIMIT 1"
    )
    return not session.execute(statement)
