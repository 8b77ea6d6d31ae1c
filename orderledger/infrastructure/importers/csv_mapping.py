"""What the columns of a CSV file mean: a TOML file, or one of the ready ones in `mappings/`."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from orderledger.infrastructure.errors import InvalidSetting
from orderledger.infrastructure.messages.registry import MESSAGES
from orderledger.infrastructure.time_zones import ZoneName

READY = files("orderledger.infrastructure.importers") / "mappings"


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldFrom(Strict):
    """Where a field of the message comes from: one of `column`, `constant` and `digest`.

    `words`: the ledger's word for a value of the column. `pattern`: a regular expression whose first group is the value.
    `number`: removes thousands separators and units; `negate` and `absolute` change its sign. `digest`: an id made from these
    columns, for files without one: equal rows are told apart by their order.
    """

    column: str | None = None
    constant: str | None = None
    digest: tuple[str, ...] = ()
    words: Mapping[str, str] = Field(default_factory=dict)
    pattern: str | None = None
    number: bool = False
    negate: bool = False
    absolute: bool = False

    @model_validator(mode="after")
    def _has_one_origin(self) -> "FieldFrom":
        if sum((self.column is not None, self.constant is not None, bool(self.digest))) != 1:
            raise ValueError("takes exactly one of column, constant and digest")
        return self


class Condition(Strict):
    """Rows are read if `column` has one of the values of `is`, or none of those of `is_not`."""

    column: str
    is_: tuple[str, ...] = Field(default=(), alias="is")
    is_not: tuple[str, ...] = ()

    def holds(self, row: Mapping[str, str]) -> bool:
        value = row.get(self.column, "")
        return (not self.is_ or value in self.is_) and value not in self.is_not


class CsvMapping(Strict):
    """The columns of a CSV file, and the message that a row becomes.

    `fields`: name of a column, or a table, for each field of the message. `only`: the rows that are read; the others are skipped.
    `formats`: of times, as `datetime.strptime` has them, besides ISO 8601 and counts of seconds. `decimal`: the
    sign before the decimals, in fields with `number`, `negate` or `absolute`; the other sign separates thousands.
    """

    meaning: str
    message: str
    fields: Mapping[str, FieldFrom | str]
    only: tuple[Condition, ...] = ()
    zone: ZoneName = "UTC"
    formats: tuple[str, ...] = ()
    decimal: Literal[".", ","] = "."
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: Literal["utf-8-sig", "utf-8", "latin-1", "cp1252"] = "utf-8-sig"
    skip_lines: int = Field(default=0, ge=0, le=1_000)

    @model_validator(mode="after")
    def _is_a_message(self) -> "CsvMapping":
        kind = MESSAGES.get(self.message)
        if kind is None:
            raise ValueError(f"message: {self.message!r} is no message type")
        unknown = sorted(self.fields.keys() - kind.model_fields.keys())
        if unknown:
            raise ValueError(f"fields: {unknown[0]!r} is no field of {self.message}")
        return self

    def sources(self) -> dict[str, FieldFrom]:
        """The origin of each field."""
        return {name: FieldFrom(column=told) if isinstance(told, str) else told for name, told in self.fields.items()}

    def columns(self) -> set[str]:
        """The columns that a file must have."""
        found = self.sources().values()
        needed = {source.column for source in found if source.column is not None}
        return needed | {name for source in found for name in source.digest} | {condition.column for condition in self.only}


def ready() -> list[str]:
    """The names of the ready mappings."""
    return sorted(file.name.removesuffix(".toml") for file in READY.iterdir() if file.name.endswith(".toml"))


def mapping_at(path: Path) -> CsvMapping:
    """The mapping in a file, or the ready one of this name. Raises InvalidSetting naming the field."""
    name = str(path)
    if name in ready():
        return _mapping(name, (READY / f"{name}.toml").read_text(encoding="utf-8"))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSetting("mapping", f"{name} is no file that can be read, and none of {', '.join(ready())}") from error
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
            "mapping", f"{name}: {field + ': ' if field else ''}{first['msg'].removeprefix('Value error, ')}"
        ) from error
