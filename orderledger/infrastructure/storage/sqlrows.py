"""The folds' rows in a database: what was changed stays in memory until it is flushed, what was not is read."""

from collections.abc import Iterator, Sequence
from typing import Any

from orderledger.infrastructure.storage.database import Session
from orderledger.projections.tables import TABLES, Key, Row, Table

FEW = "LIMIT 1000"


class SqlRows:
    """Rows of one transaction after another: `session` is set while one runs."""

    def __init__(self, suffix: str = "") -> None:
        self.session: Session | None = None
        self._suffix = suffix
        self._changed: dict[str, dict[Key, Row | None]] = {table.name: {} for table in TABLES}

    def get(self, table: Table, key: Key) -> Row | None:
        changed = self._changed[table.name]
        if key in changed:
            return changed[key]
        where = " AND ".join(f"{name} = ?" for name in table.key)
        rows = self._session.select(table, where, key, suffix=self._suffix)
        return rows[0] if rows else None

    def put(self, table: Table, row: Row) -> None:
        self._changed[table.name][table.key_of(row)] = row

    def delete(self, table: Table, key: Key) -> None:
        self._changed[table.name][key] = None

    def select(self, table: Table, **where: Any) -> list[Row]:
        self._flush_table(table)
        return self._select(table, [f"{name} = ?" for name in where], list(where.values()))

    def each(self, table: Table, **where: Any) -> Iterator[Row]:
        self._flush_table(table)
        conditions, values = [f"{name} = ?" for name in where], list(where.values())
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
            self._flush_table(table)

    def _flush_table(self, table: Table) -> None:
        changed = self._changed[table.name]
        if changed:
            rows = [row for row in changed.values() if row is not None]
            if rows:
                self._session.upsert(table, rows, self._suffix)
            self._session.delete(table, [key for key, row in changed.items() if row is None], self._suffix)
            changed.clear()

    @property
    def _session(self) -> Session:
        if self.session is None:
            raise RuntimeError("rows of a database are reached inside a transaction only")
        return self.session
