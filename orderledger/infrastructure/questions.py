"""What can be asked of a ledger: answers from the views, each of which brings them up to date first, and from the log."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from orderledger.domain.events import OrderAttributed
from orderledger.domain.values import account_of, order_stream
from orderledger.infrastructure.arguments import check_argument
from orderledger.infrastructure.errors import AmbiguousOrder, UnknownOrder
from orderledger.infrastructure.storage.codec import NAMES, name_of, readable_payload
from orderledger.infrastructure.storage.histories import stored_event_row
from orderledger.infrastructure.storage.projecting import Projector, stored_position
from orderledger.infrastructure.storage.recording import Row as StoredRow
from orderledger.infrastructure.storage.store import Store, reaching
from orderledger.infrastructure.storage.views import StoredViews, Views, folded, was_known
from orderledger.projections import queries
from orderledger.projections.history import event_row
from orderledger.projections.positions import Method
from orderledger.projections.tables import ACCOUNT_EVENTS, ANOMALIES, CERTIFICATES, INSTRUMENTS, ORDERS, Row, Table

ATTRIBUTED = NAMES[OrderAttributed]


class Questions:
    """Methods of every ledger. `as_of`: as the ledger stood then, at a time or after the event at a position of the log;
    `effective_at`: with what happened by then, as known now."""

    def __init__(self, store: Store, url: str, projector: Projector) -> None:
        self._store = store
        self._url = url
        self._projector = projector

    def orders(
        self,
        *,
        open_only: bool = False,
        limit: int | None = None,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
        **where: Any,
    ) -> list[Row]:
        """Orders, oldest request first; with `limit` so many at the most, those of which was heard last. `where`: values of
        columns, e.g. account, instrument, side, status, certainty, strategy, origin."""
        check_argument("limit", "count", limit)
        if limit is not None and limit < 1:
            raise ValueError(f"limit takes 1 or more, not {limit}")
        with self._views(as_of, effective_at) as views:
            return queries.orders(views, limit=limit, **where, **({"is_open": True} if open_only else {}))

    def open_orders(self, **where: Any) -> list[Row]:
        """Orders that have not ended."""
        return self.orders(open_only=True, **where)

    def order(
        self, name: str, *, account: str | None = None, as_of: datetime | int | None = None, effective_at: datetime | None = None
    ) -> Row:
        """One order by any id it has borne. Raises UnknownOrder, or AmbiguousOrder where several accounts have such an order."""
        check_argument("name", "text", name, is_needed=True)
        with self._views(as_of, effective_at) as views:
            return ORDERS.shown(_one(views, name, account))

    def history(
        self, name: str, *, account: str | None = None, as_of: datetime | int | None = None, effective_at: datetime | None = None
    ) -> list[Row]:
        """The events of one order, as they were recorded. Raises as `order` does."""
        _check_times(as_of, effective_at)
        check_argument("name", "text", name, is_needed=True)
        check_argument("account", "text", account)
        stored = self._stored_under(name, account) if as_of is None and effective_at is None else []
        if not stored:
            with self._views(as_of, effective_at) as views:
                stream = _one(views, name, account)["stream"]
            with reaching(self._url):
                stored = self._store.recorder.rows_of([stream])
        return [
            row
            for row in map(stored_event_row, stored)
            if was_known(row["recorded_at"], row["position"], as_of) and (effective_at is None or row["at"] <= effective_at)
        ]

    def _stored_under(self, name: str, account: str | None) -> list[StoredRow]:
        """The stream that has the name of the order, where there is one and the order did not turn out to be another."""
        if account is None:
            return []
        with reaching(self._url):
            stored = self._store.recorder.rows_of([order_stream(account, name)])
        return [] if any(row.name == ATTRIBUTED for row in stored) else stored

    def events(self, *, account: str | None = None) -> Iterator[Row]:
        """The whole log, as `history` shows it, or what it has of one account."""
        check_argument("account", "text", account)
        with reaching(self._url):
            for recorded in self._store.all_events():
                if account in (None, account_of(recorded.stream)):
                    yield event_row(recorded, name_of(recorded.event), readable_payload(recorded.event))

    def trades(
        self,
        *,
        with_busted: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
        **where: Any,
    ) -> list[Row]:
        """Fills that stand, in the order they happened; with `with_busted` also those that were busted or corrected. `since`
        and `until`: those that happened from the one time on, and before the other."""
        check_argument("since", "time", since)
        check_argument("until", "time", until)
        with self._views(as_of, effective_at) as views:
            return queries.trades(views, with_busted=with_busted, since=since, until=until, **where)

    def positions(
        self,
        *,
        method: Method = "average",
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
        **where: Any,
    ) -> list[Row]:
        """Positions with their P&L, and the quantities that open and unresolved orders may add."""
        with self._views(as_of, effective_at) as views:
            return queries.positions(views, method=method, **where)

    def pnl(
        self,
        *,
        method: Method = "average",
        by: Sequence[str] | str = ("account", "instrument"),
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
        **where: Any,
    ) -> list[Row]:
        """P&L by account and instrument, or by any of account, instrument, strategy and day. Methods: average, fifo, lifo."""
        with self._views(as_of, effective_at) as views:
            return queries.pnl(views, method=method, by=_groups(by), **where)

    def anomalies(
        self, *, open_only: bool = False, as_of: datetime | int | None = None, effective_at: datetime | None = None, **where: Any
    ) -> list[Row]:
        """Everything odd that was ever detected, with the time it was cleared; with `open_only` what was not."""
        rows = self._shown(ANOMALIES, as_of, effective_at, where)
        return [row for row in rows if row["cleared_at"] is None] if open_only else rows

    def proposals(self, *, as_of: datetime | int | None = None, effective_at: datetime | None = None, **where: Any) -> list[Row]:
        """Proposals, what was decided about them, and the orders that carry them out."""
        with self._views(as_of, effective_at) as views:
            return queries.proposals(views, **where)

    def instruments(
        self, *, as_of: datetime | int | None = None, effective_at: datetime | None = None, **where: Any
    ) -> list[Row]:
        """Instruments as they were defined, their marks, and what the venue says is held."""
        return self._shown(INSTRUMENTS, as_of, effective_at, where)

    def account_events(
        self, *, as_of: datetime | int | None = None, effective_at: datetime | None = None, **where: Any
    ) -> list[Row]:
        """Funding, adjustments and gaps."""
        return self._shown(ACCOUNT_EVENTS, as_of, effective_at, where)

    def certificates(
        self, *, as_of: datetime | int | None = None, effective_at: datetime | None = None, **where: Any
    ) -> list[Row]:
        """What agreed with the venues each time they were compared, and what did not."""
        return self._shown(CERTIFICATES, as_of, effective_at, where)

    def _shown(
        self, table: Table, as_of: datetime | int | None, effective_at: datetime | None, where: dict[str, Any]
    ) -> list[Row]:
        with self._views(as_of, effective_at) as views:
            return [table.shown(row) for row in views.rows(table, **where)]

    @contextmanager
    def _views(self, as_of: datetime | int | None, effective_at: datetime | None) -> Iterator[Views]:
        _check_times(as_of, effective_at)
        with reaching(self._url):
            position = self._projector.caught_up() if as_of is None and effective_at is None else None
            if position is None:
                yield folded(self._store, as_of, effective_at)
                return
            with self._store.database.reading() as session:
                if stored_position(session) >= position:
                    yield StoredViews(session)
                    return
            self._projector.restart()
            with self._views(None, None) as views:
                yield views


def _check_times(as_of: datetime | int | None, effective_at: datetime | None) -> None:
    if type(as_of) is not int:
        check_argument("as_of", "time", as_of)
    check_argument("effective_at", "time", effective_at)


def _groups(by: Sequence[str] | str) -> tuple[str, ...]:
    if not isinstance(by, (str, list, tuple)):
        raise TypeError(f"by takes names of groups, not {by!r}")
    return tuple(name.strip() for name in by.split(",") if name.strip()) if isinstance(by, str) else tuple(by)


def _one(views: Views, name: str, account: str | None) -> Row:
    found = views.orders_named(name, account)
    if not found:
        raise UnknownOrder(name, account)
    if len(found) > 1:
        raise AmbiguousOrder(name, sorted({row["account"] for row in found}))
    return found[0]
