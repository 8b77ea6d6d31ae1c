"""Rows of CSV and JSON files, with their places."""

import csv
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from orderledger.infrastructure.errors import InvalidSetting
from orderledger.infrastructure.importers.source import Unreadable

FIELD_LIMIT = 1 << 20
"""Bytes of one value in a CSV file."""


def csv_rows(
    path: Path, *, delimiter: str = ",", skip_lines: int = 0, encoding: str = "utf-8-sig"
) -> Iterator[tuple[str, dict[str, str] | Unreadable]]:
    """The rows of a CSV file by the names in its first line, each with its line. A row of another length is a fault."""
    csv.field_size_limit(FIELD_LIMIT)
    with path.open(encoding=encoding, newline="", errors="strict") as file:
        try:
            for _ in range(skip_lines):
                next(file, None)
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            header = [name.strip() for name in next(reader, [])]
            if len(set(header)) < len(header) or not any(header):
                raise InvalidSetting("FILE", f"{path} has no line with the names of its columns, or one that repeats a name")
            for values in reader:
                if any(value.strip() for value in values):
                    yield _row(header, values, f"line {reader.line_num + skip_lines}")
        except (csv.Error, UnicodeDecodeError) as error:
            raise InvalidSetting("FILE", f"{path} is no CSV file in {encoding}: {error}") from error


def _row(header: list[str], values: list[str], place: str) -> tuple[str, dict[str, str] | Unreadable]:
    if len(values) != len(header):
        return place, Unreadable(place, "", f"has {len(values)} values for {len(header)} columns", values)
    return place, dict(zip(header, (value.strip() for value in values), strict=True))


def json_rows(path: Path) -> Iterator[tuple[str, Any]]:
    """The objects of a JSON file: an array, an object whose values are arrays, or one object a line. Numbers stay exact."""
    text = path.read_text(encoding="utf-8")
    try:
        document = _parsed(text)
    except ValueError:
        yield from _lines(text)
        return
    if isinstance(document, dict) and document and all(isinstance(value, list) for value in document.values()):
        document = [row for value in document.values() for row in value]
    for number, row in enumerate(document if isinstance(document, list) else [document], start=1):
        yield f"row {number}", row


def _lines(text: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        place = f"line {number}"
        try:
            yield place, _parsed(line)
        except ValueError as error:
            yield place, Unreadable(place, "", f"is not JSON: {error}", line[:2_000])


def _parsed(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)
