"""The equity curve: net and unrealized P&L after each fill, payment and adjustment, with its peak
and its drawdown.

Equity is what the `pnl` view adds up to, by settlement currency, since the ledger began: a ledger
knows no deposits. Each row is what `pnl` says of its time: a busted fill counts until its bust, a
corrected one as it was until its correction. Positions are valued at the last mark at or before the
moment. Every mark counts in peaks and drawdowns. Rows are given for the lowest, the highest, the
deepest and the last of the marks between two fills, fundings or adjustments.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias, get_args

from orderledger.domain.exact import EXACT, ZERO
from orderledger.projections.entries import (
    Adjustment,
    Delivery,
    Entry,
    Funding,
    Settlement,
    Split,
    Trade,
    paid_in,
)
from orderledger.projections.equity_points import PNL, EquityPointRow, Points
from orderledger.projections.fill_changes import FillChange, after
from orderledger.projections.marks import MarkRow
from orderledger.projections.pnl import Marks, equity_in, net_of, pairs_of, unrealized_of
from orderledger.projections.positions import Definition, Definitions, LotBook, LotChoice, Position
from orderledger.projections.shares import Holder, shared
from orderledger.projections.sides import part_of, when
from orderledger.projections.view import Table

POINTS = 2_000
"""Default number of points of a curve."""

Marked = tuple[str, str]
"""Account and instrument."""

Held = tuple[str, str, str, str]
"""Account, instrument, position side and position id."""


OfEach: TypeAlias = Collection[Literal["account", "instrument"]]
"""Which curves there are by currency: without any of these, one for all."""

EQUITY = Table(
    "equity",
    "The equity curve: one row per fill, bust, correction, funding, adjustment and mark that "
    "changed P&L. Computed when asked.",
    ("position", "currency"),
    EquityPointRow,
    ("at", "position"),
)
Changed = Literal["removed", "added"]
CHANGED: tuple[Changed, ...] = get_args(Changed)
CurveEntry: TypeAlias = (
    Trade | Adjustment | Funding | Split | Settlement | Delivery | MarkRow | FillChange
)
"""Columns whose change may change a curve."""
OF_FILL = ("client_order_id", "venue_order_id", "fill_id")


class Sum:
    """A sum of amounts, unknown while one of them is."""

    __slots__ = ("_known", "_unknown")

    def __init__(self) -> None:
        self._known = ZERO
        self._unknown = 0

    @property
    def amount(self) -> Decimal | None:
        return None if self._unknown else self._known

    def replace(self, before: Decimal | None, after: Decimal | None) -> None:
        """One of the amounts was the one, and is the other."""
        self._unknown += (after is None) - (before is None)
        if before:
            self._known = EXACT.subtract(self._known, before)
        if after:
            self._known = EXACT.add(self._known, after)


class Curve:
    """The equity in one settlement currency so far. `instrument`: the only one of it, if it is of
    one."""

    def __init__(self, currency: str | None, instrument: str | None = None) -> None:
        self.currency = currency
        self.instrument = instrument
        self.net = Sum()
        self.equity = Sum()
        self.peak = ZERO

    def moment(self, entry: CurveEntry, kind: str) -> EquityPointRow:
        """The row of a moment that has changed it."""
        equity = self.equity.amount
        if equity is not None and equity > self.peak:
            self.peak = equity
        fill = entry if "fill_id" in entry else None
        return {
            "at": entry["at"],
            "position": entry["position"],
            "kind": kind,
            "account": entry["account"],
            "instrument": self.instrument or entry["instrument"],
            "client_order_id": fill["client_order_id"] if fill else None,
            "venue_order_id": fill["venue_order_id"] if fill else None,
            "fill_id": fill["fill_id"] if fill else None,
            "currency": self.currency,
            "basis": PNL,
            "net_pnl": self.net.amount,
            "equity": equity,
            "reason": None,
            "peak": self.peak,
            "drawdown": None if equity is None else EXACT.subtract(self.peak, equity),
            "moments": 1,
        }


class Holding:
    """A position, and its part of a curve. Without a settlement currency the part is unknown.
    `has_rates`: it has amounts in other currencies, so that a mark may change its net P&L."""

    __slots__ = ("_book", "_equity", "_net", "_unknown", "curve", "has_rates", "position")

    def __init__(self, position: Position, curve: Curve, unknown: str | None) -> None:
        self._unknown = unknown
        self.position = position
        self.curve = curve
        self.has_rates = False
        self._book = position.books[-1]
        self._net: Decimal | None = ZERO
        self._equity: Decimal | None = ZERO

    def enter(self, entry: Entry, marks: Marks) -> None:
        """Take a trade or an account event, and value the position."""
        self.position.take(entry)
        self._value(net_of(self.position, self._book, marks), marks)

    def replay(self, entries: Iterable[Entry], marks: Marks) -> None:
        """Read all trades and account events of the position again, because earlier ones have
        changed."""
        methods = tuple(book.method for book in self.position.books)
        books = tuple(LotBook(method, {}, None) for method in methods)
        now = self.position
        self.position = Position(
            now.account,
            now.instrument,
            now.terms,
            books,
            side=now.side,
            position_id=now.position_id,
            worths=now.worths,
            terms_of=now.terms_of,
            premiums=now.premiums,
        )
        self._book = books[-1]
        for entry in entries:
            self.position.take(entry)
        self._value(net_of(self.position, self._book, marks), marks)

    def mark(self, marks: Marks) -> bool:
        """Value the position at new marks. Returns whether that changed the curve."""
        if self.has_rates:
            return self._value(net_of(self.position, self._book, marks), marks)
        return bool(self.position.quantity) and self._value(self._net, marks)

    def _value(self, net: Decimal | None, marks: Marks) -> bool:
        quantity = self.position.quantity
        net = None if self._unknown else net
        equity = equity_in(
            quantity, net, unrealized_of(self.position, self._book, marks) if quantity else ZERO
        )
        if net == self._net and equity == self._equity:
            return False
        self.curve.net.replace(self._net, net)
        self.curve.equity.replace(self._equity, equity)
        self._net, self._equity = net, equity
        return True


class EquityFold:
    """Takes trades, changes of trades, account events and marks in the order in which they
    happened.

    Memory grows with the positions, and with the trades of the positions in `changing`, whose
    trades change. `of_each`: whether each account, and each instrument, has its own curves.
    """

    def __init__(
        self,
        definitions: Definitions,
        method: LotChoice,
        changing: Iterable[Marked] = (),
        of_each: OfEach = (),
    ) -> None:
        self._definitions = definitions
        self._methods = tuple(dict.fromkeys(("average", method)))
        self._holdings: dict[Held, Holding] = {}
        self._valued_by: dict[Marked, dict[Held, Holding]] = {}
        """The holdings that a mark values, or converts amounts of."""
        self._marks: Marks = {}
        self._curves: dict[tuple[str | None, ...], Curve] = {}
        self._of_each = of_each
        self._changing = frozenset(changing)
        self._histories: dict[Held, list[Entry]] = {}

    def take(self, entry: CurveEntry) -> list[EquityPointRow]:
        """Take the next entry. Returns a row for each curve that it changed: a trade or an account
        event is always a moment."""
        if "fill_id" not in entry:
            if "kind" in entry:
                return self._enter(entry, entry["kind"])
            return self._mark(entry)
        if "fee" in entry:
            return self._enter(entry, "fill")
        return self._change(entry)

    def _enter(self, entry: Entry, kind: str) -> list[EquityPointRow]:
        defined = self._definitions(entry["account"], entry["instrument"])
        curves: dict[int, Curve] = {}
        if kind == "split":  # the mark was of another unit
            self._marks.pop((entry["account"], entry["instrument"]), None)
        for holder, share in shared(entry, defined.modes, self._held):
            key = holder[:4]
            holding = self._holdings.get(key) or self._hold(key, defined)
            if key[:2] in self._changing:
                self._histories.setdefault(key, []).append(share)
            for currency, _ in paid_in(share):
                self._note_rates(key, holding, currency)
            holding.enter(share, self._marks)
            curves[id(holding.curve)] = holding.curve
        return (
            [] if self._is_half(entry) else [curve.moment(entry, kind) for curve in curves.values()]
        )

    def _is_half(self, entry: Entry) -> bool:
        """Whether a settlement is the first half of a moment: the delivery in the same currency is
        the other."""
        if "fill_id" in entry or entry["kind"] != "settle" or "into" not in entry["terms"]:
            return False
        if "instrument" in self._of_each:
            return False
        names = entry["instrument"], entry["terms"]["into"]
        own, other = (self._definitions(entry["account"], name).terms.currency for name in names)
        return own == other

    def _held(self) -> dict[Holder, Decimal]:
        return {(*key, None): one.position.quantity for key, one in self._holdings.items()}

    def _key_of(self, entry: Entry) -> tuple[Held, Definition]:
        defined = self._definitions(entry["account"], entry["instrument"])
        return (entry["account"], entry["instrument"], *part_of(entry, defined.modes)), defined

    def _change(self, change: FillChange) -> list[EquityPointRow]:
        """Busts and corrections: the positions as if their fills had been others from the
        beginning."""
        curves: dict[int, Curve] = {}
        changes: dict[Held, dict[Changed, list[Trade]]] = {}
        for name in CHANGED:
            for row in change[name]:
                key, defined = self._key_of(row)
                changes.setdefault(key, {one: [] for one in CHANGED})[name].append(row)
                self._note_rates(
                    key, self._holdings.get(key) or self._hold(key, defined), row["fee_currency"]
                )
        for key in sorted(changes):
            holding = self._holdings[key]
            found = changes[key]
            history = after(self._histories.get(key, ()), found["removed"], found["added"])
            self._histories[key] = history
            holding.replay(history, self._marks)
            curves[id(holding.curve)] = holding.curve
        return [curve.moment(change, change["kind"]) for curve in curves.values()]

    def _note_rates(self, key: Held, holding: Holding, currency: str | None) -> None:
        """Note that marks of these pairs change the value of the holding."""
        if currency and currency != holding.curve.currency and holding.curve.currency is not None:
            for pair in pairs_of(currency, holding.curve.currency):
                self._valued_by.setdefault((key[0], pair), {})[key] = holding
            holding.has_rates = True

    def _hold(self, key: Held, defined: Definition) -> Holding:
        currency = defined.terms.currency
        account = key[0] if "account" in self._of_each else None
        instrument = key[1] if "instrument" in self._of_each else None
        curve = self._curves.setdefault(
            (account, instrument, currency), Curve(currency, instrument)
        )
        books = tuple(LotBook(name, {}, None) for name in self._methods)
        holding = self._holdings[key] = Holding(
            defined.position(*key[:2], key[2:], books), curve, defined.unknown
        )
        self._valued_by.setdefault(key[:2], {})[key] = holding
        return holding

    def _mark(self, entry: MarkRow) -> list[EquityPointRow]:
        key = (entry["account"], entry["instrument"])
        self._marks[key] = entry["price"]
        valued = self._valued_by.get(key, {}).values()
        curves = {id(one.curve): one.curve for one in valued if one.mark(self._marks)}
        return [curve.moment(entry, "mark") for curve in curves.values()]


def equity_rows(
    entries: Iterable[CurveEntry],
    definitions: Definitions,
    method: LotChoice,
    *,
    since: datetime | None = None,
    points: int | None = POINTS,
    changing: Iterable[Marked] = (),
    of_each: OfEach = (),
) -> list[EquityPointRow]:
    """The rows of the curves from trades, their changes, account events and marks, as they
    happened. `since`: without the rows before it, whose peak still counts. `points`: the most
    points of each curve."""
    kept: dict[str | None, Points] = {}
    for row in moments(entries, definitions, method, changing, of_each):
        if since is None or row["at"] >= since:
            curve = kept.get(row["currency"])
            if curve is None:
                curve = kept[row["currency"]] = Points(points)
            curve.take(row)
    return sorted((row for curve in kept.values() for row in curve.rows()), key=when)


def moments(
    entries: Iterable[CurveEntry],
    definitions: Definitions,
    method: LotChoice,
    changing: Iterable[Marked] = (),
    of_each: OfEach = (),
) -> Iterator[EquityPointRow]:
    """A row for each moment of each curve, marks included. One at a time."""
    fold = EquityFold(definitions, method, changing, of_each)
    for entry in entries:
        yield from fold.take(entry)
