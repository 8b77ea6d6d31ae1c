"""SQLite files of other programs, opened read-only: a running program can continue to write."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from orderledger import InvalidSetting


@contextmanager
def opened(path: Path, tables: Mapping[str, set[str]]) -> Iterator[sqlite3.Connection]:
    """One consistent state of the file. Raises InvalidSetting if it is not a database, or lacks
    one of these tables or columns.
    """
    try:
        with closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
        ) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("BEGIN")
            _check(connection, tables)
            yield connection
    except sqlite3.Error as error:
        raise InvalidSetting(
            "FILE", f"{path} cannot be read as a SQLite database: {error}"
        ) from error


def _check(connection: sqlite3.Connection, tables: Mapping[str, set[str]]) -> None:
    for table, needed in tables.items():
        there = {
            row["name"]
            for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
        }
        if missing := sorted(needed - there):
            what = f"has no column {missing[0]!r}" if there else "is missing"
            raise InvalidSetting(
                "FILE",
                f"table {table!r} {what}: it is not a database of this program, or of another "
                "version",
            )


def rows(
    connection: sqlite3.Connection, statement: str, parameters: tuple[Any, ...] = ()
) -> Iterator[dict[str, Any]]:
    """The rows of a query as dictionaries."""
    for row in connection.execute(statement, parameters):
        yield dict(row)
