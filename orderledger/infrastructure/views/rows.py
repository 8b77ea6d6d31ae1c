"""Rows of the folds in a database: changed rows stay in memory until the flush, others are read."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from heapq import merge
from typing import Any

from orderledger.domain.orders.when import LAST_POSITION, position_of_rank
from orderledger.infrastructure.errors import DamagedRow
from orderledger.infrastructure.storage.database import Session
from orderledger.projections.position_tables import INNER
from orderledger.projections.sealing import UnusableRow
from orderledger.projections.sides import Moment, when
from orderledger.projections.store import sort_key
from orderledger.projections.tables import TABLES
from orderledger.projections.view import AnyRow, AnyTable, Key, RowType, Table

AT_ONCE = 1_000
"""Rows in one query."""


class SqlRows:
    """Rows for one transaction after another. `session` is set during one. Only `flush` needs a
    writing transaction."""

    def __init__(self, suffix: str = "") -> None:
        self.session: Session | None = None
        self._suffix = suffix
        self._changed: dict[str, dict[Key, Any]] = {table.name: {} for table in TABLES}
        self._found: dict[str, dict[Key, list[Any]]] = {}
        """The changed rows by account and instrument, for tables that were searched since their
        last change."""

    def get(self, table: Table[RowType], key: Key) -> RowType | None:
        changed = self._changed[table.name]
        if key in changed:
            row: RowType | None = changed[key]
            return row
        where = " AND ".join(f"{name} = ?" for name in table.key)
        rows = self._selected(table, where, self._session.key_to_sql(table, key))
        return rows[0] if rows else None

    def put(self, table: Table[RowType], row: RowType) -> None:
        self._changed[table.name][table.key_of(row)] = row
        self._found.pop(table.name, None)

    def delete(self, table: AnyTable, key: Key) -> None:
        self._changed[table.name][key] = None
        self._found.pop(table.name, None)

    def select(self, table: Table[RowType], **where: Any) -> list[RowType]:
        return list(self.each(table, **where))

    def each(
        self, table: Table[RowType], *, after: Moment | None = None, **where: Any
    ) -> Iterator[RowType]:
        changed = self._changed[table.name]
        stored = self._stored(table, where, after)
        if not changed:
            return stored
        unchanged = (row for row in stored if table.key_of(row) not in changed)
        found = [
            row for row in self._found_near(table, where) if after is None or when(row) > after
        ]
        in_order = partial(sort_key, table)
        return merge(unchanged, sorted(found, key=in_order), key=in_order)

    def last(self, table: Table[RowType], *, before: Moment, **where: Any) -> RowType | None:
        found = [row for row in self._found_near(table, where) if when(row) < before]
        stored = self._last_stored(table, where, before)
        return max([*found, *([] if stored is None else [stored])], key=when, default=None)

    def _last_stored(
        self, table: Table[RowType], where: dict[str, Any], before: Moment
    ) -> RowType | None:
        """The last stored row that is not changed. Mostly it is the last row of all, so that one is
        tried first."""
        changed = self._changed[table.name]
        conditions, values = self._conditions(where)
        values += [self._session.to_sql("time", before[0]), before[1]]
        order = "at DESC, rank DESC"
        for limit in (1, len(changed) + 1):
            tail = f"ORDER BY {order} LIMIT {limit}"
            for row in self._select(table, [*conditions, "(at, rank) < (?, ?)"], values, tail):
                if table.key_of(row) not in changed:
                    return row
        return None

    def _found_near(self, table: Table[RowType], where: dict[str, Any]) -> list[RowType]:
        """The changed rows with these values."""
        return [
            row
            for row in self._near(table, where)
            if all(row[name] == value for name, value in where.items())
        ]

    def _near(self, table: Table[RowType], where: dict[str, Any]) -> list[RowType]:
        """The candidates among the changed rows. Indexed by instrument, because every position may
        search for its own."""
        rows = self._changed[table.name].values()
        if "instrument" not in where:
            return [row for row in rows if row is not None]
        if table.name not in self._found:
            found = self._found[table.name] = defaultdict(list)
            for row in filter(None, rows):
                found[row["account"], row["instrument"]].append(row)
        return self._found[table.name].get((where["account"], where["instrument"]), [])

    def _stored(
        self, table: Table[RowType], where: dict[str, Any], after: Moment | None
    ) -> Iterator[RowType]:
        conditions, values = self._conditions(where)
        tail = f"ORDER BY {', '.join(table.order_by)} LIMIT {AT_ONCE}"
        beyond = f"({', '.join(table.order_by)}) > ({', '.join('?' * len(table.order_by))})"
        last: AnyRow | None = None if after is None else _after(table, after)
        while True:
            if last is None:
                rows = self._select(table, conditions, values, tail)
            else:
                place = [
                    self._session.to_sql(table.kinds[name], last[name]) for name in table.order_by
                ]
                rows = self._select(table, [*conditions, beyond], [*values, *place], tail)
            yield from rows
            if len(rows) < AT_ONCE:
                return
            last = rows[-1]

    @staticmethod
    def _conditions(where: dict[str, Any]) -> tuple[list[str], list[Any]]:
        conditions = [
            f"{name} IS NULL" if value is None else f"{name} = ?" for name, value in where.items()
        ]
        return conditions, [value for value in where.values() if value is not None]

    def _select(
        self, table: Table[RowType], conditions: Sequence[str], values: Sequence[Any], tail: str
    ) -> list[RowType]:
        return self._selected(table, " AND ".join(conditions), values, tail)

    def _selected(
        self, table: Table[RowType], where: str, values: Sequence[Any], tail: str = ""
    ) -> list[RowType]:
        try:
            return self._session.select(table, where, values, suffix=self._suffix, tail=tail)
        except DamagedRow as damaged:
            if table.name in INNER:
                raise UnusableRow(str(damaged)) from damaged
            raise

    def flush(self) -> None:
        """Write the changes."""
        for table in TABLES:
            changed = self._changed[table.name]
            rows = [row for row in changed.values() if row is not None]
            if rows:
                self._session.upsert(table, rows, self._suffix)
            if gone := [key for key, row in changed.items() if row is None]:
                self._session.delete(table, gone, self._suffix)
            changed.clear()
        self._found.clear()

    @property
    def _session(self) -> Session:
        if self.session is None:
            raise RuntimeError("rows of a database can only be accessed inside a transaction")
        return self.session


def _after(table: AnyTable, moment: Moment) -> AnyRow:
    """The place of the last row at or before a moment. Rows without a rank are in the order of the
    log."""
    at, rank = moment
    return {
        "at": at,
        "rank": rank,
        "position": LAST_POSITION if "rank" in table.by_name else position_of_rank(rank),
    }
