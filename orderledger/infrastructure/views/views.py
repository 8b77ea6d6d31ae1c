"""The source of query results: the live views in the database (`stored_views`), or views folded
from the log as of another time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from heapq import nlargest
from operator import itemgetter
from typing import Any, Protocol, cast

from orderledger.domain.exact import plain
from orderledger.domain.orders.commands import OrderRequested
from orderledger.domain.orders.identity import NameKind
from orderledger.domain.orders.judgements import (
    AnomalyCleared,
    AnomalyDetected,
    EvidenceForgotten,
    OrderAttributed,
)
from orderledger.domain.recorded import Recorded
from orderledger.infrastructure.deadline import (
    ITEMS_BETWEEN_LOOKS,
    check_time,
    current,
    within_time,
)
from orderledger.infrastructure.storage.codec import decode
from orderledger.infrastructure.storage.store import Store
from orderledger.infrastructure.views.arguments import asked_of
from orderledger.infrastructure.views.paging import Place
from orderledger.projections.agreement import agreement_of
from orderledger.projections.anomalies import ANOMALIES
from orderledger.projections.derived_anomalies import derived_anomalies
from orderledger.projections.fold import Fold, Streams, nothing_earlier
from orderledger.projections.groups import SHOWN_OF_GROUPS, is_grouped, with_group
from orderledger.projections.marks import MARKS, MarkRow
from orderledger.projections.names import MemoryNames, NameKey, NamesFold
from orderledger.projections.orders import ORDERS, OrderRow, StoredOrderRow
from orderledger.projections.rates import USUAL, RateRules
from orderledger.projections.store import MemoryRows, Source, sort_key
from orderledger.projections.view import AnyRow, AnyTable, RowType, Table

AsOf = datetime | int
"""A time of recording, or a log position, which also separates events recorded at the same time."""


NEWEST_BY = ("updated_at", "stream")
"""The sort key for the last updated orders."""


class Views(Source, Protocol):
    """Rows of the views' tables, and orders by any of their names."""

    def each(
        self,
        table: Table[RowType],
        *,
        columns: tuple[str, ...] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        **where: Any,
    ) -> Iterator[RowType]:
        """The same rows, one at a time. With `columns`, rows have at least these."""

    def page(
        self,
        place: Place[RowType],
        *,
        columns: tuple[str, ...],
        missing: tuple[str, ...] = (),
        search: str | None = None,
        agreement: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        **where: Any,
    ) -> list[RowType]:
        """The rows of a page and one more. `missing`: columns without a value. `search`: of orders,
        those with an id that begins with this text. `agreement`: of orders, those with this one.
        Rows have at least `columns`."""

    def count(
        self,
        table: AnyTable,
        *,
        missing: tuple[str, ...] = (),
        search: str | None = None,
        agreement: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        **where: Any,
    ) -> int:
        """The number of rows that match."""

    def orders_named(self, name: str, account: str | None) -> list[StoredOrderRow]:
        """The orders with this name: a client order id, the id of a replacement or a request, a
        venue's id, or an alias."""


class RowsWithinTime(MemoryRows):
    """Rows of a fold with a deadline. The end of a fold writes all rows at once."""

    _written = 0

    def put(self, table: Table[RowType], row: RowType) -> None:
        self._written += 1
        if not self._written % ITEMS_BETWEEN_LOOKS:
            check_time()
        super().put(table, row)

    def select(self, table: Table[RowType], **where: Any) -> list[RowType]:
        check_time()
        return super().select(table, **where)


class FoldedViews:
    """The views as of another time: with the events recorded by `as_of`, or that had happened by
    `effective_at`, or both.

    With `effective_at`, all names known at `as_of` decide which order a report belongs to. A row
    shows only the names that had appeared by then, but an order is found by any name known at
    `as_of`.
    """

    rate_rules = USUAL

    def __init__(
        self,
        events: Iterable[Recorded],
        as_of: AsOf | None,
        effective_at: datetime | None,
        streams: Streams = nothing_earlier,
        rate_rules: RateRules = USUAL,
    ) -> None:
        self.rate_rules = rate_rules
        self._rows = MemoryRows() if current() is None else RowsWithinTime()
        self._names = MemoryNames()
        names = NamesFold(self._names)
        fold = Fold(self._rows, streams)
        known = (
            recorded
            for recorded in events
            if was_known(recorded.recorded_at, recorded.position, as_of)
        )
        named = (_taken(names, recorded) for recorded in known)
        for recorded in named if effective_at is None else _happened(named, effective_at):
            fold.take(recorded)
        fold.settle()

    def rows(
        self,
        table: Table[RowType],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        newest: int | None = None,
        **where: Any,
    ) -> list[RowType]:
        rows = [_as_kept(table, row) for row in self._rows.select(table, **asked_of(table, where))]
        if table.name == ANOMALIES.name:
            rows = sorted(
                [*rows, *derived_anomalies(self, table, **where)], key=itemgetter("position")
            )
        rows = matching(table, rows, {}, since, until)
        if table.name == ORDERS.name and set(table.names) >= SHOWN_OF_GROUPS:
            rows = [with_group(self, row) if is_grouped(row) else row for row in rows]
        return (
            rows
            if newest is None
            else sorted(newest_of(rows, newest), key=lambda row: sort_key(table, row))
        )

    def each(
        self,
        table: Table[RowType],
        *,
        columns: tuple[str, ...] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        **where: Any,
    ) -> Iterator[RowType]:
        return iter(self.rows(table, since=since, until=until, **where))

    def last_marks(self, moment: datetime, account: str | None) -> list[MarkRow]:
        marks = [row for row in self.rows(MARKS, account=account) if row["at"] <= moment]
        return list(
            {(row["account"], row["instrument"]): row for row in marks}.values()
        )  # they are in the order of their times

    def page(
        self, place: Place[RowType], *, columns: tuple[str, ...], **asked: Any
    ) -> list[RowType]:
        return place.rows_of(self._matching(place.table, **asked))

    def count(self, table: AnyTable, **asked: Any) -> int:
        return len(self._matching(table, **asked))

    def _matching(
        self,
        table: Table[RowType],
        *,
        missing: tuple[str, ...] = (),
        search: str | None = None,
        agreement: str | None = None,
        **asked: Any,
    ) -> list[RowType]:
        rows = matching(table, self.rows(table, **asked), {}, missing=missing)
        if agreement is not None:
            rows = [row for row in rows if agreement_of(cast(OrderRow, row)) == agreement]
        if search is None:
            return rows
        streams = self._names.streams_where(lambda key: _begins_with(key, search))
        return [
            row
            for row in rows
            if row["stream"] in streams or str(row["client_order_id"] or "").startswith(search)
        ]

    def orders_named(self, name: str, account: str | None) -> list[StoredOrderRow]:
        rows = self.rows(ORDERS, account=account)
        exact = [row for row in rows if row["client_order_id"] == name]
        if exact:
            return exact
        streams = self._names.streams_where(lambda key: _is_called(key, name))
        return [row for row in rows if row["stream"] in streams]


