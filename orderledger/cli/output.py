"""JSON rows for programs, text for people, progress bars."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import click

from orderledger.cli.columns import Row
from orderledger.cli.times import shown
from orderledger.infrastructure.printable import printable

LINES_AT_ONCE = 100
PLAIN = re.compile(r"""[^\s=,"{}\[\]]+""")
"""Text that needs no quotes in a list or an object."""

STYLE_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def json_line(row: Mapping[str, Any]) -> str:
    """One row as JSON, as `rows_json` writes it."""
    from orderledger.infrastructure.rows_json import row_json

    return row_json(row).decode()


def print_json(rows: Iterable[Row]) -> None:
    """Print a line for each row, in batches."""
    remaining = iter(rows)
    while batch := list(islice(remaining, LINES_AT_ONCE)):
        sys.stdout.write("".join(f"{json_line(row)}\n" for row in batch))
        sys.stdout.flush()  # a closed pipe shows here, not at the end


def styled(text: str, style: str) -> str:
    """The text in a style such as "bold" or "red", if the terminal shows styles."""
    if not (style and text.strip() and is_coloured()):
        return text
    codes = ";".join(STYLE_CODES[word] for word in style.split())
    return f"\x1b[{codes}m{text}\x1b[0m"


def is_coloured() -> bool:
    """Whether stdout is a terminal with styles, and NO_COLOR is not set (https://no-color.org)."""
    return (
        sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )


def people(*, to_stderr: bool = False) -> Any:
    """A console that does not wrap lines in a pipe."""
    from rich.console import Console

    class People(Console):
        def on_broken_pipe(self) -> None:
            raise  # the group of commands decides the exit status

    stream = sys.stderr if to_stderr else sys.stdout
    return People(
        file=stream, highlight=False, width=None if stream.isatty() else 300, soft_wrap=False
    )


def readable(value: Any) -> str:
    """A value as text for people: times to the millisecond, long fractions rounded to ten places,
    small ones to four digits. In a list or an object, ambiguous text is quoted. Terminal control
    characters become spaces."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        from orderledger.domain.exact import short

        return short(value)
    if isinstance(value, datetime):
        return shown(value)
    if isinstance(value, dict):
        return " ".join(
            f"{_quoted(name)}={_inside(item)}" for name, item in value.items() if item is not None
        )
    return (
        ", ".join(map(_inside, value))
        if isinstance(value, (list, tuple))
        else printable(str(value))
    )


def _inside(value: Any) -> str:
    """A value in a list or an object."""
    if isinstance(value, dict):
        return f"{{{readable(value)}}}"
    if isinstance(value, (list, tuple)):
        return f"[{readable(value)}]"
    return _quoted(value) if isinstance(value, str) else readable(value)


def _quoted(text: str) -> str:
    """The text, in quotes if it is empty or contains a separator of values."""
    shown = printable(text)
    return shown if PLAIN.fullmatch(shown) else json.dumps(shown, ensure_ascii=False)


@contextmanager
def progress(label: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A progress bar, if stderr is a terminal. Yields a function that takes the amount done."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=people(to_stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Turns a file that cannot be written into wrong usage of --out. A full disk is none."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError) as fault:
        raise click.BadParameter(
            f"{out} cannot be written: {fault.strerror}", param_hint="--out"
        ) from None


def say(lines: Iterable[str]) -> None:
    """Print lines on stderr."""
    for line in lines:
        click.echo(printable(line), err=True)
