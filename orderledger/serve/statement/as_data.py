"""A statement for programs: JSON, and CSV with one value to a line. Both have every field and every
digit."""

import json
from collections.abc import Iterator
from typing import Any

from orderledger.extend.runtime import csv_lines, rows_json
from orderledger.serve.statement.statement import Statement


def as_json(statement: Statement) -> str:
    """One object: the statement's subject, then a list of rows for each section. Times are UTC,
    numbers are text.
    """
    document = {
        "statement": statement.about(),
        **{section.name: section.rows for section in statement.sections},
    }
    return json.dumps(document, ensure_ascii=False, indent=1, default=rows_json.value_text) + "\n"


def as_csv(statement: Statement) -> str:
    """Lines of section, number of the row, column and value. A value of several parts is JSON. Text
    that a spreadsheet would run as a formula begins with an apostrophe."""
    return "".join(csv_lines(_rows(statement)))


def _rows(statement: Statement) -> Iterator[tuple[str, int | str, str, Any]]:
    yield "section", "row", "column", "value"
    for name, value in statement.about().items():
        yield "statement", 1, name, value
    for section in statement.sections:
        for number, row in enumerate(section.rows, 1):
            for name, value in row.items():
                yield section.name, number, name, value
