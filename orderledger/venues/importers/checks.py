"""Checks redundant figures: two values of a row must agree within the digits that it prints.

A printed number means all numbers that round to it: half a unit of its last digit to either side.
The bounds are carried through products and sums exactly. A row is refused if the bounds of its two
figures do not meet.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from itertools import product
from typing import NamedTuple

from orderledger import InvalidMessage
from orderledger.extend.values import EXACT, ONE, ZERO, plain

HALF = Decimal("0.5")
DOUBLE_DIGITS = 15
"""Significant digits that a binary double keeps. Programs print up to 17; the last ones are noise:
235.69490000000002."""

LONGEST = 60
"""Digits before or after the point of a checked number."""

SIGN = re.compile(r"\s+([+-])\s+")
TIMES = re.compile(r"\s+\*\s+")
STRAY = re.compile(r"^[*+-](?=\s|$)|\s[*+-]$|^\s|\s$")
"""A sign at an end of a name."""


class Interval(NamedTuple):
    """All numbers from `low` to `high`."""

    low: Decimal
    high: Decimal

    def meets(self, other: "Interval") -> bool:
        """Whether a number is in both."""
        return self.low <= other.high and other.low <= self.high


class Formula(NamedTuple):
    """A sum of products of names. `terms`: the sign of each term, and its factors."""

    text: str
    terms: tuple[tuple[int, tuple[str, ...]], ...]

    @property
    def names(self) -> set[str]:
        return {name for _, factors in self.terms for name in factors}

    def bounds(self, intervals: Mapping[str, Interval]) -> Interval:
        """The results for all numbers in these intervals."""
        low, high = ZERO, ZERO
        for sign, factors in self.terms:
            term = Interval(Decimal(sign), Decimal(sign))
            for name in factors:
                ends = [EXACT.multiply(one, other) for one, other in product(term, intervals[name])]
                term = Interval(min(ends), max(ends))
            low, high = EXACT.add(low, term.low), EXACT.add(high, term.high)
        return Interval(low, high)


@cache
def formula(text: str) -> Formula:
    """The formula in a text such as `price * quantity` or `-fee`. Raises ValueError."""
    first = -1 if text.strip().startswith("-") else 1
    parts = SIGN.split(text.strip().removeprefix("-").strip())
    signs = [first, *(1 if sign == "+" else -1 for sign in parts[1::2])]
    terms = tuple(
        (sign, tuple(TIMES.split(part))) for sign, part in zip(signs, parts[::2], strict=True)
    )
    if not all(name and not STRAY.search(name) for _, factors in terms for name in factors):
        raise ValueError(
            f"{text!r} is not a formula: names with ` * `, ` + ` and ` - ` between them"
        )
    return Formula(text, terms)


def printed(number: Decimal, *, is_exact: bool = False) -> Interval:
    """All numbers that are printed as this one. An exact number means only itself, except for
    the noise of a double.
    """
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    last_of_double = number.adjusted() - DOUBLE_DIGITS + 1
    is_double = number != 0 and exponent < last_of_double
    if is_exact and not is_double:
        return Interval(number, number)
    half = EXACT.multiply(HALF, ONE.scaleb(last_of_double if is_double else exponent))
    return Interval(EXACT.subtract(number, half), EXACT.add(number, half))


def cut(number: Decimal) -> Interval:
    """All numbers that give this one when the digits after its last one are cut off."""
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return Interval(number, EXACT.add(number, ONE.scaleb(exponent).copy_sign(number)))


def compare(field: str, found: Interval, equals: str, intervals: Mapping[str, Interval]) -> None:
    """Compare a figure with another value in its row. Raises InvalidMessage with both figures."""
    expected = formula(equals)
    if not found.meets(expected.bounds(intervals)):
        stated, repeated = (
            _shown(found),
            _shown(expected.bounds({name: _middle(one) for name, one in intervals.items()})),
        )
        raise InvalidMessage(field, f"is {stated}, but {equals} is {repeated}")


def _middle(interval: Interval) -> Interval:
    middle = EXACT.multiply(HALF, EXACT.add(interval.low, interval.high))
    return Interval(middle, middle)


def _shown(interval: Interval) -> str:
    return plain(_middle(interval).low)


def require(
    field: str,
    found: Decimal,
    equals: str,
    number_of: Callable[[str], Decimal],
    *,
    exact: frozenset[str] = frozenset(),
) -> None:
    """Compare printed figures. `exact`: names that are printed with all their digits. Raises
    InvalidMessage with both figures."""
    numbers = {name: _in_range(name, number_of(name)) for name in sorted(formula(equals).names)}
    intervals = {name: printed(number, is_exact=name in exact) for name, number in numbers.items()}
    compare(field, printed(_in_range(field, found)), equals, intervals)


def require_known(
    field: str,
    equals: str,
    numbers: Mapping[str, Decimal | None],
    *,
    exact: frozenset[str] = frozenset(),
) -> None:
    """The same for a format whose figures are optional: a figure that is missing is not
    compared."""
    known = {name: number for name, number in numbers.items() if number is not None}
    if known.keys() >= {field, *formula(equals).names}:
        require(field, known[field], equals, known.__getitem__, exact=exact)


def _in_range(name: str, number: Decimal) -> Decimal:
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -LONGEST or number.adjusted() > LONGEST:
        raise InvalidMessage(name, f"has more than {LONGEST} digits before or after the point")
    return number
