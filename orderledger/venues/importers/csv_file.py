"""CSV files, by a mapping of their columns."""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import Any

from orderledger import InvalidMessage, InvalidSetting, Message
from orderledger.extend.runtime import zone_named
from orderledger.venues.importers.checks import require
from orderledger.venues.importers.csv_mapping import (
    Check,
    CsvMapping,
    FieldFrom,
    mapping_at,
)
from orderledger.venues.importers.csv_notation import formats_of, read_time, written
from orderledger.venues.importers.csv_values import Values
from orderledger.venues.importers.rows import csv_rows
from orderledger.venues.importers.source import (
    Importer,
    LeftOut,
    Options,
    Row,
    Unreadable,
    in_zone,
    row_of,
)


def read(path: Path, options: Options) -> Iterator[Row]:
    """The rows of the file. It is read twice: first for the format of its times, then for its
    rows."""
    mapping = _mapping(options)
    if not path.is_file():
        raise InvalidSetting("FILE", f"{path} can be read only once: save it as a file")
    meant = (
        (place, row)
        for place, row in _rows(path, mapping)
        if isinstance(row, dict) and mapping.left_out(row) is None
    )
    reader = RowReader(mapping, options, formats_of(path, meant, mapping, options))
    for place, row in _rows(path, mapping):
        if not isinstance(row, dict):
            yield row
        elif (reason := mapping.left_out(row)) is not None:
            yield LeftOut(place, reason)
        else:
            yield row_of(place, row, partial(reader.messages, row))


def _mapping(options: Options) -> CsvMapping:
    if options.mapping is None:
        raise InvalidSetting("mapping", "is missing: the name of a ready mapping, or a TOML file")
    mapping = mapping_at(options.mapping)
    if not mapping.checked_with and not options.unchecked:
        raise InvalidSetting(
            "mapping",
            f"{options.mapping} is unchecked: it does not name the real export that it was "
            "compared with (`checked_with`). Compare the messages of --dry-run --unchecked with "
            "your file, then import with --unchecked",
        )
    return mapping


def _rows(
    path: Path, mapping: CsvMapping
) -> Iterator[tuple[str, dict[str, str] | Unreadable | LeftOut]]:
    return csv_rows(
        path,
        mapping.columns(),
        delimiter=mapping.delimiter,
        skip_lines=mapping.skip_lines,
        encoding=mapping.encoding,
    )


class RowReader:
    """Makes the messages of the rows of one file. `formats`: of its times, by field."""

    def __init__(self, mapping: CsvMapping, options: Options, formats: Mapping[str, str]) -> None:
        self._mapping, self._options, self._formats = mapping, options, formats
        self._zone = options.zone or zone_named(mapping.zone or "UTC")
        self._times = frozenset(mapping.times())
        self._values = Values(mapping)

    def messages(self, row: Mapping[str, str]) -> list[Message]:
        """The message of a row. Raises InvalidMessage if a value cannot be read, or if two figures
        contradict each other."""
        context = self._options.context(dict(row))
        printed: dict[str, str] = {}
        given: dict[str, Any] = {}
        identified = self._identified(row)
        for name, source in self._mapping.sources(row).items():
            value = self._values.value(name, source, identified if source.digest else row)
            if value is not None:
                printed[name] = value
                given[name] = self._moment(name, value) if name in self._times else value
            elif name == "at":
                raise InvalidMessage(name, f"is empty in column {source.column!r}")
        given["instrument"] = context.instrument(given.get("instrument"))
        message = context.message(self._mapping.message, at=given.pop("at", None), **given)
        for check in self._mapping.checks_of(row):
            self._check(check, row, printed)
        return [message]

    def _identified(self, row: Mapping[str, str]) -> Mapping[str, str]:
        """The row from which ids are made. Its times are in the first format of the mapping,
        whatever the file's format.
        """
        if not self._mapping.formats:
            return row
        columns = {
            column: self._formats[name]
            for name, column in self._mapping.times().items()
            if name in self._formats
        }
        return {
            **row,
            **{
                column: written(row[column], found, self._mapping.formats[0])
                for column, found in columns.items()
            },
        }

    def _moment(self, name: str, text: str) -> Any:
        found = read_time(text, self._formats[name]) if name in self._formats else None
        if found is None:
            known = self._formats.get(name) or self._options.date_format
            why = (
                f"in the file's format, {known}"
                if known
                else "in a format of the mapping: give --date-format"
            )
            raise InvalidMessage(name, f"{text[:50]!r} is not a time {why}")
        return in_zone(found, self._zone, name)

    def _check(self, check: Check, row: Mapping[str, str], printed: Mapping[str, str]) -> None:
        """Compare a figure with the fields and columns that it repeats."""
        assert check.column is not None

        def number_of(name: str) -> Decimal:
            if name in printed or name not in row:
                return _decimal(name, printed.get(name))
            return _decimal(
                name, self._values.value(name, FieldFrom(column=name, number=True), row)
            )

        found = _decimal(check.column, self._values.value(check.column, check, row))
        require(check.column, found, check.equals, number_of, exact=frozenset(check.exact))


def _decimal(name: str, text: str | None) -> Decimal:
    if text is None:
        raise InvalidMessage(name, "is empty, so the figures of the row cannot be compared")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise InvalidMessage(name, f"{text[:50]!r} is not a number") from None


CSV = Importer(
    "csv",
    "A CSV file, with a mapping of its columns (--mapping): a ready one, or a TOML file.",
    "The fields that the mapping lists: a row becomes one message.",
    "Anything not in the columns. Without an id in the file, a fill's id is made from its row.",
    read,
    checked_with=None,
)
