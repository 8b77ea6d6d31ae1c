"""Where the folds keep their rows: a mapping per table. Here in memory; the infrastructure keeps
them in a database."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Protocol

from orderledger.projections.marks import MarkRow
from orderledger.projections.rates import RateRules
from orderledger.projections.sides import Moment, when
from orderledger.projections.tables import TABLES
from orderledger.projections.view import AnyRow, AnyTable, Key, RowType, Table


class Source(Protocol):
    """Where queries read the rows of the views: in tables, or folded in memory."""

    rate_rules: RateRules
    """How amounts in other currencies are converted."""

    def rows(
        self,
        table: Table[RowType],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        newest: int | None = None,
        **where: Any,
    ) -> list[RowType]:
        """The rows with these values, in the table's order. None as a value sets no condition.

        `since` and `until`: rows whose time (see `Table.time`) is at or after `since` and before
        `until`. `newest`: only this many, the last updated.
        """

    def each(
        self, table: Table[RowType], *, columns: tuple[str, ...] | None = None, **where: Any
    ) -> Iterator[RowType]:
        """The same rows, one at a time. With `columns`, rows have at least these."""

    def last_marks(self, moment: datetime, account: str | None) -> list[MarkRow]:
        """Of each instrument the last mark at or before the moment."""


class Rows(Protocol):
    """Rows by key."""

    def get(self, table: Table[RowType], key: Key) -> RowType | None:
        """The row, if there is one."""

    def put(self, table: Table[RowType], row: RowType) -> None:
        """Insert or replace the row with its key."""

    def delete(self, table: AnyTable, key: Key) -> None:
        """Remove the row, if there is one."""

    def select(self, table: Table[RowType], **where: Any) -> list[RowType]:
        """The rows with these values, in the table's order. None as a value asks for what is
        missing."""

    def each(
        self, table: Table[RowType], *, after: Moment | None = None, **where: Any
    ) -> Iterator[RowType]:
        """The same, however many: not all of them at once. Nothing may be put into the table
        meanwhile. `after`: those after that moment, of a table in the order of `at` and `rank` or
        `position`."""

    def last(self, table: Table[RowType], *, before: Moment, **where: Any) -> RowType | None:
        """Of the rows with these values the last, in the table's order, whose `at` and `rank` are
        before that moment."""


class MemoryRows:
    """Rows in dictionaries. Rows of one instrument, and of one order, are found without a
    search."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[Key, Any]] = {table.name: {} for table in TABLES}
        self._keys: dict[tuple[str, Any, Any], dict[Key, None]] = defaultdict(dict)

    def get(self, table: Table[RowType], key: Key) -> RowType | None:
        return self.tables[table.name].get(key)

    def put(self, table: Table[RowType], row: RowType) -> None:
        key = table.key_of(row)
        before = self.tables[table.name].get(key)
        if before is not None:
            self._forget(table, before, key)
        self.tables[table.name][key] = row
        if "instrument" in row:
            self._keys[table.name, row.get("account"), row["instrument"]][key] = None

    def delete(self, table: AnyTable, key: Key) -> None:
        row = self.tables[table.name].pop(key, None)
        if row is not None:
            self._forget(table, row, key)

    def select(self, table: Table[RowType], **where: Any) -> list[RowType]:
        rows = self.tables[table.name]
        found: Iterable[RowType] = rows.values()
        if "account" in where and "instrument" in where:
            found = [
                rows[key] for key in self._keys[table.name, where["account"], where["instrument"]]
            ]
        return sorted(
            (row for row in found if all(row[name] == value for name, value in where.items())),
            key=lambda row: sort_key(table, row),
        )

    def each(
        self, table: Table[RowType], *, after: Moment | None = None, **where: Any
    ) -> Iterator[RowType]:
        rows = self.select(table, **where)
        return iter(rows if after is None else [row for row in rows if when(row) > after])

    def last(self, table: Table[RowType], *, before: Moment, **where: Any) -> RowType | None:
        rows = [row for row in self.select(table, **where) if when(row) < before]
        return max(rows, key=when, default=None)

    def _forget(self, table: AnyTable, row: AnyRow, key: Key) -> None:
        if "instrument" in row:
            self._keys[table.name, row.get("account"), row["instrument"]].pop(key, None)


def sort_key(table: Table[RowType], row: RowType) -> tuple[Any, ...]:
    """Sort key of a row in its table's order: missing values come first."""
    return tuple((row[name] is not None, row[name]) for name in table.order_by)
