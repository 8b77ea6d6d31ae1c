"""Readers for Lighter's fields: indexes, markets, times in three units, and rows in lists, in
dictionaries or single.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from orderledger.extend.messages import numbers_and_times
from orderledger.venues.base.fields import (
    Document,
    Unreadable,
    identity,
    is_nothing,
    plausible,
)
from orderledger.venues.lighter.vocabulary import NO_MARKET

NESTING = 3
"""Maximum depth of the containers around rows."""


def index(row: Document, *names: str) -> str | None:
    """An index as text, from the first of these fields that has one. The venue writes 0 or an
    empty text for none.
    """
    fault: Unreadable | None = None
    for name in names:
        try:
            found = identity(row, name)
        except Unreadable as error:
            fault = fault or error
        else:
            if found is not None:
                return found
    if fault is not None:
        raise fault
    return None


def account_number(row: Document, name: str) -> int | None:
    """The index of an account; 0 is valid."""
    value = row.get(name)
    if is_nothing(value):
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < NO_MARKET:
        return int(value)
    raise Unreadable(f"{name} is not an account")


def market_of(row: Document, name: str, hint: str | None) -> int | None:
    """The market index of a row, or else the key of its list."""
    found = account_number(row, name)
    if found is not None and found < 0:
        raise Unreadable(f"{name} is not a market")
    if found is None or found == NO_MARKET:
        return int(hint) if hint is not None and int(hint) != NO_MARKET else None
    return found


def moment(row: Document, *names: str) -> datetime:
    """The first of these times that can be read, in any unit."""
    for name in names:
        found = _moment(row.get(name))
        if found is not None:
            return found
    raise Unreadable(f"none of {', '.join(names)} has a time")


def latest(row: Document, *names: str) -> datetime | None:
    """The latest of these times, in any unit. None if none can be read."""
    found = (_moment(row.get(name)) for name in names)
    return max((at for at in found if at is not None), default=None)


def _moment(value: Any) -> datetime | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, int) and (isinstance(value, bool) or value == 0):
        return None
    try:
        return plausible(numbers_and_times.parse_time(value))
    except ValueError:
        return None


def grain(at: datetime) -> timedelta:
    """The precision of a time that the venue gave in s or ms."""
    return timedelta(seconds=1) if at.microsecond == 0 else timedelta(milliseconds=1)


def rows_of(
    value: Any, marks: frozenset[str], hint: str | None = None, depth: int = 0
) -> Iterator[tuple[str | None, Any]]:
    """Every row of a list, of a dictionary by market, or the single row, each with its market.

    A row is recognised by one of the `marks`. Values that neither are rows nor contain them are
    returned unchanged.
    """
    if value is None:
        return
    if depth < NESTING and isinstance(value, list):
        for item in value:
            yield from rows_of(item, marks, hint, depth + 1)
    elif (
        depth < NESTING
        and isinstance(value, Mapping)
        and marks.isdisjoint(value)
        and _is_by_market(value)
    ):
        for key, item in value.items():
            yield from rows_of(item, marks, key if _is_market(key) else hint, depth + 1)
    else:
        yield hint, value


def _is_by_market(value: Mapping[Any, Any]) -> bool:
    return not value or any(_is_market(key) for key in value)


def _is_market(key: Any) -> bool:
    return isinstance(key, str) and key.isascii() and key.isdigit() and len(key) < 10
