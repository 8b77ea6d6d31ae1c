"""The fold of the views over Arrow tables: the same one that builds them from a ledger, with
another source of events.

Rows follow from the events of one bucket. Positions follow from the trades and the account events
of one instrument.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from heapq import merge
from itertools import groupby
from typing import TYPE_CHECKING, Any

from orderledger.analytics.archive.rows import batch_of, batches_of, rows_of, schema_of
from orderledger.extend.events import Recorded, codec
from orderledger.extend.values import sides, stream_names
from orderledger.extend.views import Fold, MemoryRows, PositionFold, Table, WholeOrder, tables
from orderledger.rows import AccountEventRow, TradeRow

if TYPE_CHECKING:
    import pyarrow

OF_ORDERS = (tables.ORDERS, tables.TRADES, tables.ANOMALIES)
OF_POSITIONS = (tables.POSITIONS, tables.LOTS, tables.CHECKPOINTS)
OF_INSTRUMENT = ("account", "instrument")
OF_ACCOUNTS = tuple(table for table in tables.TABLES if table not in (*OF_ORDERS, *OF_POSITIONS))

FOLDED = (
    "position",
    "stream",
    "version",
    "name",
    "state",
    "has_evidence",
    "first_position",
    "first_recorded_at",
)
ROWS_AT_ONCE = 2_000

Tables = dict[str, "pyarrow.Table"]


def fold_bucket(events: "pyarrow.Table") -> Tables:
    """The rows that follow from all events of one or more buckets: a table for each view except
    positions.

    `events` has the columns of the archive's `events`, in any order of rows; `evidence`, `bucket`
    and `recorded_at` may be left out. Nothing else is read, and nothing is written.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    events = events.select(list(FOLDED))
    streams = events["stream"].unique()
    of_orders = streams.filter(
        pa.array(
            [stream_names.is_order_stream(stream) for stream in streams.to_pylist()], pa.bool_()
        )
    )
    is_of_order = pc.is_in(events["stream"], value_set=of_orders)
    orders = events.filter(is_of_order).sort_by([("stream", "ascending"), ("version", "ascending")])
    others = events.filter(pc.invert(is_of_order)).sort_by("position")
    return {**_fold_orders(orders), **_fold_others(others)}


def fold_positions(
    trades: "pyarrow.Table", account_events: "pyarrow.Table", instruments: "pyarrow.Table"
) -> Tables:
    """The tables of positions, from all rows of trades and account events with some accounts and
    instruments, in any order. The adjustments of balances of these accounts are needed too.

    `trades` may have the columns of `ENTRIES` alone.
    """
    import pyarrow.compute as pc

    is_active = pc.and_(pc.is_valid(trades["side"]), pc.equal(trades["state"], "active"))
    entries = trades.filter(pc.and_(is_active, pc.is_valid(trades["instrument"]))).select(
        list(tables.ENTRIES.names)
    )
    has_instrument = pc.is_valid(account_events["instrument"])
    facts = account_events.filter(has_instrument)
    openings: dict[str, list[AccountEventRow]] = {}
    for row in rows_of(tables.ACCOUNT_EVENTS, account_events.filter(pc.invert(has_instrument))):
        if row["kind"] == "adjust":
            openings.setdefault(row["account"], []).append(row)
    order = [(name, "ascending") for name in (*OF_INSTRUMENT, "at")]
    terms = {
        tables.INSTRUMENTS.key_of(row): row for row in rows_of(tables.INSTRUMENTS, instruments)
    }
    waiting = _Waiting(OF_POSITIONS)
    sorted_rows = (
        rows_of(table, found.sort_by([*order, (last, "ascending")]))
        for table, found, last in (
            (tables.TRADES, entries, "rank"),
            (tables.ACCOUNT_EVENTS, facts, "position"),
        )
    )
    for key, some in _by_position(merge(*sorted_rows, key=_place_of)):
        rows = MemoryRows()
        if key in terms:
            rows.put(tables.INSTRUMENTS, terms[key])
        for opening in openings.get(key[0], ()):
            rows.put(tables.ACCOUNT_EVENTS, opening)
        fold = PositionFold(rows)
        for entry in some:
            fold.take(entry)
        fold.settle()
        for table in OF_POSITIONS:
            waiting.extend(table, rows.tables[table.name].values())
    return waiting.tables()


