"""Columns of a view in SQLite as an Arrow table.

Uses the same library as all other access. A second copy of SQLite in one process, such as those in
DuckDB and ADBC, is unsafe. It would drop the locks of the first when it closes the file
(https://sqlite.org/howtocorrupt.html, 2.2.1).
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from orderledger.projections.view import AnyTable, Kind

if TYPE_CHECKING:
    import pyarrow

Batch = Sequence[tuple[Any, ...]]


def arrow_of(table: AnyTable, batches: Iterable[Batch]) -> "pyarrow.Table":
    """The rows as SQLite has them, as columns: numbers and JSON as text, times as timestamps, flags
    as booleans."""
    import pyarrow as pa

    types: dict[Kind, Any] = {"flag": pa.int64(), "count": pa.int64()}
    found = pa.schema(
        [(column.name, types.get(column.kind, pa.string())) for column in table.columns]
    )
    parts = [
        pa.record_batch(
            [
                pa.array(one, field.type)
                for one, field in zip(zip(*batch, strict=True), found, strict=True)
            ],
            found,
        )
        for batch in batches
        if batch
    ]
    kept: dict[Kind, Any] = {**types, "time": pa.timestamp("us", tz="UTC"), "flag": pa.bool_()}
    schema = pa.schema(
        [(column.name, kept.get(column.kind, pa.string())) for column in table.columns]
    )
    return pa.Table.from_batches(parts, found).cast(schema)
