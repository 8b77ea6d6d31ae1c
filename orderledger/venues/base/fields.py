"""Readers of the fields of a venue's row. A missing field is None; a field that cannot be read
raises Unreadable."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from orderledger.extend.messages import numbers_and_times

Document = dict[str, Any]
PayloadRow = Mapping[str, object]
"""A row of a payload, not checked yet."""
Meaning = TypeVar("Meaning")
Value = TypeVar("Value")

LONGEST_COUNT = 20
"""Digits of a time that is a count of seconds or fractions of them."""

LONGEST_ID = 40
"""Digits of an id. No venue has longer ones."""

LARGEST_ID = 2**64
LARGEST_SEQUENCE = 2**63

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""No order is older. An earlier time is a zero, or a count in another unit."""

LOCAL_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.]{8,18}", re.ASCII)
"""A date and a time of day, without an offset."""

NOTHING = ("", "null")
"""Texts that mean a missing value."""


class Unreadable(ValueError):
    """A row or payload that cannot be read. The text names the field and its fault."""


class Details:
    """The optional fields of one fill. A field that cannot be read is None, and is named in
    `text`: the fill is kept.
    """

    def __init__(self) -> None:
        self._unread: list[str] = []

    def read(self, name: str, read: Callable[[], Value | None]) -> Value | None:
        """The field, read by `read`."""
        try:
            return read()
        except Unreadable:
            self._unread.append(name)
            return None

    @property
    def text(self) -> str | None:
        """The fields that could not be read. None if all could."""
        return f"cannot be read: {', '.join(self._unread)}" if self._unread else None


def is_nothing(value: Any) -> bool:
    """Whether a value is missing: null, an empty text, or the text "null"."""
    return value is None or (isinstance(value, str) and value in NOTHING)


def number(row: PayloadRow, name: str) -> Decimal | None:
    """A number with exactly the digits that were sent. Floats are refused because they have lost
    digits.
    """
    value = row.get(name)
    if is_nothing(value):
        return None
    try:
        return numbers_and_times.parse_number(value)
    except ValueError as fault:
        raise Unreadable(f"{name} {fault}") from None


def needed_number(row: PayloadRow, name: str) -> Decimal:
    """A number that is required."""
    found = number(row, name)
    if found is None:
        raise Unreadable(f"{name} is missing")
    return found


def price(row: PayloadRow, name: str) -> Decimal | None:
    """A price. 0 means none."""
    found = number(row, name)
    if found is not None and found < 0:
        raise Unreadable(f"{name} is negative")
    return found or None


def paid_price(row: PayloadRow, name: str, *, may_be_zero: bool = False) -> Decimal:
    """The price of a fill, which is required. `may_be_zero`: for the settlement of something that
    has become worthless."""
    found = needed_number(row, name)
    if found < 0 or (found == 0 and not may_be_zero):
        raise Unreadable(f"{name} is {found:f}: a price must be greater than 0")
    return found


def word(row: PayloadRow, name: str) -> str | None:
    """A text."""
    value = row.get(name)
    if is_nothing(value):
        return None
    if not isinstance(value, str):
        raise Unreadable(f"{name} is not a text")
    return value


def needed_word(row: PayloadRow, name: str) -> str:
    """A text that is required."""
    found = word(row, name)
    if found is None:
        raise Unreadable(f"{name} is missing")
    return found


def one_of(row: PayloadRow, name: str, meanings: Mapping[str, Meaning]) -> Meaning:
    """The meaning of a required text, which is compared in lower case."""
    found = needed_word(row, name).lower()
    if found not in meanings:
        raise Unreadable(f"{name} is not one of {', '.join(meanings)}")
    return meanings[found]


def identity(row: PayloadRow, name: str) -> str | None:
    """An id that is an integer, as text. 0 means none."""
    value = row.get(name)
    if is_nothing(value):
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**LONGEST_ID:
        value = str(value)
    if not (
        isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= LONGEST_ID
    ):
        raise Unreadable(f"{name} is not an id")
    return value if value.strip("0") else None


def sequence_of(trade_id: str) -> int | None:
    """The number of a trade, used as its rank in the venue's order of trades. None if it is too
    large.
    """
    number = int(trade_id)
    return number if number < LARGEST_SEQUENCE else None


def can_be_id(name: str) -> bool:
    """Whether this can be a venue's id. Other ids are not queried, because the venue would
    refuse the whole query.
    """
    return name.isascii() and name.isdigit() and len(name) <= LONGEST_ID and int(name) < LARGEST_ID


def rows_within(row: PayloadRow, name: str) -> list[Document]:
    """The rows nested in a row. An empty list if there are none."""
    value = row.get(name)
    if is_nothing(value):
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Unreadable(f"{name} is not a list of rows")
    return value


def flag(row: PayloadRow, name: str) -> bool | None:
    """True or false."""
    value = row.get(name)
    if is_nothing(value):
        return None
    if not isinstance(value, bool):
        raise Unreadable(f"{name} must be true or false")
    return value


def moment(row: PayloadRow, name: str, *, offset: str = "") -> datetime | None:
    """A time: RFC 3339 with an offset, or a count of s, ms, us or ns, as a number or as text.

    `offset` is the UTC offset of a venue whose times name none, such as "Z".
    """
    value = row.get(name)
    if is_nothing(value):
        return None
    if offset and isinstance(value, str) and LOCAL_TIME.fullmatch(value):
        value += offset
    if (
        isinstance(value, str)
        and value.isascii()
        and value.isdigit()
        and len(value) <= LONGEST_COUNT
    ):
        value = int(value)
    try:
        return plausible(numbers_and_times.parse_time(value))
    except (ValueError, OverflowError) as fault:
        raise Unreadable(f"{name} {fault}") from None


def plausible(at: datetime) -> datetime:
    """The time itself. Raises ValueError if it is before `EARLIEST`."""
    if at < EARLIEST:
        raise ValueError(f"is {at.isoformat()}, which is before the year {EARLIEST.year}")
    return at
