"""`ledger.views`: rows of a view in pages and one after the other, and the upkeep of the views."""

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from orderledger.infrastructure.storage.store import reaching
from orderledger.infrastructure.views.arguments import asked_of, check_argument, check_period
from orderledger.infrastructure.views.check import Checked, check
from orderledger.infrastructure.views.paging import (
    Order,
    Page,
    place_of,
)
from orderledger.infrastructure.views.reading import Namespace, check_times
from orderledger.infrastructure.views.rebuild import Rebuilt, rebuild
from orderledger.infrastructure.views.stored_views import StoredViews
from orderledger.projections import queries
from orderledger.projections.account_counts import AccountCountsRow, count_by_account
from orderledger.projections.orders import ORDERS
from orderledger.projections.rows import OrderRow
from orderledger.projections.view import Row, RowList


class ViewMethods(Namespace):
    """Rows of the views in pages, one after the other, and in one state; and the upkeep of the
    views: `ledger.views`."""

    def page(
        self,
        view: str,
        *,
        limit: int = 200,
        after: str | None = None,
        order: Order = "asc",
        columns: Sequence[str] | None = None,
        search: str | None = None,
        with_count: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
        **where: Any,
    ) -> Page:
        """Return a page of a view: at most `limit` rows, after the cursor `after` of the page
        before.

        `view`: orders, trades, anomalies, proposals, instruments, account_events, certificates or
        halts, with the filters of the method of that name. `order`: asc as the other methods, desc,
        or newest: the latest first, of orders the last updated. `columns`: only these. `search`: of
        orders, those with an id that begins with this text. `with_count`: also count all rows that
        match. Raises InvalidCursor for a cursor of another list.
        """
        table, where, missing = queries.paged(view, where)
        check_period(since, until)
        check_argument("search", "text", search)
        asked_of(table, where)
        shown = queries.columns_shown(table, columns)
        place = place_of(table, order, limit, after)
        asked: dict[str, Any] = {
            "missing": missing,
            "search": search,
            "since": since,
            "until": until,
            **where,
        }
        position = self._ledger._last_position()
        with self._views(as_of, effective_at) as views:
            found = views.page(place, columns=queries.columns_needed(table, shown), **asked)
            count = views.count(table, **asked) if with_count else None
            rows = queries.rows_shown(views, table, found[:limit], shown)
        following = place.cursor_after(found[limit - 1]) if len(found) > limit else None
        return Page(RowList(rows), following, count, position)

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
        of the query of that name. Of trades only active ones, unless `state` or `include_busted`
        says otherwise. This thread may query and record meanwhile. The database keeps the state
        while the iterator is open: close an iterator that you leave early. With `as_of` or
        `effective_at`, all rows are in memory.
        """
        check_period(since, until)
        check_times(as_of, effective_at)
        flag, column = queries.OPEN_WHILE_MISSING.get(view, ("", ""))
        missing = column if where.pop(flag, False) else None
        table, where = queries.streamed(view, where)
        asked_of(table, where)
        asked = {"since": since, "until": until, **where}
        return self._ledger._streamed(table, as_of, effective_at, asked, missing)

    def changed_orders(self, streams: Sequence[str]) -> list[OrderRow]:
        """Return the orders of these streams as they are now, in no order. A stream without an
        order has none."""
        with self._views(None, None) as views:
            if isinstance(views, StoredViews):
                return views.orders_in(streams)
            wanted = set(streams)
            return [row for row in queries.orders(views) if row["stream"] in wanted]

    def account_counts(self, since: datetime) -> list[AccountCountsRow]:
        """Return counts of orders by account: all, open and unresolved ones, and those that are
        new, changed or ended since."""
        check_argument("since", "time", since, is_needed=True)
        with self._views(None, None) as views:
            if isinstance(views, StoredViews):
                return views.counts_by_account(since)
            orders = views.rows(ORDERS)
        return count_by_account(orders, since)

    def in_one_state(self) -> AbstractContextManager[None]:
        """Let queries of this thread in the block see the ledger in one state, and in one
        transaction. The block must not record."""
        return self._ledger._in_one_state()

    # Upkeep

    def rebuild(
        self,
        names: Sequence[str] = (),
        *,
        jobs: int = 1,
        progress: Callable[[int, int], None] | None = None,
    ) -> Rebuilt:
        """Rebuild views beside the live ones, in `jobs` processes, and then replace the live ones.
        Recording continues."""
        with reaching(self._url):
            return rebuild(
                self._store, self._ledger._projector, names, jobs=jobs, progress=progress
            )

    def check(self, *, progress: Callable[[int, int], None] | None = None) -> Checked:
        """Compare the whole log with its streams and the views."""
        with reaching(self._url):
            return check(self._store, self._ledger._projector, progress)

    def catch_up(self, progress: Callable[[int], None] | None = None) -> int:
        """Bring the views up to the end of the log now. Every query does this by itself."""
        with reaching(self._url):
            return self._ledger._projector.catch_up(progress)

    def raise_for_fault(self) -> None:
        """Raise StoreUnreachable, with the reason, if the views should be updated in the background
        but are not."""
        fault = self._ledger._follower.fault()
        if fault is not None:
            with reaching(self._url):
                raise fault
