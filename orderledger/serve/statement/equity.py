"""Equity over a period, and its drawdown: the sums of the P&L view after every moment at which one
of them may have changed.

Equity is net P&L and unrealized P&L since the ledger began, by settlement currency: a ledger
contains no deposits. The events are folded in the order in which they happened, not in that of the
log. A fold gives the same positions either way, so each value is that of the P&L view at its
`effective_at`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from orderledger.extend.events import Recorded, accounts, commands, judgements, reports
from orderledger.extend.store import Store
from orderledger.extend.values import EXACT, ZERO, stream_names
from orderledger.extend.views import (
    Fold,
    FoldedViews,
    MemoryNames,
    MemoryRows,
    Method,
    Row,
    equity_in,
    queries,
)

NO_MONEY = (
    judgements.AnomalyCleared,
    judgements.AnomalyDetected,
    accounts.BalanceReported,
    accounts.GapRecorded,
    accounts.ReconciliationCertified,
    accounts.SenderChanged,
    accounts.TradingHalted,
    accounts.TradingResumed,
)
"""Events that change no P&L."""

Equity = dict[str, Decimal | None]
"""By settlement currency. None if an amount cannot be converted, or an open position has no
mark.
"""


def equity_of(rows: Iterable[Row]) -> Equity:
    """The equity of rows of the P&L view. Instruments without a settlement currency have none."""
    equity: Equity = {}
    for row in rows:
        currency = row["currency"]
        if currency is None:
            continue
        known, more = (
            equity.get(currency, ZERO),
            equity_in(row["position_quantity"], row["net_pnl"], row["unrealized_pnl"]),
        )
        equity[currency] = None if known is None or more is None else EXACT.add(known, more)
    return equity


def added(parts: Iterable[Equity]) -> Equity:
    """The equity of several accounts together."""
    whole: Equity = {}
    for part in parts:
        for currency, amount in part.items():
            known = whole.get(currency, ZERO)
            whole[currency] = None if known is None or amount is None else EXACT.add(known, amount)
    return whole


class GrowingViews(FoldedViews):
    """Views to which more events can be added."""

    def __init__(self) -> None:
        self._rows = MemoryRows()
        self._names = MemoryNames()
        self.fold = Fold(self._rows)


class StatementEquityFold:
    """Folds events in the order in which they happened, and returns the equity after each
    moment.
    """

    def __init__(self, events: Iterable[Recorded], method: Method, store: Store) -> None:
        self._views = GrowingViews()
        self._views.rate_rules = store.rate_rules
        self._method = method
        self._attributions: dict[str, Recorded] = {}
        self._begun: set[str] = set()
        self._by_account: dict[str, Equity] = {}
        self._events = self._relevant(events)

    def values(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, Equity]]:
        """The equity at the start of the period, with the time `since`, and then after each
        change in the period.
        """
        is_before = True
        changed: set[str] = set()
        for at, events in groupby(self._events, key=lambda recorded: recorded.at):
            if at >= until:
                break
            if at >= since and is_before:
                yield since, self._equity(changed)
                is_before, changed = False, set()
            changed |= self._take(events)
            if not is_before:
                yield at, self._equity(changed)
                changed = set()
        if is_before:
            yield since, self._equity(changed)

    def _take(self, events: Iterable[Recorded]) -> set[str]:
        """Returns the accounts of these events."""
        accounts = set()
        for recorded in events:
            self._begun.add(recorded.stream)
            self._views.fold.take(recorded)
            accounts.add(stream_names.account_of(recorded.stream))
            if recorded.stream in self._attributions:
                self._views.fold.take(self._attributions[recorded.stream])
        return accounts

    def _equity(self, accounts: set[str]) -> Equity:
        self._views.fold.settle()
        for account in accounts:
            self._by_account[account] = equity_of(
                queries.pnl(self._views, method=self._method, account=account)
            )
        return added(self._by_account[account] for account in sorted(self._by_account))

    def _relevant(self, events: Iterable[Recorded]) -> list[Recorded]:
        """Events that may change P&L: those of orders with fills, and of accounts. Sorted by when
        they happened."""
        kept: list[Recorded] = []
        filled: set[str] = set()
        for recorded in events:
            event, stream = recorded.event, recorded.stream
            if isinstance(event, judgements.OrderAttributed):
                self._attributions[stream] = recorded
            elif not isinstance(event, NO_MONEY) and not stream_names.is_proposal_stream(stream):
                if isinstance(event, commands.OrderRequested):
                    self._attributions.pop(stream, None)
                if isinstance(event, (reports.FillRecorded, reports.FillBusted)):
                    filled.add(stream)
                kept.append(recorded)
        relevant = (
            recorded
            for recorded in kept
            if recorded.stream in filled or not stream_names.is_order_stream(recorded.stream)
        )
        return sorted(relevant, key=lambda recorded: (recorded.at, recorded.position))


@dataclass
class Drawdown:
    """The largest fall of equity from a peak before it, in one currency."""

    peak: Decimal | None = None
    peak_at: datetime | None = None
    largest: Decimal | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None

    def take(self, at: datetime, equity: Decimal | None) -> Decimal | None:
        """Take the next value. Returns its distance below the peak."""
        if equity is None:
            return None
        if self.peak is None or equity > self.peak:
            self.peak, self.peak_at = equity, at
        fall = EXACT.subtract(self.peak, equity)
        if self.largest is None or fall > self.largest:
            self.largest, self.from_at, self.to_at = fall, self.peak_at, at
        return fall


@dataclass
class StatementCurve:
    """The equity of one currency: every value with its time, and the drawdown after it. A time
    without a value has None."""

    currency: str
    points: list[tuple[datetime, Decimal | None, Decimal | None]] = field(default_factory=list)
    drawdown: Drawdown = field(default_factory=Drawdown)

    def take(self, at: datetime, equity: Decimal | None) -> None:
        self.points.append((at, equity, self.drawdown.take(at, equity)))

    def at(
        self, ends: Iterable[datetime]
    ) -> Iterator[tuple[datetime, Decimal | None, Decimal | None]]:
        """The value and the drawdown at the end of each part of the period: those of the last point
        before it."""
        number = 0
        for end in ends:
            while number + 1 < len(self.points) and self.points[number + 1][0] < end:
                number += 1
            yield end, *self.points[number][1:]


def curves_of(values: Iterable[tuple[datetime, Equity]]) -> list[StatementCurve]:
    """A curve for each currency. Before its first event, a currency's equity is zero."""
    curves: dict[str, StatementCurve] = {}
    first: datetime | None = None
    for at, equity in values:
        first = first or at
        for currency, amount in equity.items():
            curve = curves.get(currency)
            if curve is None:
                curve = curves[currency] = StatementCurve(currency)
                if at != first:
                    curve.take(first, ZERO)
            curve.take(at, amount)
        for currency, curve in curves.items():
            if currency not in equity:
                curve.take(at, ZERO)
    return [curves[currency] for currency in sorted(curves)]
