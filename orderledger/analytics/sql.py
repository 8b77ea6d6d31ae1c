"""SQL over the tables of a ledger, by DuckDB in memory. Queries can only read.

The tables that a query names are loaded first, in one state of the ledger. DuckDB then has no
access to files, network or settings, so a query can neither write nor read anything besides them.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from orderledger import InvalidQuery, InvalidSetting
from orderledger.analytics.reading import arrow_of
from orderledger.analytics.relations import RELATIONS
from orderledger.analytics.table import LedgerTable, finished
from orderledger.extend.runtime import needed
from orderledger.extend.views import arguments

if TYPE_CHECKING:
    import duckdb

MEMORY_LIMIT = "2GB"
"""Memory of DuckDB, for sorting and grouping. The loaded tables are not counted."""

RESULT = "result"


class Source(Protocol):
    """Where tables come from: a ledger in one state (`reading.Tables`), or an archive."""

    def table(self, name: str, *, of_each: Collection[str] = (), **where: Any) -> LedgerTable: ...


def answer(
    source: Source,
    query: str,
    *,
    timezone: str = "UTC",
    memory_limit: str = MEMORY_LIMIT,
    of_each: Collection[str] = (),
    where: Mapping[str, Any] | None = None,
) -> LedgerTable:
    """The result of a query. `where`: values of columns, for each table that has them. Raises
    InvalidQuery."""
    arguments.check_argument("query", "text", query, is_needed=True)
    arguments.zone_of(timezone)
    words = {word.lower() for word in re.findall(r"\w+", query)}
    with _connected(memory_limit) as connection, _explained():
        _check(query)
        for name, table in RELATIONS.items():
            asked = {
                column: value for column, value in (where or {}).items() if column in table.names
            }
            is_named = name in words
            found = (
                source.table(name, of_each=of_each, **asked)
                if is_named
                else finished(table, arrow_of(table, ()))
            )
            connection.register(name, found.to_arrow())
        connection.execute(f"SET TimeZone = '{timezone}'")
        connection.execute("SET lock_configuration = true")
        return LedgerTable(RESULT, connection.sql(query).to_arrow_table())


@contextmanager
def _connected(memory_limit: str) -> "Iterator[duckdb.DuckDBPyConnection]":
    """A database in memory, without access to anything outside."""
    duckdb = needed("duckdb", "analytics")
    settings = {
        "enable_external_access": "false",
        "python_enable_replacements": "false",
        "memory_limit": memory_limit,
    }
    try:
        connection = duckdb.connect(":memory:", config=settings)
    except duckdb.Error as error:
        raise InvalidSetting(
            "memory_limit",
            f"{memory_limit!r:.100} is not a size of memory, such as 2GB ({_text_of(error)})",
        ) from None
    try:
        yield connection
    finally:
        connection.close()


def _check(query: str) -> None:
    """Raise InvalidQuery unless the query is one statement that reads."""
    duckdb = needed("duckdb", "analytics")
    statements = duckdb.extract_statements(query)
    if len(statements) != 1:
        raise InvalidQuery(f"one statement is needed, not {len(statements)}")
    kind = statements[0].type
    if kind == duckdb.StatementType.MULTI:
        raise InvalidQuery(
            "a PIVOT must name its values, such as PIVOT trades ON side IN ('buy', 'sell') USING "
            "count(*)"
        )
    if kind not in (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN):
        raise InvalidQuery(f"a query may only read: {kind.name} is refused")


@contextmanager
def _explained() -> Iterator[None]:
    """Raise InvalidQuery for an error of DuckDB, in one sentence."""
    duckdb = needed("duckdb", "analytics")
    try:
        yield
    except duckdb.PermissionException as error:
        raise InvalidQuery(
            f"a query can only read the tables of the ledger: {_text_of(error)}"
        ) from None
    except duckdb.OutOfMemoryException:
        raise InvalidQuery(
            "the query needs more memory than memory_limit allows: raise it, or ask for less"
        ) from None
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except duckdb.Error as error:
        raise InvalidQuery(_text_of(error)) from None
    # DuckDB reports Ctrl-C like this if it comes while rows are fetched
    except RuntimeError as error:
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from None
        raise


def _text_of(error: Exception) -> str:
    """The error text of DuckDB, without the query and its pointers into it."""
    message, _, line = str(error).partition("\n\nLINE ")
    text = " ".join(message.split())
    is_about_at = (
        "syntax error" in text
        and re.search(r'(?<![\w".])at(?![\w"])', line, re.IGNORECASE) is not None
    )
    return (
        f'{text} (`at` is an SQL keyword: write "at" in double quotes, or trades.at)'
        if is_about_at
        else text
    )
