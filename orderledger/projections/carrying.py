"""The premiums that settlements carry into what they deliver, for folds of one instrument at a
time: they are computed first."""

from collections.abc import Callable, Iterable, Iterator
from heapq import merge

from orderledger.projections.account_events import ACCOUNT_EVENTS, AccountEventRow
from orderledger.projections.instruments import INSTRUMENTS, StoredInstrumentRow
from orderledger.projections.position_fold import Key, PositionFold
from orderledger.projections.sides import when
from orderledger.projections.store import MemoryRows
from orderledger.projections.trades import TRADES, StoredTradeRow


def premium_rows(
    deliveries: Iterable[AccountEventRow],
    trades_of: Callable[[Key], Iterable[StoredTradeRow]],
    events_of: Callable[[Key], Iterable[AccountEventRow]],
    instrument_of: Callable[[Key], StoredInstrumentRow | None],
) -> Iterator[AccountEventRow]:
    """The deliveries whose premium has changed, from all rows of kind `delivery`. The other rows
    are those of one account and instrument, as they happened."""
    carried = [row for row in deliveries if "premium" in (row["terms"] or {})]
    sources = dict.fromkeys((row["account"], row["terms"]["of"]) for row in carried if row["terms"])
    rows = MemoryRows()
    for row in carried:
        rows.put(ACCOUNT_EVENTS, row)
        leg = instrument_of((row["account"], row["instrument"] or ""))
        if leg is not None:
            rows.put(INSTRUMENTS, leg)
    entries: list[Iterable[StoredTradeRow | AccountEventRow]] = []
    for key in sources:
        defined, trades, events = instrument_of(key), [*trades_of(key)], [*events_of(key)]
        if defined is not None:
            rows.put(INSTRUMENTS, defined)
        for trade in trades:
            rows.put(TRADES, trade)
        for event in events:
            rows.put(ACCOUNT_EVENTS, event)
        entries += [trades, events]
    fold = PositionFold(rows)
    for entry in merge(*entries, key=when):
        fold.take(entry)
    fold.settle()
    for before in carried:
        after = rows.get(ACCOUNT_EVENTS, ACCOUNT_EVENTS.key_of(before))
        if after is not None and after["terms"] != before["terms"]:
            yield after
