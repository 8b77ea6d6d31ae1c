"""Tables for people, printed page by page: a long table starts at once and uses constant memory."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice, zip_longest
from shutil import get_terminal_size

import click

from orderledger.cli.cells import value_of
from orderledger.cli.columns import NEEDS, SENTENCES, STYLES, Columns, Row
from orderledger.cli.output import print_json, readable, styled

PAGE = 500
"""Rows per page. The values of a page decide the widths of its columns."""

GAP = 2
WHOLE_WORD = 17
LEAST_TEXT = 12
"""Words of up to `WHOLE_WORD` characters are not split. Lines of wrapped text have at least
`LEAST_TEXT` characters."""
COMFORTABLE_TEXT = 20
COMFORTABLE_SENTENCE = 40
"""An optional column is added if the text columns keep at least these widths."""


def print_rows(
    rows: Iterable[Row], columns: Columns, *, as_json: bool, title: str = "rows"
) -> None:
    """Print NDJSON with every field, or a table with the chosen columns."""
    if as_json:
        print_json(rows)
        return
    table, count = ConsoleTable(columns), 0
    remaining = iter(rows)
    while page := list(islice(remaining, PAGE)):
        table.print(page)
        count += len(page)
    if count:
        table.print_left_out()
        print_note(f"{count} {title if count != 1 else singular(title)}")
    else:
        click.echo(f"no {title}")


def print_note(sentence: str) -> None:
    """Print a sentence below a table."""
    _write(styled(line, "dim") for line in folded(sentence, room() or len(sentence)))


def print_record(row: Row) -> None:
    """Print one row, one field per line, without empty fields."""
    shown = {name: value for name, value in row.items() if value is not False}
    titles, cells = [name.replace("_", " ") for name in shown], list(map(readable, shown.values()))
    _write(
        _below_each_other(
            titles,
            cells,
            [_style(name, cell) for name, cell in zip(shown, cells, strict=True)],
            room(),
        )
    )


def room() -> int | None:
    """The width of the window, or None if stdout is not a terminal."""
    return get_terminal_size().columns if sys.stdout.isatty() else None


def _write(lines: Iterable[str]) -> None:
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in lines))
    sys.stdout.flush()  # a closed pipe shows here, not at the end


@dataclass(frozen=True, slots=True)
class Drawn:
    """A column of a page as text, with three widths: `whole` without wrapping, `narrow` with a
    wrapped title, `least` with wrapped text as well. Numbers and times are never wrapped."""

    name: str
    title: str
    cells: list[str]
    is_number: bool
    is_text: bool
    whole: int
    narrow: int
    least: int

    @property
    def comfortable(self) -> int:
        wanted = COMFORTABLE_SENTENCE if self.name in SENTENCES else COMFORTABLE_TEXT
        return max(self.least, min(self.narrow, wanted)) if self.is_text else self.narrow


class ConsoleTable:
    """A table on stdout. Its first page decides the columns and their widths. A later page with
    values in other columns, or with wider numbers, starts with a new header.

    A window shows as many columns as fit. If the first columns do not fit, each field has its own
    line. A pipe gets all columns, one line per row.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._room = room()
        self._used: dict[str, None] = {}
        self._widths: dict[str, int] = {}
        self._left_out: dict[str, None] = {}

    def print(self, rows: Sequence[Row]) -> None:
        """Print one page of rows."""
        drawn = [draw(name, rows) for name in self._columns.all]
        used = [column for column in drawn if column.name in self._used or any(column.cells)]
        begins = not self._holds(used)
        if begins:
            self._lay_out(used)
        if not self._widths:
            titles = [column.title for column in used]
            for cells, styles in _rows_of(used):
                _write([*_below_each_other(titles, cells, styles, self._room), ""])
            return
        shown = [column for column in used if column.name in self._widths]
        lines = [*self._header(shown)] if begins else []
        widths, is_number = self._shape(shown)
        for cells, styles in _rows_of(shown):
            lines += _beside_each_other(
                cells, widths, is_number, styles, is_folded=self._room is not None
            )
        _write(lines)

    def _header(self, shown: Sequence[Drawn]) -> Iterator[str]:
        widths, is_number = self._shape(shown)
        titles = [folded(column.title, width) for column, width in zip(shown, widths, strict=True)]
        height = max(map(len, titles))
        for words in zip(*([""] * (height - len(each)) + each for each in titles), strict=True):
            yield from _beside_each_other(words, widths, is_number, ["bold"] * len(shown))
        yield "─" * total(widths)

    def _shape(self, shown: Sequence[Drawn]) -> tuple[list[int], list[bool]]:
        return [self._widths[column.name] for column in shown], [
            column.is_number for column in shown
        ]

    def print_left_out(self) -> None:
        """Name the columns that did not fit."""
        if self._left_out:
            ways = "a wider window, `| less -S` and --json show them"
            print_note(f"columns that do not fit: {', '.join(self._left_out)}; {ways}")

    def _holds(self, used: Sequence[Drawn]) -> bool:
        """Whether this page fits the present layout."""
        if not self._used or any(column.name not in self._used for column in used):
            return False
        return all(
            column.is_text or column.narrow <= self._widths.get(column.name, column.narrow)
            for column in used
        )

    def _lay_out(self, used: Sequence[Drawn]) -> None:
        self._used.update(dict.fromkeys(column.name for column in used))
        if self._room is None:
            self._widths = {
                column.name: max(column.whole, self._widths.get(column.name, 0)) for column in used
            }
            return
        first = [column.name for column in used if column.name in self._columns.first]
        self._widths = fitted(used, len(first), self._room)
        if any(name not in self._widths for name in first):
            self._widths = {}
        else:
            self._left_out.update(
                {column.title: None for column in used if column.name not in self._widths}
            )


