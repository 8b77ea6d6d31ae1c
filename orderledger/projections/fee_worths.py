"""The worth of fees and funding that are not in the settlement currency, by the rates at their
time. No later mark changes it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from heapq import merge
from typing import Any

from orderledger.domain.exact import EXACT, ZERO
from orderledger.projections.account_events import ACCOUNT_EVENTS
from orderledger.projections.entries import (
    Entry,
    has_position,
    is_account_entry,
    is_of_instrument,
    paid_in,
    payment_key,
)
from orderledger.projections.instruments import INSTRUMENTS, StoredInstrumentRow, modes_of
from orderledger.projections.marks import MARKS, MarkRow
from orderledger.projections.pnl import NOTHING_PAID, FeesPaid, Marks, rate_of
from orderledger.projections.position_tables import POSITIONS, PositionKey, StoredPositionRow
from orderledger.projections.positions import Terms, Worths, terms_in, terms_of
from orderledger.projections.rates import Rates
from orderledger.projections.sides import part_of
from orderledger.projections.store import Source
from orderledger.projections.trades import TRADES

PAID = POSITIONS.narrowed(
    (
        *("account", "instrument", "position_side", "position_id", "method"),
        *("fees", "funding", "currency", "multiplier", "inverse", "book"),
    )
)
"""The columns of positions that show which currencies their fees are in."""

OF_FEES = (
    *(
        "account",
        "instrument",
        "fill_id",
        "side",
        "fee",
        "fee_currency",
        "fees",
        "at",
        "position",
        "rank",
    ),
    *("position_side", "position_id"),
)
MARKED = ("account", "instrument", "at", "price", "position")

Instruments = Mapping[str, StoredInstrumentRow]
"""By name, those of one account."""

Payment = tuple[Entry, str, Decimal | None]
"""An entry, the third coin that it was paid in, and the worth of that: None without a rate."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """Fees and funding of one instrument in its settlement currency. Of an instrument of a known
    kind they have the worth of their time, else that by the marks of today."""

    account: str
    terms: Terms
    marks: Marks
    worths: Worths

    def fee(self, currency: str, amount: Decimal, price: Decimal, position: int) -> Decimal | None:
        """The worth of a fee of the fill at this log position and price. None without a rate."""
        if currency and currency == self.terms.coin:
            return EXACT.multiply(amount, price)
        return self._paid(currency, amount, position)

    def funding(self, currency: str, amount: Decimal, position: int) -> Decimal | None:
        """The worth of a funding, signed as it is."""
        paid = self._paid(currency, amount.copy_negate(), position)
        return None if paid is None else paid.copy_negate()

    def _paid(self, currency: str, amount: Decimal, position: int) -> Decimal | None:
        terms = self.terms
        if terms.currency is None:
            return None
        if terms.is_foreign(currency):
            return self.worths.get((position, currency))
        rate = rate_of(self.account, currency or terms.currency, terms.currency, self.marks)
        return ZERO if not amount else None if rate is None else EXACT.multiply(amount, rate)


def has_foreign_fees(row: StoredPositionRow) -> bool:
    """Whether a position of an instrument of a known kind has fees or funding in a third coin."""
    terms = terms_in(row)
    return any(terms.is_foreign(name) for name in (*row["fees"], *row["funding"]))


def fee_worths(source: Source, account: str | None) -> Worths:
    """The worth of each fee, and of each funding with the opposite sign, in a third coin: by log
    position and currency. Without those that had no rate."""
    found = source.rows(PAID, method="average", account=account)
    return {
        (payment_key(entry), currency): worth
        for one in dict.fromkeys(row["account"] for row in found if has_foreign_fees(row))
        for entry, currency, worth in _payments(source, one, _instruments(source, one))
        if worth is not None
    }


def fees_paid(source: Source, rows: Iterable[StoredPositionRow]) -> dict[PositionKey, FeesPaid]:
    """The worth of fees and funding in third coins, by position, where there are any."""
    found: dict[PositionKey, FeesPaid] = {}
    for account in dict.fromkeys(row["account"] for row in rows if has_foreign_fees(row)):
        instruments = _instruments(source, account)
        for entry, currency, worth in _payments(source, account, instruments, state="active"):
            part = part_of(entry, modes_of(instruments.get(entry["instrument"])))
            key = (account, entry["instrument"], *part)
            amount, unrated = found.get(key, NOTHING_PAID)
            found[key] = (
                (amount, tuple(sorted({*unrated, currency})))
                if worth is None
                else (EXACT.add(amount, worth), unrated)
            )
    return found


def _instruments(source: Source, account: str) -> Instruments:
    return {row["instrument"]: row for row in source.rows(INSTRUMENTS, account=account)}


def _payments(
    source: Source, account: str, instruments: Instruments, **of_trades: Any
) -> Iterator[Payment]:
    """Of one account, as they happened."""
    terms = {name: terms_of(row) for name, row in instruments.items()}
    rates = Rates(instruments.values(), *source.rate_rules)
    trades = source.each(TRADES, columns=OF_FEES, account=account, **of_trades)
    marks = source.each(MARKS, columns=MARKED, account=account)
    events = source.each(ACCOUNT_EVENTS, account=account)
    parts: Iterable[Iterable[Entry | MarkRow]] = (
        marks,
        (row for row in events if is_account_entry(row)),
        (row for row in trades if has_position(row)),
    )
    entries: Iterator[Entry | MarkRow] = merge(*parts, key=_marks_first)
    for entry in entries:
        if "fee" in entry or "kind" in entry:
            if is_of_instrument(entry) and entry["kind"] == "split":
                rates.unmark(entry["instrument"])
            yield from _of_entry(entry, terms.get(entry["instrument"]), rates)
        else:
            rates.mark(entry["instrument"], entry["price"], entry["at"])


def _of_entry(entry: Entry, terms: Terms | None, rates: Rates) -> Iterator[Payment]:
    if terms is None or terms.currency is None:
        return
    for currency, amount in paid_in(entry):
        if terms.is_foreign(currency):
            path = rates.path(currency, terms.currency, entry["at"])
            yield entry, currency, None if path is None else EXACT.multiply(amount, path.rate)


def _marks_first(entry: Entry | MarkRow) -> tuple[datetime, bool]:
    """A mark of the time of a fill is known then."""
    return entry["at"], "fee" in entry or "kind" in entry
