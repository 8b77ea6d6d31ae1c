"""Balances of accounts by currency: the total that follows from the log, what is owed, the equity,
and the venue's own statement beside it.

The total is the opening balance with all that moved since: transfers, payments of fills, fees,
funding, and realized P&L of margined positions. The latter is always by average cost.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, TypedDict

from orderledger.domain.exact import EXACT, ZERO
from orderledger.projections.cash import CASH, CashRow
from orderledger.projections.fill_changes import (
    FillEvents,
)
from orderledger.projections.instruments import INSTRUMENTS, StoredInstrumentRow
from orderledger.projections.past_balances import Balance, Past
from orderledger.projections.pnl import CURRENCY_UNKNOWN
from orderledger.projections.position_tables import POSITIONS, StoredPositionRow
from orderledger.projections.positions import Terms, moved_cash, reason_in, terms_in
from orderledger.projections.sides import IMPOSSIBLE_PRICE, KIND_CONFLICT, SIDE_UNKNOWN
from orderledger.projections.store import Source
from orderledger.projections.view import Table

NO_OPENING = "no_opening_balance"
KIND_UNKNOWN = "kind_unknown"


RANKED = (NO_OPENING, CURRENCY_UNKNOWN, KIND_UNKNOWN, SIDE_UNKNOWN)


def first_reason(reasons: Iterable[str]) -> str:
    """The reason that is shown among several: the most general, then the first by the alphabet."""

    def rank(reason: str) -> tuple[int, str]:
        general = reason.partition(":")[0]
        return RANKED.index(general) if general in RANKED else len(RANKED), reason

    return min(reasons, key=rank)


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
        "kind_conflict, currency_unknown:INSTRUMENT, kind_unknown:INSTRUMENT or "
        "no_mark:INSTRUMENT.",
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
        *("currency", "multiplier", "inverse", "reason", "book", "fees", "funding"),
    )
)
"""The columns of positions that balances need."""


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
        """One position. Without a currency all totals of the account are unknown, without a kind
        those of its currencies."""
        account, currency, terms = row["account"], row["currency"], terms_in(row)
        if currency is None:
            if row["book"]["entries"] or row["fees"] or row["funding"]:
                self._note_undefined(row)
            return
        key = (account, currency)
        if terms.kind is None:
            reason = f"{KIND_UNKNOWN}:{row['instrument']}"
            for name in {currency, *row["fees"], *row["funding"]} - {""}:
                self.unknown[account, name] = min(reason, self.unknown.get((account, name), reason))
            return
        for name, amount in moved_cash(row).items():
            self._sum(self.moved, (account, name), amount)
        if row["reason"] is not None:
            self._note_reasons(row, terms)
        elif row["position_quantity"] and terms.coin is None:
            if mark is None:
                reason = f"no_mark:{row['instrument']}"
                self.unmarked[key] = min(reason, self.unmarked.get(key, reason))
            elif not terms.has_value_at(mark):
                self.unmarked[key] = IMPOSSIBLE_PRICE
            else:
                self._sum(self.value, key, _value(row, terms, mark))

    def _note_reasons(self, row: StoredPositionRow, terms: Terms) -> None:
        """An unknown position has an unknown value. Of a margined one the total is unknown too, and
        of a contradictory instrument, with the coin."""
        account, key = row["account"], (row["account"], terms.currency or "")
        reasons = {one for one in (row["reason"], reason_in(row)) if one is not None}
        is_total, keys = terms.is_margined, [key]
        if KIND_CONFLICT in reasons:
            coins = dict.fromkeys((key[1], terms.coin or key[1], *terms.rivals))
            is_total, keys = True, [(account, coin) for coin in coins]
        of = self.unknown if is_total else self.unmarked
        for one in keys:
            of[one] = first_reason(reasons | ({of[one]} if one in of else set()))

    def _note_undefined(self, row: StoredPositionRow) -> None:
        """An instrument without a currency moved unknown amounts of unknown currencies."""
        account, reason = row["account"], f"{CURRENCY_UNKNOWN}:{row['instrument']}"
        self.undefined[account] = min(reason, self.undefined.get(account, reason))
        for name in {*row["fees"], *row["funding"]} - {""}:
            self.unknown[account, name] = self.undefined[account]

    @staticmethod
    def _sum(sums: dict[Balance, Decimal], key: Balance, amount: Decimal) -> None:
        sums[key] = EXACT.add(sums.get(key, ZERO), amount)


def _value(row: StoredPositionRow, terms: Terms, mark: Decimal) -> Decimal:
    """The part of an open position in the equity: its gain, or its market value."""
    quantity = row["position_quantity"] or ZERO
    value = terms.value(quantity, mark)
    gain = (
        terms.gain(value, Decimal(row["book"].get("paid_book", row["book"])["cost"]))
        if terms.is_margined
        else value
    )
    return terms.amount(gain)


def balances(
    source: Source,
    at: datetime,
    serves: timedelta | None = None,
    *,
    events_of: FillEvents,
    account: str | None = None,
    currency: str | None = None,
) -> list[BalanceRow]:
    """Rows of the balances view, of an account and a currency if they are given. Marks that are
    older than `serves` at that time value nothing: by default the setting."""
    serves = source.rate_rules.serves if serves is None else serves
    instruments = {
        (row["account"], row["instrument"]): row
        for row in source.rows(INSTRUMENTS, account=account)
    }
    sums = Sums()
    for position in source.rows(HELD, method="average", account=account):
        defined = instruments.get((position["account"], position["instrument"]))
        sums.add(position, _mark_at(defined, at, serves))
    cash = {(row["account"], row["currency"]): row for row in source.rows(CASH, account=account)}
    opened = _first_openings(cash.values())
    keys = sorted({*cash, *sums.moved, *sums.value, *sums.unknown, *sums.unmarked})
    rows = [balance_row(key, cash.get(key), opened.get(key[0]), sums) for key in keys]
    past = Past(source, instruments, events_of)
    return [_with_difference(row, past) for row in rows if currency in (None, row["currency"])]


def _mark_at(
    defined: StoredInstrumentRow | None, at: datetime, serves: timedelta
) -> Decimal | None:
    if defined is None or defined["marked_at"] is None or at - defined["marked_at"] > serves:
        return None
    return defined["mark_price"]


def _first_openings(rows: Iterable[CashRow]) -> dict[str, datetime]:
    """When the cash of each account was opened, where it was."""
    found: dict[str, datetime] = {}
    for row in rows:
        if row["opened_at"] is not None:
            found[row["account"]] = min(
                row["opened_at"], found.get(row["account"], row["opened_at"])
            )
    return found


def balance_row(
    key: Balance, cash: CashRow | None, opened: datetime | None, sums: Sums
) -> BalanceRow:
    """The row of one currency, without the difference. `opened`: when the account was opened."""
    account, currency = key
    total = sums.moved.get(key, ZERO)
    owed = ZERO
    if cash is not None:
        total = EXACT.add(EXACT.add(total, cash["opening"]), cash["transferred"])
        owed = cash["owed"]
    unknown = sums.undefined.get(account) or sums.unknown.get(key)
    reasons = (NO_OPENING if opened is None else None, unknown, sums.unmarked.get(key))
    reason = first_reason(filter(None, reasons)) if any(reasons) else None
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


def _with_difference(row: BalanceRow, past: Past) -> BalanceRow:
    at, reported, total = row["reported_at"], row["reported"], row["total"]
    if at is None or reported is None or total is None:
        return row
    balance = row["account"], row["currency"]
    then = past.total(balance, total, row["opened_at"], at)
    return {**row, "difference": EXACT.subtract(reported, then)}
