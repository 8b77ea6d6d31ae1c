"""The numbers that the venue claims of an order, compared with its facts."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from orderledger.domain.exact import EXACT, ONE, ZERO
from orderledger.domain.orders.claims import Latest
from orderledger.domain.orders.order import Order
from orderledger.domain.orders.when import When
from orderledger.domain.values import Status

SUSPENDED = Status.SUSPENDED
LAST = datetime(9999, 12, 31, tzinfo=UTC)
EARLY = timedelta(milliseconds=1, microseconds=1)
"""A claim may include facts that are dated up to a millisecond later. Venues date an order before
its fill, or cut the time to milliseconds."""
LEAVES = "leaves_quantity"
Span = tuple[Decimal, Decimal]
"""The least and the greatest value of a number that the facts allow."""


def mismatch(order: Order, quantity: Decimal | None) -> str | None:
    """A sentence about the first claimed number that contradicts the facts recorded for its time
    and for a millisecond later, or None."""
    for what, expected in (OF_COMBINATION if order.legs else EXPECTED).items():
        claim = order.claims.numbers.get(what)
        if claim is None or claim.at is None or (what == LEAVES and _is_outdated(order, quantity)):
            continue
        span = expected(order, quantity, claim.value, claim.at)
        if not _is_outside(span, claim.value) or span is None:
            continue
        if _is_outside(expected(order, quantity, claim.value, _later(claim.at)), claim.value):
            return f"the venue says {what} is {claim.value:f}, recorded is {span[1]:f}"
    return None


def _is_outdated(order: Order, quantity: Decimal | None) -> bool:
    """Check for later claims that include the open quantity: of the filled quantity, and of the
    order's quantity unless all of it is filled. They are compared instead."""
    numbers = order.claims.numbers
    when, filled = numbers[LEAVES].when, numbers.get("cum_quantity")
    if filled is None or not _is_later(filled, when):
        return False
    is_whole = quantity is not None and filled.value >= quantity
    return is_whole or _is_later(numbers.get("quantity"), when)


def _is_later(claim: Latest[Decimal] | None, when: When | None) -> bool:
    return (
        claim is not None
        and claim.when is not None
        and when is not None
        and claim.when.is_dated_after(when)
    )


def _later(at: datetime) -> datetime:
    return at + EARLY if at < LAST else at


def _is_outside(span: Span | None, claimed: Decimal) -> bool:
    return span is not None and not span[0] <= claimed <= span[1]


def _cum_quantity(order: Order, _: Decimal | None, claimed: Decimal, at: datetime) -> Span:
    """The cumulative quantity at that time. A fill of that very time is included if its own report
    claims no more."""
    return order.fills.cum_quantity_range(
        at, lambda reported: reported.cum_quantity is not None and reported.cum_quantity <= claimed
    )


def _average_price(order: Order, _: Decimal | None, claimed: Decimal, at: datetime) -> Span | None:
    """The average price, if the claim includes all fills. Venues round, so a difference below a
    unit of the last digit, at most 1, is agreement."""
    low, high = order.fills.cum_quantity_range(at)
    average_price = order.average_price
    if average_price is None or not low == high == order.cum_quantity:
        return None
    step = EXACT.scaleb(ONE, min(0, int(claimed.as_tuple().exponent)))
    mean = claimed if abs(EXACT.subtract(average_price, claimed)) < step else average_price
    return mean, mean


def _quantity(
    order: Order, quantity: Decimal | None, claimed: Decimal, at: datetime
) -> Span | None:
    """The quantity in force. None if it comes from this claim itself, without a request or a
    replace."""
    if quantity is None or quantity is claimed or not is_of_these_terms(order, at):
        return None
    return quantity, quantity


def _leaves_quantity(
    order: Order, quantity: Decimal | None, claimed: Decimal, at: datetime
) -> Span | None:
    """The open quantity at that time.

    A claim of the exact time of the order's end may be from before it. None for a suspended order:
    venues report its quantity in two ways, and both are accepted.
    """
    if quantity is None or not is_of_these_terms(order, at) or order.session_status is SUSPENDED:
        return None
    ended_at = order.ended_at
    if ended_at is not None and ended_at < at:
        return ZERO, ZERO
    low, high = order.fills.cum_quantity_range(
        at,
        lambda reported: (
            reported.leaves_quantity is not None and reported.leaves_quantity >= claimed
        ),
    )
    least = ZERO if ended_at == at else max(ZERO, EXACT.subtract(quantity, high))
    return least, max(ZERO, EXACT.subtract(quantity, low))


def is_of_these_terms(order: Order, at: datetime) -> bool:
    """Check that a claim is not older than the quantity in force."""
    setting = order.terms.set_quantity
    return setting is None or at >= setting.when.at


EXPECTED: dict[str, Callable[[Order, Decimal | None, Decimal, datetime], Span | None]] = {
    "cum_quantity": _cum_quantity,
    "average_price": _average_price,
    "quantity": _quantity,
    "leaves_quantity": _leaves_quantity,
}
"""For each claimed number, the range that the facts allow at that time, or None if they do not
limit it."""
OF_COMBINATION = {"quantity": _quantity}
"""Venues count the other numbers of a combination in units, or in those of one leg."""
