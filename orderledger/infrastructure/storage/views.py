"""Questions to the views: as they are, or as of another time by folding the log up to then."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from orderledger.domain.events import AnomalyCleared, AnomalyDetected, OrderAttributed, OrderEvent
from orderledger.domain.exact import plain
from orderledger.domain.identity import OUR_IDS, Name, NameKind, names_borne
from orderledger.domain.recorded import Recorded
from orderledger.domain.values import account_of, client_order_id_of, order_stream
from orderledger.infrastructure.arguments import asked_of
from orderledger.infrastructure.garbage import uncollected
from orderledger.infrastructure.storage.database import Session
from orderledger.infrastructure.storage.recording import NAMES_TABLE
from orderledger.infrastructure.storage.store import Store
from orderledger.projections.fold import Fold
from orderledger.projections.store import MemoryRows
from orderledger.projections.tables import ORDERS, Row, Table

AsOf = datetime | int
"""A time of recording, or a position of the log: also where several events were recorded at one time."""


class Views(Protocol):
    """Rows of the views' tables, and orders by any of their names."""

    def rows(self, table: Table, *, since: datetime | None = None, until: datetime | None = None, **where: Any) -> list[Row]:
        """The rows with these values, in the table's order. None as a value does not ask for anything. `since` and `until`
        are about the time `at`: from the one on, before the other."""

    def orders_named(self, name: str, account: str | None) -> list[Row]:
        """The orders that bear the name: a client order id, a replacement's, a request's, a venue's id, an alias."""


