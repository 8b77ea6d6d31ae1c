"""Rows as CSV. Text that a spreadsheet would run as a formula gets an apostrophe."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Any

from orderledger.infrastructure.rows_json import value_text

FORMULA = re.compile(r"(?![+-]?[0-9.]+(?:[Ee][+-]?[0-9]+)?$)[=+\-@\t\r]")
"""First characters of text that a spreadsheet takes for a formula. Numbers are not formulas."""


def csv_lines(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """A line for each row. Lists and objects are JSON, numbers plain, times RFC 3339."""
    buffer = StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for row in rows:
        writer.writerow(map(csv_cell, row))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def csv_cell(value: Any) -> str:
    """The text of a value. Only text can be a formula."""
    text = value_text(value)
    return f"'{text}" if isinstance(value, str) and FORMULA.match(text) else text
