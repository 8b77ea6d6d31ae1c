"""`ledger.reconciliations`: certificates, and how orders agree with the reports of their venues."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from orderledger.infrastructure.views.arguments import check_argument
from orderledger.infrastructure.views.paging import LONGEST_PAGE, Order, Page, place_of
from orderledger.infrastructure.views.parameters import Account, AsOf, EffectiveAt, Since, Until
from orderledger.infrastructure.views.questions import Between, Word
from orderledger.infrastructure.views.reading import Namespace
from orderledger.infrastructure.views.stored_views import StoredViews
from orderledger.infrastructure.views.views import Views
from orderledger.projections.agreement import (
    AGREEMENTS,
    NEEDED,
    ReconciledOrderRow,
    ReconciliationRow,
    agreement_counts,
    last_report,
    reconciled_order_row,
    reconciliation_row,
)
from orderledger.projections.certificates import CERTIFICATES, CertificateRow
from orderledger.projections.orders import ORDERS, OrderRow
from orderledger.projections.view import RowList


class ReconciliationMethods(Namespace):
    """Certificates of reconciliations, and how orders agree with the reports of their venues:
    `ledger.reconciliations`."""

    def certificates(
        self,
        *,
        since: Since = None,
        until: Until = None,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
        **where: Annotated[Any, CERTIFICATES],
    ) -> RowList[CertificateRow]:
        """List certificates of reconciliations: the counts of matches, and the open breaks.

        `since` and `until` compare the time of the reconciliation.
        """
        return self._ledger._shown(CERTIFICATES, as_of, effective_at, where, since, until)

    def last_certificates(self) -> list[CertificateRow]:
        """Return the last certificate of each account."""
        with self._views(None, None) as views:
            if isinstance(views, StoredViews):
                return views.last_certificates()
            last = {row["account"]: row for row in views.rows(CERTIFICATES)}
            return [last[account] for account in sorted(last)]

    def by_account(
        self,
        *,
        account: Account = None,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
    ) -> RowList[ReconciliationRow]:
        """Count the orders of each account that agree with the venue's reports.

        Also those that differ, and those that the venue never reported. All orders count.
        `reconciled_at` is null where nobody has compared the account with its venue.
        """
        check_argument("account", "text", account)
        with self._views(as_of, effective_at) as views:
            counts, last = _counts(views, account), _last_certificates(views, account)
        rows = [
            reconciliation_row(name, counts.get(name), last.get(name))
            for name in sorted({*counts, *last})
        ]
        return RowList(rows)

    def orders(
        self,
        *,
        agreement: Annotated[
            str | None,
            "Only orders that differ, that are unmatched (the venue never reported anything), or "
            "that agree.",
            AGREEMENTS,
        ] = None,
        limit: Annotated[int, "Maximum number of rows.", Between(1, LONGEST_PAGE)] = 200,
        after: Annotated[str | None, "The cursor `after` of the page before."] = None,
        order: Annotated[
            Order, "newest: the last updated first. asc or desc: by account."
        ] = "newest",
        account: Account = None,
        with_count: Annotated[
            bool, "Also give `count`, the number of all rows that match.", Word("count")
        ] = False,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
    ) -> Page:
        """List orders beside the newest report of the venue about each, in pages.

        Whether they differ is decided over all orders.

        Raises InvalidCursor for a cursor of another list.
        """
        check_argument("account", "text", account)
        if agreement not in (None, *AGREEMENTS):
            raise ValueError(f"agreement: {agreement!r:.100} is not one of {', '.join(AGREEMENTS)}")
        place, position = place_of(ORDERS, order, limit, after), self._ledger._last_position()
        with self._views(as_of, effective_at) as views:
            found = views.page(place, columns=NEEDED, agreement=agreement, account=account)
            count = (
                views.count(ORDERS, agreement=agreement, account=account) if with_count else None
            )
        rows = self._beside_reports(found[:limit], as_of, effective_at)
        return Page(
            rows,
            place.cursor_after(found[limit - 1]) if len(found) > limit else None,
            count,
            position,
        )

    def _beside_reports(
        self, orders: Sequence[OrderRow], as_of: AsOf, effective_at: datetime | None
    ) -> RowList[ReconciledOrderRow]:
        events = self._ledger._events_known_of(
            as_of, effective_at, [order["stream"] for order in orders]
        )
        rows = [
            reconciled_order_row(order, last_report(events.get(order["stream"], ())))
            for order in orders
        ]
        return RowList(rows)


def _counts(views: Views, account: str | None) -> dict[str, dict[str, int]]:
    if isinstance(views, StoredViews):
        return views.agreement_counts(account)
    orders = views.rows(ORDERS, account=account)
    return agreement_counts(orders)


def _last_certificates(views: Views, account: str | None) -> dict[str, CertificateRow]:
    rows = views.last_certificates() if isinstance(views, StoredViews) else views.rows(CERTIFICATES)
    return {row["account"]: row for row in rows if account in (None, row["account"])}
