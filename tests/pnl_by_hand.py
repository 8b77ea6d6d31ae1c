"""Grouped P&L in the plainest way: all entries sorted, every row kept, every group added up at its
end.

It shares the arithmetic of one position with the ledger (`Position`), and nothing else.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from orderledger.domain.exact import EXACT, ZERO, plain, total
from orderledger.projections.pnl import Marks, pnl_row
from orderledger.projections.positions import (
    METHODS,
    Method,
    Position,
    Terms,
    position_row,
    shown,
    terms_of,
)
from orderledger.projections.sides import when
from orderledger.projections.view import Row

MONEY = ("realized_pnl", "net_pnl", "unrealized_pnl")
Key = tuple[Any, ...]


def pnl_of_all(
    trades: Iterable[Row],
    events: Iterable[Row],
    instruments: list[Row],
    by: tuple[str, ...],
    method: Method,
) -> list[Row]:
    """The rows of `pnl` with `by`, from the rows of other views."""
    entries = [row for row in trades if row["instrument"] and row["side"]]
    entries += [row for row in events if row["kind"] != "gap"]
    defined = {(row["account"], row["instrument"]): row for row in instruments}
    marks: Marks = {
        key: row["mark_price"] for key, row in defined.items() if row["mark_price"] is not None
    }
    folded = rows_by(entries, lambda *key: terms_of(defined.get(key)), by, method)
    rows = [
        {
            **pnl_row(row, marks, is_of_day="day" in by),
            "strategy": row["strategy"],
            "day": row["day"],
        }
        for row in folded
    ]
    return group_rows(rows, by)


def group_rows(rows: Iterable[Row], by: tuple[str, ...]) -> list[Row]:
    """P&L rows added up by some of their columns, each currency apart. Positions are shown where a
    row is one instrument's.

    Amounts of instruments whose settlement currency is unknown are not added to each other.
    """
    groups: dict[Key, list[Row]] = {}
    for row in rows:
        key = (
            *(row.get(name) for name in by),
            row["currency"],
            row["instrument"] if "instrument" in by else None,
        )
        groups.setdefault(key, []).append(row)
    return [_added_up(group, by) for group in groups.values()]


def rows_by(
    entries: Iterable[Row], terms: Callable[[str, str], Terms], by: tuple[str, ...], method: Method
) -> list[Row]:
    """Rows like those of `tables.POSITIONS`, apart by strategy and day, from trades and account
    events.

    A strategy has a position of its own, and keeps it when the whole is adjusted. A day (UTC) shows
    what was realized on it, and the position at its end.
    """
    positions: dict[Key, Position] = {}
    latest: dict[Key, Key] = {}
    begun: dict[Key, Row] = {}
    ended: dict[Key, Row] = {}
    for entry in sorted(entries, key=when):
        strategy = entry.get("strategy") if "strategy" in by else None
        holder = (entry["account"], entry["instrument"], strategy)
        position = positions.setdefault(
            holder, Position(holder[0], holder[1], terms(holder[0], holder[1]))
        )
        day = (*holder, entry["at"].date().isoformat() if "day" in by else None)
        if day not in begun:
            begun[day] = _row_of(position, method)
            if holder in latest:
                ended[latest[holder]] = begun[day]
            latest[holder] = day
        position.take(_left_to_nobody(entry, positions) if entry.get("kind") == "adjust" else entry)
    ended |= {day: _row_of(positions[holder], method) for holder, day in latest.items()}
    return [
        {**_change(before, ended[day]), "strategy": day[2], "day": day[3]}
        for day, before in begun.items()
    ]


def _left_to_nobody(adjustment: Row, positions: dict[Key, Position]) -> Row:
    """An adjustment states the position of the whole: what the strategies do not hold of it is
    nobody's."""
    whole = (adjustment["account"], adjustment["instrument"])
    held = total(
        position.quantity
        for holder, position in positions.items()
        if holder[:2] == whole and holder[2] is not None
    )
    return {**adjustment, "quantity": EXACT.subtract(adjustment["quantity"], held)}


def _row_of(position: Position, method: Method) -> Row:
    """With what was realized as it is kept, not yet rounded to what is shown: days are to add
    up."""
    book = position.books[METHODS.index(method)]
    realized = Decimal(plain(position.terms.amount(book.realized)))
    return {**position_row(position, book, {"cost": plain(book.cost)}), "realized_pnl": realized}


def _change(before: Row, after: Row) -> Row:
    """What came to the one row until it was the other; the position is as it was in the end."""
    row = {**after, "fills": after["fills"] - before["fills"]}
    for name in ("realized_pnl", "bought_quantity", "sold_quantity"):
        row[name] = EXACT.subtract(after[name], before[name])
    row["realized_pnl"] = shown(row["realized_pnl"])
    for name in ("fees", "funding"):
        changes = {
            c: EXACT.subtract(Decimal(amount), Decimal(before[name].get(c, 0)))
            for c, amount in after[name].items()
        }
        row[name] = {c: plain(amount) for c, amount in changes.items() if amount}
    return row


def _added_up(group: list[Row], by: tuple[str, ...]) -> Row:
    first = group[0]
    is_one = len(group) == 1
    row = {name: first.get(name) for name in by}
    for name in ("position_quantity", "average_open_price", "mark_price"):
        row[name] = first[name] if is_one and "instrument" in by else None
    held = (
        group
        if is_one or "day" in by
        else [member for member in group if member["position_quantity"]]
    )
    is_one_currency = (
        first["currency"] is not None
        or len({(row["account"], row["instrument"]) for row in group}) == 1
    )
    for name in ("realized_pnl", "net_pnl", "unrealized_pnl", "bought_quantity", "sold_quantity"):
        amounts = [
            member[name] for member in (held if name == "unrealized_pnl" else group)
        ]  # what is flat needs no mark
        is_unknown = any(amount is None for amount in amounts) or (
            name in MONEY and not is_one_currency
        )
        row[name] = None if is_unknown else total(amounts)
    for name in ("fees", "funding"):
        names = sorted({currency for member in group for currency in member[name]})
        row[name] = {
            currency: total(member[name].get(currency, ZERO) for member in group)
            for currency in names
        }
    anomalies = sorted({code for member in group for code in member["anomalies"]})
    return {
        **row,
        "currency": first["currency"],
        "anomalies": anomalies,
        "method": first["method"],
        "fills": sum(member["fills"] for member in group),
    }
