"""Rows for machines and for people."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

import click

Row = dict[str, Any]


def jsonable(value: Any) -> Any:
    """Decimals as plain text, times as RFC 3339 in UTC."""
    from orderledger.domain.exact import plain
    from orderledger.infrastructure.storage.columns import time_text

    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, dict):
        return {name: jsonable(item) for name, item in value.items()}
    return [jsonable(item) for item in value] if isinstance(value, (list, tuple)) else value


def json_line(row: Row) -> str:
    """One row. Evidence keeps the numbers of the venue as they came: numbers, to the last zero."""
    if row.get("evidence") is None:
        import json

        return json.dumps(jsonable(row), ensure_ascii=False, separators=(",", ":"))
    import msgspec

    shown = {name: value if name == "evidence" else jsonable(value) for name, value in row.items()}
    return msgspec.json.Encoder(decimal_format="number").encode(shown).decode()


def print_rows(rows: Sequence[Row], columns: Sequence[str], *, as_json: bool, title: str = "") -> None:
    """NDJSON with every field, or a table with the columns that people look at."""
    if as_json:
        for row in rows:
            click.echo(json_line(row))
    else:
        print_table(rows, columns, title)


def print_table(rows: Sequence[Row], columns: Sequence[str], title: str = "") -> None:
    if not rows:
        click.secho(f"no {title or 'rows'}", dim=True)
        return
    from rich import box  # loaded only where there is a table to draw: it takes as long as the answer
    from rich.table import Table
    from rich.text import Text

    console = people()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=None, header_style="bold")
    used = [name for name in columns if any(row.get(name) not in (None, [], {}) for row in rows)]
    for name in used:
        is_number = any(isinstance(row.get(name), (Decimal, int)) for row in rows)
        table.add_column(name.replace("_", " "), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(readable(row.get(name))) for name in used))
    console.print(table)
    counted = title or "rows"
    console.print(f"{len(rows)} {counted if len(rows) != 1 else singular(counted)}", style="dim", markup=False)


def singular(title: str) -> str:
    """What one of them is called."""
    first, _, rest = title.partition(" that ")
    one = "anomaly" if first == "anomalies" else first.removesuffix("s")
    return f"{one} that is{rest.removeprefix('are')}" if rest else one


def print_record(row: Row) -> None:
    """One row, a field to a line, without what is empty."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in row.items():
        if value is not False and value not in (None, [], {}):
            table.add_row(name.replace("_", " "), Text(readable(value)))
    people().print(table)


def people(*, to_stderr: bool = False) -> Any:
    """A console that does not break lines of what is piped on."""
    from rich.console import Console

    class People(Console):
        def on_broken_pipe(self) -> None:
            raise  # how a command ends is for the group of commands to say

    stream = sys.stderr if to_stderr else sys.stdout
    return People(file=stream, highlight=False, width=None if stream.isatty() else 300, soft_wrap=False)


def readable(value: Any) -> str:
    """As people read it: times to the millisecond, long fractions cut to ten places, small ones to four digits."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        from orderledger.domain.exact import EXACT, ONE, plain

        places = max(10, 3 - value.adjusted()) if value else 0
        return plain(EXACT.quantize(value, ONE.scaleb(-places)) if value.as_tuple().exponent < -places else value)  # type: ignore[operator]
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.") + f"{value.microsecond // 1000:03d}"
    if isinstance(value, dict):
        return " ".join(f"{name}={readable(item)}" for name, item in value.items() if item is not None)
    return ", ".join(map(readable, value)) if isinstance(value, (list, tuple)) else str(value)


@contextmanager
def progress(label: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on stderr, where somebody is looking. Takes how far the work is."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=people(to_stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.update(task, completed=done)


def say(lines: Iterable[str]) -> None:
    """To whoever watches, on stderr."""
    for line in lines:
        click.echo(line, err=True)
