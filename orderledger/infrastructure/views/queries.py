"""Query methods of a ledger. Queries of the views bring them up to date first; queries of events
read the log."""

from collections.abc import AsyncGenerator, Generator, Iterable, Iterator, Sequence
from contextlib import aclosing
from datetime import datetime
from itertools import islice
from typing import Any

from orderledger.domain.values import account_of
from orderledger.infrastructure.storage.store import reaching
from orderledger.infrastructure.views.arguments import (
    asked_of,
    check_argument,
    check_period,
    groups_of,
)
from orderledger.infrastructure.views.histories import event_filter
from orderledger.infrastructure.views.pnl_queries import PnlQueries
from orderledger.infrastructure.views.reading import check_times, one_order
from orderledger.infrastructure.views.views import was_known
from orderledger.projections import queries
from orderledger.projections.account_events import ACCOUNT_EVENTS
from orderledger.projections.anomalies import ANOMALIES
from orderledger.projections.certificates import CERTIFICATES
from orderledger.projections.halts import HALTS
from orderledger.projections.instruments import INSTRUMENTS
from orderledger.projections.marks import MARKS
from orderledger.projections.orders import ORDERS
from orderledger.projections.rows import (
    AccountEventRow,
    AnomalyRow,
    CertificateRow,
    EventRow,
    HaltRow,
    InstrumentRow,
    LatencyRow,
    MarkRow,
    OrderRow,
    ProposalRow,
    TradeRow,
)
from orderledger.projections.view import AnyTable, Row, RowList, RowType


