"""Field types of messages: exact numbers, times with an offset, identifiers kept byte for byte."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    StringConstraints,
    WithJsonSchema,
)

NUMBER = re.compile(r"-?[0-9]{1,1000}(\.[0-9]{1,1000})?([eE][+-]?[0-9]{1,4})?", re.ASCII)
DIGITS = 28
PLAIN_NUMBER = re.compile(r"-?[0-9]{1,28}(\.[0-9]{1,28})?", re.ASCII)
"""The form of most numbers. It is within all limits and needs no further check."""
TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt "
    r"][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_number(value: Any) -> Decimal:
    """An exact number from text, an integer or a Decimal. Never through a float."""
    if isinstance(value, str) and PLAIN_NUMBER.fullmatch(value):
        return Decimal(value)
    if isinstance(value, str):
        if not NUMBER.fullmatch(value):
            raise ValueError("is not a decimal number")
        number = Decimal(value)
    elif isinstance(value, Decimal):
        number = value
    elif isinstance(value, int) and not isinstance(value, bool):
        number = Decimal(value)
    elif isinstance(value, float):
        raise ValueError("is a float, which is not exact: give a string or a Decimal")
    else:
        raise ValueError("is not a decimal number")
    if not number.is_finite():
        raise ValueError("is not finite")
    exponent = number.as_tuple().exponent
    if (number and number.adjusted() >= DIGITS) or (
        isinstance(exponent, int) and abs(exponent) > DIGITS
    ):
        raise ValueError(f"has more than {DIGITS} digits before or after the point")
    return number


def parse_time(value: Any) -> datetime:
    """A time in UTC to the microsecond, from RFC 3339 with an offset or an integer count of s, ms,
    us or ns."""
    if isinstance(value, str):
        if not TIME.fullmatch(value):
            raise ValueError("is not an RFC 3339 time with an offset")
        moment = datetime.fromisoformat(value.upper())
    elif isinstance(value, datetime):
        moment = value
    elif isinstance(value, int) and not isinstance(value, bool):
        return _from_count(value)
    else:
        raise ValueError("is neither an RFC 3339 time with an offset nor an integer")
    if moment.tzinfo is None:
        raise ValueError("has no offset")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is beyond the years 1 to 9999 in UTC") from None


@lru_cache(maxsize=1024)
def _from_count(count: int) -> datetime:
    """A time from a count. The magnitude gives the unit: ns from 1e18, us from 1e15, ms from 1e12,
    else seconds.

    Cached, because venues repeat one time in several fields and rows.
    """
    if not 0 <= count < 10**20:
        raise ValueError("is not a time in s, ms, us or ns")
    if count >= 10**18:
        microseconds = count // 1000
    elif count >= 10**15:
        microseconds = count
    else:
        microseconds = count * 1000 if count >= 10**12 else count * 1_000_000
    try:
        return EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        raise ValueError("is not a time in s, ms, us or ns") from None


def _all_printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("has characters that cannot be printed")
    return value


def _positive(number: Decimal) -> Decimal:
    if number <= 0:
        raise ValueError("must be greater than 0")
    return number


def _or_false(value: Any) -> Any:
    return False if value is None else value


def _or_empty(value: Any) -> Any:
    return {} if value is None else value


def _not_negative(number: Decimal) -> Decimal:
    if number < 0:
        raise ValueError("must not be negative")
    return number


NUMBER_SCHEMA = WithJsonSchema(
    {
        "type": ["string", "number"],
        "description": "A decimal, as text or as a JSON number; never a float.",
    }
)
TIME_SCHEMA = WithJsonSchema(
    {
        "type": ["string", "integer"],
        "description": "RFC 3339 with an offset, or a count of s, ms, us or ns.",
    }
)

Number = Annotated[Decimal, BeforeValidator(parse_number), NUMBER_SCHEMA]
Quantity = Annotated[
    Decimal, AfterValidator(_positive), BeforeValidator(parse_number), NUMBER_SCHEMA
]
NotNegative = Annotated[
    Decimal, AfterValidator(_not_negative), BeforeValidator(parse_number), NUMBER_SCHEMA
]
Time = Annotated[datetime, BeforeValidator(parse_time), TIME_SCHEMA]
Identifier = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=200),
    AfterValidator(_all_printable),
]
Text = Annotated[str, StringConstraints(strict=True, max_length=10_000)]
Flag = Annotated[StrictBool, BeforeValidator(_or_false)]
Count = Annotated[int, Field(strict=True, ge=0, lt=1 << 63)]
Sequence = Annotated[int, Field(strict=True, ge=-(1 << 63), lt=1 << 63)]
Names = Annotated[dict[Identifier, Identifier], BeforeValidator(_or_empty)]
Tags = Annotated[dict[str, Any], Field(max_length=100), BeforeValidator(_or_empty)]
