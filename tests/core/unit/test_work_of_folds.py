"""How often a fold reads and writes: as often as there are events, not as often as their square."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.domain.recorded import Recorded
from orderledger.projections.account_events import ACCOUNT_EVENTS
from orderledger.projections.fold import Fold
from orderledger.projections.lots import PACK
from orderledger.projections.position_tables import LOTS, POSITIONS
from orderledger.projections.positions import METHODS
from orderledger.projections.sides import Moment
from orderledger.projections.store import MemoryRows
from orderledger.projections.trades import TRADES
from orderledger.projections.view import RowType, Table
from tests.core.contract.streams import fill, moment, of_account, parsed, report, request

COUNT = 50


class CountingRows(MemoryRows):
    def __init__(self) -> None:
        super().__init__()
        self.puts: Counter[str] = Counter()
        self.selects: Counter[str] = Counter()
        self.read: Counter[str] = Counter()

    def put(self, table: Table[RowType], row: RowType) -> None:
        self.puts[table.name] += 1
        super().put(table, row)

    def select(self, table: Table[RowType], **where: Any) -> list[RowType]:
        self.selects[table.name] += 1
        return super().select(table, **where)

    def each(
        self, table: Table[RowType], *, after: Moment | None = None, **where: Any
    ) -> Iterator[RowType]:
        for row in super().each(table, after=after, **where):
            self.read[table.name] += 1
            yield row


def folded(*documents: dict[str, Any]) -> CountingRows:
    rows = CountingRows()
    fold = Fold(rows)
    for recorded in _recorded(*documents):
        fold.take(recorded)
    fold.settle()
    return rows


def _recorded(*documents: dict[str, Any]) -> list[Recorded]:
    with Ledger.open("memory://", update_views=False) as ledger:
        ledger.record_many(parsed(*documents))
        return list(ledger._store.all_events())


FILLS = [fill("C-1", f"F-{number}", number) for number in range(COUNT)]


def test_fills_that_are_taken_back_or_corrected_one_after_the_other() -> None:
    asked = request("C-1", quantity=str(10 * COUNT))
    corrections = [
        fill("C-1", f"G-{number}", COUNT + number, type="fill_corrected", corrects=f"F-{number}")
        for number in range(COUNT)
    ]
    busts = [
        report("fill_busted", "C-1", COUNT + number, fill_id=f"F-{number}")
        for number in range(COUNT)
    ]
    for changes, states in ((corrections, {"corrected", "active"}), (busts, {"busted"})):
        rows = folded(asked, *FILLS, *changes)
        assert {row["state"] for row in rows.select(TRADES)} == states
        assert rows.puts[TRADES.name] <= 3 * COUNT


def test_gaps_that_come_and_end_one_after_the_other() -> None:
    gaps = [
        of_account(
            "gap",
            10 * number + length,
            from_at=moment(10 * number),
            **({"to_at": moment(10 * number + length)} if length else {}),
        )
        for number in range(COUNT)
        for length in (0, 5)
    ]
    rows = folded(*gaps)
    assert rows.selects[ACCOUNT_EVENTS.name] == 1
    told = rows.select(ACCOUNT_EVENTS)
    assert len(told) == COUNT and all(row["to_at"] is not None for row in told)


MANY = 300
BOUGHT = [fill(f"C-{number}", f"F-{number}", number, fee="0.1") for number in range(MANY)]
LATER: dict[str, tuple[dict[str, Any], int]] = {
    "a fill in order": (fill("C-1", "G-1", MANY), 0),
    "a fill that comes late": (fill("C-1", "G-1", MANY - 10.5), 80),
    "a bust": (report("fill_busted", "C-290", MANY, fill_id="F-290"), 80),
    "a correction": (fill("C-290", "G-1", MANY, type="fill_corrected", corrects="F-290"), 80),
    "the currency of a fee": (fill("C-5", "F-5", 5, fee="0.1", fee_currency="USD"), 0),
    "a funding": (of_account("funding", 0, instrument="BTC-USD", amount="1", currency="USD"), 0),
    "a multiplier": (
        of_account("instrument", 0, instrument="BTC-USD", multiplier="10", currency="USD"),
        0,
    ),
    "an adjustment": (of_account("adjust", MANY, instrument="BTC-USD", quantity="5", price="1"), 0),
}


@pytest.mark.parametrize("what", LATER)
def test_of_a_position_with_many_fills_few_are_folded_anew(what: str) -> None:
    document, most = LATER[what]
    rows = CountingRows()
    fold = Fold(rows)
    *many, last = _recorded(*BOUGHT, document)
    for recorded in many:
        fold.take(recorded)
    fold.settle()
    fold.positions.forget()
    rows.puts.clear()
    fold.take(last)
    fold.settle()
    assert rows.read[TRADES.name] <= most
    assert rows.puts[POSITIONS.name] == len(METHODS) and rows.puts[LOTS.name] <= 12
    for row in rows.select(POSITIONS):
        assert len(row["book"]["open"]) + len(row["book"].get("newest", ())) <= 4 * PACK
