"""Prints a table in memory: for people, or as CSV, NDJSON or Parquet."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from orderledger.cli.columns import Columns, PlainRow, Row
from orderledger.cli.formats import print_array, print_csv, print_parquet
from orderledger.cli.output import print_json
from orderledger.cli.tables import print_rows

if TYPE_CHECKING:
    from orderledger.analytics.table import LedgerTable

ROWS_AT_ONCE = 1_000


def print_result(found: "LedgerTable", form: str) -> None:
    """Print all rows."""
    _PRINTERS[form](found)


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


_PRINTERS: dict[str, Callable[["LedgerTable"], None]] = {
    "table": _print_table,
    "csv": lambda found: print_csv(
        found.column_names, (tuple(row.values()) for row in _rows(found))
    ),
    "json": lambda found: print_array(_rows(found)),
    "ndjson": lambda found: print_json(_rows(found)),
    "parquet": lambda found: print_parquet(found.to_arrow),
}
