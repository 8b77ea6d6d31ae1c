"""Open lots and what closing them realized (section 3)."""

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from tests.auditing.facts import Fact, Row, When, number

Lot = tuple[Fraction, Fraction]  # signed quantity, price


def worth(lot: Lot, is_inverse: bool) -> Fraction:
    """What a lot is worth before the multiplier: quantity times price; of an inverse instrument,
    minus quantity over price."""
    return -lot[0] / lot[1] if is_inverse else lot[0] * lot[1]


def open_price(lots: list[Lot], is_inverse: bool) -> Fraction:
    """The mean price of the open lots, harmonic for an inverse instrument; 0 when flat."""
    quantity = sum((lot[0] for lot in lots), Fraction())
    total = sum((worth(lot, is_inverse) for lot in lots), Fraction())
    return Fraction() if not lots else -quantity / total if is_inverse else total / quantity


def trade_lot(
    lots: list[Lot], lot: Lot, method: str, is_inverse: bool
) -> tuple[list[Lot], Fraction]:
    """The lots after a fill, and what closing realized. A fill through zero closes all and opens
    the rest at its price."""
    left, price = lot
    lots, realized = list(lots), Fraction()
    while left and lots and lots[0][0] * left < 0:
        index = -1 if method == "lifo" else 0
        held, paid = lots.pop(index)
        closed = held if abs(held) <= abs(left) else -left
        realized += worth((closed, price), is_inverse) - worth((closed, paid), is_inverse)
        left += closed
        if held != closed:
            lots.insert(len(lots) if index else 0, (held - closed, paid))
    lots += [(left, price)] if left else []
    mean = open_price(lots, is_inverse)
    return [
        (sum((held for held, _ in lots), Fraction()), mean)
    ] if method == "average" and lots else lots, realized


def positions(
    trades: list[tuple[When, Row]], adjusts: list[Fact], method: str, is_inverse: bool
) -> tuple[list[Lot], Fraction]:
    """The open lots and what was realized, in the one order of facts. An adjustment replaces the
    position."""
    lots, realized = list[Lot](), Fraction()
    steps: list[tuple[When, Row | Fact]] = [*trades, *((fact.when, fact) for fact in adjusts)]
    for _, row in sorted(steps, key=lambda step: step[0]):
        if isinstance(row, Fact):
            quantity = number(row.get("quantity"))
            lots = [(quantity, number(row.get("price")))] if quantity else []
        else:
            signed = row["quantity"] if row["side"] == "buy" else -row["quantity"]
            lots, gain = trade_lot(lots, (signed, row["price"]), method, is_inverse)
            realized += gain
    return lots, realized


def sum_by_currency(amounts: Iterable[tuple[str | None, Any]]) -> dict[str, Fraction]:
    """Amounts stay in their own currency; one that came without is listed under an empty name."""
    totals: dict[str, Fraction] = defaultdict(Fraction)
    for currency, amount in amounts:
        if amount is not None:
            totals[currency or ""] += number(amount)
    return dict(totals)
