"""The notation of a whole CSV file: the format of its times, and the sign before its decimals.

Both are decided over all rows before the first one is recorded: a single 9/5/2025 may be a day in
May or in September.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import combinations
from pathlib import Path

from orderledger import InvalidMessage, InvalidSetting
from orderledger.venues.importers.csv_mapping import CsvMapping, FieldFrom, date_format
from orderledger.venues.importers.csv_values import has_other_decimal, text_of
from orderledger.venues.importers.source import Options, parsed_time
from orderledger.venues.interop.objects import moment_of_value

COUNT = re.compile(r"[0-9]{10,19}")
"""A time as a count of seconds, or of fractions of them, since 1970. Fewer digits are a date."""

COUNTED = "a count of seconds since 1970"
ISO = "ISO 8601"


class TimesOfColumn:
    """Finds the one format that all times of a column have. `formats`: possible ones besides ISO
    8601 and counts.
    """

    def __init__(self, column: str, formats: tuple[str, ...]) -> None:
        self._column, self._formats = column, formats
        self._possible: list[str] | None = None
        self._last: tuple[str, str] | None = None
        self._contradictions: dict[tuple[str, str], str] = {}
        self._without_offset: dict[str, str] = {}

    def look_at(self, place: str, text: str) -> None:
        """Take one time into account. A text that is in no format is left to its row. Raises
        InvalidSetting for a mix."""
        readings = readings_of(text, self._formats)
        if not readings:
            return
        possible = [name for name in self._possible or readings if name in readings]
        if not possible:
            assert self._last is not None
            where, other = self._last
            mixed = f"{other!r} in {where} and {text!r} in {place}"
            raise InvalidSetting(
                "FILE",
                f"column {self._column!r} mixes formats of times: {mixed} have none in common",
            )
        for one, other in combinations(possible, 2):
            if readings[one] != readings[other]:
                self._contradictions.setdefault((one, other), f"{text!r} in {place}")
        for name in possible:
            if readings[name].tzinfo is None:
                self._without_offset.setdefault(name, f"{text!r} in {place}")
        if self._possible != possible:
            self._possible, self._last = possible, (place, text)

    def decided(self, *, has_zone: bool) -> str | None:
        """The name of the format. None if the column has no times. Raises InvalidSetting if
        several are possible.
        """
        if not self._possible:
            return None
        first, *others = self._possible
        doubtful = [name for name in others if (first, name) in self._contradictions]
        if doubtful:
            raise InvalidSetting(
                "date-format",
                f"is needed, because all times in column {self._column!r} can be "
                f"{' or '.join([first, *doubtful])}: {self._contradictions[first, doubtful[0]]}. "
                "Give --date-format",
            )
        if first in self._without_offset and not has_zone:
            raise InvalidSetting(
                "timezone",
                f"is needed, because {self._without_offset[first]} has no offset, and the mapping "
                "names no zone. Give --timezone",
            )
        return first


def readings_of(text: str, formats: tuple[str, ...]) -> dict[str, datetime]:
    """The times that a text can mean, by format. Declared formats come before the general ones."""
    found = {name: moment for name in formats if (moment := parsed_time(text, name)) is not None}
    if found:
        return found
    general = COUNTED if COUNT.fullmatch(text) else ISO
    moment = read_time(text, general)
    return {} if moment is None else {general: moment}


def read_time(text: str, name: str) -> datetime | None:
    """The time in a format. None if the text is not in it."""
    try:
        if name == COUNTED:
            return moment_of_value(int(text)) if COUNT.fullmatch(text) else None
        return (
            datetime.fromisoformat(text)
            if name == ISO and not COUNT.fullmatch(text)
            else parsed_time(text, name)
        )
    except (ValueError, OverflowError):
        return None


def written(text: str, name: str, pattern: str) -> str:
    """A time in another format. A text that is not in its format stays unchanged; if the other
    format would lose a part, the result is ISO 8601.
    """
    moment = read_time(text, name)
    if moment is None:
        return text
    found = moment.strftime(pattern)
    return found if parsed_time(found, pattern) == moment else moment.isoformat()


def formats_of(
    path: Path, rows: Iterable[tuple[str, Mapping[str, str]]], mapping: CsvMapping, options: Options
) -> dict[str, str]:
    """The format of each field that is a time. Raises InvalidSetting if a field has no single
    format, or the file has other decimals.
    """
    declared = _declared(options.date_format) or mapping.formats
    columns = {name: TimesOfColumn(column, declared) for name, column in mapping.times().items()}
    times = [(columns[name], column) for name, column in mapping.times().items()]
    for place, row in rows:
        for seen, column in times:
            if row[column]:
                seen.look_at(place, row[column])
        _look_at_numbers(path, place, row, mapping)
    has_zone = options.zone is not None or mapping.zone is not None
    decided = {name: seen.decided(has_zone=has_zone) for name, seen in columns.items()}
    return {name: found for name, found in decided.items() if found is not None}


def _declared(pattern: str) -> tuple[str, ...]:
    try:
        return (date_format(pattern),) if pattern else ()
    except ValueError as error:
        raise InvalidSetting("date-format", str(error)) from None


def _look_at_numbers(path: Path, place: str, row: Mapping[str, str], mapping: CsvMapping) -> None:
    for source in _numbers(mapping, row):
        try:
            text = text_of("", source, row)
        except InvalidMessage:
            continue  # the row will be listed
        if has_other_decimal(text, mapping.decimal):
            other = "," if mapping.decimal == "." else "."
            raise InvalidSetting(
                "mapping",
                f"reads {mapping.decimal!r} as the sign before decimals, but {path} has "
                f"{text[:50]!r} in {place}, column {source.column!r}: give a mapping with `decimal "
                f"= {other!r}`, or correct the file",
            )


def _numbers(mapping: CsvMapping, row: Mapping[str, str]) -> Iterator[FieldFrom]:
    """The numbers of a row without a coin."""
    for source in (*mapping.sources(row).values(), *mapping.checks_of(row)):
        if source.is_number and source.column is not None and not source.number_before:
            yield source
