"""Query methods of a ledger about positions, P&L, equity and exposure."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from functools import partial
from typing import Any, overload

from orderledger.infrastructure.views.agreement import AgreementQueries
from orderledger.infrastructure.views.arguments import (
    check_argument,
    check_period,
    groups_of,
    zone_of,
)
from orderledger.projections import queries
from orderledger.projections.equity import POINTS
from orderledger.projections.equity_points import FEWEST_POINTS
from orderledger.projections.positions import Method
from orderledger.projections.rows import (
    EquityPointRow,
    ExposureRow,
    FillPnlRow,
    PnlGroupRow,
    PnlRow,
    PositionRow,
)
from orderledger.projections.view import RowList


class PnlQueries(AgreementQueries):
    """The query methods about positions and P&L. `Queries` says what their times mean."""

    def positions(
        self,
        *,
        method: Method = "average",
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
        **where: Any,
    ) -> RowList[PositionRow]:
        """List positions with their P&L, and the quantities that open and unresolved orders may
        add."""
        with self._views(as_of, effective_at) as views:
            return RowList(queries.positions(views, method=method, **where))

    @overload
    def pnl(
        self,
        *,
        by: Sequence[str] | str,
        method: Method = "average",
        timezone: str | tzinfo = "UTC",
        since: datetime | None = None,
        until: datetime | None = None,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
        **where: Any,
    ) -> RowList[PnlGroupRow]: ...
    @overload
    def pnl(
        self,
        *,
        method: Method = "average",
        timezone: str | tzinfo = "UTC",
        since: datetime | None = None,
        until: datetime | None = None,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
        **where: Any,
    ) -> RowList[PnlRow]: ...
    def pnl(
        self,
        *,
        method: Method = "average",
        by: Sequence[str] | str = ("account", "instrument"),
        timezone: str | tzinfo = "UTC",
        since: datetime | None = None,
        until: datetime | None = None,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
        **where: Any,
    ) -> RowList[PnlGroupRow] | RowList[PnlRow]:
        """Return P&L by account and instrument, or by any of account, instrument, strategy and day.
        Methods: average, fifo, lifo.

        `timezone`: of the days, e.g. "Europe/Berlin". `since` and `until`: the P&L of that period.
        It has what its fills realized, their fees and its funding, the position at its end, and the
        change of the unrealized P&L where both ends have marks.
        """
        check_period(since, until)
        asked = {
            "by": groups_of(by),
            "timezone": zone_of(timezone),
            "since": since,
            "until": until,
            **where,
        }
        with self._views(as_of, effective_at) as views:
            return RowList(queries.pnl(views, method=method, **asked))

    def exposure(
        self,
        *,
        account: str | None = None,
        instrument: str | None = None,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
    ) -> RowList[ExposureRow]:
        """List the exposure by account and instrument, with the open orders that make it up.

        A position is an interval: what it is, and the least and the most that it becomes if any
        open orders are filled, unresolved orders and outstanding replaces included. P&L is one
        while the outcome of an order is unknown.
        """
        with self._views(as_of, effective_at) as views:
            return RowList(queries.exposure(views, account=account, instrument=instrument))

    def pnl_of_fills(
        self,
        *,
        by_strategy: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
        account: str | None = None,
        instrument: str | None = None,
        strategy: str | None = None,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
    ) -> RowList[FillPnlRow]:
        """List what each active fill realized, by every method, in the order in which the fills
        happened.

        The fills of an account and instrument add up to the `realized_pnl` of their row of `pnl`,
        to the last digit. With `strategy` or `by_strategy`, each strategy has a position of its
        own, as in `pnl` by strategy. `since` and `until` apply to the time of the fill.
        """
        check_period(since, until)
        where = {"account": account, "instrument": instrument, "strategy": strategy}
        with self._views(as_of, effective_at, is_streaming=True) as views:
            rows = queries.pnl_of_fills(views, by_strategy=by_strategy, until=until, **where)
            return RowList(row for row in rows if since is None or row["at"] >= since)

    def equity(
        self,
        *,
        method: Method = "average",
        points: int | None = POINTS,
        since: datetime | None = None,
        until: datetime | None = None,
        account: str | None = None,
        instrument: str | None = None,
        strategy: str | None = None,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
    ) -> RowList[EquityPointRow]:
        """List the equity after each fill, bust, correction, funding, adjustment and mark, with its
        peak and drawdown, by settlement currency. Each row is what `pnl` says of its time
        (`effective_at`): a busted fill counts until its bust.

        The last row of a currency is what the rows of `pnl` with these filters add up to, to the
        last digit. `since` and `until` select moments: the values count from the beginning of the
        ledger. `points`: at most so many rows of each currency, with the extremes of what is left
        out; None: every fill, funding and adjustment, and of the marks between two of them at most
        four.
        """
        check_period(since, until)
        check_argument("points", "count", points)
        if points is not None and points < FEWEST_POINTS:
            raise ValueError(f"points takes {FEWEST_POINTS} or more, not {points}")
        where = {"account": account, "instrument": instrument, "strategy": strategy}
        with self._views(as_of, effective_at, is_streaming=True) as views:
            asked: dict[str, Any] = {
                "method": method,
                "points": points,
                "since": since,
                "until": until,
                **where,
            }
            return RowList(
                queries.equity(
                    views, events_of=partial(self._events_known_of, as_of, effective_at), **asked
                )
            )
