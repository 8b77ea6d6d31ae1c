"""Query methods of a ledger about lots, balances and the value of accounts."""

from datetime import datetime
from functools import partial
from typing import Annotated

from orderledger.infrastructure.errors import InvalidQuery
from orderledger.infrastructure.views.arguments import check_period, pairs_of, zone_of
from orderledger.infrastructure.views.parameters import (
    Account,
    AsOf,
    EffectiveAt,
    Instrument,
    LotMethod,
    MarkServes,
    Parities,
    PositionId,
    PositionSide,
    Since,
    Timezone,
    Until,
    Word,
)
from orderledger.infrastructure.views.questions import Between
from orderledger.infrastructure.views.reading import Reader
from orderledger.projections import queries
from orderledger.projections.rows import BalanceRow, DisposalRow, LotRow, ValuationRow
from orderledger.projections.view import RowList


class BalanceQueries(Reader):
    """The query methods about what an account has. `Queries` says what their times mean."""

    def lots(
        self,
        *,
        method: LotMethod = "fifo",
        account: Account = None,
        instrument: Instrument = None,
        position_side: PositionSide = None,
        position_id: PositionId = None,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
    ) -> RowList[LotRow]:
        """List the open lots of positions, oldest first.

        A lot is what one fill or adjustment opened and no fill has closed, before fees. By average
        cost there are no lots.
        """
        of = {"position_side": position_side, "position_id": position_id}
        with self._views(as_of, effective_at, is_streaming=True) as views:
            rows = queries.lots(views, method=method, account=account, instrument=instrument)
            return RowList(
                row
                for row in rows
                if all(value in (None, row[name]) for name, value in of.items())  # type: ignore[literal-required]
            )

    def disposals(
        self,
        *,
        method: LotMethod = "fifo",
        year: Annotated[int | None, "Only this year, in the time zone.", Between(1, 9998)] = None,
        timezone: Timezone = "UTC",
        since: Since = None,
        until: Until = None,
        account: Account = None,
        instrument: Instrument = None,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
    ) -> RowList[DisposalRow]:
        """List the lots that were closed: acquired, disposed, proceeds, cost, fees, gain.

        A row for each part of a lot that a fill, a settlement or cash in lieu closed, by position
        and time. `realized_pnl` adds up to that of `pnl` of the same period, to the last digit. A
        fee belongs to the units that were traded with it: that of a purchase stays beside the lot
        until it is sold. Whether `held_days` are short or long term is a rule of the tax authority.
        `since` and `until` compare the time of closing.
        """
        zone = zone_of(timezone)
        if year is not None:
            if since is not None or until is not None:
                raise InvalidQuery("year goes without since and until", "year")
            since, until = (datetime(one, 1, 1, tzinfo=zone) for one in (year, year + 1))
        check_period(since, until)
        with self._views(as_of, effective_at, is_streaming=True) as views:
            of = {"account": account, "instrument": instrument}
            rows = queries.disposals(views, method=method, since=since, until=until, **of)
            return RowList(rows)

    def balances(
        self,
        *,
        account: Account = None,
        currency: Annotated[str | None, "Only this currency."] = None,
        mark_serves: MarkServes = None,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
    ) -> RowList[BalanceRow]:
        """List the balances of accounts by currency, with their equity.

        A balance follows from the log: the opening balance, transfers, what fills paid and
        brought, fees, funding, and the realized P&L of margined positions. Beside it stands what
        the venue last reported. Without an opening balance (`adjust` with a currency) there is no
        equity. A mark that is older than `mark_serves` values nothing.
        """
        at = self._moment(as_of, effective_at)
        with self._views(as_of, effective_at, is_streaming=True) as views:
            events_of = partial(self._events_known_of, as_of, effective_at)
            return RowList(
                queries.balances(
                    views,
                    at,
                    mark_serves,
                    account=account,
                    currency=currency,
                    events_of=events_of,
                )
            )

    def valuation(
        self,
        *,
        currency: Annotated[str, "The currency of the value.", Word("in")],
        parities: Parities = (),
        mark_serves: MarkServes = None,
        account: Account = None,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
    ) -> RowList[ValuationRow]:
        """Show the equity of accounts in one currency, with the rates.

        Rates are the last marks of spot instruments, direct or inverse, and the parities, on the
        shortest path of at most three steps. Each rate names its path. An amount that has no
        rate makes the sum empty.
        """
        pairs = pairs_of(parities)
        at = self._moment(as_of, effective_at)
        with self._views(as_of, effective_at, is_streaming=True) as views:
            events_of = partial(self._events_known_of, as_of, effective_at)
            rows = queries.valuation(
                views, currency, at, pairs, mark_serves, account, events_of=events_of
            )
            return RowList(rows)
