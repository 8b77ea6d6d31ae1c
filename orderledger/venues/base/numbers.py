"""Prices derived from sums, within the digits that a message can hold."""

from decimal import ROUND_HALF_EVEN, Context, Decimal

from orderledger.extend.messages import numbers_and_times
from orderledger.extend.values import EXACT, ONE, ZERO, plain

PRICE = Context(prec=numbers_and_times.DIGITS, rounding=ROUND_HALF_EVEN)
"""A derived price with more than 28 digits is rounded half even to 28 digits."""
SMALLEST = ONE.scaleb(-numbers_and_times.DIGITS)


def quotient(notional: Decimal, quantity: Decimal) -> Decimal | None:
    """notional / quantity to 28 digits. None if the result is not above zero: then the numbers
    do not belong together.
    """
    price = PRICE.divide(notional, quantity)
    if price.as_tuple().exponent < -numbers_and_times.DIGITS:  # type: ignore[operator]
        price = price.quantize(SMALLEST, rounding=ROUND_HALF_EVEN, context=EXACT)
    return Decimal(plain(price)) if price > ZERO else None
