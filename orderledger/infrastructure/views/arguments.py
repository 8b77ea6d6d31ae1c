"""Checks of query arguments, before any query. An error names the argument."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from orderledger.infrastructure.time_zones import zone_named
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
    """Raise TypeError or ValueError if the argument is not of this kind. None means no filter."""
    takes, types = TAKES[kind]
    if value is None and not is_needed:
        return
    if not isinstance(value, types) or (isinstance(value, bool) and kind != "flag"):
        raise TypeError(f"{name} takes {takes}, not {value!r:.100}")
    if isinstance(value, int) and abs(value) > LARGEST:
        raise ValueError(f"{name} takes at most {LARGEST}, not {value!r:.100}")
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError(f"{name}: {value.isoformat()} has no offset, give a time with one")


def asked_of(table: AnyTable, where: Mapping[str, Any]) -> dict[str, Any]:
    """The column values of a filter. Raises ValueError for an unknown column or word, TypeError for
    a value of another kind."""
    asked = {name: value for name, value in where.items() if value is not None}
    for name, value in asked.items():
        column = table.by_name.get(name)
        if column is None:
            raise ValueError(f"{name!r} is not a column of {table.name}: {', '.join(table.names)}")
        check_argument(name, column.kind, value)
        if column.words and value not in column.words:
            raise ValueError(f"{name}: {value!r:.100} is not one of {', '.join(column.words)}")
    return {
        name: Decimal(value) if table.kinds[name] == "number" else value
        for name, value in asked.items()
    }


def check_period(since: datetime | None, until: datetime | None) -> None:
    """Raise ValueError if the period ends before it begins."""
    check_argument("since", "time", since)
    check_argument("until", "time", until)
    if since is not None and until is not None and until < since:
        raise ValueError(f"since {since.isoformat()} is after until {until.isoformat()}")


def zone_of(timezone: str | tzinfo) -> tzinfo:
    """The time zone of this name. Raises ValueError if there is none."""
    if isinstance(timezone, tzinfo):
        return timezone
    check_argument("timezone", "text", timezone, is_needed=True)
    try:
        return zone_named(timezone)
    except ValueError as error:
        raise ValueError(f"timezone: {error}") from None


def groups_of(by: Sequence[str] | str) -> tuple[str, ...]:
    """The names of the groups of a query."""
    if not isinstance(by, (str, list, tuple)):
        raise TypeError(f"by takes names of groups, not {by!r}")
    return (
        tuple(name.strip() for name in by.split(",") if name.strip())
        if isinstance(by, str)
        else tuple(by)
    )
