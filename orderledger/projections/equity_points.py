"""The points of an equity curve: beyond a number of them, the extremes and the last of each run of
moments."""

from decimal import Decimal

from orderledger.domain.exact import ZERO
from orderledger.projections.view import Row

KEPT_OF_RUN = 4
FEWEST_POINTS = 1 + KEPT_OF_RUN


class Run:
    """Moments that follow each other, of which the lowest, the highest, the deepest and the last
    are kept."""

    __slots__ = ("_deepest", "_depth", "_highest", "_last", "_least", "_lowest", "_most", "count")

    def __init__(self, row: Row) -> None:
        self._lowest = self._highest = self._deepest = self._last = row
        self._least = self._most = _height(row)
        self._depth = row["drawdown"] or ZERO
        self.count = 1

    def take(self, row: Row) -> None:
        """Add a moment. Of equal values the first counts."""
        height, depth = _height(row), row["drawdown"]
        if height < self._least:
            self._lowest, self._least = row, height
        elif height > self._most:
            self._highest, self._most = row, height
        if depth is not None and depth > self._depth:
            self._deepest, self._depth = row, depth
        self._last = row
        self.count += 1

    def join(self, later: "Run") -> None:
        """Add the moments of a run after this one."""
        count = self.count + later.count
        for row in later.rows():
            self.take(row)
        self.count = count

    def rows(self) -> list[Row]:
        kept = {id(row): row for row in (self._lowest, self._highest, self._deepest, self._last)}
        return sorted(kept.values(), key=_number)


def _height(row: Row) -> Decimal:
    """What is drawn: net P&L where equity is unknown."""
    equity: Decimal | None = row["equity"]
    return (row["net_pnl"] or ZERO) if equity is None else equity


def _number(row: Row) -> int:
    number: int = row["moments"]
    return number


class Points:
    """The rows of a curve, at most `most`: beyond that, of each run of moments its extremes and its
    last. None: all."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._size = 1
        self._first: Row = None
        self._runs: list[Run] = []
        self._marks: Run | None = None
        self._count = 0

    def take(self, row: Row) -> None:
        self._count += 1
        row["moments"] = self._count  # the number of the moment, until `rows` tells the difference
        if row["kind"] != "mark":
            self._end_of_marks()
            self._keep(row)
        elif self._marks is None:
            self._marks = Run(row)
        else:
            self._marks.take(row)

    def rows(self) -> list[Row]:
        """The rows that are kept, each with the number of moments since the one before."""
        self._end_of_marks()
        kept = [row for run in self._runs for row in run.rows()]
        if self._first is not None:
            kept = [self._first, *kept]
        numbers = [0, *(row["moments"] for row in kept)]
        return [
            {**row, "moments": row["moments"] - before}
            for row, before in zip(kept, numbers, strict=False)
        ]

    def _end_of_marks(self) -> None:
        if self._marks is not None:
            for row in self._marks.rows():
                self._keep(row)
            self._marks = None

    def _keep(self, row: Row) -> None:
        if self._first is None:
            self._first = row
        elif self._runs and self._runs[-1].count < self._size:
            self._runs[-1].take(row)
        else:
            self._runs.append(Run(row))
            if self._most is not None and len(self._runs) > self._room(self._most):
                self._join(2 * KEPT_OF_RUN if self._size == 1 else 2)

    def _room(self, most: int) -> int:
        """How many runs there may be. The first moment is kept besides."""
        return max(1, (most - 1) // (1 if self._size == 1 else KEPT_OF_RUN))

    def _join(self, together: int) -> None:
        joined: list[Run] = []
        for number, run in enumerate(self._runs):
            if number % together:
                joined[-1].join(run)
            else:
                joined.append(run)
        self._runs = joined
        self._size *= together
