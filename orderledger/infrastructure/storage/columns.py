"""Values in the form that databases store: numbers as plain decimal text, times as RFC 3339, JSON
with sorted keys.

Functions take whole columns. One call of msgspec converts most values to the right form; the rest
are recognized by their text and written one by one.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from orderledger.domain.exact import plain

Column = Sequence[Any]
"""Values of one column, with None for a missing one."""

parse_json = msgspec.json.Decoder(float_hook=Decimal).decode
"""Parses JSON and keeps numbers exact."""

_json = msgspec.json.Encoder(decimal_format="number", order="deterministic")

UTC_WITH_MICROSECONDS = len("2026-11-02T00:00:00.000001Z")


def time_text(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds. Its text order is the order of time."""
    text = _json.encode(
        moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    ).decode()  # in quotes, and without the fraction if it is zero
    return text[1:-1] if moment.microsecond else f"{text[1:20]}.000000Z"


def json_text(value: Any) -> str:
    """JSON text with sorted keys."""
    return _json.encode(value).decode()


def times(column: Column) -> Column:
    """Each value as `time_text` writes it."""
    texts = msgspec.to_builtins(column)
    return [
        text if text is None or len(text) == UTC_WITH_MICROSECONDS else time_text(moment)
        for text, moment in zip(texts, column, strict=True)
    ]


def numbers(column: Column) -> Column:
    """Each value as `plain` writes it."""
    texts = msgspec.to_builtins(column)
    return [
        text if text is None or (text[-1] != "0" and "E" not in text) else plain(number)
        for text, number in zip(texts, column, strict=True)
    ]


def json_texts(column: Column) -> Column:
    """Each value as `json_text` writes it. Of a tuple, msgspec 0.22 would keep an iterator for
    ever."""
    texts = _json.encode_lines(list(column)).decode().split("\n")
    return [None if value is None else text for text, value in zip(texts, column, strict=False)]


def changed(column: Column, change: Callable[[Any], Any] | None) -> Column:
    """The column with each present value converted."""
    return (
        column if change is None else [None if value is None else change(value) for value in column]
    )
