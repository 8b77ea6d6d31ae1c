"""`ForeignObject`: reads an object of another program by the names of its attributes. A dictionary
is read by its keys."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from enum import Enum
from typing import Any

from orderledger import InvalidMessage
from orderledger.extend.messages import numbers_and_times
from orderledger.extend.values import EXACT

SECONDS_BELOW = 10**12
"""A float below this is a time in seconds, with a fraction. Larger ones are counts of ms, us or
ns.
"""

NO_TIME = -(2**63)
"""numpy's NaT as an integer."""

LARGEST_INTEGER = 2**63
DEEPEST = 5


@dataclass(frozen=True, slots=True)
class ForeignObject:
    """An object with its attributes. `path`: where it was found, for errors. None, NaN, NaT and
    an empty text count as missing.
    """

    raw: Any
    path: str = ""

    @property
    def class_name(self) -> str:
        """Name of its class. For a dictionary: its `type`, or an empty text."""
        if isinstance(self.raw, Mapping):
            named = self.raw.get("type")
            return named if isinstance(named, str) else ""
        return type(self.raw).__name__

    def has(self, *names: str) -> bool:
        """Whether it has all these attributes, with whatever values."""
        if isinstance(self.raw, Mapping):
            return all(name in self.raw for name in names)
        return all(hasattr(self.raw, name) for name in names)

    def get(self, name: str) -> Any:
        """The value of an attribute, or None."""
        value = (
            self.raw.get(name) if isinstance(self.raw, Mapping) else getattr(self.raw, name, None)
        )
        return None if _is_missing(value) else value

    def part(self, name: str) -> "ForeignObject":
        """An object inside this one. Raises InvalidMessage if it is missing."""
        return ForeignObject(self.needed(name), f"{self.path}{name}.")

    def parts(self, name: str) -> "list[ForeignObject] | None":
        """The objects of a list inside this one. None if there is no list: the objects were not
        observed.
        """
        listed = self.get(name)
        if listed is None:
            return None
        rows = list(listed.values()) if isinstance(listed, Mapping) else list(listed)
        return [
            ForeignObject(row, f"{self.path}{name}.{number}.") for number, row in enumerate(rows)
        ]

    def needed(self, name: str) -> Any:
        """The value of an attribute. Raises InvalidMessage if it is missing."""
        value = self.get(name)
        if value is None:
            raise self.fault(name, f"is missing on {self.class_name or 'the dictionary'}")
        return value

    def fault(self, name: str, fault: str) -> InvalidMessage:
        """An error about one attribute."""
        return InvalidMessage(f"{self.path}{name}", fault)

    def number(self, name: str) -> Decimal | None:
        """A number. A float is read from its shortest text: 0.1 is 0.1, not the binary fraction
        close to it.

        Digits beyond the 28th after the point, which a message cannot hold, are rounded.
        """
        value = self.get(name)
        if value is None:
            return None
        try:
            found = Decimal(str(value))
        except InvalidOperation:
            raise self.fault(name, f"{str(value)[:50]!r} is not a number") from None
        if isinstance(value, bool) or not found.is_finite():
            raise self.fault(name, f"{str(value)[:50]!r} is not a finite number")
        return within_digits(found)

    def needed_number(self, name: str) -> Decimal:
        """A number that is required."""
        self.needed(name)
        found = self.number(name)
        assert found is not None
        return found

    def above_zero(self, name: str) -> Decimal | None:
        """A price or quantity. 0 means none."""
        found = self.number(name)
        return found if found is not None and found > 0 else None

    def moment(self, *names: str) -> datetime | None:
        """The first time among these attributes: datetime64, datetime, a count of s, ms, us or ns,
        or RFC 3339 text."""
        for name in names:
            value = self.get(name)
            if value is not None:
                try:
                    found = moment_of_value(value)
                except (ValueError, OverflowError, TypeError) as fault:
                    raise self.fault(name, str(fault)) from None
                if found is not None:
                    return found
        return None

    def identifier(self, name: str) -> str | None:
        """An id as text."""
        value = self.get(name)
        return None if value is None else str(value)

    def word(self, name: str) -> str | None:
        """A member of an enumeration, or a text, by its name in capitals."""
        value = self.get(name)
        if value is None:
            return None
        return (value.name if isinstance(value, Enum) else str(value)).upper()

    def flag(self, name: str) -> bool:
        """True if it is set."""
        return bool(self.get(name))


