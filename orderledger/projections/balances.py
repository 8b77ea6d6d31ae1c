"""Balances of accounts by currency: the total that follows from the log, what is owed, the equity,
and the venue's own statement beside it.

The total is the opening balance with all that moved since: transfers, payments of fills, fees,
funding, and realized P&L of margined positions. The latter is always by average cost.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypedDict

from orderledger.domain.exact import EXACT, ZERO
from orderledger.projections.account_events import ACCOUNT_EVENTS
from orderledger.projections.cash import CASH, CashRow
from orderledger.projections.entries import (
    Adjustment,
    Entry,
    Trade,
    has_position,
    is_account_entry,
    is_adjustment,
)
from orderledger.projections.instruments import INSTRUMENTS, StoredInstrumentRow, modes_of
from orderledger.projections.pnl import CURRENCY_UNKNOWN
from orderledger.projections.position_tables import POSITIONS, StoredPositionRow
from orderledger.projections.positions import Position, Terms, terms_of
from orderledger.projections.sides import KIND_CONFLICT, part_of, when
from orderledger.projections.store import Source
from orderledger.projections.trades import TRADES
from orderledger.projections.view import Table

NO_OPENING = "no_opening_balance"


class BalanceRow(TypedDict):
    """One row per account and currency."""

    account: Annotated[str, "Trading account."]
    currency: Annotated[str, "Currency or coin."]
    total: Annotated[
        Decimal | None,
        "The balance from the log: opening balance, transfers, fills, fees, funding, and realized "
        "P&L of margined positions. Null where `equity_reason` says why.",
    ]
    owed: Annotated[Decimal, "Borrowed and not repaid. It is part of the total."]
    equity: Annotated[
        Decimal | None,
        "Total less what is owed, with the unrealized P&L of margined positions and the market "
        "value of securities and options. Null where `equity_reason` says why.",
    ]
    equity_reason: Annotated[
        str | None,
        "Why figures are null: no_opening_balance, position_side_unknown, impossible_price, "
        "currency_unknown:INSTRUMENT or no_mark:INSTRUMENT.",
    ]
    opened_at: Annotated[datetime | None, "When the balance was opened."]
    reported: Annotated[Decimal | None, "The balance that the venue last reported."]
    reported_at: Annotated[datetime | None, "When it reported it."]
    difference: Annotated[
        Decimal | None,
        "The reported balance less the total at that time. Null where one of them is not known.",
    ]


BALANCES = Table(
    "balances",
    "One row per account and currency: total, equity and the venue's statement. Computed when "
    "asked.",
    ("account", "currency"),
    BalanceRow,
    ("account", "currency"),
    time=("opened_at",),
)

HELD = POSITIONS.narrowed(
    (
        *("account", "instrument", "position_side", "position_id", "method", "position_quantity"),
        *("currency", "multiplier", "inverse", "fills", "reason", "last_at", "book", "funding"),
    )
)
"""The columns of positions that balances need."""

Balance = tuple[str, str]
"""Account and currency."""


class Sums:
    """Cash that the positions of some accounts moved, and their part of the equity."""

    def __init__(self) -> None:
        self.moved: dict[Balance, Decimal] = {}
        self.value: dict[Balance, Decimal] = {}
        self.unknown: dict[Balance, str] = {}
        """Why the total is unknown, by account and currency."""
        self.unmarked: dict[Balance, str] = {}
        self.undefined: dict[str, str] = {}
        """Why no total of an account is known."""

    def add(self, row: StoredPositionRow, mark: Decimal | None) -> None:
        """One position. Without a currency its cash is unknown, and with it all of the account's
        totals."""
        account, currency, terms = row["account"], row["currency"], terms_in(row)
        if currency is None:
            if row["fills"]:
                reason = f"{CURRENCY_UNKNOWN}:{row['instrument']}"
                self.undefined[account] = min(reason, self.undefined.get(account, reason))
            return
        key = (account, currency)
        for name, amount in moved_cash(row).items():
            self._sum(self.moved, (account, name), amount)
        if row["reason"] is not None:
            if terms.is_margined or row["reason"] == KIND_CONFLICT:
                self.unknown[key] = row["reason"]
            else:
                self.unmarked[key] = row["reason"]
        elif row["position_quantity"] and terms.coin is None:
            if mark is None:
                reason = f"no_mark:{row['instrument']}"
                self.unmarked[key] = min(reason, self.unmarked.get(key, reason))
            else:
                self._sum(self.value, key, _value(row, terms, mark))

    @staticmethod
    def _sum(sums: dict[Balance, Decimal], key: Balance, amount: Decimal) -> None:
        sums[key] = EXACT.add(sums.get(key, ZERO), amount)


def _value(row: StoredPositionRow, terms: Terms, mark: Decimal) -> Decimal:
    """The part of an open position in the equity: its gain, or its market value."""
    quantity = row["position_quantity"] or ZERO
    value = terms.value(quantity, mark)
    gain = terms.gain(value, Decimal(row["book"]["cost"])) if terms.is_margined else value
    return terms.amount(gain)


def terms_in(row: StoredPositionRow) -> Terms:
    """The terms by which a position was folded."""
    kind, base = row["book"].get("kind"), row["book"].get("base")
    return Terms(row["multiplier"], bool(row["inverse"]), row["currency"], kind, base)


def moved_cash(row: StoredPositionRow) -> dict[str, Decimal]:
    """Cash that a position moved since the opening balance, by currency. `row`: by average cost."""
    book, terms = row["book"], terms_in(row)
    own = terms.currency or ""
    cash: dict[str, Decimal] = {}
    for name, amount in book.get("cash", {}).items():
        _sum_in(cash, name or own, Decimal(amount))
    if terms.is_margined:
        before = Decimal(book.get("realized_before", 0))
        _sum_in(cash, own, terms.realized_since(Decimal(book["realized"]), before))
    else:
        _sum_in(cash, own, terms.amount(Decimal(book.get("traded", 0))))
    return cash


def balances(source: Source, **where: Any) -> list[BalanceRow]:
    """Rows of the balances view, of an account and a currency if they are given."""
    account, currency = where.get("account"), where.get("currency")
    instruments = {
        (row["account"], row["instrument"]): row
        for row in source.rows(INSTRUMENTS, account=account)
    }
    sums = Sums()
    for position in source.rows(HELD, method="average", account=account):
        defined = instruments.get((position["account"], position["instrument"]))
        sums.add(position, defined["mark_price"] if defined else None)
    cash = {(row["account"], row["currency"]): row for row in source.rows(CASH, account=account)}
    opened = _first_openings(cash.values())
    keys = sorted({*cash, *sums.moved, *sums.value, *sums.unknown, *sums.unmarked})
    rows = [_row(key, cash.get(key), opened.get(key[0]), sums) for key in keys]
    later = Later(source, instruments)
    return [_with_difference(row, later) for row in rows if currency in (None, row["currency"])]


def _first_openings(rows: Iterable[CashRow]) -> dict[str, datetime]:
    """When the cash of each account was opened, where it was."""
    found: dict[str, datetime] = {}
    for row in rows:
        if row["opened_at"] is not None:
            found[row["account"]] = min(
                row["opened_at"], found.get(row["account"], row["opened_at"])
            )
    return found


def _row(key: Balance, cash: CashRow | None, opened: datetime | None, sums: Sums) -> BalanceRow:
    account, currency = key
    total = sums.moved.get(key, ZERO)
    owed = ZERO
    if cash is not None:
        total = EXACT.add(EXACT.add(total, cash["opening"]), cash["transferred"])
        owed = cash["owed"]
    unknown = sums.undefined.get(account) or sums.unknown.get(key)
    reason = (NO_OPENING if opened is None else None) or unknown or sums.unmarked.get(key)
    equity = EXACT.add(EXACT.subtract(total, owed), sums.value.get(key, ZERO))
    return {
        "account": account,
        "currency": currency,
        "total": None if unknown else total,
        "owed": owed,
        "equity": None if reason else equity,
        "equity_reason": reason,
        "opened_at": cash["opened_at"] if cash is not None else opened,
        "reported": cash["reported"] if cash is not None else None,
        "reported_at": cash["reported_at"] if cash is not None else None,
        "difference": None,
    }


def _with_difference(row: BalanceRow, later: "Later") -> BalanceRow:
    at, reported, total = row["reported_at"], row["reported"], row["total"]
    is_inside = row["opened_at"] is not None and at is not None and at < row["opened_at"]
    if at is None or reported is None or total is None or is_inside:
        return row
    moved = later.moved(row["account"], at).get(row["currency"], ZERO)
    return {**row, "difference": EXACT.subtract(reported, EXACT.subtract(total, moved))}


class Later:
    """The changes of the balances of an account after a time. They are read from the entries since;
    of margined positions that traded since, also from those before."""

    def __init__(
        self, source: Source, instruments: dict[tuple[str, str], StoredInstrumentRow]
    ) -> None:
        self._source = source
        self._instruments = instruments
        self._found: dict[tuple[str, datetime], dict[str, Decimal]] = {}

    def moved(self, account: str, at: datetime) -> dict[str, Decimal]:
        """By currency."""
        if (account, at) not in self._found:
            self._found[account, at] = self._moved(account, at)
        return self._found[account, at]

    def _moved(self, account: str, at: datetime) -> dict[str, Decimal]:
        sums: dict[str, Decimal] = {}
        margined: set[str] = set()
        for row in self._source.rows(ACCOUNT_EVENTS, account=account, kind="transfer", since=at):
            if row["at"] > at and row["state"] == "active":
                _sum_in(sums, row["currency"] or "", row["quantity"] or ZERO)
        for entry in self._entries(account, at):
            position = self._empty(account, entry["instrument"])
            if "fill_id" in entry:
                position.count(entry)
                if position.terms.is_margined:
                    margined.add(entry["instrument"])
            elif entry["kind"] == "funding":
                position.fund(entry)
            own = position.terms.currency or ""
            for name, amount in position.cash.items():
                _sum_in(sums, name or own, amount)
            _sum_in(sums, own, position.terms.amount(position.traded))
        for instrument in margined:
            self._add_realized(sums, account, instrument, at)
        return sums

    def _entries(self, account: str, at: datetime) -> list[Entry]:
        trades = self._source.rows(TRADES, account=account, state="active", since=at)
        events = self._source.rows(ACCOUNT_EVENTS, account=account, since=at)
        found: list[Entry] = [row for row in trades if has_position(row)]
        found += [row for row in events if is_account_entry(row)]
        return [entry for entry in found if entry["at"] > at]

    def _empty(self, account: str, instrument: str) -> Position:
        return Position(account, instrument, terms_of(self._instruments.get((account, instrument))))

    def _add_realized(
        self, sums: dict[str, Decimal], account: str, instrument: str, at: datetime
    ) -> None:
        """Add the P&L that the positions of a margined instrument realized after the time."""
        modes = modes_of(self._instruments.get((account, instrument)))
        where: dict[str, Any] = {"account": account, "instrument": instrument}
        entries: list[Trade | Adjustment] = [
            row for row in self._source.rows(TRADES, state="active", **where) if has_position(row)
        ]
        events = self._source.rows(ACCOUNT_EVENTS, kind="adjust", **where)
        entries += [row for row in events if is_adjustment(row)]
        positions: dict[Any, Position] = {}
        before: dict[Any, Decimal] = {}
        for entry in sorted(entries, key=when):
            part = part_of(entry, modes)
            position = positions.setdefault(part, self._empty(account, instrument))
            position.enter(entry)
            if entry["at"] <= at:
                before[part] = position.books[0].realized
        for part, position in positions.items():
            terms = position.terms
            realized = terms.realized_since(position.books[0].realized, before.get(part, ZERO))
            _sum_in(sums, terms.currency or "", realized)


def _sum_in(sums: dict[str, Decimal], name: str, amount: Decimal) -> None:
    sums[name] = EXACT.add(sums.get(name, ZERO), amount)
