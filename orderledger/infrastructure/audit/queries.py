"""Query methods for auditors. Each reads the log beside the views; what it makes of them is in `projections`."""

from datetime import datetime

from orderledger.domain.recorded import Recorded
from orderledger.domain.values import proposal_stream
from orderledger.infrastructure.storage.store import reaching
from orderledger.infrastructure.views.arguments import check_argument
from orderledger.infrastructure.views.queries import Queries
from orderledger.infrastructure.views.reading import check_times, one_order
from orderledger.infrastructure.views.views import was_known
from orderledger.projections.audit_rows import Explanation
from orderledger.projections.orders import ORDERS
from orderledger.projections.view import Row


class AuditQueries(Queries):
    """The query methods of a ledger, with those for auditors."""

    def explain(
        self,
        order_id: str,
        /,
        *,
        account: str | None = None,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
    ) -> Explanation:
        """Explain an order in sentences: what happened, each event with both clocks, who and why; what is not known; and what the
        order is now. Raises as `order` does."""
        from orderledger.projections.explanation import explanation  # here, so that other queries start as fast as without it

        row = self._order_asked(order_id, account, as_of, effective_at)
        with reaching(self._url):
            return explanation(
                ORDERS.shown(row),
                events := self._known_events([row["stream"]], as_of, effective_at),
                self._known_events(_origins(events), as_of, effective_at),
                self._known_events(_proposal(row), as_of, effective_at),
            )

    def _order_asked(
        self, order_id: str, account: str | None, as_of: datetime | int | None, effective_at: datetime | None
    ) -> Row:
        check_times(as_of, effective_at)
        check_argument("order_id", "text", order_id, is_needed=True)
        check_argument("account", "text", account)
        with self._views_of_order(order_id, account, as_of, effective_at) as views:
            return one_order(views, order_id, account)

    def _known_events(self, streams: list[str], as_of: datetime | int | None, effective_at: datetime | None) -> list[Recorded]:
        """The events of these streams that were known, and had happened, by then. In log order."""
        found = (recorded for events in self._store.events_of(streams).values() for recorded in events) if streams else ()
        known = (
            recorded
            for recorded in found
            if was_known(recorded.recorded_at, recorded.position, as_of) and (effective_at is None or recorded.at <= effective_at)
        )
        return sorted(known, key=lambda recorded: recorded.position or 0)


def _origins(events: list[Recorded]) -> list[str]:
    """The streams whose reports were attributed to the order."""
    return list(dict.fromkeys(event.attributed_from[0] for event in events if event.attributed_from is not None))


def _proposal(row: Row) -> list[str]:
    """The stream of the proposal that the order carries out."""
    proposal_id = (row["links"] or {}).get("proposal_id")
    return [] if proposal_id is None else [proposal_stream(row["account"], proposal_id)]