def within_digits(number: Decimal) -> Decimal:
    """The number with at most as many digits after the point as a message holds."""
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return (
        number
        if exponent >= -numbers_and_times.DIGITS
        else number.quantize(Decimal(1).scaleb(-numbers_and_times.DIGITS), ROUND_HALF_EVEN, EXACT)
    )


def _is_missing(value: Any) -> bool:
    if value is None or (isinstance(value, str) and not value):
        return True
    if isinstance(value, Decimal):
        return value.is_nan()
    return isinstance(value, float) and value != value


def moment_of_value(value: Any) -> datetime | None:
    """A time in UTC. None for NaT and for counts up to 0. numpy is not imported: its values
    convert themselves.
    """
    value = getattr(
        value, "asm8", value
    )  # pandas.Timestamp without a zone is UTC, as its datetime64 is
    convert = getattr(value, "astype", None)
    if convert is not None and str(getattr(value, "dtype", "")).startswith("datetime64"):
        value = int(convert("datetime64[ns]").astype("int64"))
        return None if value == NO_TIME else numbers_and_times.parse_time(value)
    if isinstance(value, (datetime, str)):
        return numbers_and_times.parse_time(value)
    count = Decimal(str(value))
    if count <= 0:
        return None
    return numbers_and_times.parse_time(
        int(count * 1_000_000)
        if count < SECONDS_BELOW and not isinstance(value, int)
        else int(count)
    )


def as_evidence(value: Any, depth: int = 0) -> Any:
    """The attributes of an object as plain values, to be stored with the message. Values without
    a readable form are left out.
    """
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value) if -LARGEST_INTEGER <= value < LARGEST_INTEGER else str(value)
    if isinstance(value, (float, Decimal)):
        number = (
            float(value) if isinstance(value, float) else value
        )  # numpy's subclass cannot be written as JSON
        return number if Decimal(number).is_finite() else str(number)
    if isinstance(value, (list, tuple, set, frozenset)) and not hasattr(value, "_fields"):
        return [as_evidence(item, depth + 1) for item in value] if depth < DEEPEST else None
    attributes = dict(_attributes(value)) if depth < DEEPEST else {}
    if not attributes and not isinstance(value, Mapping):
        return _text_of(value)
    named = {} if isinstance(value, Mapping) else {"type": type(value).__name__}
    found = {str(name): _member(name, item, depth) for name, item in attributes.items()}
    return named | {
        name: item
        for name, item in found.items()
        if item is not None or attributes.get(name) is None
    }


def _member(name: Any, value: Any, depth: int) -> Any:
    """A value of an object. An instrument is stored by name: otherwise its definition would be
    repeated with every event.
    """
    return as_evidence(
        value if name != "instrument" or isinstance(value, Mapping) else str(value), depth + 1
    )


def _attributes(value: Any) -> Iterator[tuple[Any, Any]]:
    """The public attributes of an object and their values, if it has any."""
    if isinstance(value, Mapping):
        yield from value.items()
        return
    if is_dataclass(value):
        names: list[str] = [field.name for field in fields(value)]
    elif hasattr(value, "_fields"):
        names = list(value._fields)
    else:
        names = list(getattr(value, "__dict__", ()))
    yield from (
        (name, getattr(value, name))
        for name in names
        if not name.startswith("_") and hasattr(value, name)
    )


def _text_of(value: Any) -> str | None:
    """The text of a value; None if it only shows a memory address."""
    text = str(value)
    return None if text.startswith("<") and " at 0x" in text else text