class StoredViews:
    """The live views, in one reading transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def rows(self, table: Table, *, since: datetime | None = None, until: datetime | None = None, **where: Any) -> list[Row]:
        asked = [(name, "=", value) for name, value in asked_of(table, where).items()]
        asked += [("at", sign, moment) for sign, moment in ((">=", since), ("<", until)) if moment is not None]
        values = [self._session.to_sql(table.kinds[name], value) for name, _, value in asked]
        order = f"ORDER BY {', '.join(self._session.first_missing(name) for name in table.order_by)}"
        with uncollected():
            return self._session.select(table, " AND ".join(f"{name} {sign} ?" for name, sign, _ in asked), values, tail=order)

    def orders_named(self, name: str, account: str | None) -> list[Row]:
        found = self.rows(ORDERS, client_order_id=name, account=account)
        if found:
            return found
        rows = [row for stream in self.streams_named(name, account) for row in self._order_in(stream)]
        return list({row["stream"]: row for row in rows}.values())

    def _order_in(self, stream: str) -> list[Row]:
        """The order in the stream, or the one that it turned out to be."""
        while not (rows := self.rows(ORDERS, stream=stream)):
            told = [one.event.to for one in self._session.events_of(stream) if isinstance(one.event, OrderAttributed)]
            if not told:
                return []
            stream = told[-1]
        return rows

    def streams_named(self, name: str, account: str | None = None) -> list[str]:
        """The streams of orders that bear the name, other than as their client order id. Of an account its names alone are read,
        of which the key of the table tells where they stand. LIKE takes more than is meant: other cases, on SQLite, and ends of
        longer values."""
        statement = f"SELECT name, stream FROM {NAMES_TABLE} WHERE (name = ? OR (kind = ? AND name LIKE ? ESCAPE '!'))"
        escaped = name.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        values = [name, NameKind.ALIAS.value, f"%={escaped}"]
        if account is not None:
            statement, values = f"{statement} AND account = ?", [*values, account]
        found = self._session.execute(statement, values)
        return list(dict.fromkeys(stream for known, stream in found if name in (known, known.partition("=")[2])))


class FoldedViews:
    """The views as of another time: what was known at `as_of`, or what had happened by `effective_at`, or both. An order has the
    names by which it was known at `as_of`, also where it got them after `effective_at`."""

    def __init__(self, events: Iterable[Recorded], as_of: AsOf | None, effective_at: datetime | None) -> None:
        self._rows = MemoryRows()
        self._names = _Names()
        fold = Fold(self._rows)
        known = (recorded for recorded in events if was_known(recorded.recorded_at, recorded.position, as_of))
        for recorded in _happened(map(self._names.taken, known), effective_at):
            fold.take(recorded)
        fold.settle()

    def rows(self, table: Table, *, since: datetime | None = None, until: datetime | None = None, **where: Any) -> list[Row]:
        rows = [_as_kept(table, row) for row in self._rows.select(table, **asked_of(table, where))]
        if since is None and until is None:
            return rows
        return [row for row in rows if (since is None or since <= row["at"]) and (until is None or row["at"] < until)]

    def orders_named(self, name: str, account: str | None) -> list[Row]:
        rows = self.rows(ORDERS, account=account)
        exact = [row for row in rows if row["client_order_id"] == name]
        if exact:
            return exact
        streams = self._names.streams_named(name)
        return [row for row in rows if row["stream"] in streams]


def _as_kept(table: Table, row: Row) -> Row:
    """With numbers as the tables give them back: 1E+3 is 1000 there, and 1.10 is 1.1."""
    numbers = ((name, row[name]) for name, kind in table.kinds.items() if kind == "number")
    return {**row, **{name: Decimal(plain(value)) for name, value in numbers if value is not None}}


class _Names:
    """The same bindings as in the store: a name stands for the first order that bore it, or what this turned out to be. An id of
    ours that is an order's own, under which it was known, is no other order's name."""

    def __init__(self) -> None:
        self._bound: dict[tuple[str, Name], str] = {}
        self._borne: defaultdict[str, list[tuple[str, Name]]] = defaultdict(list)
        self._streams: set[str] = set()

    def taken(self, recorded: Recorded) -> Recorded:
        event, stream = recorded.event, recorded.stream
        self._streams.add(stream)
        account, own_id = account_of(stream), client_order_id_of(stream)
        if isinstance(event, OrderAttributed):
            for key in self._borne.pop(stream, ()):
                if self._bound[key] == stream:
                    self._bind(key, event.to)
            if own_id is not None:
                self._bind((account, (NameKind.CLIENT, own_id)), event.to)
        elif isinstance(event, OrderEvent):
            for kind, name in names_borne(own_id, event):
                own = order_stream(account, name)
                is_free = own == stream or kind not in OUR_IDS or own not in self._streams
                if is_free and (account, (kind, name)) not in self._bound:
                    self._bind((account, (kind, name)), stream)
        return recorded

    def _bind(self, key: tuple[str, Name], stream: str) -> None:
        self._bound[key] = stream
        self._borne[stream].append(key)

    def streams_named(self, name: str) -> set[str]:
        return {
            stream
            for (_, (kind, known)), stream in self._bound.items()
            if name == known or (kind is NameKind.ALIAS and name == known.partition("=")[2])
        }


def folded(store: Store, as_of: AsOf | None, effective_at: datetime | None) -> FoldedViews:
    """The views as of another time."""
    return FoldedViews(store.all_events(), as_of, effective_at)


def was_known(recorded_at: datetime, position: int | None, as_of: AsOf | None) -> bool:
    """Whether an event was in the log by that time, or stands at that position or before it. One not stored is known only now."""
    if isinstance(as_of, int):
        return position is not None and position <= as_of
    return as_of is None or recorded_at <= as_of


def _happened(events: Iterable[Recorded], effective_at: datetime | None) -> Iterator[Recorded]:
    """What had happened. Which order a report belongs to holds for whatever time is asked about; what is odd about an order does
    not, before the order has any facts."""
    begun: set[str] = set()
    for recorded in events:
        if effective_at is not None and not _had_happened(recorded, effective_at):
            continue
        if not isinstance(recorded.event, (AnomalyDetected, AnomalyCleared)):
            begun.add(recorded.stream)
            yield recorded
        elif recorded.stream in begun:
            yield recorded


def _had_happened(recorded: Recorded, moment: datetime) -> bool:
    return recorded.at <= moment or isinstance(recorded.event, OrderAttributed)