class Queries(PnlQueries):
    """The query methods of a ledger.

    `as_of`: the ledger as it stood then, at a time or after the event at a log position.
    `effective_at`: with the events that had happened by then, as known now. `since` and `until`:
    times from `since` on and before `until`.
    """

    def orders(
        self,
        *,
        open_only: bool = False,
        limit: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
        **where: Any,
    ) -> RowList[OrderRow]:
        """List orders, oldest request first.

        `limit`: at most so many, the last updated. `since` and `until` apply to the time of the
        request; an order that was not requested here counts by its last update. `where`: values of
        columns, e.g. account, instrument, side, status, certainty, strategy, origin.
        """
        check_argument("limit", "count", limit)
        if limit is not None and limit < 1:
            raise ValueError(f"limit takes 1 or more, not {limit}")
        check_period(since, until)
        with self._views(as_of, effective_at) as views:
            is_open = {"is_open": True} if open_only else {}
            return _listed(
                queries.orders(views, limit=limit, since=since, until=until, **where, **is_open)
            )

    def open_orders(self, **where: Any) -> RowList[OrderRow]:
        """List orders that have not ended."""
        return self.orders(open_only=True, **where)

    def order(
        self,
        order_id: str,
        /,
        *,
        account: str | None = None,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
    ) -> OrderRow:
        """Return one order by any of its ids, also earlier ones. Raises UnknownOrder, or
        AmbiguousOrder if several accounts have it."""
        check_argument("order_id", "text", order_id, is_needed=True)
        check_argument("account", "text", account)
        with self._views_of_order(order_id, account, as_of, effective_at) as views:
            return ORDERS.shown(one_order(views, order_id, account))

    def history(
        self,
        order_id: str,
        /,
        *,
        account: str | None = None,
        actor: str | None = None,
        source: str | None = None,
        name: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
    ) -> RowList[EventRow]:
        """List the events of one order, as they were recorded. The filters are those of `events`.
        Raises as `order` does."""
        check_times(as_of, effective_at)
        check_argument("order_id", "text", order_id, is_needed=True)
        check_argument("account", "text", account)
        is_asked_for = event_filter(actor=actor, source=source, name=name, since=since, until=until)
        stored = (
            self._stored_under(order_id, account) if as_of is None and effective_at is None else []
        )
        if not stored:
            with self._views_of_order(order_id, account, as_of, effective_at) as views:
                stream = one_order(views, order_id, account)["stream"]
            with reaching(self._url):
                stored = self._store.recorder.rows_of([stream])
        return _listed(
            row
            for row in self._rows_of(stored)
            if was_known(row["recorded_at"], row["position"], as_of)
            and (effective_at is None or row["at"] <= effective_at)
            and is_asked_for(row)
        )

    def events(
        self,
        *,
        account: str | None = None,
        actor: str | None = None,
        source: str | None = None,
        name: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: int = 0,
        limit: int | None = None,
        follow: bool = False,
    ) -> Iterator[EventRow]:
        """Iterate over the log, in the form of `history`: the events after the position `after`, at
        most `limit`.

        `name` is the name of an event, with or without its version. `since` and `until` apply to
        the time when it happened. With `follow` the iterator waits for new events, of other
        processes too, and ends when the ledger is closed.
        """
        check_argument("account", "text", account)
        check_argument("follow", "flag", follow, is_needed=True)
        check_argument("after", "count", after, is_needed=True)
        check_argument("limit", "count", limit)
        is_asked_for = event_filter(actor=actor, source=source, name=name, since=since, until=until)
        found = (
            row for row in self._events_after(after, account, follow=follow) if is_asked_for(row)
        )
        return islice(found, limit)

    def trades(
        self,
        *,
        include_busted: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
        **where: Any,
    ) -> RowList[TradeRow]:
        """List active fills in the order in which they happened; with `include_busted` also busted
        and corrected ones.

        `since` and `until` apply to the time when the fill happened.
        """
        check_period(since, until)
        with self._views(as_of, effective_at) as views:
            return _listed(
                queries.trades(
                    views, include_busted=include_busted, since=since, until=until, **where
                )
            )

    def stream(
        self,
        view: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
        **where: Any,
    ) -> Generator[Row, None, None]:
        """Iterate over the rows of a view in one consistent state, with a thousand rows in memory
        at a time.

        `view`: orders, trades, anomalies, marks, account_events or certificates, with the filters
        of the method of that name. Of trades only active ones, unless `state` or `include_busted`
        says otherwise. This thread may query and record meanwhile. The database keeps the state
        while the iterator is open: close an iterator that you leave early. With `as_of` or
        `effective_at`, all rows are in memory.
        """
        check_period(since, until)
        check_times(as_of, effective_at)
        table, where = queries.streamed(view, where)
        asked_of(table, where)
        return self._streamed(table, as_of, effective_at, {"since": since, "until": until, **where})

    def latency(
        self,
        *,
        by: Sequence[str] | str = "account",
        account: str | None = None,
        instrument: str | None = None,
        strategy: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
    ) -> RowList[LatencyRow]:
        """Return how long the steps of orders took, by account, or by any of account, strategy,
        hour and instrument.

        Percentiles have four significant digits. `since` and `until` apply to the time of the
        request, as in `orders`. For the latencies of this open ledger itself, see `latencies`.
        """
        check_period(since, until)
        where = {
            "account": account,
            "instrument": instrument,
            "strategy": strategy,
            "since": since,
            "until": until,
        }
        with self._views(as_of, effective_at, is_streaming=True) as views:
            return _listed(queries.latency(views, by=groups_of(by), **where))

    def anomalies(
        self,
        *,
        open_only: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
        **where: Any,
    ) -> RowList[AnomalyRow]:
        """List anomalies with the time when each was cleared; with `open_only` only uncleared ones.

        `since` and `until` apply to the time of detection.
        """
        rows = self._shown(ANOMALIES, as_of, effective_at, where, since, until)
        return _listed(row for row in rows if row["cleared_at"] is None) if open_only else rows

    def proposals(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
        **where: Any,
    ) -> RowList[ProposalRow]:
        """List proposals, the decision on each and who made it, and the orders that carry them out.

        `since` and `until` apply to the time of the proposal.
        """
        check_period(since, until)
        with self._views(as_of, effective_at) as views:
            return _listed(queries.proposals(views, since=since, until=until, **where))

    def instruments(
        self,
        *,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
        **where: Any,
    ) -> RowList[InstrumentRow]:
        """List instruments with their definitions, marks, and positions as reported by the
        venue."""
        return self._shown(INSTRUMENTS, as_of, effective_at, where)

    def marks(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
        **where: Any,
    ) -> RowList[MarkRow]:
        """List the marks of instruments, oldest first. `since` and `until` apply to the time of the
        price."""
        return self._shown(MARKS, as_of, effective_at, where, since, until)

    def account_events(
        self,
        *,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
        **where: Any,
    ) -> RowList[AccountEventRow]:
        """List funding, adjustments and gaps."""
        return self._shown(ACCOUNT_EVENTS, as_of, effective_at, where)

    def certificates(
        self,
        *,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
        **where: Any,
    ) -> RowList[CertificateRow]:
        """List reconciliations: for each comparison with a venue, the counts of matches and the
        open breaks."""
        return self._shown(CERTIFICATES, as_of, effective_at, where)

    def halts(
        self,
        *,
        active_only: bool = False,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
        **where: Any,
    ) -> RowList[HaltRow]:
        """List halts of trading; with `active_only` those that still hold."""
        rows = self._shown(HALTS, as_of, effective_at, where)
        return _listed(row for row in rows if row["resumed_at"] is None) if active_only else rows

    async def aevents(
        self, *, account: str | None = None, after: int = 0
    ) -> AsyncGenerator[EventRow, None]:
        """Iterate over the events after a log position, and wait for new ones, without blocking the
        event loop. As `events` with `follow`; ends when the ledger is closed."""
        check_argument("account", "text", account)
        check_argument("after", "count", after, is_needed=True)
        async with aclosing(self._following.abatches(after)) as batches:
            async for stored in batches:
                for row in self._rows_of(
                    [row for row in stored if account in (None, account_of(row.stream))]
                ):
                    yield row

    def _shown(
        self,
        table: AnyTable,
        as_of: datetime | int | None,
        effective_at: datetime | None,
        where: dict[str, Any],
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> RowList[Any]:
        check_period(since, until)
        with self._views(as_of, effective_at) as views:
            return _listed(views.rows(table.public, since=since, until=until, **where))


def _listed(rows: Iterable[RowType]) -> RowList[RowType]:
    return RowList(rows)
