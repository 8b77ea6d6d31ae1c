"""Field types of messages: exact numbers, times with an offset, identifiers kept byte for byte."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    StringConstraints,
    WithJsonSchema,
)

from orderledger.infrastructure.numbers_and_times import parse_number, parse_time
from orderledger.infrastructure.time_zones import zone_named


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
PositiveCount = Annotated[int, Field(strict=True, ge=1, lt=1 << 31)]
Ratio = Annotated[
    tuple[Annotated[int, Field(strict=True, ge=1, lt=1 << 31)], ...],
    Field(min_length=2, max_length=2),
]
Sequence = Annotated[int, Field(strict=True, ge=-(1 << 63), lt=1 << 63)]
Names = Annotated[dict[Identifier, Identifier], BeforeValidator(_or_empty)]
Tags = Annotated[dict[str, Any], Field(max_length=100), BeforeValidator(_or_empty)]
ZoneName = Annotated[str, BeforeValidator(lambda name: zone_named(name).key)]
"""A field of settings with the name of a time zone."""
