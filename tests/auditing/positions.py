"""Open lots and what closing them realized (section 3)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from fractions import Fraction
from typing import Any, NamedTuple

from tests.auditing.facts import Fact, Row, When, number


class Split(NamedTuple):
    """Every lot has so many units for one, and keeps its date and its cost. `change` is that of the
    whole position."""

    factor: Fraction
    change: Fraction


Step = tuple[When, Row | Fact | Split]
"""The place of a fill, with its row of `trades`, of an adjustment or of a split."""


class Lot(NamedTuple):
    """A signed quantity at a price; `at` is when it was opened."""

    quantity: Fraction
    price: Fraction
    at: datetime | None = None


Fold = tuple[list[Lot], Fraction]  # the open lots, and what was realized


def worth(lot: Lot, is_inverse: bool) -> Fraction:
    """What a lot is worth before the multiplier: quantity times price; of an inverse instrument,
    minus quantity over price."""
    return -lot.quantity / lot.price if is_inverse else lot.quantity * lot.price


def open_price(lots: list[Lot], is_inverse: bool) -> Fraction:
    """The mean price of the open lots, harmonic for an inverse instrument; 0 when flat."""
    quantity = sum((lot.quantity for lot in lots), Fraction())
    total = sum((worth(lot, is_inverse) for lot in lots), Fraction())
    return Fraction() if not lots else -quantity / total if is_inverse else total / quantity


def next_lot(lots: list[Lot], method: str) -> int:
    """Which lot closes next: the oldest, the newest, or the one that gains least."""
    if method == "hifo":
        sign = 1 if lots[0].quantity > 0 else -1
        return max(range(len(lots)), key=lambda i: (sign * lots[i].price, -i))
    return len(lots) - 1 if method == "lifo" else 0


def trade_lot(lots: list[Lot], lot: Lot, method: str, is_inverse: bool) -> Fold:
    """The lots after a fill, and what closing realized. A fill through zero closes all and opens
    the rest at its price."""
    left, realized, lots = lot.quantity, Fraction(), list(lots)
    while left and lots and lots[0].quantity * left < 0:
        index = next_lot(lots, method)
        held = lots.pop(index)
        closed = held.quantity if abs(held.quantity) <= abs(left) else -left
        realized += worth(Lot(closed, lot.price), is_inverse)
        realized -= worth(held._replace(quantity=closed), is_inverse)
        left += closed
        if held.quantity != closed:
            lots.insert(index, held._replace(quantity=held.quantity - closed))
    lots += [lot._replace(quantity=left)] if left else []
    if method == "average" and lots:
        quantity = sum((held.quantity for held in lots), Fraction())
        lots = [Lot(quantity, open_price(lots, is_inverse))]
    return lots, realized


def folded(steps: list[Step], method: str, is_inverse: bool) -> Iterator[tuple[Step, Fold]]:
    """Each step in the one order of facts, with the lots after it and what it realized. An
    adjustment replaces the position. A result that moves to another instrument is none here."""
    lots = list[Lot]()
    for when, row in sorted(steps, key=lambda step: step[0]):
        gain = Fraction()
        if isinstance(row, Fact):
            quantity = number(row.get("quantity"))
            lots = [Lot(quantity, number(row.get("price")), when[0])] if quantity else []
        elif isinstance(row, Split):
            lots = [
                lot._replace(quantity=lot.quantity * row.factor, price=lot.price / row.factor)
                for lot in lots
            ]
        else:
            signed = row["quantity"] if row["side"] == "buy" else -row["quantity"]
            lots, gain = trade_lot(lots, Lot(signed, row["price"], when[0]), method, is_inverse)
            gain = Fraction() if row.get("is_carried") else gain
        yield (when, row), (lots, gain)


def positions(steps: list[Step], method: str, is_inverse: bool) -> Fold:
    """The open lots and what all steps realized."""
    folds = [fold for _, fold in folded(steps, method, is_inverse)]
    return (folds[-1][0] if folds else []), sum((gain for _, gain in folds), Fraction())


def sum_by_currency(amounts: Iterable[tuple[str | None, Any]]) -> dict[str, Fraction]:
    """Amounts stay in their own currency; one that came without is listed under an empty name."""
    totals: dict[str, Fraction] = defaultdict(Fraction)
    for currency, amount in amounts:
        if amount is not None:
            totals[currency or ""] += number(amount)
    return dict(totals)
