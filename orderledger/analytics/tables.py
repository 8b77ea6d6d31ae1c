"""The methods of a ledger about tables."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from orderledger.analytics.reading import tables_of
from orderledger.analytics.table import LedgerTable
from orderledger.extend.views import Method, Namespace


class Tables(Namespace):
    """Tables of a ledger for pandas, Polars and DuckDB, SQL over them, and ready-made analyses:
    `ledger.tables`. Needs the extra `analytics`."""

    def read(
        self,
        name: str,
        *,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
        **where: Any,
    ) -> LedgerTable:
        """Return a table for pandas, Polars, DuckDB or a notebook: any view, `events` (the log) or
        `pnl_of_fills`.

        `where`: values of columns, e.g. account, instrument, strategy. The whole table is in
        memory.
        """
        with tables_of(self._ledger, as_of, effective_at) as tables:
            return tables.table(name, **where)

    def sql(
        self,
        query: str,
        *,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
        timezone: str = "UTC",
        memory_limit: str = "2GB",
    ) -> LedgerTable:
        """Answer one SQL query (DuckDB's dialect) over the tables of `read`, all in one state of
        the ledger.

        A query only reads, and only these tables. `timezone`: in which times are truncated and
        shown. `memory_limit`: for sorting and grouping. Raises InvalidQuery.
        """
        from orderledger.analytics.sql import answer

        with tables_of(self._ledger, as_of, effective_at) as tables:
            return answer(tables, query, timezone=timezone, memory_limit=memory_limit)

    def analyse(
        self,
        name: str,
        *,
        by: Sequence[str] | str | None = None,
        method: Method = "average",
        account: str | None = None,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
        timezone: str = "UTC",
    ) -> LedgerTable:
        """Return a ready-made analysis, such as equity, pnl, round-trips, slippage or fill-ratio.

        `by`: groups, such as account, strategy, instrument, day. `method`: of the P&L. `timezone`:
        of days and hours.
        """
        from orderledger.analytics.questions import analyse

        where = {} if account is None else {"account": account}
        with tables_of(self._ledger, as_of, effective_at) as tables:
            return analyse(tables, name, by, method=method, timezone=timezone, where=where)
