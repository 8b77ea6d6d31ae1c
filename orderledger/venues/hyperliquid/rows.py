"""Rows of Hyperliquid's payloads, read field by field. Unreadable fields are reported, never
guessed.

Ids and times are numbers in one row and text in the next; an absent field, null and "" all mean
that there is no value.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import ValidationError

from orderledger import InvalidMessage, Message, Side
from orderledger.extend.messages import facts, numbers_and_times
from orderledger.venues.base import fields
from orderledger.venues.base.translation import as_text
from orderledger.venues.hyperliquid.vocabulary import SIDES, is_cloid

Value = TypeVar("Value")
Kind = TypeVar("Kind", bound=Message)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
LONGEST_WORD = 200
MOST_DIGITS = 30
TOO_LARGE = 10**MOST_DIGITS


class Unreadable(fields.Unreadable):
    """An unreadable `row`."""

    def __init__(self, fault: str, row: Any) -> None:
        super().__init__(fault)
        self.row = row

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (*self.args, self.row), self.__dict__


def milliseconds(moment: datetime) -> int:
    """A time in the venue's milliseconds."""
    return (moment - EPOCH) // MILLISECOND


def message_of(kind: type[Kind], evidence: Mapping[str, Any], /, **fields: Any) -> Kind:
    """The message, with the row that it was made from. Raises Unreadable if the ledger would not
    accept it.
    """
    try:
        return kind(evidence=facts.Evidence(evidence), **fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise Unreadable(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", evidence) from None
    except InvalidMessage as error:
        raise Unreadable(str(error), evidence) from None


def rows_of(payload: Any) -> list[Any]:
    """A list of rows, or a single row as a list. Raises Unreadable."""
    if isinstance(payload, dict):
        return [payload]
    if not isinstance(payload, list):
        raise Unreadable("is not a list", payload)
    return payload


def is_of_another(data: Any, address: str | None) -> bool:
    """Whether the frame states that its content belongs to another user."""
    user = data.get("user") if isinstance(data, dict) else None
    return address is not None and isinstance(user, str) and user.lower() != address


class Row:
    """One object of a payload. Every accessor raises Unreadable if the field has an unexpected
    value.
    """

    __slots__ = ("raw",)

    def __init__(self, raw: Any) -> None:
        if not isinstance(raw, dict):
            raise Unreadable("is not an object", raw)
        self.raw: dict[str, Any] = raw

    def get(self, name: str) -> Any:
        """The field, None if it is absent, null or empty."""
        value = self.raw.get(name)
        return None if value == "" else value

    def word(self, name: str) -> str | None:
        value = self.get(name)
        if value is not None and not (
            isinstance(value, str) and value.isprintable() and len(value) <= LONGEST_WORD
        ):
            raise self.fault(name, "is not a word")
        return value

    def number(self, name: str) -> Decimal | None:
        value = self.get(name)
        try:
            return None if value is None else numbers_and_times.parse_number(value)
        except ValueError as error:
            raise self.fault(name, str(error)) from None

    def size(self, name: str) -> Decimal | None:
        """A non-negative number."""
        number = self.number(name)
        if number is not None and number < 0:
            raise self.fault(name, "is negative")
        return number

    def price(self, name: str) -> Decimal | None:
        """A price, or a limit. The venue writes 0 for none."""
        return self.size(name) or None

    def count(self, name: str) -> int | None:
        """A whole number, given as a number or as text."""
        value = self.get(name)
        if (
            isinstance(value, str)
            and value.isascii()
            and value.isdigit()
            and len(value) <= MOST_DIGITS
        ):
            value = int(value)
        if value is None or (
            isinstance(value, int) and not isinstance(value, bool) and 0 <= value < TOO_LARGE
        ):
            return value
        raise self.fault(name, "is not an id or time")

    def moment(self, name: str) -> datetime | None:
        count = self.count(name)
        try:
            return None if count is None else fields.plausible(numbers_and_times.parse_time(count))
        except ValueError as error:
            raise self.fault(name, str(error)) from None

    def flag(self, name: str) -> bool | None:
        """A flag. None if it is neither true nor false: no rule depends on it."""
        value = self.get(name)
        return value if isinstance(value, bool) else None

    def rows(self, name: str) -> list[Any]:
        """A list of rows. Raises Unreadable if it is missing: a missing list is not empty."""
        value = self.get(name)
        if not isinstance(value, list):
            raise self.fault(name, "is not a list")
        return value

    def cloid(self) -> str | None:
        """In lower case: the venue may return the case in which it was sent."""
        value = self.word("cloid")
        if value is None:
            return None
        lowered = value.lower()
        return lowered if is_cloid(lowered) else value

    def side(self) -> Side:
        side = SIDES.get(self.need("side", self.word("side")))
        if side is None:
            raise self.fault("side", "is not B or A")
        return side

    def need(self, name: str, value: Value | None) -> Value:
        """A required value of a field."""
        if value is None:
            raise Unreadable(f"{name} is missing", self.raw)
        return value

    def fault(self, name: str, fault: str) -> Unreadable:
        return Unreadable(f"{name} {fault}: {as_text(self.raw.get(name))[:LONGEST_WORD]}", self.raw)


def time_of(raw: Any) -> int:
    """The `time` of a row in the venue's milliseconds; 0 if it cannot be read."""
    try:
        row = Row(raw)
        return (row.count("time") or 0) if row.moment("time") is not None else 0
    except Unreadable:
        return 0
