"""Balances of accounts by currency: the total that follows from the log, what is owed, the equity,
and the venue's own statement beside it.

The total is the opening balance with all that moved since: transfers, payments of fills, fees,
funding, and realized P&L of margined positions. The latter is always by average cost.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, TypedDict

from orderledger.domain.exact import EXACT, ZERO
from orderledger.domain.recorded import Recorded
from orderledger.projections.account_events import ACCOUNT_EVENTS, AccountEventRow
from orderledger.projections.cash import CASH, CashRow, Openings, openings_of
from orderledger.projections.entries import (
    Entry,
    Trade,
    has_position,
    is_account_entry,
    is_adjustment,
)
from orderledger.projections.fill_changes import (
    FillEvents,
    changes_after,
    orders_with_changed_fills,
    trades_at,
)
from orderledger.projections.instruments import INSTRUMENTS, StoredInstrumentRow, modes_of
from orderledger.projections.pnl import CURRENCY_UNKNOWN
from orderledger.projections.position_tables import POSITIONS, StoredPositionRow
from orderledger.projections.positions import Position, Terms, moved_cash, terms_in, terms_of
from orderledger.projections.rates import MARK_SERVES
from orderledger.projections.sides import KIND_CONFLICT, SIDE_UNKNOWN, Part, part_of, when
from orderledger.projections.store import Source
from orderledger.projections.trades import TRADES
from orderledger.projections.view import Table

NO_OPENING = "no_opening_balance"
KIND_UNKNOWN = "kind_unknown"


MOMENT = timedelta(microseconds=1)
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
        *("currency", "multiplier", "inverse", "fills", "reason", "book", "fees", "funding"),
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
        """One position. Without a currency all totals of the account are unknown, without a kind
        those of its currencies."""
        account, currency, terms = row["account"], row["currency"], terms_in(row)
        if currency is None:
            if row["fills"]:
                reason = f"{CURRENCY_UNKNOWN}:{row['instrument']}"
                self.undefined[account] = min(reason, self.undefined.get(account, reason))
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


def balances(
    source: Source,
    at: datetime,
    serves: timedelta = MARK_SERVES,
    *,
    events_of: FillEvents,
    account: str | None = None,
    currency: str | None = None,
) -> list[BalanceRow]:
    """Rows of the balances view, of an account and a currency if they are given. Marks that are
    older than `serves` at that time value nothing."""
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
    rows = [_row(key, cash.get(key), opened.get(key[0]), sums) for key in keys]
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


def _with_difference(row: BalanceRow, past: "Past") -> BalanceRow:
    at, reported = row["reported_at"], row["reported"]
    if at is None or reported is None or row["total"] is None:
        return row
    return {**row, "difference": EXACT.subtract(reported, past.total(row, at))}


class Past:
    """The totals of balances at earlier times. A time after the opening balance needs the entries
    since; of margined positions that traded since, also those before. An earlier time, or fills
    that were busted or corrected since, need all entries up to it."""

    def __init__(
        self,
        source: Source,
        instruments: dict[tuple[str, str], StoredInstrumentRow],
        events_of: FillEvents,
    ) -> None:
        self._source = source
        self._instruments = instruments
        self._events_of = events_of
        self._changed = cache(self._changed_orders)
        self._since = cache(self._moved_since)
        self._until = cache(self._totals_until)

    def total(self, row: BalanceRow, at: datetime) -> Decimal:
        """Of the account and currency of a row, whose own total is known."""
        opened, total = row["opened_at"], row["total"] or ZERO
        is_changed = any(
            changes_after(events, at) for events in self._changed(row["account"]).values()
        )
        if is_changed or (opened is not None and at < opened):
            return self._until(row["account"], at).get(row["currency"], ZERO)
        return EXACT.subtract(total, self._since(row["account"], at).get(row["currency"], ZERO))

    def _moved_since(self, account: str, at: datetime) -> dict[str, Decimal]:
        trades, events = self._entries(account, since=at + MOMENT)
        margined = {
            trade["instrument"] for trade in trades if self._terms(account, trade).is_margined
        }
        entries: list[Entry] = [one for one in trades if one["instrument"] not in margined]
        entries += [row for row in events if is_account_entry(row) and row["kind"] != "adjust"]
        for instrument in margined:
            traded, others = self._entries(account, instrument=instrument)
            entries += [*traded, *(row for row in others if is_adjustment(row))]
        return self._moved(account, entries, Openings(first=at + MOMENT), events)

    def _totals_until(self, account: str, at: datetime) -> dict[str, Decimal]:
        trades, events = self._entries(account, until=at + MOMENT)
        changed = self._changed(account)
        trades = [trade for trade in trades if trade["stream"] not in changed]
        for recorded in changed.values():
            trades += trades_at(recorded, at)
        openings = openings_of(events)
        entries: list[Entry] = [*trades, *(row for row in events if is_account_entry(row))]
        totals = self._moved(account, entries, openings, events)
        for currency, (_, amount) in openings.own.items():
            _sum_in(totals, currency, amount)
        return totals

    def _changed_orders(self, account: str) -> dict[str, list[Recorded]]:
        """The events of the orders whose fills were busted or corrected."""
        streams = orders_with_changed_fills(self._source, account)
        return self._events_of(streams) if streams else {}

    def _entries(self, account: str, **where: Any) -> tuple[list[Trade], list[AccountEventRow]]:
        trades = self._source.rows(TRADES, account=account, state="active", **where)
        events = self._source.rows(ACCOUNT_EVENTS, account=account, **where)
        return [row for row in trades if has_position(row)], events

    def _moved(
        self,
        account: str,
        entries: list[Entry],
        openings: Openings,
        events: Iterable[AccountEventRow],
    ) -> dict[str, Decimal]:
        """By currency, what the entries and transfers moved since the openings."""
        sums: dict[str, Decimal] = {}
        positions: dict[tuple[str, Part], Position] = {}
        for entry in sorted(entries, key=when):
            instrument = entry["instrument"]
            defined = self._instruments.get((account, instrument))
            key = (instrument, part_of(entry, modes_of(defined)))
            if key not in positions:
                positions[key] = Position(account, instrument, terms_of(defined), openings=openings)
            positions[key].take(entry)
        for position in positions.values():
            for name, amount in position.moved_cash().items():
                _sum_in(sums, name, amount)
        for row in events:
            currency = row["currency"] or ""
            if row["state"] == "active" and openings.has(currency, row["at"]):
                _sum_in(sums, currency, row["quantity"] or ZERO)
        return sums

    def _terms(self, account: str, trade: Trade) -> Terms:
        return terms_of(self._instruments.get((account, trade["instrument"])))


def _sum_in(sums: dict[str, Decimal], name: str, amount: Decimal) -> None:
    sums[name] = EXACT.add(sums.get(name, ZERO), amount)
