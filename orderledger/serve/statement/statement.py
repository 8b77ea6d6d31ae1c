"""Builds the statement of a period: the rows of the views at its start and its end, and the events
in between.

Two folds of the log give the views at both ends, a third one the equity between them. The statement
depends only on the log up to its position: it has no creation time.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from orderledger.extend.events import Recorded, codec
from orderledger.extend.store import Store
from orderledger.extend.values import EXACT, ZERO, stream_names, total
from orderledger.extend.views import POSITION_KEY as OF_POSITION
from orderledger.extend.views import (
    AsOf,
    FoldedViews,
    Method,
    Row,
    queries,
    tables,
    was_known,
)
from orderledger.rows import BalanceRow
from orderledger.serve.statement.balances import balance_changes
from orderledger.serve.statement.equity import (
    StatementCurve,
    StatementEquityFold,
    curves_of,
    equity_of,
)
from orderledger.serve.statement.period import Period, period_of
from orderledger.serve.statement.sections import (
    BreakRow,
    EquityRow,
    PaidRow,
    ResultRow,
    Section,
    SummaryRow,
    section,
)

Progress = Callable[[int, int], None]
"""Called with the number of events read, and the total to read."""

FOLDS = 3
EVENTS_AT_ONCE = 1_000
MARK_UNKNOWN = "mark_unknown"


@dataclass(frozen=True)
class Statement:
    """A statement. `position`: its last log position; with it as `as_of`, the same statement can
    be made again.
    """

    period: Period
    account: str | None
    method: Method
    position: int
    sections: tuple[Section, ...]
    curves: tuple[StatementCurve, ...]

    def __getitem__(self, name: str) -> Section:
        """The section of this name."""
        return next(section for section in self.sections if section.name == name)

    def about(self) -> dict[str, Any]:
        """The subject of the statement."""
        return {
            "from": self.period.since,
            "to": self.period.until,
            "timezone": self.period.zone.key,
            "account": self.account,
            "method": self.method,
            "position": self.position,
        }


class StatementLog:
    """The events of a statement, read again for each fold. `position` is the last of them."""

    def __init__(
        self, store: Store, as_of: AsOf | None, account: str | None, progress: Progress | None
    ) -> None:
        last = store.recorder.last_position()
        self.limit = min(as_of, last) if isinstance(as_of, int) else last
        self.position = 0
        self._store = store
        self._as_of = as_of
        self._account = account
        self._progress = progress
        self._read = 0

    def events(self) -> Iterator[Recorded]:
        """The events of the account, in the order of the log."""
        for row in self._store.all_rows(self.limit):
            self._count()
            if self._as_of is not None or self._account in (
                None,
                stream_names.account_of(row.stream),
            ):
                recorded = codec.decode(*row)
                if not was_known(recorded.recorded_at, recorded.position, self._as_of):
                    continue
                self.position = row.position
                if self._account in (None, stream_names.account_of(row.stream)):
                    yield recorded
            else:
                self.position = row.position

    def events_of(self, streams: Iterable[str], at: datetime) -> dict[str, list[Recorded]]:
        """The events of these orders that had happened by a time."""
        return {
            stream: [
                recorded
                for recorded in events
                if recorded.at <= at
                and was_known(recorded.recorded_at, recorded.position, self.limit)
                and was_known(recorded.recorded_at, recorded.position, self._as_of)
            ]
            for stream, events in self._store.events_of(list(streams)).items()
        }

    def _count(self) -> None:
        self._read += 1
        if self._progress is not None and self._read % EVENTS_AT_ONCE == 0:
            self._progress(self._read, FOLDS * self.limit)


def checked_statement(
    store: Store,
    since: datetime | date,
    until: datetime | date,
    timezone: str,
    *,
    account: str | None,
    method: Method,
    as_of: AsOf | None,
    progress: Progress | None,
) -> Statement:
    """The statement of the period between two times or days, after all arguments were checked. See
    `statement_of`."""
    period = period_of(since, until, timezone)
    return statement_of(
        store, period, account=account, method=method, as_of=as_of, progress=progress
    )


def statement_of(
    store: Store,
    period: Period,
    *,
    account: str | None = None,
    method: Method = "average",
    as_of: AsOf | None = None,
    progress: Progress | None = None,
) -> Statement:
    """The statement of a period, from the state of the ledger now, or at `as_of`: a time, or a
    log position.
    """
    log = StatementLog(store, as_of, account, progress)
    start = FoldedViews(log.events(), None, period.before, rate_rules=store.rate_rules)
    balances_start = _balances(start, log, period.before)
    positions_start, pnl_start = (
        queries.positions(start, method=method),
        queries.pnl(start, method=method),
    )
    del start
    end = FoldedViews(log.events(), None, period.last, rate_rules=store.rate_rules)
    positions_end, pnl_end = queries.positions(end, method=method), queries.pnl(end, method=method)
    listed = _listed(end, period)
    balances_end = _balances(end, log, period.last)
    del end
    fold = StatementEquityFold(log.events(), method, store)
    curves = curves_of(fold.values(period.since, period.until))
    results = _results(pnl_start, pnl_end)
    rows: dict[str, list[Any]] = {
        "summary": _summary(results, curves, equity_of(pnl_start), equity_of(pnl_end)),
        "paid": _paid(results),
        "equity": _equity(curves, period),
        "balances": balance_changes(balances_start, balances_end),
        "results": results,
        "positions_start": positions_start,
        "positions_end": positions_end,
        **listed,
    }
    sections = tuple(section(name, found) for name, found in rows.items())
    return Statement(period, account, method, log.position, sections, tuple(curves))


def _balances(views: FoldedViews, log: StatementLog, at: datetime) -> list[BalanceRow]:
    """The balances at one end of the period."""

    def events_of(streams: Iterable[str]) -> dict[str, list[Recorded]]:
        return log.events_of(streams, at)

    return queries.balances(views, at, events_of=events_of)


def _listed(end: FoldedViews, period: Period) -> dict[str, list[Row]]:
    """Rows of the views at the end of the period."""
    since, until = period.since, period.until
    anomalies = end.rows(tables.ANOMALIES.public)
    return {
        "trades": queries.trades(end, since=since, until=until),
        "orders": queries.orders(end, since=since, until=until),
        "open_orders": queries.orders(end, is_open=True),
        "unresolved_orders": queries.orders(end, certainty="unresolved"),
        "account_events": end.rows(tables.ACCOUNT_EVENTS.public, since=since, until=until),
        "breaks": _breaks(end.rows(tables.CERTIFICATES.public)),
        "certificates": end.rows(tables.CERTIFICATES.public, since=since, until=until),
        "anomalies": [
            row
            for row in anomalies
            if row["cleared_at"] is None or row["detected_at"] >= period.since
        ],
    }


def _breaks(certificates: list[Row]) -> list[BreakRow]:
    """The breaks in the last certificate of each account. The rows are in the order of time."""
    last = {row["account"]: row for row in certificates}
    return [
        {
            "account": account,
            "id": one["id"],
            "since": datetime.fromisoformat(one["since"]),
            "certified_at": row["at"],
        }
        for account, row in sorted(last.items())
        for one in row["open_breaks"]
    ]


def _results(start: list[Row], end: list[Row]) -> list[ResultRow]:
    """The change of P&L in the period, for each instrument that was traded before its end."""
    at_start = {tuple(row[name] for name in OF_POSITION): row for row in start}
    at_end = {tuple(row[name] for name in OF_POSITION): row for row in end}
    return [
        _result(key, at_start.get(key), at_end.get(key)) for key in sorted({**at_start, **at_end})
    ]


def _result(key: tuple[str, ...], start: Row | None, end: Row | None) -> ResultRow:
    def ends(name: str) -> tuple[Any, Any]:
        return (start[name] if start else ZERO, end[name] if end else ZERO)

    def change(name: str) -> Any:
        return _difference(*ends(name))

    position_start, position_end = ends("position_quantity")
    unrealized_start, unrealized_end = ends("unrealized_pnl")
    is_unmarked = position_end and unrealized_end is None
    return {
        "account": key[0],
        "instrument": key[1],
        "position_side": key[2],
        "position_id": key[3],
        "currency": (end or start or {})["currency"],
        "fills": (end["fills"] if end else 0) - (start["fills"] if start else 0),
        "bought_quantity": change("bought_quantity"),
        "sold_quantity": change("sold_quantity"),
        "position_start": position_start,
        "position_end": position_end,
        "realized_pnl": change("realized_pnl"),
        "fees": _by_currency(start, end, "fees"),
        "funding": _by_currency(start, end, "funding"),
        "net_pnl": change("net_pnl"),
        "unrealized_pnl_start": unrealized_start if position_start != ZERO else ZERO,
        "unrealized_pnl_end": unrealized_end if position_end != ZERO else ZERO,
        "anomalies": [*(end["anomalies"] if end else []), *([MARK_UNKNOWN] if is_unmarked else [])],
    }


def _difference(start: Decimal | None, end: Decimal | None) -> Decimal | None:
    """None if one of the two is unknown."""
    return None if start is None or end is None else EXACT.subtract(end, start)


def _by_currency(start: Row | None, end: Row | None, name: str) -> dict[str, Decimal]:
    before, after = dict(start[name] if start else {}), (end[name] if end else {})
    if (
        end and end["currency"] is not None and "" in before
    ):  # the currency of these fees was defined in the period
        before[end["currency"]] = EXACT.add(before.get(end["currency"], ZERO), before.pop(""))
    changes = {
        one: EXACT.subtract(after.get(one, ZERO), before.get(one, ZERO))
        for one in sorted({**before, **after})
    }
    return {one: amount for one, amount in changes.items() if amount}


def _summary(
    results: list[ResultRow],
    curves: Iterable[StatementCurve],
    start: dict[str, Decimal | None],
    end: dict[str, Decimal | None],
) -> list[SummaryRow]:
    drawdowns = {curve.currency: curve.drawdown for curve in curves}
    currencies = sorted(
        {row["currency"] for row in results},
        key=lambda currency: (currency is None, currency or ""),
    )
    rows: list[SummaryRow] = []
    for currency in currencies:
        own = [row for row in results if row["currency"] == currency]
        fall = drawdowns.get(currency or "")
        first, last = (
            (None, None)
            if currency is None
            else (start.get(currency, ZERO), end.get(currency, ZERO))
        )
        rows.append(
            {
                "currency": currency,
                "realized_pnl": _sum(own, "realized_pnl", currency),
                "net_pnl": _sum(own, "net_pnl", currency),
                "unrealized_pnl_start": _sum(own, "unrealized_pnl_start", currency),
                "unrealized_pnl_end": _sum(own, "unrealized_pnl_end", currency),
                "equity_start": first,
                "equity_end": last,
                "equity_change": _difference(first, last),
                "drawdown": fall.largest if fall else None,
                "drawdown_from_at": fall.from_at if fall else None,
                "drawdown_to_at": fall.to_at if fall else None,
            }
        )
    return rows


def _sum(rows: list[ResultRow], name: str, currency: str | None) -> Decimal | None:
    """The sum, unknown if one amount is. Amounts in unknown currencies are not added to each
    other."""
    amounts: list[Decimal | None] = [row[name] for row in rows]  # type: ignore[literal-required]
    known = [amount for amount in amounts if amount is not None]
    return (
        total(known)
        if len(known) == len(amounts) and (currency is not None or len(rows) == 1)
        else None
    )


def _paid(results: list[ResultRow]) -> list[PaidRow]:
    currencies = sorted(
        {currency for row in results for currency in (*row["fees"], *row["funding"])}
    )
    return [
        {
            "currency": currency,
            "fees": total(row["fees"].get(currency, ZERO) for row in results),
            "funding": total(row["funding"].get(currency, ZERO) for row in results),
        }
        for currency in currencies
    ]


def _equity(curves: Iterable[StatementCurve], period: Period) -> list[EquityRow]:
    return [
        {"currency": curve.currency, "at": at, "equity": equity, "drawdown": drawdown}
        for curve in curves
        for at, equity, drawdown in curve.at(period.ends())
    ]
