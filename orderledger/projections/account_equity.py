"""The equity curve of an account in one currency: `valuation` after each fact that changed it.

It begins at the opening balance. Deposits and withdrawals move the peak along with the equity, so
that the drawdown is the result of trading. A position is valued as in `balances`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeAlias

from orderledger.domain.exact import EXACT, ZERO, total
from orderledger.projections.account_events import AccountEventRow
from orderledger.projections.balances import NO_OPENING, Sums, balance_row
from orderledger.projections.cash import CashRow, Openings
from orderledger.projections.cash_fold import LENDING
from orderledger.projections.entries import Entry, Trade
from orderledger.projections.equity_points import ACCOUNT, EquityPointRow, Points
from orderledger.projections.fill_changes import FillChange, after
from orderledger.projections.instruments import StoredInstrumentRow
from orderledger.projections.marks import MarkRow
from orderledger.projections.position_tables import StoredPositionRow
from orderledger.projections.positions import Definition, Definitions, LotBook, position_rows
from orderledger.projections.rates import RateRules, Rates
from orderledger.projections.shares import Holder, shared
from orderledger.projections.sides import part_of, when
from orderledger.projections.valuation import valuation_row

AccountEntry: TypeAlias = Entry | AccountEventRow | MarkRow | FillChange
Held = tuple[str, str, str]
"""Instrument, position side and position id."""

OUTSIDE = ("deposit", "withdrawal", "internal")
"""Transfers that are not results."""


def is_opening(entry: Mapping[str, Any]) -> bool:
    """Whether it is an opening balance, which comes before all else of its time."""
    return entry.get("kind") == "adjust" and entry["instrument"] is None


def is_cash(row: AccountEventRow) -> bool:
    """Whether it is an opening balance or a transfer that counts."""
    is_active = row["kind"] == "transfer" and row["state"] == "active"
    return is_active or (row["kind"] == "adjust" and row["instrument"] is None)


def in_order(entry: AccountEntry) -> tuple[datetime, bool, Any]:
    return entry["at"], not is_opening(entry), when(entry)


class Holding:
    """A position. `before`: what it had moved at the opening balance, by currency."""

    def __init__(self, key: Held, account: str, defined: Definition, openings: Openings) -> None:
        self.key = key
        self.before: dict[str, Decimal] = {}
        self._defined = defined
        self._account = account
        self._row: StoredPositionRow | None = None
        self.begin(openings)

    def begin(self, openings: Openings) -> None:
        """Forget all entries: what comes counts since these openings."""
        books = (LotBook("average", {}, None),)
        self.position = self._defined.position(self._account, self.key[0], self.key[1:], books)
        self.position.openings = openings
        self.before, self._row = {}, None

    def take(self, entry: Entry) -> None:
        self.position.take(entry)
        self._row = None

    @property
    def row(self) -> StoredPositionRow:
        """As it is stored, by average cost."""
        if self._row is None:
            (row,) = position_rows(self.position)
            self._row = {**row, "reason": self._defined.unknown or row["reason"]}
        return self._row


class AccountCurve:
    """The value of one account so far. `changing`: the instruments whose fills change later."""

    def __init__(
        self,
        account: str,
        currency: str,
        definitions: Definitions,
        instruments: Iterable[StoredInstrumentRow],
        rules: RateRules,
        changing: Iterable[str],
    ) -> None:
        self._account = account
        self._currency = currency
        self._definitions = definitions
        self._rules = rules
        self._rates = Rates(instruments, *rules)
        self._changing = frozenset(changing)
        self._openings = Openings()
        self._cash: dict[str, CashRow] = {}
        self._holdings: dict[Held, Holding] = {}
        self._histories: dict[Held, list[Entry]] = {}
        self._marks: dict[str, MarkRow] = {}
        self._last: tuple[Decimal | None, str | None] | None = None
        self._peak: Decimal | None = None
        self._new: list[AccountEntry] = []
        """Entries of one time that have no moment yet."""
        self._came: list[AccountEventRow] = []
        """New transfers from outside, or to there."""

    def take(self, entry: AccountEntry) -> None:
        """Take the next entry. `moments` follows once all entries of its time were taken."""
        taken: Any = entry
        if "removed" in taken:
            self._change(taken)
        elif "fill_id" in taken:
            self._enter(taken)
        elif "kind" not in taken:
            self._mark(taken)
        elif taken["kind"] == "transfer":
            self._transfer(taken)
        elif is_opening(taken):
            self._open(taken)
        else:
            self._enter(taken)
        is_half = taken.get("kind") == "settle" and "into" in (taken["terms"] or {})
        if not is_half:
            self._new.append(entry)

    def moments(self) -> list[EquityPointRow]:
        """The rows of the entries since it was last asked. They are of one time, and all rows have
        the valuation of that time. Marks have one row, and only where the time has no other entry
        and the equity changed."""
        entries, came = self._new, self._came
        self._new, self._came = [], []
        if self._openings.first is None or not entries:
            return []
        at = entries[-1]["at"]
        value = valuation_row(self._account, self._balances(at), self._currency, at, self._rates)
        now = value["amount"], value["reason"]
        facts = [one for one in entries if "kind" in one or "fill_id" in one]
        if not facts and now == self._last:
            return []
        self._last = now
        if self._peak is not None:
            self._peak = EXACT.add(self._peak, total(map(self._worth, came)))
        return [self._point(one, *now) for one in facts or entries[-1:]]

    def unopened(self, entry: AccountEntry) -> EquityPointRow | None:
        """The row of an account without an opening balance."""
        is_open = self._openings.first is not None
        return None if is_open else self._point(entry, None, NO_OPENING)

    def _open(self, opening: AccountEventRow) -> None:
        at, currency = opening["at"], opening["currency"] or ""
        own = dict(self._openings.own)
        own[currency] = at, opening["quantity"] or ZERO
        is_first = self._openings.first is None
        self._openings = Openings(self._openings.first or at, own)
        if is_first:
            self._cash.clear()
        for holding in self._holdings.values():
            moved = holding.position.moved_cash()
            holding.before = (
                moved if is_first else holding.before | {currency: moved.get(currency, ZERO)}
            )
        known = self._cash.pop(currency, None)
        row = self._cash_of(currency)
        self._cash[currency] = {**row, "owed": ZERO if known is None else known["owed"]}
        self._peak = None

    def _cash_of(self, currency: str) -> CashRow:
        opened_at, opening = self._openings.of(currency)
        return self._cash.get(currency) or {
            "account": self._account,
            "currency": currency,
            "opened_at": opened_at,
            "opening": opening,
            "transferred": ZERO,
            "owed": ZERO,
            "reported": None,
            "reported_at": None,
            "reported_position": None,
            "conflicting": None,
            "reused": 0,
        }

    def _transfer(self, transfer: AccountEventRow) -> None:
        currency, amount = transfer["currency"] or "", transfer["quantity"] or ZERO
        row = self._cash_of(currency)
        row = {**row, "transferred": EXACT.add(row["transferred"], amount)}
        if transfer["transfer"] in LENDING:
            row = {**row, "owed": EXACT.add(row["owed"], amount)}
        self._cash[currency] = row
        if transfer["transfer"] in OUTSIDE:
            self._came.append(transfer)

    def _worth(self, transfer: AccountEventRow) -> Decimal:
        """The worth of a transfer at its time, 0 without a rate."""
        path = self._rates.path(transfer["currency"] or "", self._currency, transfer["at"])
        return ZERO if path is None else EXACT.multiply(transfer["quantity"] or ZERO, path.rate)

    def _mark(self, mark: MarkRow) -> None:
        self._marks[mark["instrument"]] = mark
        self._rates.mark(mark["instrument"], mark["price"], mark["at"])

    def _enter(self, entry: Entry) -> None:
        if "fill_id" not in entry and entry["kind"] == "split":  # the mark was of another unit
            self._marks.pop(entry["instrument"], None)
            self._rates.unmark(entry["instrument"])
        defined = self._definitions(self._account, entry["instrument"])
        for holder, share in shared(entry, defined.modes, self._held):
            key = holder[1:4]
            if key[0] in self._changing:
                self._histories.setdefault(key, []).append(share)
            self._holding(key, defined).take(share)

    def _held(self) -> dict[Holder, Decimal]:
        return {
            (self._account, *key, None): one.position.quantity
            for key, one in self._holdings.items()
        }

    def _holding(self, key: Held, defined: Definition) -> Holding:
        found = self._holdings.get(key)
        if found is None:
            found = Holding(key, self._account, defined, Openings())
            self._holdings[key] = found
        return found

    def _change(self, change: FillChange) -> None:
        """A bust or correction: the positions as if their fills had been others from the
        beginning."""
        removed, added = dict[Held, list[Trade]](), dict[Held, list[Trade]]()
        for rows, of in ((change["removed"], removed), (change["added"], added)):
            for row in rows:
                defined = self._definitions(self._account, row["instrument"])
                key = (row["instrument"], *part_of(row, defined.modes))
                self._holding(key, defined)
                of.setdefault(key, []).append(row)
        for key in sorted({*removed, *added}):
            history = after(self._histories.get(key, ()), removed.get(key, ()), added.get(key, ()))
            self._histories[key] = history
            holding = self._holdings[key]
            holding.begin(self._openings)
            for entry in history:
                holding.take(entry)

    def _balances(self, at: datetime) -> list[Any]:
        """The rows of `balances` at a time."""
        sums, account = Sums(), self._account
        for holding in self._holdings.values():
            mark = self._marks.get(holding.key[0])
            is_served = mark is not None and at - mark["at"] <= self._rules.serves
            sums.add(holding.row, mark["price"] if mark is not None and is_served else None)
            for name, amount in holding.before.items():
                key = (account, name)
                sums.moved[key] = EXACT.subtract(sums.moved.get(key, ZERO), amount)
        named = {*sums.moved, *sums.value, *sums.unknown, *sums.unmarked}
        keys = sorted({*named, *((account, name) for name in self._cash)})
        first = self._openings.first
        return [balance_row(key, self._cash_of(key[1]), first, sums) for key in keys]

    def _point(
        self, entry: AccountEntry, equity: Decimal | None, reason: str | None
    ) -> EquityPointRow:
        if equity is not None and (self._peak is None or equity > self._peak):
            self._peak = equity
        traded: Any = entry if "fill_id" in entry else None
        kind: Any = entry.get("kind", "fill" if traded else "mark")
        return {
            "at": entry["at"],
            "position": entry["position"],
            "kind": kind,
            "account": self._account,
            "instrument": entry["instrument"],
            "client_order_id": traded["client_order_id"] if traded else None,
            "venue_order_id": traded["venue_order_id"] if traded else None,
            "fill_id": traded["fill_id"] if traded else None,
            "currency": self._currency,
            "basis": ACCOUNT,
            "net_pnl": None,
            "equity": equity,
            "reason": reason,
            "peak": self._peak,
            "drawdown": None
            if equity is None or self._peak is None
            else EXACT.subtract(self._peak, equity),
            "moments": 1,
        }


class AccountCurves(dict[str, AccountCurve]):
    """The curves of accounts, each made when it is needed."""

    def __init__(self, make: Callable[[str], AccountCurve]) -> None:
        self._make = make

    def __missing__(self, account: str) -> AccountCurve:
        curve = self[account] = self._make(account)
        return curve


def account_equity_rows(
    entries: Iterable[AccountEntry],
    curves: AccountCurves,
    *,
    since: datetime | None = None,
    points: int | None = None,
) -> list[EquityPointRow]:
    """The rows of the curves of accounts, from entries `in_order`. An account that was never opened
    has one row, which says so."""
    kept: dict[str, Points] = {}
    last: dict[str, AccountEntry] = {}
    for at, of_time in groupby(entries, key=itemgetter("at")):
        newest: dict[str, AccountEntry] = {}
        for entry in of_time:
            newest[entry["account"]] = entry
            curves[entry["account"]].take(entry)
        last |= newest
        for account in newest:
            for row in curves[account].moments():
                if since is None or at >= since:
                    kept.setdefault(account, Points(points)).take(row)
    unopened = (curves[account].unopened(entry) for account, entry in last.items())
    rows: Iterator[EquityPointRow] = (row for curve in kept.values() for row in curve.rows())
    return sorted((*rows, *(row for row in unopened if row is not None)), key=when)
