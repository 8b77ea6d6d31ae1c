"""Rows for machines and for people."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import click

from orderledger.cli.columns import Columns, Row, value_of
from orderledger.infrastructure.printable import printable

GAP = 2
WHOLE_WORD = 16
LEAST_TEXT = 12
"""Words up to the one stay whole; of longer ones, as of ids, lines of the other stay."""


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


def print_json(rows: Iterable[Row]) -> None:
    for row in rows:
        click.echo(json_line(row))


def print_rows(rows: Sequence[Row], columns: Columns, *, as_json: bool, title: str = "") -> None:
    """NDJSON with every field, or a table with the columns that people look at."""
    if as_json:
        print_json(rows)
    elif rows:
        print_table(rows, columns, title or "rows")
    else:
        click.echo(f"no {title or 'rows'}")


def print_table(rows: Sequence[Row], columns: Columns, title: str) -> None:
    """As many columns as the window has room for, and what was left out. What is piped on has room for all; where there is none
    for the first ones, a row is a field to a line."""
    used = [column for column in (_drawn(name, rows) for name in columns.all) if any(column.cells)]
    first = [column for column in used if column.name in columns.first]
    console = people()
    if sys.stdout.isatty():
        widths = fitted(used, len(first), console.width)
    else:
        widths = {column.name: column.whole for column in used}
        console.width = max(console.width, total(widths.values()))
    if not all(column.name in widths for column in first):
        for cells in zip(*(column.cells for column in used), strict=True):
            console.print(_below_each_other([column.title for column in used], cells), "")
    else:
        console.print(_beside_each_other([column for column in used if column.name in widths], widths))
        if left_out := [column.title for column in used if column.name not in widths]:
            ways = "a wider window, `| less -S` and --json show them"
            console.print(f"left out for want of room: {', '.join(left_out)}; {ways}", style="dim", markup=False)
    console.print(f"{len(rows)} {title if len(rows) != 1 else singular(title)}", style="dim", markup=False)


def _beside_each_other(shown: "Sequence[Drawn]", widths: dict[str, int]) -> Any:
    from rich import box  # loaded only where there is a table to draw: it takes as long as the answer
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for column in shown:
        justify = "right" if column.is_number else "left"
        table.add_column(column.title, justify=justify, overflow="fold", width=widths[column.name])  # type: ignore[arg-type]
    for cells in zip(*(column.cells for column in shown), strict=True):
        table.add_row(*map(Text, cells))
    return table


def _below_each_other(titles: Iterable[str], cells: Iterable[str]) -> Any:
    """A field to a line, without what is empty."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for title, cell in zip(titles, cells, strict=True):
        if cell:
            table.add_row(title, Text(cell))
    return table


@dataclass(frozen=True, slots=True)
class Drawn:
    """A column of a table as text. It is `whole` wide with nothing folded, `narrow` with its title folded between words, and
    `least` with its text folded as well: numbers and times are not."""

    name: str
    title: str
    cells: list[str]
    is_number: bool
    whole: int
    narrow: int
    least: int


def _drawn(name: str, rows: Sequence[Row]) -> Drawn:
    from rich.cells import cell_len

    values = [value_of(row, name) for row in rows]
    title, cells = name.replace("_", " "), [readable(value) for value in values]
    kinds = set(map(type, values))
    heading, words = max(map(len, title.split())), {word for cell in cells for word in cell.split()}
    narrow, longest = max(heading, *map(cell_len, cells)), max(map(cell_len, words), default=0)
    is_text = not any(issubclass(kind, (Decimal, int, datetime)) for kind in kinds)
    least = max(heading, longest if longest <= WHOLE_WORD else LEAST_TEXT) if is_text else narrow
    is_number = any(issubclass(kind, (Decimal, int)) for kind in kinds)
    return Drawn(name, title, cells, is_number, max(narrow, len(title)), narrow, least)


def fitted(columns: Sequence[Drawn], first: int, room: int) -> dict[str, int]:
    """The columns for which there is room, and how wide each is: the first ones at any rate, with their text folded where they
    must be, and of the others those that leave all whole."""
    if total(column.whole for column in columns) <= room:
        return {column.name: column.whole for column in columns}
    least, widths = columns[0].least, {columns[0].name: columns[0].narrow}
    for index, column in enumerate(columns[1:], start=1):
        least_too = least + GAP + column.least
        if least_too <= room if index < first else total((*widths.values(), column.narrow)) <= room:
            least, widths[column.name] = least_too, column.narrow
    least_of = {column.name: column.least for column in columns}
    while total(widths.values()) > room and (wide := [name for name in widths if widths[name] > least_of[name]]):
        widths[max(wide, key=widths.__getitem__)] -= 1
    return widths


def total(widths: Iterable[int]) -> int:
    """What columns take side by side."""
    each = list(widths)
    return sum(each) + GAP * (len(each) - 1)


def singular(title: str) -> str:
    """What one of them is called."""
    first, _, rest = title.partition(" that ")
    one = "anomaly" if first == "anomalies" else first.removesuffix("s")
    return f"{one} that is{rest.removeprefix('are')}" if rest else one


def print_record(row: Row) -> None:
    """One row, a field to a line, without what is empty."""
    told = {name: readable(value) for name, value in row.items() if value is not False}
    people().print(_below_each_other([name.replace("_", " ") for name in told], told.values()))


def people(*, to_stderr: bool = False) -> Any:
    """A console that does not break lines of what is piped on."""
    from rich.console import Console

    class People(Console):
        def on_broken_pipe(self) -> None:
            raise  # how a command ends is for the group of commands to say

    stream = sys.stderr if to_stderr else sys.stdout
    return People(file=stream, highlight=False, width=None if stream.isatty() else 300, soft_wrap=False)


def readable(value: Any) -> str:
    """As people read it: times to the millisecond, long fractions cut to ten places, small ones to four digits. Nothing in it is
    an order to the terminal."""
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
        return " ".join(f"{printable(name)}={readable(item)}" for name, item in value.items() if item is not None)
    return ", ".join(map(readable, value)) if isinstance(value, (list, tuple)) else printable(str(value))


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
        click.echo(printable(line), err=True)
