"""Access of queries to the views and the log: live, streamed, or as of another time."""

import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

from orderledger.domain.orders.judgements import OrderAttributed
from orderledger.domain.recorded import Recorded
from orderledger.domain.stream_names import account_of, order_stream
from orderledger.infrastructure.clock import Clock
from orderledger.infrastructure.errors import AmbiguousOrder, InvalidQuery, UnknownOrder
from orderledger.infrastructure.latency import Latencies
from orderledger.infrastructure.storage.codec import decode
from orderledger.infrastructure.storage.recorder import LogRow
from orderledger.infrastructure.storage.store import Store, reaching
from orderledger.infrastructure.storage.view_versions import stored
from orderledger.infrastructure.views.arguments import check_period
from orderledger.infrastructure.views.checking import check_arguments
from orderledger.infrastructure.views.follower import Follower
from orderledger.infrastructure.views.following import Following
from orderledger.infrastructure.views.histories import stored_event_rows
from orderledger.infrastructure.views.projector import Projector
from orderledger.infrastructure.views.stored_views import StoredViews
from orderledger.infrastructure.views.views import AsOf, FoldedViews, Views, folded, was_known
from orderledger.projections.history import EventRow
from orderledger.projections.orders import StoredOrderRow
from orderledger.projections.view import AnyTable, RowList, RowType, Table

NEVER = datetime.min.replace(tzinfo=UTC)
ATTRIBUTED = OrderAttributed.stored_name


