"""The folds' rows in a database: what was changed stays in memory until it is flushed, what was not is read."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from heapq import merge
from typing import Any

from orderledger.infrastructure.storage.database import Session
from orderledger.projections.store import sort_key
from orderledger.projections.tables import TABLES, Key, Row, Table

FEW = "LIMIT 1000"


class SqlRows:
    """Rows of one transaction after another: `session` is set while one runs. Only `flush` needs one that writes."""

    def __init__(self, suffix: str = "") -> None:
        self.session: Session | None = None
        self._suffix = suffix
        self._changed: dict[str, dict[Key, Row | None]] = {table.name: {} for table in TABLES}
        self._found: dict[str, dict[Key, list[Row]]] = {}
        """Of tables that were searched since they were last changed: the changed rows by account and instrument."""

    def get(self, table: Table, key: Key) -> Row | None:
        changed = self._changed[table.name]
        if key in changed:
            return changed[key]
        where = " AND ".join(f"{name} = ?" for name in table.key)
        rows = self._session.select(table, where, key, suffix=self._suffix)
        return rows[0] if rows else None

    def put(self, table: Table, row: Row) -> None:
        self._changed[table.name][table.key_of(row)] = row
        self._found.pop(table.name, None)

    def delete(self, table: Table, key: Key) -> None:
        self._changed[table.name][key] = None
        self._found.pop(table.name, None)

    def select(self, table: Table, **where: Any) -> list[Row]:
        return list(self.each(table, **where))

    def each(self, table: Table, **where: Any) -> Iterator[Row]:
        changed = self._changed[table.name]
        stored = self._stored(table, where)
        if not changed:
            return stored
        unchanged = (row for row in stored if table.key_of(row) not in changed)
        found = [row for row in self._near(table, where) if all(row[name] == value for name, value in where.items())]
        in_order = partial(sort_key, table)
        return merge(unchanged, sorted(found, key=in_order), key=in_order)

    def _near(self, table: Table, where: dict[str, Any]) -> list[Row]:
        """The changed rows to look through. Those of one instrument are found at once: each position may ask for them."""
        rows = self._changed[table.name].values()
        if "instrument" not in where:
            return [row for row in rows if row is not None]
        if table.name not in self._found:
            found = self._found[table.name] = defaultdict(list)
            for row in filter(None, rows):
                found[row["account"], row["instrument"]].append(row)
        return self._found[table.name].get((where["account"], where["instrument"]), [])

    def _stored(self, table: Table, where: dict[str, Any]) -> Iterator[Row]:
        conditions = [f"{name} IS NULL" if value is None else f"{name} = ?" for name, value in where.items()]
        values = [value for value in where.values() if value is not None]
        rows = self._select(table, conditions, values, FEW)
        beyond = f"({', '.join(table.order_by)}) > ({', '.join('?' * len(table.order_by))})"
        while rows:
            yield from rows
            last = [self._session.to_sql(table.kinds[name], rows[-1][name]) for name in table.order_by]
            rows = self._select(table, [*conditions, beyond], [*values, *last], FEW)

    def _select(self, table: Table, conditions: Sequence[str], values: Sequence[Any], limit: str = "") -> list[Row]:
        tail = f"ORDER BY {', '.join(table.order_by)} {limit}"
        return self._session.select(table, " AND ".join(conditions), values, suffix=self._suffix, tail=tail)

    def flush(self) -> None:
        """Write what has changed."""
        for table in TABLES:
            changed = self._changed[table.name]
            rows = [row for row in changed.values() if row is not None]
            if rows:
                self._session.upsert(table, rows, self._suffix)
            self._session.delete(table, [key for key, row in changed.items() if row is None], self._suffix)
            changed.clear()
        self._found.clear()

    @property
    def _session(self) -> Session:
        if self.session is None:
            raise RuntimeError("rows of a database are reached inside a transaction only")
        return self.session
