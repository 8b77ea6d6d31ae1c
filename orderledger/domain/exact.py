"""Decimal arithmetic that is independent of the caller's decimal context.

Input numbers have up to 28 digits before the point and 28 after it. Their sums and products are
exact here; quotients are rounded half even to 34 digits, as in IEEE 754 decimal128.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow

TRAPS = [InvalidOperation, DivisionByZero, Overflow]
EXACT = Context(prec=140, rounding=ROUND_HALF_EVEN, traps=TRAPS)
QUOTIENT = Context(prec=34, rounding=ROUND_HALF_EVEN, traps=TRAPS)
ZERO = Decimal(0)
ONE = Decimal(1)
INTEGER_DIGITS = 100


def total(numbers: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    result = ZERO
    for number in numbers:
        result = EXACT.add(result, number)
    return result


def integer(text: str) -> int | Decimal:
    """An integer of any length. A Decimal if it has more digits than `int` accepts."""
    return int(text) if len(text) < INTEGER_DIGITS else Decimal(text)


def plain(number: Decimal) -> str:
    """The number as people write it: no exponent, no trailing zeros, no negative zero."""
    text = format(number, "f")
    if text[-1] != "0":
        return text
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def short(number: Decimal) -> str:
    """The number for a sentence or a table: long fractions rounded to ten places, small ones to
    four digits."""
    places = max(10, 3 - number.adjusted()) if number else 0
    exponent = number.as_tuple().exponent
    is_long = isinstance(exponent, int) and exponent < -places
    return plain(EXACT.quantize(number, ONE.scaleb(-places)) if is_long else number)
