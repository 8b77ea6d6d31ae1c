"""Proves that the log, its streams and the views agree: folds the whole log by itself and compares every row."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from orderledger.infrastructure.errors import UnreadableEvent
from orderledger.infrastructure.garbage import uncollected
from orderledger.infrastructure.storage.codec import decode
from orderledger.infrastructure.storage.store import Store
from orderledger.infrastructure.views.projector import Projector, stored_position
from orderledger.projections.fold import Fold
from orderledger.projections.store import MemoryRows
from orderledger.projections.tables import TABLES, Key, Row, Table


@dataclass(frozen=True, slots=True)
class Difference:
    """`where`: a stream or a table with the key of a row. `what`: what was expected there, and what was found."""

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What was compared, and what differs."""

    events: int
    streams: int
    rows: int
    differences: tuple[Difference, ...]


def check(store: Store, projector: Projector, progress: Callable[[int, int], None] | None = None, most: int = 100) -> Checked:
    """Read the whole log, and compare. At most `most` differences are told, events that cannot be read first."""
    with suppress(UnreadableEvent):  # it is found again below, and the views end before it
        projector.caught_up()
    with store.database.reading() as session:
        position = stored_position(session)
        stored = {table.name: {table.key_of(row): row for row in session.select(table)} for table in TABLES}
    last = store.recorder.last_position()
    with uncollected():
        return _check(store, last, position, stored, progress, most)


def _check(
    store: Store,
    last: int,
    position: int,
    stored: dict[str, dict[Key, Row]],
    progress: Callable[[int, int], None] | None,
    most: int,
) -> Checked:
    """Read up to the last event, and fold up to the position that the views have."""
    rows = MemoryRows()
    fold = Fold(rows)
    versions: dict[str, int] = {}
    differences: list[Difference] = []
    events = 0
    for row in store.all_rows(up_to=last):
        events += 1
        expected = versions.get(row.stream, 0) + 1
        if row.version != expected:
            differences.append(Difference(row.stream, f"version {expected} expected, {row.version} found"))
        versions[row.stream] = row.version
        try:
            event = decode(*row)
            if row.position <= position:
                fold.take(event)
        except UnreadableEvent as error:
            what = f"event {row.position}, version {row.version}, cannot be read: {error.fault}"
            differences.append(Difference(row.stream, what))
        if progress is not None and events % 5_000 == 0:
            progress(row.position, last)
    fold.settle()
    for table in TABLES:
        differences += _differences(table, rows.tables[table.name], stored[table.name])
    return Checked(events, len(versions), sum(map(len, stored.values())), tuple(differences[:most]))


def _differences(
    table: Table, expected: dict[tuple[object, ...], Row], found: dict[tuple[object, ...], Row]
) -> Iterator[Difference]:
    for key in {**expected, **found}:
        where = f"{table.name} {'/'.join(map(str, key))}"
        if key not in found:
            yield Difference(where, "missing in the view")
        elif key not in expected:
            yield Difference(where, "in the view, not in the log")
        else:
            for column in table.columns:
                if expected[key][column.name] != found[key][column.name]:
                    yield Difference(
                        f"{where} {column.name}",
                        f"the log gives {expected[key][column.name]}, the view has {found[key][column.name]}",
                    )
