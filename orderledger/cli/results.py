"""Prints a table in memory: for people, or as CSV, NDJSON or Parquet."""

import sys
from collections.abc import Callable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from orderledger.cli.columns import Columns, PlainRow, Row
from orderledger.cli.output import print_json
from orderledger.cli.tables import print_rows

if TYPE_CHECKING:
    from orderledger.analytics.table import LedgerTable

FORMATS = ("table", "csv", "json", "parquet")
ROWS_AT_ONCE = 1_000

format_option = click.option(
    "--format",
    "shape",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="For people, or for programs. json: one object per row; parquet: to a file, `> "
    "result.parquet`.",
)


def print_result(found: "LedgerTable", shape: str) -> None:
    """Print all rows."""
    _PRINTERS[shape](found)


def _rows(found: "LedgerTable") -> Iterator[Row]:
    """The rows, some in memory at a time. A second column of the same name gets a number."""
    arrow = found.to_arrow()
    names: list[str] = []
    for name in arrow.column_names:
        count = names.count(name)
        names.append(name if not count else f"{name}_{count}")
    for batch in arrow.rename_columns(names).to_batches(ROWS_AT_ONCE):
        for row in batch.to_pylist():
            yield {
                name: _interval(value) if type(value).__name__ == "MonthDayNano" else value
                for name, value in row.items()
            }


def _interval(value: Any) -> str:
    """A span of time as DuckDB writes it, such as `2 days 01:30:00.5`."""
    words = [
        f"{count} {unit}{'' if abs(count) == 1 else 's'}"
        for count, unit in ((value.months, "month"), (value.days, "day"))
        if count
    ]
    if value.nanoseconds or not words:
        seconds, fraction = divmod(abs(value.nanoseconds) // 1_000, 1_000_000)
        clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}" + (
            f".{fraction:06d}".rstrip("0") if fraction else ""
        )
        words.append(f"{'-' if value.nanoseconds < 0 else ''}{clock}")
    return " ".join(words)


def _print_table(found: "LedgerTable") -> None:
    rows = map(PlainRow, _rows(found))
    print_rows(rows, Columns(tuple(found.column_names)), as_json=False)


def _print_json(found: "LedgerTable") -> None:
    print_json(_rows(found))


def _print_csv(found: "LedgerTable") -> None:
    from orderledger.infrastructure.csv_rows import csv_lines

    sys.stdout.writelines(
        csv_lines(chain((found.column_names,), (tuple(row.values()) for row in _rows(found))))
    )
    sys.stdout.flush()


def _print_parquet(found: "LedgerTable") -> None:
    if sys.stdout.isatty():
        raise click.UsageError(
            "parquet is no text: send it to a file, such as --format parquet > result.parquet"
        )
    import pyarrow.parquet

    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(found.to_arrow(), sink, compression="zstd")
    sys.stdout.buffer.write(sink.getvalue())
    sys.stdout.flush()


_PRINTERS: dict[str, Callable[["LedgerTable"], None]] = {
    "table": _print_table,
    "csv": _print_csv,
    "json": _print_json,
    "parquet": _print_parquet,
}
