"""Combinations: orders whose fills are those of their legs."""

from collections.abc import Mapping
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any

from tests.auditing.fills import Fill

if TYPE_CHECKING:
    from tests.auditing.order import Order

Leg = Mapping[str, Any]


def leg_of(order: "Order", fill: Fill) -> int | None:
    """The leg that the fill names, else the only one with its instrument."""
    legs, named = order.legs, fill.details["leg"]
    if named is not None:
        return int(named) if int(named) < len(legs) else None
    same = [n for n, leg in enumerate(legs) if leg["instrument"] == fill.details["instrument"]]
    return same[0] if len(same) == 1 else None


def side_of(order: "Order", leg: Leg) -> str:
    """A combination that is sold trades each leg on its other side."""
    if order.given("side") == "buy":
        return str(leg["side"])
    return "sell" if leg["side"] == "buy" else "buy"


def fills_of(order: "Order") -> list[list[Fill]]:
    """The standing fills of each leg."""
    return [
        [fill for fill in order.fills if leg_of(order, fill) == n] for n, _ in enumerate(order.legs)
    ]


def filled(fills: list[Fill]) -> Fraction:
    return sum((fill.quantity for fill in fills), Fraction())


def mean(fills: list[Fill]) -> Fraction | None:
    if not fills:
        return None
    return sum((fill.quantity * fill.price for fill in fills), Fraction()) / filled(fills)


def units(order: "Order") -> Fraction:
    """The least number of whole combinations that the fills of any leg make."""
    pairs = zip(order.legs, fills_of(order), strict=True)
    return Fraction(min(floor(filled(fills) / int(leg["ratio"])) for leg, fills in pairs))


def price(order: "Order") -> Fraction | None:
    """What one bought combination costs at the mean prices of its legs."""
    cost = Fraction()
    for leg, fills in zip(order.legs, fills_of(order), strict=True):
        of_leg = mean(fills)
        if of_leg is None:
            return None
        cost += of_leg * int(leg["ratio"]) * (1 if leg["side"] == "buy" else -1)
    return cost


def is_overfilled(order: "Order") -> bool:
    wanted = order.term("quantity")
    return wanted is not None and any(
        filled(fills) > wanted * int(leg["ratio"])
        for leg, fills in zip(order.legs, fills_of(order), strict=True)
    )


def has_foreign_fill(order: "Order") -> bool:
    """Whether a fill is of no leg, or not what its leg says."""
    for fill in order.fills:
        found = leg_of(order, fill)
        if found is None:
            return True
        leg = order.legs[found]
        said = fill.details["instrument"], fill.details["side"]
        own = leg["instrument"], side_of(order, leg)
        if any(None not in pair and pair[0] != pair[1] for pair in zip(said, own, strict=True)):
            return True
    return False


def leg_rows(order: "Order") -> list[dict[str, Any]] | None:
    """The legs as the order view shows them."""
    return [
        {
            "instrument": leg["instrument"],
            "side": leg["side"],
            "ratio": int(leg["ratio"]),
            "filled_quantity": filled(fills),
            "average_price": mean(fills),
        }
        for leg, fills in zip(order.legs, fills_of(order), strict=True)
    ] or None
