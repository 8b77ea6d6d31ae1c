"""Rows of CSV and JSON files, with their places."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Set
from decimal import Decimal
from pathlib import Path
from typing import Any

from orderledger import InvalidSetting
from orderledger.venues.importers.source import LeftOut, Unreadable

FIELD_LIMIT = 1 << 20
"""Bytes of one value in a CSV file."""

EMPTY = "is empty"
"""Why an empty row is left out."""

SPACE = re.compile(r"\s*")


def csv_rows(
    path: Path,
    needed: Set[str] = frozenset(),
    *,
    delimiter: str = ",",
    skip_lines: int = 0,
    encoding: str = "utf-8-sig",
) -> Iterator[tuple[str, dict[str, str] | Unreadable | LeftOut]]:
    """The rows of a CSV file by the names in its first line, each with its line. A row of
    another length, in another encoding, or incomplete at the end of the file is a fault. Empty
    rows, and the first line again, are left out. Raises InvalidSetting if one of the `needed`
    names is missing.
    """
    csv.field_size_limit(FIELD_LIMIT)
    with path.open(encoding=encoding, newline="", errors="surrogateescape") as file:
        for _ in range(skip_lines):
            next(file, None)
        lines = Lines(file)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        header = _header(path, reader, encoding)
        if missing := sorted(needed - set(header)):
            raise InvalidSetting(
                "FILE", f"{path} has no column {missing[0]!r}; it has {', '.join(header)}"
            )
        while (found := _next(reader, skip_lines)) is not None:
            place, values = found
            if isinstance(values, Unreadable):
                yield place, values
            elif not any(value.strip() for value in values):
                yield place, LeftOut(place, EMPTY)
            elif [value.strip() for value in values] == header:
                yield place, LeftOut(place, "repeats the names of the columns")
            elif not lines.has_empty_ends and lines.last.endswith(delimiter):
                yield (
                    place,
                    Unreadable(
                        place,
                        "",
                        f"is incomplete: the file ends after a {delimiter!r}, without a line end",
                        values,
                    ),
                )
            else:
                lines.has_empty_ends |= not values[-1]
                yield place, _row(header, values, place, encoding)


class Lines:
    """The lines of a file. `last`: the one that was read last. `has_empty_ends`: whether a row
    had an empty last value. Only in such a file may a row end after a delimiter, without a line
    end.
    """

    def __init__(self, file: Iterable[str]) -> None:
        self._lines = iter(file)
        self.last = ""
        self.has_empty_ends = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.last = next(self._lines)
        return self.last


def _header(path: Path, reader: Iterator[list[str]], encoding: str) -> list[str]:
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise InvalidSetting("FILE", f"{path} is not a CSV file in {encoding}: {error}") from error
    if any(map(_is_foreign, header)):
        raise InvalidSetting(
            "FILE",
            f"{path} is not a CSV file in {encoding}: the line of column names is not",
        )
    if len(set(header)) < len(header) or not any(header):
        raise InvalidSetting(
            "FILE", f"{path} has no line of column names, or one that repeats a name"
        )
    return header


def _next(reader: Any, skip_lines: int) -> tuple[str, list[str] | Unreadable] | None:
    """The next row with its place. None at the end of the file."""
    first = reader.line_num + 1 + skip_lines
    try:
        values = next(reader, None)
    except csv.Error as error:
        last = reader.line_num + skip_lines
        place = f"line {first}" if first == last else f"lines {first} to {last}"
        return place, Unreadable(place, "", f"is not a row of a CSV file: {error}", None)
    return None if values is None else (f"line {reader.line_num + skip_lines}", values)


def _row(
    header: list[str], values: list[str], place: str, encoding: str
) -> dict[str, str] | Unreadable:
    if any(map(_is_foreign, values)):
        shown = [
            value.encode(errors="surrogateescape").decode(errors="replace") for value in values
        ]
        return Unreadable(place, "", f"is not in {encoding}", shown)
    if len(values) != len(header):
        return Unreadable(place, "", f"has {len(values)} values for {len(header)} columns", values)
    return dict(zip(header, (value.strip() for value in values), strict=True))


def _is_foreign(text: str) -> bool:
    """Whether bytes of it are not in the encoding: they were read as lone surrogates."""
    return not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)


def json_rows(path: Path) -> Iterator[tuple[str, Any]]:
    """The objects of a JSON file: an array, an object whose values are arrays, or one object a
    line. Numbers stay exact. From an incomplete array, the objects before its end are read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidSetting(
            "FILE", f"{path} is not in UTF-8: {error.reason} at byte {error.start}"
        ) from error
    try:
        document = _parsed(text)
    except ValueError:
        yield from _elements(text) if text.lstrip().startswith("[") else _lines(text)
        return
    if (
        isinstance(document, dict)
        and document
        and all(isinstance(value, list) for value in document.values())
    ):
        document = [row for value in document.values() for row in value]
    for number, row in enumerate(document if isinstance(document, list) else [document], start=1):
        yield f"row {number}", row


def _elements(text: str) -> Iterator[tuple[str, Any]]:
    """The elements of an array up to the first fault, and the fault."""
    decoder, at, number = json.JSONDecoder(parse_float=Decimal), text.index("[") + 1, 0
    while True:
        at = _after_space(text, at)
        number += 1
        try:
            row, at = decoder.raw_decode(text, at)
            yield f"row {number}", row
            at = _after_space(text, at)
            if text[at : at + 1] != ",":
                raise ValueError("the array is incomplete, or a comma is missing here")
        except (ValueError, RecursionError) as error:
            place = f"line {text.count(chr(10), 0, at) + 1}"
            yield (
                place,
                Unreadable(place, "", f"is not JSON from here on: {error}", text[at : at + 2_000]),
            )
            return
        at += 1


def _after_space(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return found.end() if found else at


def _lines(text: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.split("\n"), start=1):
        place = f"line {number}"
        if not line.strip():
            if number <= text.count("\n"):  # a text ends with a line end, not with an empty line
                yield place, LeftOut(place, EMPTY)
            continue
        try:
            yield place, _parsed(line)
        except ValueError as error:
            yield place, Unreadable(place, "", f"is not JSON: {error}", line[:2_000])


def _parsed(text: str) -> Any:
    """Raises ValueError."""
    try:
        return json.loads(text, parse_float=Decimal)
    except RecursionError:
        raise ValueError("objects are nested too deeply") from None
