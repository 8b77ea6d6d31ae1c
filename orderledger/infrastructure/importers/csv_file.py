"""CSV files, by a mapping of their columns."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from orderledger.infrastructure.errors import InvalidMessage, InvalidSetting
from orderledger.infrastructure.importers.csv_mapping import CsvMapping, FieldFrom, mapping_at
from orderledger.infrastructure.importers.rows import csv_rows
from orderledger.infrastructure.importers.source import Importer, Options, Row, Unreadable, moment_of, row_of
from orderledger.infrastructure.interop.objects import moment_of_value
from orderledger.infrastructure.messages.registry import Message
from orderledger.infrastructure.time_zones import zone_named

NOT_IN_NUMBERS = re.compile(r"[^0-9eE+\-.]")
TIMES = frozenset({"at", "expire_at", "from_at", "to_at"})
DIGEST_DIGITS = 24


def read(path: Path, options: Options) -> Iterator[Row]:
    """The rows of the file that the mapping asks for."""
    if options.mapping is None:
        raise InvalidSetting("mapping", "is missing: the name of a ready mapping, or a TOML file")
    mapping, counts = mapping_at(options.mapping), Counter[str]()
    rows = csv_rows(path, delimiter=mapping.delimiter, skip_lines=mapping.skip_lines, encoding=mapping.encoding)
    for place, row in rows:
        if isinstance(row, Unreadable):
            yield row
            continue
        if missing := sorted(mapping.columns() - row.keys()):
            raise InvalidSetting("FILE", f"{path} has no column {missing[0]!r}; it has {', '.join(row)}")
        if all(condition.holds(row) for condition in mapping.only):
            yield row_of(place, row, partial(_message, row, mapping, options, counts))


def _message(row: Mapping[str, str], mapping: CsvMapping, options: Options, counts: Counter[str]) -> list[Message]:
    zone, context = options.zone or zone_named(mapping.zone), options.context(dict(row))
    given: dict[str, Any] = {}
    for name, source in mapping.sources().items():
        value = _value(name, source, row, counts)
        if value is not None and name in TIMES:
            given[name] = moment_of_value(int(value)) if value.isdecimal() else moment_of(value, zone, name, mapping.formats)
        elif value is not None:
            given[name] = context.instrument(value) if name == "instrument" else value
    return [context.message(mapping.message, at=given.pop("at", None), **given)]


def _value(name: str, source: FieldFrom, row: Mapping[str, str], counts: Counter[str]) -> str | None:
    if source.constant is not None:
        return source.constant
    if source.digest:
        return _digest(name, [row[column] for column in source.digest], counts)
    assert source.column is not None
    text = row[source.column]
    if source.pattern is not None:
        found = re.search(source.pattern, text)
        if found is None:
            raise InvalidMessage(name, f"{text[:50]!r} in column {source.column!r} does not match {source.pattern}")
        text = found.group(1)
    if source.words:
        if text not in source.words:
            raise InvalidMessage(name, f"{text[:50]!r} in column {source.column!r} is none of {', '.join(source.words)}")
        text = source.words[text]
    return _number(text, source) if source.number or source.negate or source.absolute else text or None


def _number(text: str, source: FieldFrom) -> str | None:
    """The number without thousands separators, currency signs and units."""
    digits = NOT_IN_NUMBERS.sub("", text)
    if not digits:
        return None
    if source.absolute:
        return digits.lstrip("+-")
    if source.negate:
        return digits[1:] if digits.startswith("-") else f"-{digits.removeprefix('+')}"
    return digits


def _digest(name: str, values: list[str], counts: Counter[str]) -> str:
    """An id for a row without one. The second of two equal rows has its number added."""
    found = sha256("\x1f".join(values).encode()).hexdigest()[:DIGEST_DIGITS]
    counts[f"{name} {found}"] += 1
    number = counts[f"{name} {found}"]
    return found if number == 1 else f"{found}-{number}"


CSV = Importer(
    "csv",
    "A CSV file, with a mapping of its columns (--mapping): a ready one, or a TOML file.",
    "What the mapping says: a row becomes one message.",
    "Whatever the columns do not hold. Without an id in the file, a fill's id is made from its row.",
    read,
)
