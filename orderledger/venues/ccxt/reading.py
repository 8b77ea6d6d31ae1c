"""Readers of the fields of ccxt's unified rows. They may contain floats if someone else had ccxt
parse the numbers.
"""

import math
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from orderledger.extend.messages import facts, numbers_and_times
from orderledger.extend.runtime import printable
from orderledger.extend.values import EXACT, ZERO
from orderledger.venues.base.fields import Document, Unreadable, is_nothing, moment
from orderledger.venues.base.fields import number as exact_number

Meaning = TypeVar("Meaning")
Kind = TypeVar("Kind", bound=BaseModel)
LONGEST_WORD = 200
HALF = Decimal("0.5")
LEAST_MILLISECONDS = 10**12
"""A smaller number counts seconds."""

MILLISECOND = timedelta(milliseconds=1)
FRACTION = re.compile(r"\.[0-9]{3}")
HEXADECIMAL = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|0[xX][0-9a-fA-F]+")
"""A UUID, or a number after 0x."""

UNREADABLE = "unreadable"
"""The field of a row that ccxt could not parse unchanged: the reason."""


def optional(notes: list[str], read: Callable[[], Meaning | None]) -> Meaning | None:
    """An optional field. If it cannot be read, the row counts without it, and its fault becomes
    a note.
    """
    try:
        return read()
    except Unreadable as fault:
        notes.append(str(fault))
        return None


def lenient(kind: type[Kind], notes: list[str], needed: Document, extras: Document) -> Kind:
    """A message without the `extras` that it cannot take. Raises ValidationError for required
    fields.
    """
    try:
        return kind(**needed, **extras)
    except ValidationError as fault:
        wrong = {str(one["loc"][0]): one["msg"] for one in fault.errors() if one["loc"]}
        if not wrong or not wrong.keys() <= extras.keys():
            raise
        notes += [f"{name} {why.removeprefix('Value error, ')}" for name, why in wrong.items()]
        return kind(
            **needed, **{name: value for name, value in extras.items() if name not in wrong}
        )


def remark(*sentences: str | None) -> str | None:
    """Join sentences into one text."""
    return "; ".join(one for one in sentences if one) or None


def row_of(raw: Any) -> facts.Evidence:
    """The row with its JSON, made at once: ccxt changes its rows at the next update. Raises
    Unreadable, InvalidMessage."""
    if not isinstance(raw, dict):
        raise Unreadable("is not a row")
    if raw.get(UNREADABLE):
        raise Unreadable(str(raw[UNREADABLE]))
    return facts.Evidence(raw)


def number(row: Document, name: str) -> Decimal | None:
    """A number, from its shortest text if it is a float."""
    value = row.get(name)
    return exact_number({name: repr(value)} if isinstance(value, float) else row, name)


def positive(row: Document, *names: str) -> Decimal | None:
    """The first of these numbers that is not 0, since 0 means none. Raises Unreadable if it is
    negative.
    """
    for name in names:
        found = number(row, name)
        if found is not None and found < ZERO:
            raise Unreadable(f"{name} is negative")
        if found:
            return found
    return None


def text(row: Document, name: str) -> str | None:
    """A text, or a whole number as text."""
    value = row.get(name)
    if is_nothing(value):
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise Unreadable(f"{name} is not a text")
    return value


def folded_id(name: str) -> str:
    """An id in one spelling. UUIDs and hexadecimal numbers are the same in either case (RFC 9562,
    section 4)."""
    return name.lower() if HEXADECIMAL.fullmatch(name) else name


def needed_text(row: Document, name: str) -> str:
    """A text that is required."""
    found = text(row, name)
    if found is None:
        raise Unreadable(f"{name} is missing")
    return found


def flag(row: Document, name: str) -> bool | None:
    """True or false. None for anything else, which counts as not reported."""
    value = row.get(name)
    return value if isinstance(value, bool) else None


def time_of(row: Document, *names: str) -> datetime | None:
    """The first of these times that is present."""
    return next(
        (
            found
            for name in names
            if (found := moment({name: _whole(row.get(name))}, name)) is not None
        ),
        None,
    )


def milliseconds_of(row: Document, *names: str) -> int | None:
    """The first of these times with milliseconds, as a count since 1970. Smaller fractions are
    cut off, as in ccxt.
    """
    for name in names:
        if _has_milliseconds(_whole(row.get(name))):
            found = optional([], partial(time_of, row, name))
            if found is not None:
                return (found - numbers_and_times.EPOCH) // MILLISECOND
    return None


def _whole(value: Any) -> Any:
    """A whole number as an integer. Other programs write counts of milliseconds as floats."""
    is_whole = isinstance(value, (float, Decimal)) and math.isfinite(value) and value == int(value)
    return int(value) if is_whole else value


def _has_milliseconds(value: Any) -> bool:
    """Whether a time has milliseconds: a count of them, or three digits after the seconds."""
    if isinstance(value, int):
        return value >= LEAST_MILLISECONDS
    is_count = isinstance(value, str) and value.isascii() and value.isdigit()
    return (
        int(value) >= LEAST_MILLISECONDS
        if is_count
        else isinstance(value, str) and FRACTION.search(value) is not None
    )


def word_in(row: Document, names: Iterable[str]) -> str | None:
    """The first of these fields of `info` that contains a word of the exchange."""
    info = row.get("info")
    if not isinstance(info, dict):
        return None
    words = (info.get(name) for name in names)
    found = next((word for word in words if isinstance(word, str) and word.strip()), None)
    return None if found is None else printable(found).strip()[:LONGEST_WORD] or None


def price_of(ticker: Any) -> Decimal | None:
    """The mark price of a ticker, else the middle of bid and ask, else the last trade."""
    if not isinstance(ticker, dict):
        return None
    try:
        mark, bid, ask, last = (
            positive(ticker, name) for name in ("markPrice", "bid", "ask", "last")
        )
    except Unreadable:
        return None
    if mark is not None:
        return mark
    return EXACT.multiply(EXACT.add(bid, ask), HALF) if bid and ask else last
