"""Where the folds keep their rows: a mapping per table. Here in memory; the infrastructure keeps
them in a database."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Protocol

from orderledger.domain.orders.when import rank_of
from orderledger.projections.tables import TABLES
from orderledger.projections.view import Key, Row, Table

Moment = tuple[datetime, str]
"""A time, and the rank among the facts of that time."""


def moment_of(row: Row) -> Moment:
    """Where a trade, an account event or a checkpoint stands among others."""
    return row["at"], row["rank"] if "rank" in row else rank_of(row["position"])


class Source(Protocol):
    """Where queries read the rows of the views: in tables, or folded in memory."""

    def rows(
        self,
        table: Table,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        newest: int | None = None,
        **where: Any,
    ) -> list[Row]: ...

    def each(
        self, table: Table, *, columns: tuple[str, ...] | None = None, **where: Any
    ) -> Iterator[Row]: ...

    def last_marks(self, moment: datetime, account: str | None) -> list[Row]: ...


class Rows(Protocol):
    """Rows by key."""

    def get(self, table: Table, key: Key) -> Row | None:
        """The row, if there is one."""

    def put(self, table: Table, row: Row) -> None:
        """Insert or replace the row with its key."""

    def delete(self, table: Table, key: Key) -> None:
        """Remove the row, if there is one."""

    def select(self, table: Table, **where: Any) -> list[Row]:
        """The rows with these values, in the table's order. None as a value asks for what is
        missing."""

    def each(self, table: Table, *, after: Moment | None = None, **where: Any) -> Iterator[Row]:
        """The same, however many: not all of them at once. Nothing may be put into the table
        meanwhile. `after`: those after that moment, of a table in the order of `at` and `rank` or
        `position`."""

    def last(self, table: Table, *, before: Moment, **where: Any) -> Row | None:
        """Of the rows with these values the last, in the table's order, whose `at` and `rank` are
        before that moment."""


class MemoryRows:
    """Rows in dictionaries. Rows of one instrument, and of one order, are found without a
    search."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[Key, Row]] = {table.name: {} for table in TABLES}
        self._keys: dict[tuple[str, Any, Any], dict[Key, None]] = defaultdict(dict)

    def get(self, table: Table, key: Key) -> Row | None:
        return self.tables[table.name].get(key)

    def put(self, table: Table, row: Row) -> None:
        key = table.key_of(row)
        before = self.tables[table.name].get(key)
        if before is not None:
            self._forget(table, before, key)
        self.tables[table.name][key] = row
        if "instrument" in row:
            self._keys[table.name, row.get("account"), row["instrument"]][key] = None

    def delete(self, table: Table, key: Key) -> None:
        row = self.tables[table.name].pop(key, None)
        if row is not None:
            self._forget(table, row, key)

    def select(self, table: Table, **where: Any) -> list[Row]:
        rows = self.tables[table.name]
        found: Iterable[Row] = rows.values()
        if "account" in where and "instrument" in where:
            found = [
                rows[key] for key in self._keys[table.name, where["account"], where["instrument"]]
            ]
        return sorted(
            (row for row in found if all(row[name] == value for name, value in where.items())),
            key=lambda row: sort_key(table, row),
        )

    def each(self, table: Table, *, after: Moment | None = None, **where: Any) -> Iterator[Row]:
        rows = self.select(table, **where)
        return iter(rows if after is None else [row for row in rows if moment_of(row) > after])

    def last(self, table: Table, *, before: Moment, **where: Any) -> Row | None:
        rows = [row for row in self.select(table, **where) if moment_of(row) < before]
        return max(rows, key=moment_of, default=None)

    def _forget(self, table: Table, row: Row, key: Key) -> None:
        if "instrument" in row:
            self._keys[table.name, row.get("account"), row["instrument"]].pop(key, None)


def sort_key(table: Table, row: Row) -> tuple[Any, ...]:
    """Where a row stands in its table's order: what is missing comes first."""
    return tuple((row[name] is not None, row[name]) for name in table.order_by)
