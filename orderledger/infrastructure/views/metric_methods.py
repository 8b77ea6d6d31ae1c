"""`ledger.metrics`: the latency of orders, and of this ledger's own work."""

from typing import Annotated, get_args

from orderledger.infrastructure.messages.outcome import OutcomeWord
from orderledger.infrastructure.views.arguments import check_period, groups_of
from orderledger.infrastructure.views.parameters import (
    Account,
    AsOf,
    EffectiveAt,
    Groups,
    Instrument,
    Since,
    Strategy,
    Until,
)
from orderledger.infrastructure.views.reading import Namespace
from orderledger.projections import queries
from orderledger.projections.histogram import Histogram
from orderledger.projections.latency import GROUPS as LATENCY_GROUPS
from orderledger.projections.rows import LatencyRow
from orderledger.projections.view import RowList


class MetricMethods(Namespace):
    """The latency of orders, and durations and outcomes of this ledger since it was opened:
    `ledger.metrics`."""

    def latency(
        self,
        *,
        by: Annotated[Groups, "Group by any of these.", LATENCY_GROUPS] = "account",
        account: Account = None,
        instrument: Instrument = None,
        strategy: Strategy = None,
        since: Since = None,
        until: Until = None,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
    ) -> RowList[LatencyRow]:
        """Show how long the steps of orders took.

        Microseconds by our clock (`ours`: when events were recorded) and by the venue's (`venue`:
        the times in its reports, less our time of sending). Percentiles have four significant
        digits. Then, by group: orders, rejected, denied, unresolved, and timeouts among the
        unresolved. `since` and `until` compare the time of the request, as in `orders`.
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
            return RowList(queries.latency(views, by=groups_of(by), **where))

    def durations(self) -> dict[str, dict[str, int]]:
        """Durations since this ledger was opened: waiting for a commit, committing, and views
        behind a commit.

        `queue`, `commit` and `views` each have the count and the maximum, and the median, 90th and
        99th percentile of the last 10,000; all but the count in microseconds.
        """
        return self._ledger._latencies.shown()

    def histograms(self) -> dict[str, Histogram]:
        """Return all durations since the ledger was opened, in buckets, under the names of
        `durations`."""
        return self._ledger._latencies.histograms()

    def outcomes(self) -> dict[str, int]:
        """Messages that this ledger was given since it was opened, by outcome. A message object
        that is invalid was never one."""
        counts = self._ledger._latencies.outcomes
        return {outcome: counts[outcome] for outcome in get_args(OutcomeWord)}
