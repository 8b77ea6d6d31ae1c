"""The points of an equity curve: beyond a number of them, the extremes and the last of each run of
moments."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypedDict

from orderledger.domain.exact import ZERO

KINDS = (
    *("fill", "funding", "adjust", "mark", "bust", "correction"),
    *("split", "settle", "delivery", "transfer"),
)
PNL, ACCOUNT = "pnl", "account"
BASES = (PNL, ACCOUNT)

KEPT_OF_RUN = 4
FEWEST_POINTS = 1 + KEPT_OF_RUN


class EquityPointRow(TypedDict):
    """One row per moment that changed P&L of the selected rows, with the equity after it, by
    settlement currency."""

    at: Annotated[datetime, "When it happened."]
    position: Annotated[int, "Log position."]
    kind: Annotated[
        str,
        "Cause of the change: fill, funding, adjust, mark, bust, correction, split, settle, "
        "delivery or transfer.",
        KINDS,
    ]
    account: Annotated[str, "Trading account of that change."]
    instrument: Annotated[str | None, "Its instrument. Null for a transfer and an opening balance."]
    client_order_id: Annotated[str | None, "Our id of the order, of a fill."]
    venue_order_id: Annotated[str | None, "The venue's id of the order, of a fill."]
    fill_id: Annotated[
        str | None, "The venue's id of the fill, of a bust that of the fill that it took back."
    ]
    currency: Annotated[
        str | None, "Settlement currency of the curve, null where no definition gives it."
    ]
    basis: Annotated[
        str,
        "Meaning of equity. pnl: P&L only, since the ledger began. account: the value of the "
        "account in `currency`, as in `valuation`.",
        BASES,
    ]
    net_pnl: Annotated[
        Decimal | None,
        "Of the basis pnl: realized less fees plus funding until then. Null where an amount cannot "
        "be converted.",
    ]
    equity: Annotated[
        Decimal | None,
        "Of the basis pnl: net with unrealized P&L. Null where an open position has no mark, or "
        "net P&L is null. Of the basis account: null where `reason` says why.",
    ]
    reason: Annotated[
        str | None, "Of the basis account: why the equity is null, a reason of `valuation`."
    ]
    peak: Annotated[
        Decimal | None,
        "The highest equity until then. Of the basis pnl at least 0; of the basis account it moves "
        "with deposits and withdrawals.",
    ]
    drawdown: Annotated[Decimal | None, "How far equity was below its peak. Null where equity is."]
    moments: Annotated[
        int,
        "Moments since the row before of the curve, this one included. More than 1: others are "
        "left out.",
    ]


class Run:
    """A run of consecutive moments that keeps the lowest, the highest, the deepest and the last."""

    __slots__ = ("_deepest", "_depth", "_highest", "_last", "_least", "_lowest", "_most", "count")

    def __init__(self, row: EquityPointRow) -> None:
        self._lowest = self._highest = self._deepest = self._last = row
        self._least = self._most = _height(row)
        self._depth = row["drawdown"] or ZERO
        self.count = 1

    def take(self, row: EquityPointRow) -> None:
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

    def rows(self) -> list[EquityPointRow]:
        kept = {id(row): row for row in (self._lowest, self._highest, self._deepest, self._last)}
        return sorted(kept.values(), key=_number)


def _height(row: EquityPointRow) -> Decimal:
    """The value to draw: net P&L where equity is unknown."""
    equity = row["equity"]
    return (row["net_pnl"] or ZERO) if equity is None else equity


def _number(row: EquityPointRow) -> int:
    return row["moments"]


class Points:
    """The rows of a curve, at most `most`: beyond that, of each run of moments its extremes and its
    last. None: all."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._size = 1
        self._first: EquityPointRow | None = None
        self._runs: list[Run] = []
        self._marks: Run | None = None
        self._count = 0

    def take(self, row: EquityPointRow) -> None:
        self._count += 1
        row["moments"] = (
            self._count
        )  # the number of the moment, until `rows` computes the difference
        if row["kind"] != "mark":
            self._end_of_marks()
            self._keep(row)
        elif self._marks is None:
            self._marks = Run(row)
        else:
            self._marks.take(row)

    def rows(self) -> list[EquityPointRow]:
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

    def _keep(self, row: EquityPointRow) -> None:
        if self._first is None:
            self._first = row
        elif self._runs and self._runs[-1].count < self._size:
            self._runs[-1].take(row)
        else:
            self._runs.append(Run(row))
            if self._most is not None and len(self._runs) > self._room(self._most):
                self._join(2 * KEPT_OF_RUN if self._size == 1 else 2)

    def _room(self, most: int) -> int:
        """The most runs. The first moment is kept in addition."""
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
