"""CSV files, by a mapping of their columns."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import tzinfo
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

SPACES = re.compile(r"[\s']")
"""They separate thousands, or stand before units."""

NUMBER = re.compile(
    r"(?P<open>\()?[^\d.,()+\-]*(?P<sign>[+\-])?[^\d.,()+\-]*(?P<digits>[0-9.,]+)(?P<exponent>[eE][+\-]?[0-9]{1,3}(?![0-9]))?"
    r"[^\d.,()+\-]*(?P<close>\))?"
)
"""A number with its sign, or in brackets if it is negative, between a currency sign and a unit."""

NUMBERS = {
    ".": re.compile(r"(?:[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3}|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+"),
    ",": re.compile(r"(?:[0-9]{1,3}(?:\.[0-9]{2,3})*\.[0-9]{3}|[0-9]+)(?:,[0-9]*)?|,[0-9]+"),
}
"""Digits with their separators, by the sign before the decimals. Thousands are in groups of three, or as in India."""

COUNT = re.compile(r"[0-9]{10,19}")
"""A time as a count of seconds, or of parts of them, since 1970. Fewer digits are a date."""

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
        value = _value(name, source, row, mapping.decimal, counts)
        if value is not None and name in TIMES:
            given[name] = _moment(name, value, zone, mapping.formats)
        elif value is not None:
            given[name] = context.instrument(value) if name == "instrument" else value
    return [context.message(mapping.message, at=given.pop("at", None), **given)]


def _moment(name: str, text: str, zone: tzinfo, formats: tuple[str, ...]) -> Any:
    """A time in one of the formats, a count, or ISO 8601."""
    is_count = COUNT.fullmatch(text) is not None
    if is_count and not formats:
        return moment_of_value(int(text))
    try:
        return moment_of(text, zone, name, formats)
    except InvalidMessage:
        if is_count:
            return moment_of_value(int(text))
        raise


def _value(name: str, source: FieldFrom, row: Mapping[str, str], decimal: str, counts: Counter[str]) -> str | None:
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
    is_number = source.number or source.negate or source.absolute
    return _number(name, text, source, decimal) if is_number else text or None


def _number(name: str, text: str, source: FieldFrom, decimal: str) -> str | None:
    """The number without thousands separators, currency signs and units. None for a text without digits."""
    if not any(map(str.isdigit, text)):
        return None
    found = NUMBER.fullmatch(SPACES.sub("", text.replace("\N{MINUS SIGN}", "-")))
    is_in_brackets = found is not None and found["open"] is not None
    if found is None or is_in_brackets is (found["close"] is None) or not NUMBERS[decimal].fullmatch(found["digits"]):
        raise InvalidMessage(
            name, f"{text[:50]!r} in column {source.column!r} is no number with {decimal!r} before its decimals (`decimal`)"
        )
    thousands = "," if decimal == "." else "."
    digits = found["digits"].replace(thousands, "").replace(decimal, ".") + (found["exponent"] or "")
    is_negative = (found["sign"] == "-" or is_in_brackets) is not source.negate
    return digits if source.absolute or not is_negative else f"-{digits}"


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
