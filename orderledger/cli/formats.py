"""The forms in which a listing is printed."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar

import click

from orderledger.cli.columns import Columns, Row
from orderledger.cli.output import json_line, print_json
from orderledger.cli.tables import print_rows

Command = TypeVar("Command", bound=Callable[..., Any])

FORMATS = ("table", "json", "ndjson", "csv", "parquet")


def form(command: Command) -> Command:
    """Add `--format`, and `--json` for `--format ndjson`. The command gets it as `form`."""
    of_name = click.option(
        "--format",
        "form",
        type=click.Choice(FORMATS),
        default="table",
        show_default=True,
        help="json: an array; ndjson: one object per row; parquet: to a file, `> rows.parquet`.",
    )
    as_json = click.option(
        "--json", "form", flag_value="ndjson", help="Print NDJSON, one object per row."
    )
    return of_name(as_json(command))


def print_listing(
    rows: Iterable[Row],
    form: str,
    columns: Columns,
    title: str,
    fields: Callable[[], Mapping[str, str]],
) -> None:
    """Print all rows. `fields` gives the names and kinds of the columns."""
    if form in ("table", "ndjson"):
        print_rows(rows, columns, as_json=form == "ndjson", title=title)
    elif form == "json":
        print_array(rows)
    elif form == "csv":
        names = list(fields())
        print_csv(names, ([row.get(name) for name in names] for row in rows))
    else:
        print_parquet(lambda: _arrow(list(rows), fields()))


def print_array(rows: Iterable[Row]) -> None:
    """Print the rows as one JSON array, with a line for each."""
    lines = map(json_line, rows)
    first = next(lines, None)
    sys.stdout.write("[" if first is None else f"[\n{first}")
    sys.stdout.writelines(f",\n{line}" for line in lines)
    sys.stdout.write("]\n" if first is None else "\n]\n")
    sys.stdout.flush()


def print_csv(names: Sequence[str], cells: Iterable[Sequence[Any]]) -> None:
    from orderledger.infrastructure.csv_rows import csv_lines

    sys.stdout.writelines(csv_lines(chain((names,), cells)))
    sys.stdout.flush()


def print_parquet(arrow: Callable[[], Any]) -> None:
    """Print a table of Arrow as a Parquet file."""
    if sys.stdout.isatty():
        raise click.UsageError(
            "parquet is not text: send it to a file, such as --format parquet > rows.parquet"
        )
    from orderledger.infrastructure.extras import needed

    buffer = needed("pyarrow", "analytics").BufferOutputStream()
    needed("pyarrow.parquet", "analytics").write_table(arrow(), buffer, compression="zstd")
    sys.stdout.buffer.write(buffer.getvalue())
    sys.stdout.flush()


def print_json_as(form: str, rows: Iterable[Row]) -> None:
    """Print rows that are not of one class: as an array, or as lines."""
    print_array(rows) if form == "json" else print_json(rows)


def _arrow(rows: list[Row], fields: Mapping[str, str]) -> Any:
    """The rows with types: numbers are exact decimals, times have a zone, JSON is text."""
    from orderledger.infrastructure.exact_numbers import exact_numbers
    from orderledger.infrastructure.extras import needed

    pa = needed("pyarrow", "analytics")
    kinds = {"time": pa.timestamp("us", "UTC"), "flag": pa.bool_(), "count": pa.int64()}
    columns = {}
    for name, kind in fields.items():
        values = [_cell(kind, row.get(name)) for row in rows]
        column = pa.chunked_array([pa.array(values, kinds.get(kind, pa.string()))])
        columns[name] = exact_numbers(column) if kind == "number" else column
    return pa.table(columns)


def _cell(kind: str, value: Any) -> Any:
    from orderledger.domain.exact import plain

    if value is None or kind in ("time", "flag", "count"):
        return value
    if kind == "number":
        return plain(value)
    return json.dumps(json.loads(json_line({"": value}))[""]) if kind == "json" else str(value)
