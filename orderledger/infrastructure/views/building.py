"""Builds new tables of views from the log, beside the live ones.

Most rows follow from one stream: the order, its trades, its anomalies. The log is read in the order
of streams for them, each order is folded whole, and each row is written once. Rows that several
streams change follow from the log in its own order (account facts), or from what was built before
(positions from trades). See docs/explanation/rebuild.md.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from orderledger.domain.orders.events import OrderEvent, OrderJudgement
from orderledger.domain.recorded import KINDS
from orderledger.domain.stream_names import is_order_stream
from orderledger.infrastructure.storage import account_facts
from orderledger.infrastructure.storage.codec import UPCASTS, decode
from orderledger.infrastructure.storage.database import Database, Session
from orderledger.infrastructure.storage.name_index import BORNE, bind_plain, borne_rows
from orderledger.infrastructure.storage.recorder import LAST_POSITION
from orderledger.infrastructure.storage.store import Store
from orderledger.infrastructure.views.plan import BY_STREAM, Plan
from orderledger.infrastructure.views.rows import SqlRows
from orderledger.projections.account_events import ACCOUNT_EVENTS, AccountEventRow
from orderledger.projections.anomalies import ANOMALIES
from orderledger.projections.carrying import premium_rows
from orderledger.projections.fold import Fold
from orderledger.projections.instruments import INSTRUMENTS
from orderledger.projections.names import ORDER_NAMES
from orderledger.projections.orders import ORDERS
from orderledger.projections.position_fold import PositionFold
from orderledger.projections.position_tables import POSITIONS
from orderledger.projections.renames import RENAMES, Renames
from orderledger.projections.renaming import rename_trades
from orderledger.projections.sides import when
from orderledger.projections.tables import ENTRIES
from orderledger.projections.trades import TRADES, StoredTradeRow
from orderledger.projections.view import AnyRow, RowType, Table
from orderledger.projections.whole_order import WholeOrder

EVENTS_AT_ONCE = 5_000
ROWS_AT_ONCE = 2_000

OTHER_EVENTS = (
    *(name for name, kind in KINDS.items() if not issubclass(kind, (OrderEvent, OrderJudgement))),
    *UPCASTS,
)
"""Stored names of the events of no order, and of older events, which may be of either kind."""

OF_POSITION = ("account", "instrument")

PositionKey = tuple[str, str]

Count = Callable[[int], object]


def build(store: Store, side: Database, plan: Plan, counted: Count) -> int:
    """Build everything in this process. Returns the number of events. `counted` is called with the
    number so far."""
    count = build_orders(store, side, plan, counted=counted)
    count += build_others(store, side, plan)
    finish_orders(side, plan)
    finish_names(side, plan)
    if plan.wants(POSITIONS):
        build_positions(side, plan, counted=lambda _: counted(count))
    return count


# Orders, stream by stream


def build_orders(
    store: Store,
    side: Database,
    plan: Plan,
    first: str = "",
    before: str | None = None,
    counted: Count = lambda _: None,
) -> int:
    """Build the rows of the orders whose streams are at or after the first and before another.
    Returns the number of events."""
    if not plan.wants(*BY_STREAM):
        return 0
    rows, first_record = _OrderRows(side, plan), _first_record_in(store)
    order: WholeOrder | None = None
    count = 0
    for page in _pages(store, first, before, plan.up_to):
        for stored in page:
            if order is None or order.stream != stored[0]:
                if order is not None:
                    rows.take(order)
                order = WholeOrder(stored[0], first_record) if is_order_stream(stored[0]) else None
            if order is not None:
                recorded = decode(*stored)
                order.take(recorded, recorded.event)  # type: ignore[arg-type]
                count += 1
        counted(count)
    if order is not None:
        rows.take(order)
    rows.write()
    return count


def _pages(
    store: Store, first: str, before: str | None, up_to: int
) -> Iterator[list[tuple[Any, ...]]]:
    """The log in the order of streams, a part in memory at a time. Of streams of no order only the
    first part."""
    place = (first, 0)
    while True:
        with store.database.reading() as session:
            page = session.stored_by_stream(place, before, up_to, EVENTS_AT_ONCE)
        yield page
        if len(page) < EVENTS_AT_ONCE:
            return
        stream, version = page[-1][:2]
        place = (stream, version if is_order_stream(stream) else LAST_POSITION)


def _first_record_in(store: Store) -> Callable[[str, str, int], tuple[int, datetime] | None]:
    def first_record(fill_id: str, stream: str, version: int) -> tuple[int, datetime] | None:
        found = store.recorder.rows_at([(stream, version)])
        if not found:
            return None
        original = decode(*found[0])
        earlier = (
            first_record(fill_id, *original.attributed_from) if original.attributed_from else None
        )
        return earlier or (original.position or 0, original.recorded_at)

    return first_record


class _OrderRows:
    """The rows of orders, written some thousand at a time."""

    def __init__(self, side: Database, plan: Plan) -> None:
        self._side = side
        self._suffix = plan.suffix
        self._rows: dict[str, list[Any]] = {
            table.name: [] for table in BY_STREAM if plan.wants(table)
        }
        self._count = 0

    def take(self, order: WholeOrder) -> None:
        rows = self._rows
        if ORDERS.name in rows and (row := order.order) is not None:
            rows[ORDERS.name].append(row)
        if TRADES.name in rows:
            self._extend(TRADES, order.trades)
        if ANOMALIES.name in rows:
            self._extend(ANOMALIES, order.anomalies)
        if BORNE.name in rows and (order.names or order.attributed):
            self._extend(BORNE, borne_rows(order))
        self._count += 1
        if self._count >= ROWS_AT_ONCE:
            self.write()

    def _extend(self, table: Table[RowType], rows: Iterator[RowType]) -> None:
        waiting = self._rows[table.name]
        for row in rows:
            waiting.append(row)
            if len(waiting) >= 2 * ROWS_AT_ONCE:  # an order may have any number of fills
                self.write()

    def write(self) -> None:
        with self._side.writing() as session:
            for table in BY_STREAM:
                if rows := self._rows.get(table.name):
                    session.append(table, rows, self._suffix)
                    rows.clear()
        self._count = 0


def finish_orders(side: Database, plan: Plan) -> None:
    """Add the keys, and bind the names for which the order of the log does not matter."""
    with side.writing() as session:
        for table in BY_STREAM:
            if plan.wants(table) and table is not BORNE:
                session.add_key(table, plan.suffix)
        if plan.wants(ORDER_NAMES):
            bind_plain(session, plan.suffix)


# Account facts and proposals, in the order of the log


def build_others(store: Store, side: Database, plan: Plan) -> int:
    """Build the rows that follow from events of no order. Returns the number of these events."""
    if not plan.wants_others:
        return 0
    rows = SqlRows(plan.suffix)
    fold = Fold(rows, has_positions=False)
    count = position = 0
    while True:
        with store.database.reading() as session:
            stored = session.stored_named(OTHER_EVENTS, position, plan.up_to, EVENTS_AT_ONCE)
        events = [
            recorded
            for recorded in (decode(*one) for one in stored)
            if not is_order_stream(recorded.stream)
        ]
        with side.writing() as session:
            rows.session = session
            for recorded in events:
                fold.take(recorded)
            fold.settle()
            rows.flush()
            if plan.has_facts:
                account_facts.put(session, plan.suffix, events)
        count += len(events)
        if len(stored) < EVENTS_AT_ONCE:
            return count
        position = stored[-1][4]


# Positions, from the trades in the order in which they happened


def position_ranges(
    side: Database, plan: Plan, parts: int
) -> list[tuple[PositionKey | None, PositionKey | None]]:
    """Divide all positions into ranges with about as many trades: each begins with a position, and
    ends before another."""
    with side.reading() as session:
        names = ", ".join(map(session.first_missing, ("account", "instrument")))
        counts = session.execute(
            f"SELECT account, instrument, COUNT(*) FROM {TRADES.name}{plan.suffix} WHERE "
            f"instrument IS NOT NULL GROUP BY account, instrument ORDER BY {names}"
        )
    total, passed = sum(count for _, _, count in counts), 0
    bounds: list[PositionKey] = []
    for account, instrument, count in counts:
        if passed and passed * parts >= total * (len(bounds) + 1) and len(bounds) < parts - 1:
            bounds.append((account, instrument))
        passed += count
    return list(zip([None, *bounds], [*bounds, None], strict=True))


def build_positions(
    side: Database,
    plan: Plan,
    first: PositionKey | None = None,
    before: PositionKey | None = None,
    counted: Count = lambda _: None,
) -> None:
    """Build the positions of a range of accounts and instruments, from their trades and account
    events."""
    rows = SqlRows(plan.suffix)
    positions = PositionFold(rows)
    with side.writing() as session:
        rows.session = session
        entries = _entries(session, plan.suffix, first, before)
        while batch := list(islice(entries, ROWS_AT_ONCE)):
            for entry in batch:
                positions.take(entry)
            rows.flush()
            counted(len(batch))
        positions.settle()
        rows.flush()


def finish_names(side: Database, plan: Plan) -> None:
    """Put the trades under the latest names of their instruments."""
    if not plan.wants(TRADES):
        return
    rows = SqlRows(plan.suffix)
    with side.writing() as session:
        rows.session = session
        found = rows.select(RENAMES)
        for account in sorted({row["account"] for row in found}):
            renamed = [row for row in found if row["account"] == account]
            names = {name for row in renamed for name in (row["instrument"], row["renamed_to"])}
            rename_trades(rows, account, Renames(renamed), sorted(names))
        rows.flush()


def build_premiums(side: Database, plan: Plan) -> None:
    """Complete the deliveries of settlements whose result is carried into their cost. Each
    instrument can be folded by itself then."""
    rows = SqlRows(plan.suffix)
    with side.writing() as session:
        rows.session = session
        where = "kind = 'delivery'"
        deliveries = [*session.each(ACCOUNT_EVENTS, where, (), suffix=plan.suffix, tail="")]
        if any("premium" in (row["terms"] or {}) for row in deliveries):
            for row in premium_rows(
                deliveries,
                lambda key: rows.select(TRADES, account=key[0], instrument=key[1], state="active"),
                lambda key: rows.select(ACCOUNT_EVENTS, account=key[0], instrument=key[1]),
                lambda key: rows.get(INSTRUMENTS, key),
            ):
                rows.put(ACCOUNT_EVENTS, row)
            rows.flush()


def _entries(
    session: Session, suffix: str, first: PositionKey | None, before: PositionKey | None
) -> Iterator[StoredTradeRow | AccountEventRow]:
    """Trades, adjustments and funding, position by position, in the order in which they
    happened."""
    account, instrument = map(session.exact, ("account", "instrument"))
    tail = f"ORDER BY {account}, {instrument}, at, "
    bounds = [
        (f"({account}, {instrument}) {sign} (?, ?)", key)
        for sign, key in ((">=", first), ("<", before))
        if key
    ]
    where = " AND ".join(["instrument IS NOT NULL", *(condition for condition, _ in bounds)])
    values = [value for _, key in bounds for value in key]
    trades = session.each(
        ENTRIES,
        f"{where} AND side IS NOT NULL AND state = 'active'",
        values,
        suffix=suffix,
        tail=tail + "rank",
    )
    facts = session.each(ACCOUNT_EVENTS, where, values, suffix=suffix, tail=tail + "position")
    parts: Iterable[Iterable[StoredTradeRow | AccountEventRow]] = (trades, facts)
    return merge(*parts, key=place_of)


def place_of(entry: AnyRow) -> tuple[Any, ...]:
    """The order in which positions take entries."""
    return (*(entry[name] for name in OF_POSITION), *when(entry))
