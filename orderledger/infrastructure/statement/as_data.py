"""A statement for programs: JSON, and CSV with one value to a line. Both have every field and every digit."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from orderledger.domain.exact import plain
from orderledger.infrastructure.statement.statement import Statement
from orderledger.infrastructure.storage.columns import time_text

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes text that begins so for a formula, and runs it."""


def as_json(statement: Statement) -> str:
    """One object: what the statement is about, then a list of rows for each section. Times are UTC, numbers are text."""
    document = {"statement": statement.about(), **{section.name: section.rows for section in statement.sections}}
    return json.dumps(document, ensure_ascii=False, indent=1, default=_written) + "\n"


def as_csv(statement: Statement) -> str:
    """Lines of section, number of the row, column and value. A value of several parts is JSON. Text that a spreadsheet would run
    as a formula begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("section", "row", "column", "value"))
    writer.writerows(_lines(statement))
    return out.getvalue()


def _lines(statement: Statement) -> Iterator[tuple[str, int, str, str]]:
    for name, value in statement.about().items():
        yield "statement", 1, name, _cell(value)
    for section in statement.sections:
        for number, row in enumerate(section.rows, 1):
            for name, value in row.items():
                yield section.name, number, name, _cell(value)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (Decimal, datetime)):
        return _written(value)
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_written)


def _written(value: Any) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return time_text(value)
    raise TypeError(f"{type(value).__name__} is no type of a value in a view")
