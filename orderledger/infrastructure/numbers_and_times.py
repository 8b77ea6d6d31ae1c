"""Exact numbers and times, read from text and other values."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

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
