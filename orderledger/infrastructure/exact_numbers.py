"""Exact numbers in Arrow: decimal128 with the smallest scale that fits the data, else text."""

from decimal import Decimal
from typing import Any

from orderledger.domain.exact import EXACT, plain
from orderledger.infrastructure.extras import needed

DIGITS = 38
"""Of decimal128, and of DuckDB's decimals."""


def exact_numbers(texts: Any) -> Any:
    """A column of numbers in plain decimal text, as decimal128(38, scale). The text itself if a
    number has too many digits."""
    pa, pc = needed("pyarrow", "analytics"), needed("pyarrow.compute", "analytics")
    whole, scale = _digits(texts)
    return pc.cast(texts, pa.decimal128(DIGITS, scale)) if whole + scale <= DIGITS else texts


def products(left: Any, right: Any) -> Any:
    """Two columns of numbers multiplied, in the same form as `exact_numbers`."""
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


def _digits(texts: Any) -> tuple[int, int]:
    """The most digits before the point, and after it."""
    pc = needed("pyarrow.compute", "analytics")
    length, point = pc.utf8_length(texts), pc.find_substring(texts, ".")
    has_point = pc.greater_equal(point, 0)
    after = pc.if_else(has_point, pc.subtract(pc.subtract(length, point), 1), 0)
    before = pc.subtract(
        pc.if_else(has_point, point, length), pc.cast(pc.starts_with(texts, "-"), "int32")
    )
    return pc.max(before).as_py() or 0, pc.max(after).as_py() or 0
