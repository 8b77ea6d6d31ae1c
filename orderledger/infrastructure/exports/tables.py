"""Rows of a view as CSV, in the order and with the columns of the view."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from io import StringIO
from typing import Any

from orderledger.domain.exact import plain
from orderledger.infrastructure.storage.columns import json_text, time_text
from orderledger.projections.view import Row

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Text that a spreadsheet would take for a formula, if it begins so."""


def csv_lines(names: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """A line with the names, then one a row. Lists and objects are JSON. Text that a spreadsheet would run gets an apostrophe."""
    buffer = StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    yield _taken(buffer)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in names])
        yield _taken(buffer)


def _taken(buffer: StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, (dict, list, tuple)):
        return json_text(value)
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA) else text
