"""Checks that the log, its streams, the views and the names agree: folds the whole log separately
and compares every row."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from orderledger.infrastructure.errors import DamagedRow, UnreadableEvent
from orderledger.infrastructure.garbage import uncollected
from orderledger.infrastructure.storage import account_facts
from orderledger.infrastructure.storage.codec import decode
from orderledger.infrastructure.storage.damage import readable_rows
from orderledger.infrastructure.storage.recorder import FactKey, LogRow
from orderledger.infrastructure.storage.store import Store
from orderledger.infrastructure.storage.table_names import FACTS_TABLE
from orderledger.infrastructure.storage.view_versions import stored_position
from orderledger.infrastructure.views.projector import Projector
from orderledger.projections.fold import Fold
from orderledger.projections.names import ORDER_NAMES, MemoryNames, NamesFold
from orderledger.projections.store import MemoryRows
from orderledger.projections.tables import BY_NAME, TABLES
from orderledger.projections.view import AnyRow, Key, RowType, Table

UNGUARDED = "the trigger was dropped or disabled: stored rows may have been changed meanwhile"


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference. `where`: a stream, or a table with the key of a row. `what`: the expected and
    the found value."""

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The numbers of compared items, and the differences."""

    events: int
    streams: int
    rows: int
    differences: tuple[Difference, ...]


def check(
    store: Store,
    projector: Projector,
    progress: Callable[[int, int], None] | None = None,
    most: int = 100,
) -> Checked:
    """Read the whole log, and compare. Reports at most `most` differences, unreadable events
    first."""
    with suppress(
        UnreadableEvent, DamagedRow
    ):  # the views end before it, and the check below reports it
        projector.caught_up()
    with store.database.reading() as session:
        position, last = stored_position(session), session.last_position()
        stored = {table.name: readable_rows(session, table) for table in BY_NAME.values()}
        facts = account_facts.stored(session)
        guards = {*store.missing_guards, *session.missing_guards()}
    with uncollected():
        found = _Check(store, last, position, progress).against(stored, facts, most)
    unguarded = [Difference(name, UNGUARDED) for name in sorted(guards)]
    return replace(found, differences=(*unguarded, *found.differences)[:most])


class _Check:
    """Folds the log separately: the views up to their own position, the names up to the last
    event."""

    def __init__(
        self, store: Store, last: int, position: int, progress: Callable[[int, int], None] | None
    ) -> None:
        self._last, self._position, self._progress = last, position, progress
        self._rows = MemoryRows()
        self._names = MemoryNames()
        self._fold = Fold(self._rows)
        self._names_fold = NamesFold(self._names)
        self._facts: set[FactKey] = set()
        self._versions: dict[str, int] = {}
        self._differences: list[Difference] = []
        self._events = 0
        for row in store.all_rows(up_to=last):
            self._take(row)
        self._fold.settle()

    def against(
        self,
        stored: dict[str, tuple[list[AnyRow], list[DamagedRow]]],
        facts: set[FactKey],
        most: int,
    ) -> Checked:
        names = {
            key: dict(zip(ORDER_NAMES.names, (*key, stream), strict=True))
            for key, stream in self._names.bound.items()
        }
        expected = {**self._rows.tables, ORDER_NAMES.name: names}
        for table in BY_NAME.values():
            rows, damaged = stored[table.name]
            self._differences += [
                Difference(f"{one.table} {one.key} {one.column}", f"is damaged: {one.fault}")
                for one in damaged
            ]
            lost = {one.key for one in damaged}
            wanted = {
                key: row
                for key, row in expected[table.name].items()
                if not lost or _key_text(key) not in lost
            }
            self._differences += _differences(
                table, wanted, {table.key_of(row): row for row in rows}
            )
        for stream, key in sorted(self._facts ^ facts):
            is_missing = (stream, key) in self._facts
            what = (
                "in the log, not among the keys of facts"
                if is_missing
                else "among the keys of facts, not in the log"
            )
            self._differences.append(Difference(f"{FACTS_TABLE} {stream} {key}", what))
        count = sum(len(stored[table.name][0]) for table in TABLES)
        return Checked(self._events, len(self._versions), count, tuple(self._differences[:most]))

    def _take(self, row: LogRow) -> None:
        self._events += 1
        expected = self._versions.get(row.stream, 0) + 1
        if row.version != expected:
            self._differences.append(
                Difference(row.stream, f"version {expected} expected, {row.version} found")
            )
        self._versions[row.stream] = row.version
        try:
            event = decode(*row)
            self._names_fold.take(event)
            self._facts.update(account_facts.facts_in(event))
            if row.position <= self._position:
                self._fold.take(event)
        except UnreadableEvent as error:
            what = f"event {row.position}, version {row.version}, cannot be read: {error.fault}"
            self._differences.append(Difference(row.stream, what))
        if self._progress is not None and self._events % 5_000 == 0:
            self._progress(row.position, self._last)


def _key_text(key: Key) -> str:
    return "/".join(map(str, key))


def _differences(
    table: Table[RowType],
    expected: dict[tuple[object, ...], RowType],
    found: dict[tuple[object, ...], RowType],
) -> Iterator[Difference]:
    for key in {**expected, **found}:
        where = f"{table.name} {_key_text(key)}"
        if key not in found:
            yield Difference(where, "missing in the view")
        elif key not in expected:
            yield Difference(where, "in the view, not in the log")
        else:
            for column in table.columns:
                if expected[key][column.name] != found[key][column.name]:
                    yield Difference(
                        f"{where} {column.name}",
                        f"the log gives {expected[key][column.name]}, the view has "
                        f"{found[key][column.name]}",
                    )
