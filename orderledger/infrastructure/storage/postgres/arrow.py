"""Columns of a view in PostgreSQL as an Arrow table: by COPY, in the transaction and on the
connection of the caller."""

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from psycopg import Cursor

from orderledger.infrastructure.storage.columns import json_text, parse_json
from orderledger.projections.view import AnyTable, Column, Kind

if TYPE_CHECKING:
    import pyarrow

SELECTED: dict[Kind, str] = {"time": "(extract(epoch FROM {}) * 1000000)::bigint"}
"""Times are copied as microseconds since 1970, whatever the settings of the session."""


def arrow_of(
    table: AnyTable, cursor: Cursor[Any], source: str, parameters: tuple[Any, ...]
) -> "pyarrow.Table":
    """The rows as PostgreSQL has them, as columns: numbers and JSON as text, times as timestamps,
    flags as booleans."""
    import pyarrow as pa
    from pyarrow import csv

    selected = ", ".join(
        SELECTED.get(column.kind, "{}").format(column.name) for column in table.columns
    )
    statement = f"COPY (SELECT {selected} FROM {source}) TO STDOUT (FORMAT csv)"
    copied = io.BytesIO()
    with cursor.copy(statement.replace("?", "%s").encode(), parameters or None) as rows:
        for part in rows:
            copied.write(part)
    copied.seek(0)
    types: dict[Kind, Any] = {"time": pa.int64(), "count": pa.int64(), "flag": pa.bool_()}
    found = pa.schema(
        [(column.name, types.get(column.kind, pa.string())) for column in table.columns]
    )
    if not copied.getbuffer().nbytes:
        return _shown(found.empty_table(), table.columns)
    return _shown(
        csv.read_csv(
            copied,
            csv.ReadOptions(column_names=found.names, block_size=1 << 25),
            csv.ParseOptions(newlines_in_values=True),
            csv.ConvertOptions(
                column_types=found,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                true_values=["t"],
                false_values=["f"],
            ),
        ),
        table.columns,
    )


def _shown(found: "pyarrow.Table", columns: tuple[Column, ...]) -> "pyarrow.Table":
    """Times as timestamps, and JSON as every store writes it."""
    import pyarrow as pa

    moment = pa.timestamp("us", tz="UTC")
    convert: dict[Kind, Callable[[Any], Any]] = {
        "time": lambda values: values.cast(moment),
        "json": _json_as_written,
    }
    arrays = [
        convert[one.kind](found[one.name]) if one.kind in convert else found[one.name]
        for one in columns
    ]
    return pa.Table.from_arrays(arrays, names=found.schema.names)


def _json_as_written(texts: Any) -> Any:
    """jsonb prints a space after each comma and colon, and has an order of its own. Most values
    have neither."""
    import pyarrow as pa
    import pyarrow.compute as pc

    is_other = pc.fill_null(pc.match_substring_regex(texts, "[,:] "), False).combine_chunks()
    others = texts.filter(is_other).to_pylist()
    if not others:
        return texts
    written = {text: json_text(parse_json(text)) for text in set(others)}
    return pc.replace_with_mask(
        texts, is_other, pa.array([written[text] for text in others], pa.string())
    )
