"""Checks of query arguments, before any query. An error names the argument."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from orderledger.infrastructure.errors import InvalidQuery
from orderledger.infrastructure.time_zones import zone_named
from orderledger.projections.rates import pair_of
from orderledger.projections.view import AnyTable, Kind

TAKES: dict[Kind, tuple[str, tuple[type, ...]]] = {
    "text": ("text", (str,)),
    "number": ("a Decimal or an int", (Decimal, int)),
    "time": ("a datetime with an offset", (datetime,)),
    "flag": ("True or False", (bool,)),
    "count": ("an int", (int,)),
    "json": ("nothing: rows cannot be filtered by its content", ()),
}


LARGEST = (1 << 63) - 1
"""The largest integer that the databases keep."""


def check_argument(name: str, kind: Kind, value: Any, *, is_needed: bool = False) -> None:
    """Raise TypeError or InvalidQuery if the argument is not of this kind. None means no filter."""
    takes, types = TAKES[kind]
    if value is None and not is_needed:
        return
    if not isinstance(value, types) or (isinstance(value, bool) and kind != "flag"):
        raise TypeError(f"{name} takes {takes}, not {value!r:.100}")
    if isinstance(value, int) and abs(value) > LARGEST:
        raise InvalidQuery(f"{name} takes at most {LARGEST}, not {value!r:.100}", name)
    if isinstance(value, datetime) and value.tzinfo is None:
        fault = f"{value.isoformat()} has no offset, give a time with one"
        raise InvalidQuery(f"{name}: {fault}", name)


def asked_of(table: AnyTable, where: Mapping[str, Any]) -> dict[str, Any]:
    """The column values of a filter. Raises InvalidQuery for an unknown column or word, TypeError
    for a value of another kind."""
    asked = {name: value for name, value in where.items() if value is not None}
    for name, value in asked.items():
        column = table.by_name.get(name)
        if column is None:
            fault = f"is not a column of {table.name}: {', '.join(table.names)}"
            raise InvalidQuery(f"{name!r} {fault}", name)
        check_argument(name, column.kind, value)
        if column.words and value not in column.words:
            fault = f"{value!r:.100} is not one of {', '.join(column.words)}"
            raise InvalidQuery(f"{name}: {fault}", name)
    return {
        name: Decimal(value) if table.kinds[name] == "number" else value
        for name, value in asked.items()
    }


def check_period(since: datetime | None, until: datetime | None) -> None:
    """Raise InvalidQuery if the period ends before it begins."""
    if since is not None and until is not None and until < since:
        raise InvalidQuery(f"since {since.isoformat()} is after until {until.isoformat()}", "since")


def zone_of(timezone: str | tzinfo) -> tzinfo:
    """The time zone of this name. Raises InvalidQuery if there is none."""
    if isinstance(timezone, tzinfo):
        return timezone
    try:
        return zone_named(timezone)
    except ValueError as error:
        raise InvalidQuery(f"timezone: {error}", "timezone") from None


def pairs_of(parities: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The currencies of parities. Raises InvalidQuery for a text that is not a parity."""
    try:
        return tuple(map(pair_of, parities))
    except ValueError as fault:
        raise InvalidQuery(f"parities: {fault}", "parities") from None


def groups_of(by: Sequence[str] | str) -> tuple[str, ...]:
    """The names of the groups of a query."""
    return (
        tuple(name.strip() for name in by.split(",") if name.strip())
        if isinstance(by, str)
        else tuple(by)
    )
