"""Query methods of a ledger. Queries of the views bring them up to date first; queries of events
read the log."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Annotated, Any

from orderledger.infrastructure.storage.store import reaching
from orderledger.infrastructure.views.arguments import (
    check_period,
)
from orderledger.infrastructure.views.balance_queries import BalanceQueries
from orderledger.infrastructure.views.histories import event_filter
from orderledger.infrastructure.views.log_methods import LogMethods
from orderledger.infrastructure.views.metric_methods import MetricMethods
from orderledger.infrastructure.views.paging import LONGEST_PAGE
from orderledger.infrastructure.views.parameters import (
    Account,
    Actor,
    AsOf,
    EffectiveAt,
    EventName,
    EventSource,
    Newest,
    OpenOnly,
    OrderId,
    Since,
    Until,
)
from orderledger.infrastructure.views.pnl_queries import PnlQueries
from orderledger.infrastructure.views.questions import Between, Word
from orderledger.infrastructure.views.reading import NEVER, one_order
from orderledger.infrastructure.views.reconciliation_methods import ReconciliationMethods
from orderledger.infrastructure.views.view_methods import ViewMethods
from orderledger.infrastructure.views.views import was_known
from orderledger.projections import queries
from orderledger.projections.anomalies import ANOMALIES
from orderledger.projections.halts import HALTS
from orderledger.projections.instruments import INSTRUMENTS
from orderledger.projections.marks import MARKS
from orderledger.projections.orders import ORDERS
from orderledger.projections.proposals import PROPOSALS
from orderledger.projections.rows import (
    AnomalyRow,
    EventRow,
    HaltRow,
    InstrumentRow,
    MarkRow,
    OrderRow,
    ProposalRow,
    TradeRow,
)
from orderledger.projections.trades import TRADES
from orderledger.projections.view import RowList, RowType


class Queries(PnlQueries, BalanceQueries):
    """The query methods of a ledger.

    `as_of`: the ledger as it stood then, at a time or after the event at a log position.
    `effective_at`: with the events that had happened by then, as known now. `since` and `until`:
    times from `since` on and before `until`.
    """

    @cached_property
    def views(self) -> ViewMethods:
        """Rows of a view in pages and one after the other, and the upkeep of the views."""
        return ViewMethods(self)

    @cached_property
    def log(self) -> LogMethods:
        """Events in pages and as they are recorded."""
        return LogMethods(self)

    @cached_property
    def reconciliations(self) -> ReconciliationMethods:
        """Certificates, and how orders agree with the reports of their venues."""
        return ReconciliationMethods(self)

    @cached_property
    def metrics(self) -> MetricMethods:
        """The latency of orders, and of this ledger's own work."""
        return MetricMethods(self)

    def orders(
        self,
        *,
        open_only: OpenOnly = False,
        search: Annotated[
            str | None,
            "Only orders with an id that begins with this: ours, a replacement's, the venue's, or "
            "an alias.",
        ] = None,
        limit: Newest = None,
        since: Since = None,
        until: Until = None,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
        **where: Annotated[Any, ORDERS],
    ) -> RowList[OrderRow]:
        """List orders, oldest request first.

        `since` and `until` compare the time of the request; of an order that was not requested
        here, the time of its last update.
        """
        check_period(since, until)
        is_open = {"is_open": True} if open_only else {}
        asked: dict[str, Any] = {"since": since, "until": until, **where, **is_open}
        if search is not None:
            asked |= {"search": search, "as_of": as_of, "effective_at": effective_at}
            return self._searched(limit, asked)
        with self._views(as_of, effective_at) as views:
            return _listed(queries.orders(views, limit=limit, **asked))

    def _searched(self, limit: int | None, asked: dict[str, Any]) -> RowList[OrderRow]:
        """The orders with an id that is searched for, oldest request first."""
        rows: list[OrderRow] = []
        after: str | None = None
        while True:
            page = self.views.page("orders", after=after, limit=LONGEST_PAGE, **asked)
            rows += page.rows
            if (after := page.after) is None:
                break
        newest = sorted(rows, key=lambda row: row["updated_at"] or NEVER)[-(limit or 0) :]
        kept = {row["stream"] for row in newest}
        return _listed(row for row in rows if row["stream"] in kept)

    def open_orders(self, **where: Any) -> RowList[OrderRow]:
        """List orders that have not ended."""
        return self.orders(open_only=True, **where)

    def order(
        self,
        order_id: OrderId,
        /,
        *,
        account: Account = None,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
    ) -> OrderRow:
        """Show one order, by any of its ids.

        Raises UnknownOrder, or AmbiguousOrder if several accounts have it.
        """
        with self._views_of_order(order_id, account, as_of, effective_at) as views:
            return ORDERS.shown(one_order(views, order_id, account))

    def history(
        self,
        order_id: OrderId,
        /,
        *,
        account: Account = None,
        actor: Actor = None,
        source: EventSource = None,
        name: EventName = None,
        since: Since = None,
        until: Until = None,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
    ) -> RowList[EventRow]:
        """List the events of one order, as recorded.

        Raises as `order` does.
        """
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
        account: Account = None,
        actor: Actor = None,
        source: EventSource = None,
        name: EventName = None,
        since: Since = None,
        until: Until = None,
        stream: Annotated[str | None, "Only events of this stream."] = None,
        correlation_id: Annotated[str | None, "Only events with this correlation id."] = None,
        recorded_since: Annotated[datetime | None, "Only events recorded then or later."] = None,
        recorded_until: Annotated[datetime | None, "Only events recorded before this."] = None,
        after: Annotated[int, "Only events after this log position.", Between()] = 0,
        limit: Annotated[int | None, "Maximum number of events.", Between(1)] = None,
        follow: bool = False,
    ) -> Iterator[EventRow]:
        """List the events of the log.

        `since` and `until` compare the time when the event happened.

        In Python this is an iterator. With `follow` it waits for new events, of other processes
        too, and ends when the ledger is closed.
        """
        is_asked_for = event_filter(
            actor=actor,
            source=source,
            name=name,
            since=since,
            until=until,
            stream=stream,
            correlation_id=correlation_id,
            recorded_since=recorded_since,
            recorded_until=recorded_until,
        )
        found = (
            row for row in self._events_after(after, account, follow=follow) if is_asked_for(row)
        )
        return islice(found, limit)

    def trades(
        self,
        *,
        include_busted: Annotated[bool, "Also busted and corrected fills.", Word("all")] = False,
        since: Since = None,
        until: Until = None,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
        **where: Annotated[Any, TRADES],
    ) -> RowList[TradeRow]:
        """List trades: active fills, in the order in which they happened.

        `since` and `until` compare the time when the fill happened.
        """
        check_period(since, until)
        with self._views(as_of, effective_at) as views:
            return _listed(
                queries.trades(
                    views, include_busted=include_busted, since=since, until=until, **where
                )
            )

    def anomalies(
        self,
        *,
        open_only: OpenOnly = False,
        since: Since = None,
        until: Until = None,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
        **where: Annotated[Any, ANOMALIES],
    ) -> RowList[AnomalyRow]:
        """List anomalies, including cleared ones.

        `since` and `until` compare the time of detection.
        """
        rows = self._shown(ANOMALIES, as_of, effective_at, where, since, until)
        return _listed(row for row in rows if row["cleared_at"] is None) if open_only else rows

    def proposals(
        self,
        *,
        since: Since = None,
        until: Until = None,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
        **where: Annotated[Any, PROPOSALS],
    ) -> RowList[ProposalRow]:
        """List proposals, their decisions and orders.

        `since` and `until` compare the time of the proposal.
        """
        check_period(since, until)
        with self._views(as_of, effective_at) as views:
            return _listed(queries.proposals(views, since=since, until=until, **where))

    def instruments(
        self,
        *,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
        **where: Annotated[Any, INSTRUMENTS],
    ) -> RowList[InstrumentRow]:
        """List instrument definitions and marks, and positions as reported by the venue."""
        return self._shown(INSTRUMENTS, as_of, effective_at, where)

    def marks(
        self,
        *,
        since: Since = None,
        until: Until = None,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
        **where: Annotated[Any, MARKS],
    ) -> RowList[MarkRow]:
        """List the marks of instruments: prices that value open positions.

        `since` and `until` compare the time of the price.
        """
        return self._shown(MARKS, as_of, effective_at, where, since, until)

    def halts(
        self,
        *,
        active_only: Annotated[bool, "Only halts that still hold.", Word("active")] = False,
        since: Since = None,
        until: Until = None,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
        **where: Annotated[Any, HALTS],
    ) -> RowList[HaltRow]:
        """List halts of trading.

        `since` and `until` compare the time when trading was halted.
        """
        rows = self._shown(HALTS, as_of, effective_at, where, since, until)
        return _listed(row for row in rows if row["resumed_at"] is None) if active_only else rows


def _listed(rows: Iterable[RowType]) -> RowList[RowType]:
    return RowList(rows)