def draw(name: str, rows: Sequence[Row]) -> Drawn:
    """A column of these rows as text."""
    values = [value_of(row, name) for row in rows]
    title, cells = name.replace("_", " "), [readable(value) for value in values]
    kinds = set(map(type, values))
    heading = max(map(len, title.split()))
    narrow = max(heading, *map(width_of, cells))
    is_number = any(issubclass(kind, (Decimal, int)) and kind is not bool for kind in kinds)
    is_text = not is_number and not any(issubclass(kind, datetime) for kind in kinds)
    longest = (
        max((width_of(word) for cell in cells for word in cell.split()), default=0)
        if is_text
        else narrow
    )
    least = max(heading, longest if longest <= WHOLE_WORD else LEAST_TEXT) if is_text else narrow
    return Drawn(name, title, cells, is_number, is_text, max(narrow, len(title)), narrow, least)


def fitted(columns: Sequence[Drawn], first: int, room: int) -> dict[str, int]:
    """The columns that fit, with their widths. The first ones are always chosen, with wrapped text
    if needed. Another is added if all text stays comfortably wide, and if the column that it
    depends on (`NEEDS`) is shown."""
    if total(column.whole for column in columns) <= room:
        return {column.name: column.whole for column in columns}
    chosen = [columns[0]]
    for index, column in enumerate(columns[1:], start=1):
        is_needed, names = index < first, {one.name for one in chosen}
        if not is_needed and NEEDS.get(column.name, column.name) not in {column.name, *names}:
            continue
        widths = (one.least if is_needed else one.comfortable for one in (*chosen, column))
        if total(widths) <= room:
            chosen.append(column)
    widths_of = {column.name: column.narrow for column in chosen}
    comfortable = {column.name: column.comfortable for column in chosen}
    least = {column.name: column.least for column in chosen}
    sentences = {name: width for name, width in comfortable.items() if name in SENTENCES}
    for least_of in (comfortable, {**least, **sentences}, least):  # sentences are narrowed last
        while total(widths_of.values()) > room and (
            wide := [name for name in widths_of if widths_of[name] > least_of[name]]
        ):
            widths_of[max(wide, key=widths_of.__getitem__)] -= 1
    return widths_of


def total(widths: Iterable[int]) -> int:
    """The total width of columns side by side."""
    each = list(widths)
    return sum(each) + GAP * (len(each) - 1)


def width_of(text: str) -> int:
    """The width of the text in terminal cells."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # loading it takes as long as a short query (bench_startup.py)

    return cell_len(text)


def folded(text: str, width: int) -> list[str]:
    """The text in lines of this width, split between words, and within words that are wider."""
    if width_of(text) <= width:
        return [text]
    from rich.cells import chop_cells

    lines, line = [], ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if width_of(longer) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        *whole, line = chop_cells(word, width) or [""]
        lines += whole
    return [*lines, line]


def _rows_of(columns: Sequence[Drawn]) -> Iterator[tuple[Sequence[str], list[str]]]:
    """The cells of each row, and their styles."""
    names = [column.name for column in columns]
    for cells in zip(*(column.cells for column in columns), strict=True):
        yield cells, [_style(name, cell) for name, cell in zip(names, cells, strict=True)]


def _style(name: str, cell: str) -> str:
    return next((style for word, style in STYLES.get(name, {}).items() if word in cell), "")


def _beside_each_other(
    cells: Sequence[str],
    widths: Sequence[int],
    is_number: Sequence[bool],
    styles: Sequence[str],
    *,
    is_folded: bool = True,
) -> Iterator[str]:
    """The lines of one row. If not folded, a cell may be wider than its column."""
    lines = [
        folded(cell, width) if is_folded else [cell]
        for cell, width in zip(cells, widths, strict=True)
    ]
    for pieces in zip_longest(*lines, fillvalue=""):
        yield (" " * GAP).join(
            styled(_padded(piece, width, is_right=right), style)
            for piece, width, right, style in zip(pieces, widths, is_number, styles, strict=True)
        )


def _padded(text: str, width: int, *, is_right: bool) -> str:
    spaces = " " * (width - width_of(text))
    return spaces + text if is_right else text + spaces


def _below_each_other(
    titles: Sequence[str], cells: Sequence[str], styles: Sequence[str], room: int | None
) -> Iterator[str]:
    """One field per line, without empty fields."""
    widest = max(map(len, titles))
    for title, cell, style in zip(titles, cells, styles, strict=True):
        lines = folded(cell, max(room // 3, room - widest - GAP)) if room else [cell]
        for index, line in enumerate(lines if cell else ()):
            label = styled((title if index == 0 else "").ljust(widest), "dim")
            yield f"{label}{' ' * GAP}{styled(line, style)}"


def singular(title: str) -> str:
    """The singular of a table's title."""
    return "anomaly" if title == "anomalies" else title.removesuffix("s")
