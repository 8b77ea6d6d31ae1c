"""The worth of fees and funding in a third coin, by the rates at their time. No later mark changes
it."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from heapq import merge

from orderledger.domain.exact import EXACT
from orderledger.projections.account_events import ACCOUNT_EVENTS
from orderledger.projections.entries import Funding, Trade, fees_of, has_position, is_funding
from orderledger.projections.instruments import INSTRUMENTS
from orderledger.projections.marks import MARKS, MarkRow
from orderledger.projections.position_tables import POSITIONS, StoredPositionRow
from orderledger.projections.positions import Terms, Worths, terms_of
from orderledger.projections.rates import Rates
from orderledger.projections.store import Source
from orderledger.projections.trades import TRADES

PAID = POSITIONS.narrowed(
    (
        *("account", "instrument", "position_side", "position_id", "method"),
        *("fees", "funding", "currency", "book"),
    )
)
"""The columns of positions that show which currencies their fees are in."""

OF_FEES = (
    *("account", "instrument", "side", "fee", "fee_currency", "fees", "at", "position", "rank"),
    *("position_side", "position_id"),
)
MARKED = ("account", "instrument", "at", "price", "position")


def has_foreign_fees(row: StoredPositionRow) -> bool:
    """Whether a position of an instrument of a known kind has fees or funding in a third coin."""
    own = ("", row["currency"], row["book"].get("base"))
    is_known = row["book"].get("kind") is not None and row["currency"] is not None
    return is_known and any(name not in own for name in (*row["fees"], *row["funding"]))


def fee_worths(source: Source, account: str | None) -> Worths:
    """The worth of each fee, and of each funding with the opposite sign, in a third coin: by log
    position and currency. Without those that had no rate."""
    found = source.rows(PAID, method="average", account=account)
    accounts = dict.fromkeys(row["account"] for row in found if has_foreign_fees(row))
    return {key: worth for one in accounts for key, worth in _of_account(source, one)}


def _of_account(source: Source, account: str) -> Iterator[tuple[tuple[int, str], Decimal]]:
    rows = source.rows(INSTRUMENTS, account=account)
    terms, rates = {row["instrument"]: terms_of(row) for row in rows}, Rates(rows)
    trades = source.each(TRADES, columns=OF_FEES, account=account)
    marks = source.each(MARKS, columns=MARKED, account=account)
    funding = source.each(ACCOUNT_EVENTS, account=account, kind="funding")
    parts: Iterable[Iterable[Trade | Funding | MarkRow]] = (
        marks,
        (row for row in funding if is_funding(row)),
        (row for row in trades if has_position(row)),
    )
    entries: Iterator[Trade | Funding | MarkRow] = merge(*parts, key=_marks_first)
    for entry in entries:
        if "fee" in entry or "kind" in entry:
            yield from _of_entry(entry, terms.get(entry["instrument"]), rates)
        else:
            rates.mark(entry["instrument"], entry["price"], entry["at"])


def _of_entry(
    entry: Trade | Funding, terms: Terms | None, rates: Rates
) -> Iterator[tuple[tuple[int, str], Decimal]]:
    if terms is None or terms.currency is None:
        return
    paid = fees_of(entry) if "fee" in entry else [(entry["currency"], -entry["quantity"])]
    for currency, amount in paid:
        path = (
            rates.path(currency, terms.currency, entry["at"])
            if terms.is_foreign(currency)
            else None
        )
        if path is not None:
            yield (entry["position"], currency), EXACT.multiply(amount, path.rate)


def _marks_first(entry: Trade | Funding | MarkRow) -> tuple[datetime, bool]:
    """A mark of the time of a fill is known then."""
    return entry["at"], "fee" in entry or "kind" in entry
