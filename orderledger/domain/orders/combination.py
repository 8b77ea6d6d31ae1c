"""Combinations: orders for several legs at once. Their fills are those of the legs, and the
combination is filled by whole units."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from orderledger.domain.exact import EXACT, QUOTIENT, ZERO, total
from orderledger.domain.orders.fill_sums import FillSums, Named
from orderledger.domain.values import Leg, Side

OTHER_SIDE = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}


class FilledLeg(NamedTuple):
    """One leg and the sums of its fills. `side`: the side on which the order trades it."""

    leg: Leg
    side: Side
    quantity: Decimal
    notional: Decimal

    @property
    def units(self) -> Decimal:
        """Whole units that the fills of this leg make."""
        return EXACT.divide_int(self.quantity, Decimal(self.leg.ratio))

    @property
    def average_price(self) -> Decimal | None:
        return QUOTIENT.divide(self.notional, self.quantity) if self.quantity else None


def number_of(legs: Sequence[Leg], leg: int | None, instrument: str | None) -> int | None:
    """The leg of a fill: the named one, otherwise the only one with its instrument. None if there
    is none."""
    if leg is not None:
        return leg if leg < len(legs) else None
    found = [number for number, one in enumerate(legs) if one.instrument == instrument]
    return found[0] if len(found) == 1 else None


def traded_side(leg: Leg, side: Side) -> Side:
    """The side on which an order for the combination trades the leg."""
    return leg.side if side is Side.BUY else OTHER_SIDE[leg.side]


def filled_legs(legs: Sequence[Leg], side: Side, sums: FillSums) -> list[FilledLeg]:
    """The legs with their fills."""
    filled = [FilledLeg(leg, traded_side(leg, side), ZERO, ZERO) for leg in legs]
    for named, part in sums.parts.items():
        number = number_of(legs, named.leg, named.instrument)
        if number is not None:
            one = filled[number]
            filled[number] = one._replace(
                quantity=EXACT.add(one.quantity, part.quantity),
                notional=EXACT.add(one.notional, part.notional),
            )
    return filled


def units_of(legs: Iterable[FilledLeg]) -> Decimal:
    """Filled combinations: the least whole number of units among the legs."""
    return min(one.units for one in legs)


def average_price_of(legs: Sequence[FilledLeg]) -> Decimal | None:
    """The price of one bought combination from the average prices of its legs. None until each
    leg has a fill."""
    if not all(one.quantity for one in legs):
        return None
    worths = (
        QUOTIENT.divide(EXACT.multiply(one.notional, Decimal(one.leg.ratio)), one.quantity)
        for one in legs
    )
    return total(
        worth if one.leg.side is Side.BUY else -worth
        for one, worth in zip(legs, worths, strict=True)
    )


def is_foreign(named: Named, legs: Sequence[Leg], side: Side) -> bool:
    """Check whether a fill is of none of the legs, or has another instrument or side than its
    leg."""
    number = number_of(legs, named.leg, named.instrument)
    if number is None:
        return True
    leg = legs[number]
    return named.instrument not in (None, leg.instrument) or named.side not in (
        None,
        traded_side(leg, side),
    )
