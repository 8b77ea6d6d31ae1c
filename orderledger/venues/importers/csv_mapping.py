"""The meaning of a CSV file's columns: a TOML file, or one of the ready ones in `mappings/`."""

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from orderledger import InvalidSetting
from orderledger.extend.messages import registry
from orderledger.extend.runtime import ZoneName
from orderledger.venues.importers.checks import formula

READY = files("orderledger.venues.importers") / "mappings"
SAMPLE = date(2003, 2, 1)
"""A day whose year, month and day all differ."""

TIMES = frozenset({"at", "expire_at", "from_at", "to_at"})


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Coin = Literal["base", "quote", "others"]


class FieldFrom(Strict):
    """The source of a message's field: one of `column`, `constant` and `digest`.

    `words`: the ledger's word for a value of the column. `pattern`: a regular expression whose
    first group is the value. `number`: removes thousands separators, currency signs and a unit
    after a space; `negate` and `absolute` change its sign. `number_before`: the number in front of
    one of these coins, as in `500` + `1000SATS`; `coin_after`: that coin. `digest`: an id made from
    these columns, for files without one: equal rows are numbered in their order. A time is used as
    if it were in the first of the mapping's `formats`.
    """

    column: str | None = None
    constant: str | None = None
    digest: tuple[str, ...] = ()
    words: Mapping[str, str] = Field(default_factory=dict)
    pattern: str | None = None
    number: bool = False
    negate: bool = False
    absolute: bool = False
    number_before: tuple[Coin, ...] = ()
    coin_after: tuple[Coin, ...] = ()

    @model_validator(mode="after")
    def _has_one_origin(self) -> "FieldFrom":
        if sum((self.column is not None, self.constant is not None, bool(self.digest))) != 1:
            raise ValueError("takes exactly one of column, constant and digest")
        return self

    @property
    def is_number(self) -> bool:
        """Whether its text is read as a number."""
        return self.number or self.negate or self.absolute or bool(self.number_before)


class Check(FieldFrom):
    """A figure that repeats others of its row. `column` and the rest: as for a field. `equals`:
    a sum of products of fields and columns, such as `price * quantity` or `-fee`. `exact`: names
    that are printed with all their digits. All other numbers may be off by half a unit of their
    last digit to either side. A row whose figures disagree is not recorded.
    """

    equals: str
    exact: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_a_formula(self) -> "Check":
        if self.column is None:
            raise ValueError("takes a column")
        unknown = sorted(set(self.exact) - formula(self.equals).names)
        if unknown:
            raise ValueError(f"exact: {unknown[0]!r} is not in {self.equals!r}")
        return self


class Condition(Strict):
    """Rows are read if `column` has one of the values of `is`, none of those of `is_not`, and
    matches the regular expression `matches`."""

    column: str
    is_: tuple[str, ...] = Field(default=(), alias="is")
    is_not: tuple[str, ...] = ()
    matches: str = ""

    def holds(self, row: Mapping[str, str]) -> bool:
        value = row.get(self.column, "")
        is_meant = (not self.is_ or value in self.is_) and value not in self.is_not
        return is_meant and (not self.matches or re.search(self.matches, value) is not None)


class Case(Strict):
    """Further rules for rows that fulfil all of `only`: more `fields`, and more `checks`. A
    later case wins.
    """

    only: tuple[Condition, ...]
    fields: Mapping[str, FieldFrom | str] = Field(default_factory=dict)
    checks: tuple[Check, ...] = ()


class Coins(Strict):
    """The coins that follow numbers. `pair`: the column with the pair: the name of the base
    coin, then of the quote coin. `base` and `quote`: columns whose values end with these coins.
    `others`: coins that are in no pair, such as the coin of fees.
    """

    pair: str
    base: str
    quote: str
    others: tuple[str, ...] = ()