def _taken(names: NamesFold, recorded: Recorded) -> Recorded:
    names.take(recorded)
    return recorded


def _is_called(key: NameKey, name: str) -> bool:
    """Check for the name itself, or the value of an alias."""
    _, kind, known = key
    return name == known or (kind == NameKind.ALIAS and name == known.partition("=")[2])


def _begins_with(key: NameKey, text: str) -> bool:
    _, kind, known = key
    return known.startswith(text) or (
        kind == NameKind.ALIAS and known.partition("=")[2].startswith(text)
    )


def _as_kept(table: Table[RowType], row: RowType) -> RowType:
    """The columns of the table, with numbers as the database returns them: 1E+3 is 1000 there, and
    1.10 is 1.1."""
    kept: dict[str, Any] = {name: row[name] for name in table.names}
    numbers = ((name, kept[name]) for name, kind in table.kinds.items() if kind == "number")
    kept |= {name: Decimal(plain(value)) for name, value in numbers if value is not None}
    return cast(RowType, kept)


def matching(
    table: Table[RowType],
    rows: Iterable[RowType],
    asked: Mapping[str, Any],
    since: datetime | None = None,
    until: datetime | None = None,
    missing: Sequence[str] = (),
) -> list[RowType]:
    """The rows with these values, with a time of this period, and without a value in the columns
    `missing`."""
    return [
        row
        for row in rows
        if all(row[name] == value for name, value in asked.items())
        and all(row[name] is None for name in missing)
        and ((since is None and until is None) or _is_between(table.time_of(row), since, until))
    ]


def newest_of(rows: Iterable[RowType], count: int) -> list[RowType]:
    """At most `count` orders, the last updated."""
    return nlargest(count, rows, key=_newest)


def _is_between(moment: datetime | None, since: datetime | None, until: datetime | None) -> bool:
    return (
        moment is not None
        and (since is None or since <= moment)
        and (until is None or moment < until)
    )


def _newest(row: AnyRow) -> tuple[Any, ...]:
    return tuple((row[name] is not None, row[name]) for name in NEWEST_BY)


def folded(store: Store, as_of: AsOf | None, effective_at: datetime | None) -> FoldedViews:
    """The views as of another time.

    A position limits how far the log is read. A time does not: clocks of several processes may
    differ, so a later event may have an earlier time of recording.
    """
    rows = store.all_rows(as_of) if isinstance(as_of, int) else store.all_rows()
    events = within_time(decode(*row) for row in rows)
    return FoldedViews(events, as_of, effective_at, rate_rules=store.rate_rules)


def was_known(recorded_at: datetime, position: int | None, as_of: AsOf | None) -> bool:
    """Check whether an event was in the log by that time or position. An unstored event is known
    only without `as_of`."""
    if isinstance(as_of, int):
        return position is not None and position <= as_of
    return as_of is None or recorded_at <= as_of


def _happened(events: Iterable[Recorded], moment: datetime) -> Iterator[Recorded]:
    """The events that had happened by then. An order without facts shows no anomalies.

    An attribution counts whenever it was recorded, unless the order was requested afterwards.
    Attributions come last, because only the whole log shows such a request.
    """
    begun: set[str] = set()
    attributions: dict[str, Recorded] = {}
    for recorded in events:
        event, stream = recorded.event, recorded.stream
        if isinstance(event, OrderAttributed):
            attributions[stream] = recorded
            continue
        if isinstance(event, OrderRequested):
            attributions.pop(stream, None)
        is_judgement = isinstance(event, (AnomalyDetected, AnomalyCleared, EvidenceForgotten))
        if recorded.at <= moment and (stream in begun or not is_judgement):
            begun.add(stream)
            yield recorded
    yield from (recorded for stream, recorded in attributions.items() if stream in begun)
