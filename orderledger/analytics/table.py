"""A table of the ledger in memory, for other tools: Arrow, pandas, Polars, DuckDB, notebooks."""

from typing import TYPE_CHECKING, Any

from orderledger.analytics.numbers import products
from orderledger.analytics.relations import (
    EXACT_TEXT,
    NOTIONAL,
    OF_FILLS,
    columns_shown,
    is_derived,
)
from orderledger.extend.runtime import exact_numbers, needed
from orderledger.extend.views import Column, Table
from orderledger.rows import RowList

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow


class LedgerTable:
    """A table in memory. Any library that reads Arrow takes it directly: `polars.DataFrame(table)`,
    `pandas.DataFrame.from_arrow(table)`, `duckdb.from_arrow(table)`, `pyarrow.table(table)`.

    Numbers are decimal128(38, s), with the smallest s that fits the column, else text. Averages and
    realized P&L come from divisions and are always doubles. Beside each is its exact text, in a
    column whose name ends in `_exact`. The metadata of a field says which: `number` is `decimal`,
    `text` or `double`. Times are timestamp[us, UTC]; columns of JSON are text.
    """

    def __init__(self, name: str, arrow: "pyarrow.Table") -> None:
        self.name = name
        self._arrow = arrow

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The Arrow PyCapsule interface."""
        return self._arrow.__arrow_c_stream__(requested_schema)

    def to_arrow(self) -> "pyarrow.Table":
        """The table as a `pyarrow.Table`. Nothing is copied."""
        return self._arrow

    def to_pandas(self) -> "pandas.DataFrame":
        """The table as a `pandas.DataFrame` with Arrow's types: missing values and exact numbers
        are kept.

        Needs pandas: `pip install pandas`.
        """
        pandas = needed("pandas")
        return self._arrow.to_pandas(types_mapper=pandas.ArrowDtype)

    def to_polars(self) -> "polars.DataFrame":
        """The table as a `polars.DataFrame`. Needs Polars: `pip install polars`."""
        found: polars.DataFrame = needed("polars").from_arrow(self._arrow)
        return found

    def to_rows(self) -> list[dict[str, Any]]:
        """The rows as dictionaries."""
        rows: list[dict[str, Any]] = self._arrow.to_pylist()
        return rows

    @property
    def column_names(self) -> list[str]:
        return list(self._arrow.column_names)

    def __len__(self) -> int:
        return int(self._arrow.num_rows)

    def __repr__(self) -> str:
        return f"<table {self.name}: {len(self):,} rows, {', '.join(self.column_names)}>"

    def _repr_html_(self) -> str:
        first = RowList(self._arrow.slice(0, RowList.most_shown).to_pylist())
        rest = len(self) - len(first)
        return first._repr_html_() + (f"<p>{rest:,} more rows</p>" if rest > 0 else "")


def finished(table: Table[Any], found: "pyarrow.Table") -> LedgerTable:
    """A table with exact numbers, the notional of fills and metadata, from one with numbers as
    text."""
    pa = needed("pyarrow", "analytics")
    columns: dict[str, Any] = {}
    for column in table.columns:
        values = found[column.name]
        if is_derived(table, column):
            columns[column.name], columns[f"{column.name}{EXACT_TEXT}"] = (
                values.cast(pa.float64()),
                values,
            )
        else:
            columns[column.name] = exact_numbers(values) if column.kind == "number" else values
    if table.name in OF_FILLS:
        columns[NOTIONAL.name] = products(columns["quantity"], columns["price"])
    fields = [_field(column, columns[column.name].type) for column in columns_shown(table)]
    schema = pa.schema(fields, {"orderledger.table": table.name})
    return LedgerTable(
        table.name, pa.Table.from_arrays([columns[field.name] for field in fields], schema=schema)
    )


def _field(column: Column, of_type: Any) -> Any:
    pa = needed("pyarrow", "analytics")
    metadata = {"meaning": column.meaning}
    if column.kind == "number":
        is_decimal, is_double = pa.types.is_decimal(of_type), pa.types.is_floating(of_type)
        metadata["number"] = "decimal" if is_decimal else "double" if is_double else "text"
    return pa.field(column.name, of_type, metadata=metadata)