def _place_of(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return (*(entry[name] for name in OF_INSTRUMENT), *sides.when(entry))


def _fold_orders(events: "pyarrow.Table") -> Tables:
    waiting, first_records = _Waiting(OF_ORDERS), _FirstRecords()
    order: WholeOrder | None = None
    for recorded in _recorded(events, first_records):
        if order is None or order.stream != recorded.stream:
            _finish(order, waiting)
            order = WholeOrder(recorded.stream, first_records.find)
        order.take(recorded, recorded.event)  # type: ignore[arg-type]
    _finish(order, waiting)
    return waiting.tables()


def _finish(order: WholeOrder | None, waiting: "_Waiting") -> None:
    if order is None:
        return
    if (row := order.order) is not None:
        waiting.extend(tables.ORDERS, [row])
    waiting.extend(tables.TRADES, order.trades)
    waiting.extend(tables.ANOMALIES, order.anomalies)


def _fold_others(events: "pyarrow.Table") -> Tables:
    rows = MemoryRows()
    fold = Fold(rows, has_positions=False)
    for recorded in _recorded(events, _FirstRecords()):
        fold.take(recorded)
    fold.settle()
    waiting = _Waiting(OF_ACCOUNTS)
    for table in OF_ACCOUNTS:
        waiting.extend(table, rows.tables[table.name].values())
    return waiting.tables()


class _FirstRecords:
    """Where and when the fills of attributed orders were first recorded. The archive stores this
    beside each repeated event.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], tuple[int, datetime]] = {}

    def note(self, recorded: Recorded, position: int | None, recorded_at: datetime | None) -> None:
        if recorded.attributed_from and position is not None and recorded_at is not None:
            self._known[recorded.attributed_from] = (position, recorded_at)

    def find(self, fill_id: str, stream: str, version: int) -> tuple[int, datetime] | None:
        return self._known.get((stream, version))


def _recorded(events: "pyarrow.Table", first_records: _FirstRecords) -> Iterator[Recorded]:
    for batch in events.to_batches(max_chunksize=ROWS_AT_ONCE):
        known = [batch.column(name).to_pylist() for name in FOLDED]
        for position, stream, version, name, state, has_evidence, first_position, first_at in zip(
            *known, strict=True
        ):
            recorded = codec.decode(stream, version, name, state, position)
            if has_evidence:
                recorded.evidence = b"null"  # the folds check whether there is any
            if first_position is not None:
                first_records.note(recorded, first_position, first_at)
            yield recorded


class _Waiting:
    """Collects rows of some tables, and converts them to Arrow a thousand or more at a time."""

    def __init__(self, tables: Sequence[Table[Any]]) -> None:
        self._tables = {table.name: table for table in tables}
        self._rows: dict[str, list[Any]] = {table.name: [] for table in tables}
        self._batches: dict[str, list[Any]] = {table.name: [] for table in tables}

    def extend(self, table: Table[Any], rows: Iterable[Mapping[str, object]]) -> None:
        waiting = self._rows[table.name]
        waiting.extend(rows)
        if len(waiting) >= ROWS_AT_ONCE:
            self._batches[table.name] += batches_of(table, waiting)
            waiting.clear()

    def tables(self) -> Tables:
        import pyarrow as pa

        found = {}
        for name, table in self._tables.items():
            if self._rows[name]:
                self._batches[name].append(batch_of(table, self._rows[name]))
            found[name] = pa.Table.from_batches(self._batches[name], schema_of(table))
        return found


def _by_position(
    entries: Iterator[TradeRow | AccountEventRow],
) -> Iterator[tuple[tuple[str, str | None], Iterator[TradeRow | AccountEventRow]]]:
    return groupby(entries, key=lambda entry: (entry["account"], entry["instrument"]))
