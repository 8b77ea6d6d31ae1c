"""Readers for Tradier's fields: nothing, one object or a list; plain numbers, and texts that
came as numbers.
"""

from decimal import Decimal
from typing import Any

from orderledger.extend.values import EXACT, plain
from orderledger.venues.base import fields
from orderledger.venues.base.fields import (
    LONGEST_ID,
    Document,
    Unreadable,
    is_nothing,
    word,
)


def rows_of(value: Any, name: str) -> list[Any]:
    """A list, which may be written as nothing or as one object. Raises Unreadable for anything
    else."""
    if is_nothing(value):
        return []
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [value]
    raise Unreadable(f"{name} is neither nothing, nor an object, nor a list")


def rows_within(value: Any, outer: str, inner: str) -> list[Any]:
    """The rows of `{"orders": {"order": ...}}` and similar documents, given the content of the
    outer name.
    """
    if is_nothing(value) or isinstance(value, list):
        return rows_of(value, outer)
    if isinstance(value, dict) and inner in value:
        return rows_of(value[inner], inner)
    raise Unreadable(f"{outer} hold no {inner}")


def number(row: Document, name: str) -> Decimal | None:
    """An exact number, written plainly: 10.0 is 10."""
    value = row.get(name)
    if isinstance(value, float):
        # parsed elsewhere: its shortest text is the one that was received
        row = {name: repr(value)}
    found = fields.number(row, name)
    return None if found is None else Decimal(plain(found))


def amount(row: Document, name: str) -> Decimal | None:
    """A non-negative quantity."""
    found = number(row, name)
    if found is not None and found < 0:
        raise Unreadable(f"{name} is negative")
    return found


def price(row: Document, name: str) -> Decimal | None:
    """A price. 0 means none."""
    return amount(row, name) or None


def net_price(row: Document, name: str) -> Decimal | None:
    """The price of several legs together. Negative if received."""
    return number(row, name) or None


def label(row: Document, name: str) -> str | None:
    """A printable text, which may come as a number if it is all digits, because Tradier's JSON is
    made from XML."""
    value = row.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**LONGEST_ID:
        return str(value)
    text = word(row, name)
    if text is not None and not text.isprintable():
        raise Unreadable(f"{name} has characters that cannot be printed")
    return text


def quoted_price(row: Document) -> Decimal | None:
    """The middle of bid and ask of a quote, else its last trade. None without both."""
    bid, ask, last = (number(row, name) for name in ("bid", "ask", "last"))
    if bid and ask:
        return EXACT.multiply(EXACT.add(bid, ask), Decimal("0.5"))
    return last or None