class CsvMapping(Strict):
    """The columns of a CSV file, and the message that a row becomes.

    `checked_with`: the real export that the mapping was compared with; without it, the mapping is
    unchecked. `fields`: name of a column, or a table, for each field of the message. `only`: the
    rows that are read; the others are left out and counted. `formats`: of times, as
    `datetime.strptime` has them, besides ISO 8601 and counts of seconds; a file has one of them.
    `zone`: of times without an offset, if the venue documents it. `decimal`: the sign before the
    decimals, in fields with `number`, `negate`, `absolute` or `number_before`; the other sign
    separates thousands. `checks`: figures that repeat others of the row. `cases`: fields and checks
    of some of the rows.
    """

    meaning: str
    checked_with: str = ""
    message: str
    fields: Mapping[str, FieldFrom | str]
    only: tuple[Condition, ...] = ()
    checks: tuple[Check, ...] = ()
    cases: tuple[Case, ...] = ()
    coins: Coins | None = None
    zone: ZoneName | None = None
    formats: tuple[str, ...] = ()
    decimal: Literal[".", ","] = "."
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: Literal["utf-8-sig", "utf-8", "latin-1", "cp1252"] = "utf-8-sig"
    skip_lines: int = Field(default=0, ge=0, le=1_000)

    @field_validator("formats")
    @classmethod
    def _are_formats(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(date_format(pattern) for pattern in formats)

    @model_validator(mode="after")
    def _is_a_message(self) -> "CsvMapping":
        kind = registry.BY_WORD.get(self.message)
        if kind is None:
            raise ValueError(f"message: {self.message!r} is not a message type")
        named = {name for case in self.cases for name in case.fields} | self.fields.keys()
        unknown = sorted(named - kind.model_fields.keys())
        if unknown:
            raise ValueError(f"fields: {unknown[0]!r} is not a field of {self.message}")
        if self.coins is None and any(
            source.number_before or source.coin_after for source in self._all_sources()
        ):
            raise ValueError("coins: is missing: it names the coins that follow numbers")
        return self

    def sources(self, row: Mapping[str, str]) -> dict[str, FieldFrom]:
        """The origin of each field of a row."""
        fields = dict(self.fields)
        for case in self._cases_of(row):
            fields |= case.fields
        return {name: _source(origin) for name, origin in fields.items()}

    def checks_of(self, row: Mapping[str, str]) -> list[Check]:
        """The checks that apply to a row."""
        return [*self.checks, *(check for case in self._cases_of(row) for check in case.checks)]

    def left_out(self, row: Mapping[str, str]) -> str | None:
        """Why a row is left out. None if it is read."""
        broken = next((condition for condition in self.only if not condition.holds(row)), None)
        return (
            None if broken is None else f"has {broken.column} {row.get(broken.column, '')[:50]!r}"
        )

    def columns(self) -> set[str]:
        """The columns that a file must have."""
        found = self._all_sources()
        needed = {source.column for source in found if source.column is not None}
        needed |= {name for source in found for name in source.digest}
        needed |= {
            condition.column
            for condition in (*self.only, *(only for case in self.cases for only in case.only))
        }
        named = {name for check in self._all_checks() for name in formula(check.equals).names}
        needed |= named - self._all_fields().keys()
        return needed | (
            {self.coins.pair, self.coins.base, self.coins.quote} if self.coins else set()
        )

    def times(self) -> dict[str, str]:
        """The column of each field that is a time."""
        sources = {
            name: _source(origin) for name, origin in self._all_fields().items() if name in TIMES
        }
        return {
            name: source.column for name, source in sources.items() if source.column is not None
        }

    def _cases_of(self, row: Mapping[str, str]) -> list[Case]:
        return [case for case in self.cases if all(condition.holds(row) for condition in case.only)]

    def _all_checks(self) -> list[Check]:
        return [*self.checks, *(check for case in self.cases for check in case.checks)]

    def _all_fields(self) -> dict[str, FieldFrom | str]:
        return {
            name: origin
            for fields in (*(case.fields for case in self.cases), self.fields)
            for name, origin in fields.items()
        }

    def _all_sources(self) -> list[FieldFrom]:
        origin = [
            *self.fields.values(),
            *(field for case in self.cases for field in case.fields.values()),
        ]
        return [*map(_source, origin), *self._all_checks()]


def _source(origin: FieldFrom | str) -> FieldFrom:
    return FieldFrom(column=origin) if isinstance(origin, str) else origin


def date_format(pattern: str) -> str:
    """The pattern, if it has year, month and day. Raises ValueError."""
    try:
        is_whole = datetime.strptime(SAMPLE.strftime(pattern), pattern).date() == SAMPLE  # noqa: DTZ007  (a day only)
    except (ValueError, re.error):
        is_whole = False
    if not is_whole:
        raise ValueError(f"{pattern!r} is not a format with year, month and day, such as %d/%m/%Y")
    return pattern


def ready() -> list[str]:
    """The names of the ready mappings."""
    return sorted(
        file.name.removesuffix(".toml") for file in READY.iterdir() if file.name.endswith(".toml")
    )


def is_ready(path: Path) -> bool:
    """Whether this names a ready mapping, not a file."""
    return str(path) in ready()


def mapping_at(path: Path) -> CsvMapping:
    """The mapping in a file, or the ready one of this name. Raises InvalidSetting naming the
    field."""
    name = str(path)
    if is_ready(path):
        return _mapping(name, (READY / f"{name}.toml").read_text(encoding="utf-8"))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSetting(
            "mapping", f"{name} is neither a readable file nor one of {', '.join(ready())}"
        ) from error
    return _mapping(name, text)


def _mapping(name: str, text: str) -> CsvMapping:
    try:
        document: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidSetting("mapping", f"{name} is not TOML: {error}") from error
    try:
        return CsvMapping.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"] if part not in ("FieldFrom", "str"))
        raise InvalidSetting(
            "mapping",
            f"{name}: {field + ': ' if field else ''}{first['msg'].removeprefix('Value error, ')}",
        ) from error
