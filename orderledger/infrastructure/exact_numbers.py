"""Exact numbers in Arrow: decimal128 with the smallest scale that fits the data, else text."""

from typing import Any

from orderledger.infrastructure.extras import needed

DIGITS = 38
"""Of decimal128, and of DuckDB's decimals."""


def exact_numbers(texts: Any) -> Any:
    """A column of numbers in plain decimal text, as decimal128(38, scale). The text itself if a
    number has too many digits."""
    pa, pc = needed("pyarrow", "analytics"), needed("pyarrow.compute", "analytics")
    whole, scale = _digits(texts)
    return pc.cast(texts, pa.decimal128(DIGITS, scale)) if whole + scale <= DIGITS else texts


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
