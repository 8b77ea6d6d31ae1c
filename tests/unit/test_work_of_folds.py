"""How often a fold reads and writes: as often as there are events, not as often as their square."""

from collections import Counter
from typing import Any

from orderledger import Ledger
from orderledger.domain.recorded import Recorded
from orderledger.projections.fold import Fold
from orderledger.projections.store import MemoryRows
from orderledger.projections.tables import ACCOUNT_EVENTS, TRADES, Row, Table
from tests.contract.streams import fill, moment, of_account, parsed, report, request

COUNT = 50


class CountingRows(MemoryRows):
    def __init__(self) -> None:
        super().__init__()
        self.puts: Counter[str] = Counter()
        self.selects: Counter[str] = Counter()

    def put(self, table: Table, row: Row) -> None:
        self.puts[table.name] += 1
        super().put(table, row)

    def select(self, table: Table, **where: Any) -> list[Row]:
        self.selects[table.name] += 1
        return super().select(table, **where)


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
        fill("C-1", f"G-{number}", COUNT + number, type="correct_fill", corrects=f"F-{number}") for number in range(COUNT)
    ]
    busts = [report("bust_fill", "C-1", COUNT + number, fill_id=f"F-{number}") for number in range(COUNT)]
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
