"""Tables of a ledger in one consistent state: now, or as of another time."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from orderledger.analytics.computed import COMPUTED, State, computed
from orderledger.analytics.relations import EVENTS, RELATIONS
from orderledger.analytics.table import LedgerTable, finished
from orderledger.extend.runtime import needed
from orderledger.extend.store import LogRow as StoredRow
from orderledger.extend.store import Store, columns
from orderledger.extend.values import plain
from orderledger.extend.views import (
    AsOf,
    Kind,
    StoredViews,
    Table,
    Views,
    arguments,
    histories,
    was_known,
)
from orderledger.rows import EventRow

if TYPE_CHECKING:
    import pyarrow

ROWS_AT_ONCE = 10_000
EVENTS_AT_ONCE = 5_000

CELLS: Mapping[Kind, Callable[[Any], Any]] = {"number": plain, "json": columns.json_text}


class Tables:
    """The tables of a ledger in one state. `where`: values of columns, for each table that has
    them."""

    def __init__(
        self,
        views: Views,
        store: Store,
        state: State,
        as_of: AsOf | None,
        effective_at: datetime | None,
    ) -> None:
        self._views = views
        self._store = store
        self._state = state
        self._as_of = as_of
        self._effective_at = effective_at

    def table(self, name: str, *, of_each: Collection[str] = (), **where: Any) -> LedgerTable:
        """One table. `of_each`: as in `computed`. Raises ValueError for an unknown name or
        filter."""
        table = known(name)
        asked = arguments.asked_of(table, where)
        if table is EVENTS:
            return finished(table, self._events(asked))
        if name in COMPUTED:
            rows = computed(name, self._state, asked, of_each=of_each)
            return finished(table, arrow_of(table, rows))
        if isinstance(self._views, StoredViews):
            condition, values = self._views.condition(table, None, None, asked)
            found = self._views.session.arrow(table, condition, values)
            try:
                return finished(
                    table, found.sort_by([(one, "ascending") for one in table.order_by])
                )
            except needed("pyarrow", "analytics").ArrowException:
                self._views.rows(table, **asked)  # raises DamagedRow, which names the row
                raise
        return finished(table, arrow_of(table, self._views.rows(table, **asked)))

    def _events(self, asked: dict[str, Any]) -> "pyarrow.Table":
        effective_at = self._effective_at
        rows = (
            row for row in self._event_rows() if effective_at is None or row["at"] <= effective_at
        )
        return arrow_of(EVENTS, with_values(rows, asked))

    def _event_rows(self) -> Iterator[EventRow]:
        """The events of this state, in log order, with their evidence."""
        as_of, stored = self._as_of, self._stored_events()
        while group := list(islice(stored, EVENTS_AT_ONCE)):
            rows, error = histories.stored_event_rows(self._store, group)
            yield from (
                row for row in rows if was_known(row["recorded_at"], row["position"], as_of)
            )
            if error is not None:
                raise error

    def _stored_events(self) -> Iterator[StoredRow]:
        """The stored events up to this state, in log order."""
        if isinstance(self._views, StoredViews):
            yield from self._stored_now(self._views)
            return
        as_of = self._as_of
        yield from self._store.all_rows(as_of) if isinstance(as_of, int) else self._store.all_rows()

    def _stored_now(self, views: StoredViews) -> Iterator[StoredRow]:
        """The events that the transaction of the views contains."""
        position = 0
        while stored := views.session.stored_after(position, EVENTS_AT_ONCE):
            yield from (StoredRow(*one) for one in stored)
            position = stored[-1][4]


def known(name: str) -> Table[Any]:
    """The table of this name. Raises ValueError if there is none."""
    if name not in RELATIONS:
        raise ValueError(f"{name!r:.100} is not a table: {', '.join(RELATIONS)}")
    return RELATIONS[name]


def with_values(
    rows: Iterable[Mapping[str, object]], asked: Mapping[str, Any]
) -> Iterator[Mapping[str, object]]:
    """The rows with these values."""
    return (row for row in rows if all(row[name] == value for name, value in asked.items()))


def arrow_of(table: Table[Any], rows: Iterable[Mapping[str, object]]) -> "pyarrow.Table":
    """Rows as columns: numbers and JSON as text, times as timestamps, flags as booleans."""
    pa = needed("pyarrow", "analytics")
    types: dict[Kind, Any] = {
        "time": pa.timestamp("us", tz="UTC"),
        "count": pa.int64(),
        "flag": pa.bool_(),
    }
    schema = pa.schema(
        [(column.name, types.get(column.kind, pa.string())) for column in table.columns]
    )
    remaining, batches = iter(rows), []
    while part := list(islice(remaining, ROWS_AT_ONCE)):
        arrays = [
            pa.array(
                _cells(column.kind, [row[column.name] for row in part]),
                schema.field(column.name).type,
            )
            for column in table.columns
        ]
        batches.append(pa.record_batch(arrays, schema=schema))
    return pa.Table.from_batches(batches, schema)


def _cells(kind: Kind, values: list[Any]) -> list[Any]:
    change = CELLS.get(kind)
    return (
        values if change is None else [None if value is None else change(value) for value in values]
    )


@contextmanager
def tables_of(
    ledger: Any, as_of: AsOf | None = None, effective_at: datetime | None = None
) -> Iterator[Tables]:
    """The tables of a ledger in one state, until the end of the block."""
    needed("pyarrow", "analytics")
    with ledger._views(as_of, effective_at, is_streaming=True) as views:
        events_of = partial(ledger._events_known_of, as_of, effective_at)
        state = State(views, ledger._moment(as_of, effective_at), events_of)
        yield Tables(views, ledger.internals.store, state, as_of, effective_at)