class Reader:
    """Reads the log and the views, after bringing the views up to date."""

    def __init_subclass__(cls) -> None:
        check_arguments(cls)

    def __init__(
        self,
        store: Store,
        url: str,
        projector: Projector,
        follower: Follower,
        latencies: Latencies,
        clock: Clock,
    ) -> None:
        self._store = store
        self._clock = clock
        self._url = url
        self._projector = projector
        self._follower = follower
        self._latencies = latencies
        self._following = Following(store)
        self._here = threading.local()

    @contextmanager
    def _in_one_state(self) -> Iterator[None]:
        if hasattr(self._here, "views"):
            yield
            return
        with self._views(None, None) as views:
            self._here.views = views
            try:
                yield
            finally:
                del self._here.views

    def _last_position(self) -> int:
        with reaching(self._url):
            return self._store.recorder.last_position()

    def _shown(
        self,
        table: AnyTable,
        as_of: AsOf | None,
        effective_at: datetime | None,
        where: dict[str, Any],
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> RowList[Any]:
        """The rows of a view, with these values of columns."""
        check_period(since, until)
        with self._views(as_of, effective_at) as views:
            return RowList(views.rows(table.public, since=since, until=until, **where))

    def _moment(self, as_of: AsOf | None, effective_at: datetime | None) -> datetime:
        """The time for which marks have to serve."""
        return effective_at or (as_of if isinstance(as_of, datetime) else self._clock.now())

    def _check_reached(self, name: str, moment: AsOf) -> None:
        """Raise InvalidQuery for a moment of recording that is not in the past: what is recorded
        until then would change the answer."""
        with reaching(self._url):
            last = self._store.recorder.last_position()
            if isinstance(moment, int):
                if not 0 <= moment <= last:
                    fault = f"the log has no position {moment}, its last is {last}"
                    raise InvalidQuery(f"{name}: {fault}", name)
            elif moment > self._clock.now() and moment > self._recorded_at(last):
                fault = f"{moment.isoformat()} is in the future: the answer may still change"
                raise InvalidQuery(f"{name}: {fault}", name)

    def _recorded_at(self, position: int) -> datetime:
        """The time of an event: after now, where the clock was set back."""
        rows = self._store.recorder.rows_after(position - 1, 1) if position else ()
        return max((decode(*row).recorded_at for row in rows), default=NEVER)

    def _stored_under(self, order_id: str, account: str | None) -> list[LogRow]:
        """The events of the stream that this order id names. Empty if there is none, or if the
        order proved to be another."""
        if account is None:
            return []
        with reaching(self._url):
            stored = self._store.recorder.rows_of([order_stream(account, order_id)])
        return [] if any(row.name == ATTRIBUTED for row in stored) else stored

    def _events_after(
        self, position: int, account: str | None, *, follow: bool = False
    ) -> Iterator[EventRow]:
        for rows in self._following.batches(position, follow=follow):
            yield from self._rows_of(
                [row for row in rows if account in (None, account_of(row.stream))]
            )

    def _rows_of(self, stored: Sequence[LogRow]) -> Iterator[EventRow]:
        """Rows of the `event` view. An event that cannot be read is an error after the rows before
        it."""
        with reaching(self._url):
            rows, error = stored_event_rows(self._store, stored)
        yield from rows
        if error is not None:
            raise error

    def _streamed(
        self,
        table: Table[RowType],
        as_of: AsOf | None,
        effective_at: datetime | None,
        asked: dict[str, Any],
        missing: str | None = None,
    ) -> Generator[RowType, None, None]:
        """The rows one after the other. `missing`: only rows without a value in this column."""

        def shown(found: Iterable[Any]) -> Iterator[RowType]:
            return (table.shown(row) for row in found if missing is None or row[missing] is None)

        if self._store.url is None:  # nobody can write to a store in memory while it is read
            with self._views(as_of, effective_at) as views:
                rows = views.rows(table, **asked)
            yield from shown(rows)
            return
        with self._views(as_of, effective_at, is_streaming=True) as views:
            yield from shown(views.each(table, **asked))

    @contextmanager
    def _views(
        self, as_of: AsOf | None, effective_at: datetime | None, *, is_streaming: bool = False
    ) -> Iterator[Views]:
        is_now = as_of is None and effective_at is None
        if is_now and not is_streaming and hasattr(self._here, "views"):
            yield self._here.views
            return
        with reaching(self._url), ExitStack() as reading:
            live = self._live(reading, is_streaming=is_streaming) if is_now else None
            yield folded(self._store, as_of, effective_at) if live is None else live

    @contextmanager
    def _views_of_order(
        self, order_id: str, account: str | None, as_of: AsOf | None, effective_at: datetime | None
    ) -> Iterator[Views]:
        """The live views, or the views as of another time of the orders with this name alone,
        folded from their own streams."""
        if as_of is None and effective_at is None:
            with self._views(None, None) as views:
                yield views
            return
        with reaching(self._url), ExitStack() as reading:
            live = self._live(reading)
            if live is None:
                yield folded(self._store, as_of, effective_at)
            else:
                events = live.events_of_groups(order_id, account)
                rules = self._store.rate_rules
                yield FoldedViews(events, as_of, effective_at, rate_rules=rules)

    def _events_known_of(
        self, as_of: AsOf | None, effective_at: datetime | None, streams: Iterable[str]
    ) -> dict[str, list[Recorded]]:
        """The events of these streams that were known by `as_of`, and had happened by
        `effective_at`."""
        with reaching(self._url):
            found = self._store.events_of(list(streams))
        return {
            stream: [
                recorded
                for recorded in events
                if was_known(recorded.recorded_at, recorded.position, as_of)
                and (effective_at is None or recorded.at <= effective_at)
            ]
            for stream, events in found.items()
        }

    def _live(self, reading: ExitStack, *, is_streaming: bool = False) -> StoredViews | None:
        """The live views, up to date, until `reading` ends. None if they are behind a log that is
        read-only."""
        database = self._store.database
        while (position := self._projector.caught_up()) is not None:
            session = reading.enter_context(
                database.streaming() if is_streaming else database.reading()
            )
            reached, outdated = stored(session)
            if reached >= position and not outdated:
                return StoredViews(session, self._store.rate_rules)
            reading.close()
            self._projector.restart()
        return None


class Namespace:
    """Methods of a ledger under one name, such as `ledger.audit`.

    It holds the ledger and none of its parts: in a forked process the ledger refuses every use.
    """

    def __init_subclass__(cls) -> None:
        check_arguments(cls)

    def __init__(self, ledger: Reader) -> None:
        self._ledger = ledger

    @property
    def _store(self) -> Store:
        return self._ledger._store

    @property
    def _url(self) -> str:
        return self._ledger._url

    def _check_reached(self, name: str, moment: AsOf) -> None:
        self._ledger._check_reached(name, moment)

    def _views(
        self, as_of: AsOf | None, effective_at: datetime | None, *, is_streaming: bool = False
    ) -> AbstractContextManager[Views]:
        return self._ledger._views(as_of, effective_at, is_streaming=is_streaming)

    def _views_of_order(
        self, order_id: str, account: str | None, as_of: AsOf | None, effective_at: datetime | None
    ) -> AbstractContextManager[Views]:
        return self._ledger._views_of_order(order_id, account, as_of, effective_at)


def one_order(views: Views, name: str, account: str | None) -> StoredOrderRow:
    found = views.orders_named(name, account)
    if not found:
        raise UnknownOrder(name, account)
    if len(found) > 1:
        raise AmbiguousOrder(name, sorted({row["account"] for row in found}))
    return found[0]
