"""Which lots were closed, when, and what that brought: what a tax report lists.

A fee belongs to the units that were traded with it: that of a purchase stays beside the lot until
it is sold. A fee with nothing traded belongs to no lot.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from tests.auditing.facts import Fact, Row, When
from tests.auditing.positions import Lot, Step, folded, next_lot, worth

FeeOf = Callable[[When, Row], Fraction]
"""The fees of a row, in the currency of the position's P&L."""


class Disposal(NamedTuple):
    """A part of a lot, and what closed it. `is_carried`: the result moved to another instrument."""

    opened: Lot
    closed: Lot
    fees: Fraction
    is_carried: bool

    def result(self, is_inverse: bool) -> Fraction:
        gain = worth(self.closed, is_inverse) - worth(self.opened, is_inverse)
        return Fraction() if self.is_carried else gain


@dataclass
class Disposals:
    """What a position has closed. `fees` are those of each open lot, `loose_fees` those of none."""

    method: str
    is_inverse: bool
    lots: list[Lot] = field(default_factory=list)
    fees: list[Fraction] = field(default_factory=list)
    loose_fees: Fraction = Fraction()

    def of(self, steps: list[Step], fee_of: FeeOf) -> list[Disposal]:
        """The disposals of all steps, in the one order of facts."""
        found: list[Disposal] = []
        for (when, row), (lots, _) in folded(steps, self.method, self.is_inverse):
            if isinstance(row, dict):
                found += self._trade(when, row, fee_of(when, row))
            elif isinstance(row, Fact):
                self.loose_fees += sum(self.fees, Fraction())
                self.fees = [Fraction() for _ in lots]
            self.lots = lots
        return found

    def _trade(self, when: When, row: Row, fee: Fraction) -> Iterator[Disposal]:
        """The parts of lots that it closes. The rest of it opens a lot."""
        left = row["quantity"] if row["side"] == "buy" else -row["quantity"]
        fee_of_unit = fee / left if left else Fraction()
        self.loose_fees += Fraction() if left else fee
        while left and self.lots and self.lots[0].quantity * left < 0:
            index = next_lot(self.lots, self.method)
            lot, paid = self.lots.pop(index), self.fees.pop(index)
            closed = max(lot.quantity, -left) if lot.quantity < 0 else min(lot.quantity, -left)
            part = paid * closed / lot.quantity
            yield Disposal(
                lot._replace(quantity=closed),
                Lot(closed, row["price"], when[0]),
                part - fee_of_unit * closed,
                bool(row.get("is_carried")),
            )
            left += closed
            if lot.quantity != closed:
                self.lots.insert(index, lot._replace(quantity=lot.quantity - closed))
                self.fees.insert(index, paid - part)
        if left:
            self.fees.append(fee_of_unit * left)
        if self.method == "average" and self.fees:
            self.fees = [sum(self.fees, Fraction())]


def row_of_disposal(disposal: Disposal, kind: str, multiplier: Fraction, is_inverse: bool) -> Row:
    """A line of the report. A short position brings its proceeds first. What is margined is neither
    paid for nor sold: it has a gain alone."""
    opened, closed, fees, is_carried = disposal
    bought, sold = (opened, closed) if opened.quantity > 0 else (closed, opened)
    cost, proceeds = (abs(lot.quantity) * lot.price * multiplier for lot in (bought, sold))
    is_paid = kind != "margined"
    is_short = opened.quantity < 0
    if is_carried:
        cost, proceeds = (proceeds, proceeds) if is_short else (cost, cost)
    return {
        "acquired": opened.at,
        "disposed": closed.at,
        "quantity": opened.quantity,
        "proceeds": proceeds if is_paid else None,
        "cost": cost if is_paid else None,
        "fees": fees,
        "gain": disposal.result(is_inverse) * multiplier - fees,
        "held_for": None if opened.at is None or closed.at is None else closed.at - opened.at,
    }
