"""When busts and corrections changed the fills that count, for the equity curve.

The view of trades has the fills that count now, at the times of the trades. Until its bust
happened, a busted fill counted; until its correction happened, a corrected one counted as it was:
`effective_at` answers so, and the curve has to agree.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Protocol, TypedDict, TypeGuard, final

from orderledger.domain.orders.reports import FillBusted, FillCorrected
from orderledger.domain.recorded import Recorded
from orderledger.projections.entries import Entry, Trade, is_trade
from orderledger.projections.fold import Fold
from orderledger.projections.renames import RENAMES, RenameRow
from orderledger.projections.sides import when
from orderledger.projections.store import MemoryRows, Source
from orderledger.projections.trades import TRADES, StoredTradeRow
from orderledger.projections.view import AnyRow

COMPARED = (
    *(
        "instrument",
        "side",
        "position_side",
        "position_id",
        "quantity",
        "price",
        "fee",
        "fee_currency",
        "fees",
    ),
    *("at", "rank", "strategy"),
)
BUST, CORRECTION = "bust", "correction"


@final
class FillChange(TypedDict):
    """A bust or correction, when it happened: the trades that no longer count, and those that
    count instead. The other columns are those of the last of them."""

    account: str
    instrument: str
    client_order_id: str | None
    venue_order_id: str | None
    fill_id: str
    at: datetime
    position: int
    kind: str
    removed: list[Trade]
    added: list[Trade]


class FillEvents(Protocol):
    """The events of the orders whose fills were busted or corrected."""

    def __call__(self, streams: Iterable[str]) -> dict[str, list[Recorded]]: ...


def orders_with_changed_fills(source: Source, account: str | None) -> dict[str, None]:
    """The streams of orders with a busted or corrected fill."""
    states = ("busted", "corrected")
    rows = (
        row
        for state in states
        for row in source.each(TRADES, columns=("stream",), state=state, account=account)
    )
    return dict.fromkeys(row["stream"] for row in rows)


def dated_entries(
    events: dict[str, list[Recorded]],
    strategy: str | None,
    until: datetime | None,
    instrument: str | None = None,
    renames: Sequence[RenameRow] = (),
    **_: Any,
) -> Iterator[Trade | FillChange]:
    """The trades of these orders, and their changes, each when it happened."""
    for recorded in events.values():
        for entry in fill_entries(recorded, strategy, instrument, renames):
            if until is None or entry["at"] < until:
                yield entry


def fill_entries(
    events: Iterable[Recorded],
    strategy: str | None,
    instrument: str | None,
    renames: Iterable[RenameRow],
) -> Iterator[Trade | FillChange]:
    """The part of one order in the curve, as it happened: trades, and changes of trades."""
    rows = _rows_with(renames)
    fold = Fold(rows, has_positions=False)
    counted: dict[str, Trade] = {}
    for at, group in groupby(
        sorted(events, key=lambda recorded: recorded.when), key=lambda recorded: recorded.at
    ):
        taken = list(group)
        for recorded in taken:
            fold.take(recorded)
        fold.settle()
        before, counted = (
            counted,
            {
                row["fill_id"]: row
                for row in rows.select(TRADES)
                if _counts(row, strategy, instrument)
            },
        )
        removed = [row for name, row in before.items() if not _is_same(row, counted.get(name))]
        added = [row for name, row in counted.items() if not _is_same(row, before.get(name))]
        if not removed and all(row["at"] == at for row in added):
            yield from added
        elif removed or added:
            yield _change(taken, removed, added)


def _counts(row: StoredTradeRow, strategy: str | None, instrument: str | None) -> TypeGuard[Trade]:
    is_asked = strategy in (None, row["strategy"]) and instrument in (None, row["instrument"])
    return is_trade(row) and is_asked


def _is_same(row: AnyRow, other: AnyRow | None) -> bool:
    return other is not None and all(row[name] == other[name] for name in COMPARED)


def _change(events: list[Recorded], removed: list[Trade], added: list[Trade]) -> FillChange:
    last = events[-1]
    bust = next((one.event for one in events if isinstance(one.event, FillBusted)), None)
    about = (added or removed)[-1]
    return {
        "account": about["account"],
        "instrument": about["instrument"],
        "client_order_id": about["client_order_id"],
        "venue_order_id": about["venue_order_id"],
        "fill_id": about["fill_id"],
        "at": last.at,
        "position": last.position or 0,
        "kind": CORRECTION if bust is None else BUST,
        "removed": removed,
        "added": added,
    }


def changes_after(events: Iterable[Recorded], at: datetime) -> bool:
    """Whether one of these events busted or corrected a fill after the time."""
    return any(isinstance(one.event, FillBusted | FillCorrected) and one.at > at for one in events)


def trades_at(
    events: Iterable[Recorded], at: datetime, renames: Iterable[RenameRow] = ()
) -> list[Trade]:
    """The trades of one order that counted at a time."""
    rows = _rows_with(renames)
    fold = Fold(rows, has_positions=False)
    for recorded in sorted(events, key=lambda recorded: recorded.when):
        if recorded.at <= at:
            fold.take(recorded)
    fold.settle()
    return [row for row in rows.select(TRADES) if is_trade(row)]


def _rows_with(renames: Iterable[RenameRow]) -> MemoryRows:
    rows = MemoryRows()
    for row in renames:
        rows.put(RENAMES, row)
    return rows


def changed_positions(entries: Iterable[Trade | FillChange]) -> set[tuple[str, str]]:
    """The accounts and instruments whose fills changed."""
    return {
        (row["account"], row["instrument"])
        for entry in entries
        if "removed" in entry
        for row in entry["removed"] + entry["added"]
    }


def after(
    history: Iterable[Entry], removed: Iterable[Trade], added: Iterable[Trade]
) -> list[Entry]:
    """The trades and account events of one position after a change."""
    gone = {(row["stream"], row["fill_id"]) for row in removed}
    kept = (
        entry
        for entry in history
        if "fill_id" not in entry or (entry["stream"], entry["fill_id"]) not in gone
    )
    return sorted([*kept, *added], key=when)
