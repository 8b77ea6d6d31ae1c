"""Query methods of a ledger about positions, P&L, equity and exposure."""

from functools import partial
from typing import Annotated, Any, overload

from orderledger.infrastructure.errors import InvalidQuery
from orderledger.infrastructure.views.arguments import (
    check_period,
    groups_of,
    pairs_of,
    zone_of,
)
from orderledger.infrastructure.views.parameters import (
    Account,
    AsOf,
    EffectiveAt,
    Groups,
    Instrument,
    LotMethod,
    MarkServes,
    Parities,
    PositionId,
    PositionSide,
    Since,
    Strategy,
    Timezone,
    Until,
    Word,
)
from orderledger.infrastructure.views.questions import Between
from orderledger.infrastructure.views.reading import Reader
from orderledger.projections import queries
from orderledger.projections.equity import POINTS
from orderledger.projections.equity_points import FEWEST_POINTS
from orderledger.projections.pnl import ASSET, GROUPS
from orderledger.projections.rows import (
    EquityPointRow,
    ExposureRow,
    FillPnlRow,
    PnlGroupRow,
    PnlRow,
    PositionRow,
)
from orderledger.projections.view import RowList


class PnlQueries(Reader):
    """The query methods about positions and P&L. `Queries` says what their times mean."""

    def positions(
        self,
        *,
        method: LotMethod = "average",
        account: Account = None,
        instrument: Instrument = None,
        position_side: PositionSide = None,
        position_id: PositionId = None,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
        **where: Any,
    ) -> RowList[PositionRow]:
        """List positions with P&L and exposure.

        The exposure is the quantity that open and unresolved orders may still fill.
        """
        with self._views(as_of, effective_at) as views:
            return RowList(
                queries.positions(
                    views,
                    method=method,
                    account=account,
                    instrument=instrument,
                    position_side=position_side,
                    position_id=position_id,
                    **where,
                )
            )

    @overload
    def pnl(
        self,
        *,
        by: Groups,
        method: LotMethod = "average",
        timezone: Timezone = "UTC",
        since: Since = None,
        until: Until = None,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
        **where: Any,
    ) -> RowList[PnlGroupRow]: ...
    @overload
    def pnl(
        self,
        *,
        method: LotMethod = "average",
        timezone: Timezone = "UTC",
        since: Since = None,
        until: Until = None,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
        **where: Any,
    ) -> RowList[PnlRow]: ...
    def pnl(
        self,
        *,
        method: LotMethod = "average",
        by: Annotated[Groups, "Group by any of these, or by asset.", (*GROUPS, ASSET)] = (
            "account",
            "instrument",
        ),
        in_currency: Annotated[str | None, "By asset: the currency of the P&L.", Word("in")] = None,
        parities: Parities = (),
        timezone: Timezone = "UTC",
        since: Since = None,
        until: Until = None,
        account: Account = None,
        instrument: Instrument = None,
        strategy: Strategy = None,
        position_side: PositionSide = None,
        position_id: PositionId = None,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
        **where: Any,
    ) -> RowList[PnlGroupRow] | RowList[PnlRow]:
        """Show P&L, fees and funding, by currency.

        With `since` or `until`: the P&L of that period. It has the realized P&L and the fees of its
        fills, its funding, and the position at its end. Where both ends have marks, it also has the
        change of the unrealized P&L.

        By asset: a row for each coin of an account, whatever it was traded against. Its quantity is
        its balance, and its cost is in one currency, by the rates of the times. `moved` lists
        fees, funding and transfers by kind and cause, with their worth. Only `in_currency`,
        `parities`, `method` and `account` go with it. Without `in_currency` the P&L is in the
        currency of all positions of the account, if they have the same.
        """
        check_period(since, until)
        asked: dict[str, Any] = {
            "by": groups_of(by),
            "since": since,
            "until": until,
            "account": account,
            "instrument": instrument,
            "strategy": strategy,
            "position_side": position_side,
            "position_id": position_id,
            **where,
        }
        if ASSET in asked["by"]:
            pairs, at = pairs_of(parities), self._moment(as_of, effective_at)
            asked |= {"in_currency": in_currency, "method": method}
            with self._views(as_of, effective_at, is_streaming=True) as views:
                return RowList(queries.pnl_by_asset(views, at, pairs, **asked))
        if in_currency is not None or parities:
            raise InvalidQuery("in_currency and parities go with by asset alone", "in_currency")
        with self._views(as_of, effective_at) as views:
            zone = zone_of(timezone)
            return RowList(queries.pnl(views, method=method, timezone=zone, **asked))

    def exposure(
        self,
        *,
        account: Account = None,
        instrument: Instrument = None,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
    ) -> RowList[ExposureRow]:
        """Show what positions and P&L may become.

        Shows each position with the least and the most that it becomes if any open orders are
        filled, unresolved ones and outstanding replaces included; and the P&L with what unresolved
        orders may have made of it. An empty limit has no bound. `orders` has the orders.
        """
        with self._views(as_of, effective_at) as views:
            return RowList(queries.exposure(views, account=account, instrument=instrument))

    def pnl_of_fills(
        self,
        *,
        by_strategy: Annotated[bool, "A position of its own for each strategy."] = False,
        since: Since = None,
        until: Until = None,
        account: Account = None,
        instrument: Instrument = None,
        strategy: Strategy = None,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
    ) -> RowList[FillPnlRow]:
        """List what each active fill realized, by every method.

        The fills are in the order in which they happened. Those of an account and instrument add up
        to the `realized_pnl` of their row of `pnl`, to the last digit. With `strategy` or
        `by_strategy`, each strategy has a position of its own, as in `pnl` by strategy. `since` and
        `until` compare the time of the fill.
        """
        check_period(since, until)
        where = {"account": account, "instrument": instrument, "strategy": strategy}
        with self._views(as_of, effective_at, is_streaming=True) as views:
            rows = queries.pnl_of_fills(views, by_strategy=by_strategy, until=until, **where)
            return RowList(row for row in rows if since is None or row["at"] >= since)

    def equity(
        self,
        *,
        method: LotMethod = "average",
        in_currency: Annotated[
            str | None, "The currency of the value of accounts. Without it: P&L.", Word("in")
        ] = None,
        parities: Parities = (),
        mark_serves: MarkServes = None,
        points: Annotated[
            int | None,
            "Maximum number of rows per currency. They include the extremes.",
            Between(FEWEST_POINTS),
        ] = POINTS,
        since: Since = None,
        until: Until = None,
        account: Account = None,
        instrument: Instrument = None,
        strategy: Strategy = None,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
    ) -> RowList[EquityPointRow]:
        """Show the equity curve and its drawdown, by fill.

        With `in_currency`: the value of each account in that currency after each fill, payment,
        transfer, adjustment and mark, as `valuation` shows it at that time. It begins at the
        opening balance. `parities` and `mark_serves` are those of `valuation`. Deposits and
        withdrawals move the peak, so that a drawdown is a result of trading. Only `account`,
        `since`, `until` and `points` select rows of it.

        Without: P&L only, and `basis` says so. A row for each fill, bust, correction, funding,
        adjustment and mark that changed P&L, by settlement currency. It has the equity after the
        change: net and unrealized P&L since the ledger began. Each row agrees with `pnl` at its
        time: a busted fill counts until its bust. The last row of a currency equals the sum of the
        rows of `pnl` with these filters.

        P&L has no deposits, and no balances that the account began with.

        `since` and `until` select moments: the values count from the beginning of the ledger. A row
        whose `moments` is above 1 summarizes several. Then the moments with the lowest and the
        highest equity, the largest drawdown, and the last one are shown.

        In Python, `points` None gives every fill, funding and adjustment, and at most four of the
        marks between two of them.
        """
        check_period(since, until)
        pairs, events_of = pairs_of(parities), partial(self._events_known_of, as_of, effective_at)
        where: dict[str, Any] = {"instrument": instrument, "strategy": strategy}
        of: dict[str, Any] = {"account": account, "points": points}
        of |= {"since": since, "until": until, "events_of": events_of}
        if in_currency is not None:
            _check_of_account(method, instrument, strategy)
            with self._views(as_of, effective_at, is_streaming=True) as views:
                rules = views.rate_rules.with_parities(pairs)
                rules = rules if mark_serves is None else rules._replace(serves=mark_serves)
                return RowList(queries.account_equity(views, in_currency, rules, **of))
        if pairs or mark_serves is not None:
            raise InvalidQuery("parities and mark_serves go with in_currency", "in_currency")
        with self._views(as_of, effective_at, is_streaming=True) as views:
            return RowList(queries.equity(views, method=method, **of, **where))


def _check_of_account(method: str, instrument: str | None, strategy: str | None) -> None:
    """Raise InvalidQuery for what an account's equity does not know."""
    others = {"instrument": instrument, "strategy": strategy}
    others["method"] = None if method == "average" else method
    for name, value in others.items():
        if value is not None:
            raise InvalidQuery(f"{name} does not go with in_currency", name)
