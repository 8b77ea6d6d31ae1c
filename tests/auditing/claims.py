"""The numbers that a venue claims, against ours (rule 11)."""

from datetime import datetime, timedelta
from fractions import Fraction

from tests.auditing.facts import Fact, last_digit, number
from tests.auditing.fills import Fill, counted_fills
from tests.auditing.order import Order

EARLY = timedelta(microseconds=1_001)
"""A claim has facts up to a millisecond later in it, or none of them."""


def disagrees(order: Order) -> bool:
    """Rule 11: a number that the venue claimed last is not what was recorded by then. Fills of the
    claim's own time may be in it or not, also those taken back. A claim may be dated a millisecond
    early, and then has everything before the later time in it. A mean price need only agree to the
    digits given, and is compared while it is of the same fills; quantities are unless newer terms
    are in force, and what is left unless the order is suspended."""
    last = last_claims(order)
    for name, claim in last.items():
        if order.legs and name != "quantity":
            continue  # of a combination, or of one leg
        if name == "leaves_quantity" and is_outdated(order, claim, last):
            continue
        value = number(claim.claims[name])
        spans = [may_be(order, name, claim, at) for at in (claim.at, claim.at + EARLY)]
        if not any(low <= value <= high for low, high in spans):
            return True
    return False


def is_outdated(order: Order, left: Fact, last: dict[str, Fact]) -> bool:
    """Whether later claims say what is left: what was filled, and of how much, or all of it."""
    filled, whole = last.get("cum_quantity"), last.get("quantity")
    if filled is None or filled.moment <= left.moment:
        return False
    is_all = order.quantity is not None and number(filled.claims["cum_quantity"]) >= order.quantity
    return is_all or (whole is not None and whole.moment > left.moment)


def last_claims(order: Order) -> dict[str, Fact]:
    """Of each number the last claim. Of claims of one time, one that knows of fewer fills comes
    before the others."""
    last: dict[str, Fact] = {}
    for fact in order.facts:
        same = {
            name: number(told.claims[name])
            for name, told in last.items()
            if told.moment == fact.moment
        }
        claims = {name: number(claim) for name, claim in fact.claims.items()}
        if "cum_quantity" in same and "cum_quantity" in claims:
            is_earlier = claims["cum_quantity"] < same["cum_quantity"]
        else:
            both = "leaves_quantity" in same and "leaves_quantity" in claims
            is_earlier = both and claims["leaves_quantity"] > same["leaves_quantity"]
        last |= {name: fact for name in claims if not (is_earlier and name in same)}
    return last


def may_be(order: Order, name: str, claim: Fact, at: datetime) -> tuple[Fraction, Fraction]:
    """Between what the number may be by the facts at that time; what cannot be compared may be
    what is claimed."""
    claimed = number(claim.claims[name])
    least, until = filled_by_then(order, name, claim, at)
    if name == "cum_quantity":
        return least, until
    if name == "average_price":
        mean = order.average_price
        is_rounded = mean is not None and abs(mean - claimed) < last_digit(claim.claims[name])
        is_of_all = least == until == order.cum_quantity
        return (claimed, claimed) if mean is None or is_rounded or not is_of_all else (mean, mean)
    if order.quantity is None or any(changed.at > at for changed in order.changes("quantity")):
        return claimed, claimed
    if name == "quantity":
        return order.quantity, order.quantity
    if order.session and order.session.session_word == "suspended":
        return claimed, claimed
    if order.leaves_quantity == 0 and order.ended_at is not None and order.ended_at < at:
        return Fraction(), Fraction()
    left = Fraction() if order.ended_at == at else order.quantity - until
    return max(Fraction(), left), max(Fraction(), order.quantity - least)


def filled_by_then(order: Order, name: str, claim: Fact, at: datetime) -> tuple[Fraction, Fraction]:
    """The least and the most that the fills may have come to in this claim: those that stand and
    were told of an earlier time, and any of its very moment, also those taken back. A fill of that
    moment that claims itself to be in is in."""
    before = sum((fill.quantity for fill in order.fills if fill.told_at < at), Fraction())
    then = [fill for fill in counted_fills(order.facts).values() if fill.told_at == at]
    sure = [fill for fill in order.fills if has_part_in(fill, name, claim, at)]
    return before + sum((fill.quantity for fill in sure), Fraction()), before + sum(
        (fill.quantity for fill in then), Fraction()
    )


def has_part_in(fill: Fill, name: str, claim: Fact, at: datetime) -> bool:
    """Whether a claim must have this fill of its own moment in it: what a fill itself claims is
    with it."""
    own = next(fact for fact in fill.facts if fact.at == fill.told_at).claims.get(name)
    if own is None or fill.told_at != at:
        return False
    claimed = number(claim.claims[name])
    return (
        number(own) <= claimed
        if name == "cum_quantity"
        else name == "leaves_quantity" and number(own) >= claimed
    )
