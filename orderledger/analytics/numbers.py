"""Exact numbers of Arrow, multiplied."""

from decimal import Decimal
from typing import Any

from orderledger.extend.runtime import exact_numbers, needed
from orderledger.extend.values import EXACT, plain

DIGITS = 38
"""Digits of decimal128, and of DuckDB's decimals."""


def products(left: Any, right: Any) -> Any:
    """The product of two columns of numbers, in the same form as `exact_numbers`."""
    pa, pc = needed("pyarrow", "analytics"), needed("pyarrow.compute", "analytics")
    if all(pa.types.is_decimal(one.type) for one in (left, right)):
        narrow = [_narrow(one) for one in (left, right)]
        if sum(one.type.precision for one in narrow) < DIGITS:
            found = pc.multiply(*narrow)
            return pc.cast(found, pa.decimal128(DIGITS, found.type.scale))
    pairs = zip(left.to_pylist(), right.to_pylist(), strict=True)
    texts = [None if None in pair else plain(EXACT.multiply(*map(Decimal, pair))) for pair in pairs]
    return exact_numbers(pa.chunked_array([pa.array(texts, pa.string())]))


def _narrow(numbers: Any) -> Any:
    """The same numbers as decimals of as few digits as they need."""
    pa, pc = needed("pyarrow", "analytics"), needed("pyarrow.compute", "analytics")
    ends = pc.min_max(numbers).as_py()
    largest = max((abs(int(end)) for end in ends.values() if end is not None), default=0)
    return pc.cast(
        numbers,
        pa.decimal128(min(DIGITS, len(str(largest)) + numbers.type.scale), numbers.type.scale),
    )
