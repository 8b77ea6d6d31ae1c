"""P&L by strategy and day: one pass over trades and account events, with rows summed by the
requested groups.

Memory grows with the positions and the groups, not with the trades.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any, Literal, cast, get_args

from orderledger.domain.exact import EXACT, ZERO, plain
from orderledger.projections.entries import Entry
from orderledger.projections.pnl import PnlGroupRow, PnlRow, PositionChange
from orderledger.projections.position_tables import StoredPositionRow
from orderledger.projections.positions import (
    Definitions,
    LotBook,
    LotChoice,
    Position,
    position_row,
    shown,
    worth_state,
)
from orderledger.projections.shares import Holder, quantities, shared
from orderledger.projections.view import AnyRow

MONEY = ("realized_pnl", "net_pnl", "unrealized_pnl")
Sum = Literal["realized_pnl", "net_pnl", "unrealized_pnl", "bought_quantity", "sold_quantity"]
SUMS: tuple[Sum, ...] = get_args(Sum)
OF_INSTRUMENT = ("position_side", "position_id")
"""Columns that separate rows of one instrument: long and short never net."""

ByCurrency = Literal["fees", "funding"]
BY_CURRENCY: tuple[ByCurrency, ...] = get_args(ByCurrency)
Key = tuple[Any, ...]


def rows_by(
    entries: Iterable[Entry],
    definitions: Definitions,
    by: tuple[str, ...],
    method: LotChoice,
    *,
    timezone: tzinfo = UTC,
    since: datetime | None = None,
) -> Iterator[PositionChange]:
    """Rows like those of `tables.POSITIONS`, apart by strategy and day, from trades and account
    events as they happened.

    A strategy has a position of its own, and keeps it when the whole is adjusted. A day, in the
    time zone, shows what was realized on it, and the position at its end. `since`: what happened
    before it counts in the positions only. Without days, a position that was open then has a row,
    and `opening` is its row as it was then.
    """
    positions: dict[Holder, Position] = {}
    held = quantities(positions)
    before: dict[Holder, StoredPositionRow] = {}
    today: date | None = None
    has_begun = since is None
    for entry in entries:
        if not has_begun and since is not None and entry["at"] >= since:
            has_begun = True
            before = _opened(positions, by, definitions)
        if has_begun and "day" in by and today != (day := entry["at"].astimezone(timezone).date()):
            yield from _changes(before, positions, today, definitions)
            before.clear()
            today = day
        defined = definitions(entry["account"], entry["instrument"])
        for holder, share in shared(entry, defined.modes, held, by_strategy="strategy" in by):
            position = positions.get(holder)
            if position is None:
                books = _books(method)
                position = positions[holder] = defined.position(*holder[:2], holder[2:4], books)
            if has_begun and holder not in before:
                before[holder] = _row_of(position, defined.unknown)
            position.take(share)
    yield from _changes(
        before if has_begun else _opened(positions, by, definitions), positions, today, definitions
    )


def _opened(
    positions: dict[Holder, Position], by: tuple[str, ...], definitions: Definitions
) -> dict[Holder, StoredPositionRow]:
    """The rows of the positions that are open when a period begins. A day without an entry has no
    row."""
    if "day" in by:
        return {}
    return {
        holder: _row_of(one, definitions(*holder[:2]).unknown)
        for holder, one in positions.items()
        if one.quantity
    }


def _books(method: LotChoice) -> tuple[LotBook, ...]:
    """The book of the method last. The average one comes first: it has the quantity."""
    return tuple(LotBook(name, {}, None) for name in dict.fromkeys(("average", method)))


def _row_of(position: Position, unknown: str | None) -> StoredPositionRow:
    """The row with the stored realized P&L, not yet rounded to the shown digits, so that days add
    up."""
    book = position.books[-1]
    realized = Decimal(plain(position.terms.amount(book.realized)))
    state = {"cost": plain(book.cost), **worth_state(position)}
    row = position_row(position, book, state, unknown)
    return (
        {**row, "anomalies": [row["reason"]]}
        if row["reason"]
        else {**row, "realized_pnl": realized}
    )


def _changes(
    before: dict[Holder, StoredPositionRow],
    positions: dict[Holder, Position],
    day: date | None,
    definitions: Definitions,
) -> Iterator[PositionChange]:
    for holder, row in before.items():
        after = _row_of(positions[holder], definitions(*holder[:2]).unknown)
        yield {
            **_change(row, after),
            "opening": row,
            "strategy": holder[4],
            "day": None if day is None else day.isoformat(),
        }


def _change(before: StoredPositionRow, after: StoredPositionRow) -> StoredPositionRow:
    """The difference between two states of a row, with the later position."""
    was, now = before["realized_pnl"], after["realized_pnl"]
    worths = [Decimal(row["book"].get("worth", 0)) for row in (after, before)]
    return {
        **after,
        "book": {**after["book"], "worth": plain(EXACT.subtract(*worths))},
        "fills": after["fills"] - before["fills"],
        "bought_quantity": EXACT.subtract(after["bought_quantity"], before["bought_quantity"]),
        "sold_quantity": EXACT.subtract(after["sold_quantity"], before["sold_quantity"]),
        "realized_pnl": None if now is None or was is None else shown(EXACT.subtract(now, was)),
        "fees": _changed(before["fees"], after["fees"]),
        "funding": _changed(before["funding"], after["funding"]),
    }


def _changed(before: dict[str, str], after: dict[str, str]) -> dict[str, str]:
    changes = {
        currency: EXACT.subtract(Decimal(amount), Decimal(before.get(currency, 0)))
        for currency, amount in after.items()
    }
    return {currency: plain(amount) for currency, amount in changes.items() if amount}


def group_rows(
    rows: Iterable[PnlRow], by: tuple[str, ...], *, is_of_period: bool = False
) -> list[PnlGroupRow]:
    """P&L rows added up by some of their columns, each currency apart. Positions are shown where a
    row is one instrument's. `is_of_period`: the rows are those of `pnl_of_period`.

    Amounts of instruments whose settlement currency is unknown are not added to each other.
    """
    groups: dict[Key, Group] = {}
    names = (*by, *OF_INSTRUMENT) if "instrument" in by else by
    for row in rows:
        values: AnyRow = row
        key = (*(values.get(name) for name in names), row["currency"])
        group = groups.get(key)
        if group is None:
            group = groups[key] = Group(row, names, is_valued=is_of_period or "day" in by)
        group.add(row)
    return [group.row() for group in groups.values()]


class Group:
    """The sums of some P&L rows, which are not kept."""

    def __init__(self, first: PnlRow, by: tuple[str, ...], *, is_valued: bool) -> None:
        self._first = first
        self._by = by
        self._is_valued = is_valued
        self._rows = 0
        self._fills = 0
        self._is_one_instrument = True
        self._anomalies: set[str] = set()
        self._reason: str | None = None
        self._sums: dict[Sum, Decimal | None] = dict.fromkeys(SUMS, ZERO)
        self._amounts: dict[ByCurrency, dict[str, Decimal]] = {name: {} for name in BY_CURRENCY}

    def add(self, row: PnlRow) -> None:
        self._rows += 1
        self._fills += row["fills"]
        self._is_one_instrument = self._is_one_instrument and _instrument_of(row) == _instrument_of(
            self._first
        )
        self._anomalies.update(row["anomalies"])
        self._reason = self._reason or row["reason"]
        is_valued = self._is_valued or row["position_quantity"] != ZERO
        for name in SUMS:
            if name != "unrealized_pnl" or is_valued:  # what is flat needs no mark
                self._sums[name] = _added(self._sums[name], row[name])
        for kind, amounts in self._amounts.items():
            for currency, amount in row[kind].items():
                amounts[currency] = EXACT.add(amounts.get(currency, ZERO), amount)

    def row(self) -> PnlGroupRow:
        first, is_one = self._first, self._rows == 1
        values: AnyRow = first
        row = {name: values.get(name) for name in self._by}
        for name in ("position_quantity", "average_open_price", "mark_price"):
            row[name] = values[name] if is_one and "instrument" in self._by else None
        sums = (
            self._sums | {"unrealized_pnl": _added(ZERO, first["unrealized_pnl"])}
            if is_one
            else self._sums
        )
        is_one_currency = first["currency"] is not None or self._is_one_instrument
        for name in SUMS:
            row[name] = sums[name] if is_one_currency or name not in MONEY else None
        for kind, amounts in self._amounts.items():
            row[kind] = dict(sorted(amounts.items()))
        row |= {
            "currency": first["currency"],
            "anomalies": sorted(self._anomalies),
            "reason": self._reason,
            "method": first["method"],
            "fills": self._fills,
        }
        return cast(PnlGroupRow, row)


def _instrument_of(row: PnlRow) -> tuple[str, str]:
    return row["account"], row["instrument"]


def _added(amount: Decimal | None, more: Decimal | None) -> Decimal | None:
    """The sum, unknown if one of the two is."""
    return None if amount is None or more is None else EXACT.add(amount, more)
