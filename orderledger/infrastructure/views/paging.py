"""Pages of a view: at most `limit` rows, after the last row of the page before.

A cursor holds the values of that row in the columns of the order. So a page begins where the last
one ended, whatever was recorded in between. The order ends with the key of the table: it is the
same in the live views and in those of another time.
"""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, get_args

import msgspec

from orderledger.infrastructure.storage.columns import time_text
from orderledger.infrastructure.storage.shapes import TYPES
from orderledger.projections.view import AnyTable, Kind, RowList, RowType, Table

Order = Literal["asc", "desc", "newest"]
"""The order of a list: that of the command line, the reverse, or the latest first."""

ORDERS_OF_PAGES: tuple[str, ...] = get_args(Order)
LONGEST_PAGE = 5_000

Condition = tuple[str, list[Any]]
"""SQL and its parameters."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and the cursor of the next page, null after the last one. `count`: all rows that match,
    if asked. `position`: the log position that the rows have reached at least."""

    rows: RowList[Any]
    after: str | None
    count: int | None
    position: int


class InvalidCursor(ValueError):
    """A cursor that belongs to another list or another order, or that was not made here."""


@dataclass(frozen=True, slots=True)
class Place(Generic[RowType]):
    """Which rows come next: the columns of the order, and the values of the last row in them."""

    table: Table[RowType]
    order_by: tuple[str, ...]
    is_descending: bool
    limit: int
    after: tuple[Any, ...] | None = None

    def segments(self) -> Iterator[list[tuple[str, str, Any]]]:
        """The rows that follow `after`, in order, as ranges of the order's columns. Each condition
        is a column, a sign and a value; the sign is =, < or >, or `is` and `is not` for a missing
        value.

        With (a, b) these are: the same a and a later b; a later a. Each is one range of an index,
        also where values are missing.
        """
        if self.after is None:
            yield []
            return
        for length in range(len(self.order_by) - 1, -1, -1):
            same = [
                (name, "is" if value is None else "=", value) for name, value in self._begin(length)
            ]
            name, value = self.order_by[length], self.after[length]
            for sign, bound in self._beyond(value):
                yield [*same, (name, sign, bound)]

    def _begin(self, length: int) -> list[tuple[str, Any]]:
        assert self.after is not None
        return list(zip(self.order_by[:length], self.after[:length], strict=True))

    def _beyond(self, value: Any) -> list[tuple[str, Any]]:
        """Condition for rows after a value in one column. Missing values come first, or last in a
        descending order."""
        if self.is_descending:
            return [] if value is None else [("<", value), ("is", None)]
        return [("is not", None)] if value is None else [(">", value)]

    def key_of(self, row: RowType) -> tuple[Any, ...]:
        """Sort key of a row: missing values come first."""
        return _comparable([row[name] for name in self.order_by])

    def rows_of(self, rows: Sequence[RowType]) -> list[RowType]:
        """The rows of this page and one more, of rows in any order."""
        ordered = sorted(rows, key=self.key_of, reverse=self.is_descending)
        if self.after is not None:
            last = _comparable(self.after)
            is_beyond = last.__gt__ if self.is_descending else last.__lt__
            ordered = [row for row in ordered if is_beyond(self.key_of(row))]
        return ordered[: self.limit + 1]

    def cursor_after(self, row: RowType) -> str:
        values = [row[name] for name in self.order_by]
        shown = [time_text(value) if isinstance(value, datetime) else value for value in values]
        return _written([self._name, *shown])

    def read(self, cursor: str) -> "Place[RowType]":
        """The place after the row of a cursor. Raises InvalidCursor."""
        kinds: list[Kind] = [self.table.kinds[name] for name in self.order_by]
        values = _read(cursor, self._name, kinds)
        return Place(self.table, self.order_by, self.is_descending, self.limit, values)

    @property
    def _name(self) -> str:
        return f"{self.table.name} {','.join(self.order_by)}{' desc' if self.is_descending else ''}"


def place_of(table: Table[RowType], order: str, limit: int, after: str | None) -> Place[RowType]:
    """The place of a page. Raises ValueError, for a cursor InvalidCursor."""
    if order not in ORDERS_OF_PAGES:
        raise ValueError(f"order: {order!r:.100} is not one of {', '.join(ORDERS_OF_PAGES)}")
    by = order_of(table) if order != "newest" else newest_of(table)
    place = Place(table, by, order != "asc", limit)
    return place if after is None else place.read(after)


def order_of(table: AnyTable) -> tuple[str, ...]:
    """The order of the command line, made unique by the key."""
    return tuple(dict.fromkeys((*table.order_by, *table.key)))


def newest_of(table: AnyTable) -> tuple[str, ...]:
    """The order by time: of orders that of the last update, else the first of the columns that
    `since` compares."""
    time = ("updated_at",) if "updated_at" in table.by_name else table.time[:1]
    return tuple(dict.fromkeys((*(name for name in time if name in table.by_name), *table.key)))


def offset_of(name: str, cursor: str | None) -> int:
    """Where a page of a computed list begins. Raises InvalidCursor."""
    if cursor is None:
        return 0
    (offset,) = _read(cursor, name, ["count"])
    if offset is None or offset < 1:
        raise InvalidCursor("is not a cursor of this list")
    return int(offset)


def offset_cursor(name: str, offset: int) -> str:
    return _written([name, offset])


def _comparable(values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple((value is not None, value) for value in values)


def _written(values: list[Any]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).rstrip(b"=").decode()


def _read(cursor: str, name: str, kinds: Sequence[Kind]) -> tuple[Any, ...]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        found, *values = msgspec.json.decode(text, type=list[Any])
        if found != name or len(values) != len(kinds):
            raise InvalidCursor("belongs to another list or another order")
        return tuple(
            _checked(msgspec.convert(value, TYPES[kind] | None))
            for value, kind in zip(values, kinds, strict=True)
        )
    except InvalidCursor:
        raise
    except (ValueError, msgspec.MsgspecError) as fault:
        raise InvalidCursor("is not a cursor of this list") from fault


def _checked(value: Any) -> Any:
    """A value that a row can have."""
    is_odd = (isinstance(value, datetime) and value.tzinfo is None) or (
        isinstance(value, int) and abs(value) >= 1 << 63
    )
    if is_odd or (isinstance(value, str) and "\0" in value):
        raise InvalidCursor("is not a cursor of this list")
    return value
