"""TOML files of settings: every fault is reported with the file, the line and the key."""

import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from os import PathLike
from pathlib import Path
from typing import Any, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic_core import InitErrorDetails, PydanticCustomError

from orderledger.infrastructure.errors import InvalidSetting
from orderledger.infrastructure.messages.parsing import uncapitalized
from orderledger.infrastructure.similar import did_you_mean

Place = tuple[str | int, ...]
"""A path in the file: names of tables and keys, and numbers in arrays, from 0."""

Fault = tuple[Place, str]
"""A place in the file, and what is wrong there."""

TYPES = frozenset({"str", "Secret"})
"""Names of types that pydantic puts into the path of a value which may be of several."""

NOT_A_NUMBER = PydanticCustomError("not_a_number", "must be a number, not true or false")

Model = TypeVar("Model", bound=BaseModel)


class Table(BaseModel):
    """The settings of one table. A setting with another name is refused, and so are true and false
    as numbers, infinity and NaN."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _has_numbers(cls, given: Any) -> Any:
        """Refuse true and false as numbers: they are 1 and 0 in Python."""
        wrong = [
            InitErrorDetails(type=NOT_A_NUMBER, loc=(name,), input=given[name])
            for name, field in cls.model_fields.items()
            if isinstance(given, dict)
            and isinstance(given.get(name), bool)
            and _is_a_number(field.annotation)
        ]
        if wrong:
            raise ValidationError.from_exception_data(cls.__name__, wrong)
        return given


@dataclass(frozen=True, slots=True)
class TomlFile:
    """The text of a file, and what it holds. Numbers with a point are decimals."""

    path: Path
    text: str
    document: dict[str, Any]
    within: Place = ()
    """The table of the file whose settings `document` holds."""

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Self:
        """Read a file. Raises InvalidSetting if it cannot be read, or is not TOML."""
        file = Path(path)
        try:
            text = file.read_text(encoding="utf-8")
        except OSError as error:
            raise InvalidSetting(str(file), f"cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise InvalidSetting(str(file), "is not text in UTF-8") from None
        try:
            return cls(file, text, tomllib.loads(text, parse_float=Decimal))
        except RecursionError:
            raise InvalidSetting(str(file), "is nested too deeply") from None
        except tomllib.TOMLDecodeError as error:
            raise InvalidSetting(str(file), f"is not TOML: {error}") from None

    def parsed(self, model: type[Model], *, tags: Collection[str] = ()) -> Model:
        """The settings in the file. `tags`: kinds of a union, which pydantic puts into a path after
        the number of the table.

        Raises InvalidSetting with the first fault.
        """
        try:
            return model.model_validate(self.document)
        except ValidationError as error:
            place, said = faults_in(error, model, tags=tags)[0]
            raise self.invalid(place, said) from None

    def section(self, name: str) -> Self:
        """The table of this name as settings of their own; without one, no settings."""
        document = self.document.get(name, {})
        if not isinstance(document, dict):
            raise self.invalid((name,), "is not a table")
        return replace(self, document=document, within=(*self.within, name))

    def line_of(self, place: Place) -> int | None:
        """The line of a key, or of the innermost table that it is or should be in."""
        return _line_of(self.text, (*self.within, *place))

    def invalid(self, place: Place, fault: str) -> InvalidSetting:
        """The error for a fault at a place."""
        line, key = self.line_of(place), key_of((*self.within, *place))
        return InvalidSetting(
            f"{self.path}:{line}: {key}" if line else f"{self.path}: {key}", fault
        )


def key_of(place: Place) -> str:
    """The path of a key. Tables of an array are counted from 1."""
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in place)


def _is_a_number(annotation: Any) -> bool:
    """Whether a setting of this type is a number, and never true or false."""
    kinds = {annotation, *get_args(annotation)}
    return bool not in kinds and not kinds.isdisjoint({int, float})


def faults_in(
    error: ValidationError, model: type[BaseModel], *, tags: Collection[str] = ()
) -> list[Fault]:
    """All faults of settings, each with its place and a sentence."""
    return [
        (_place_of(fault["loc"], tags), _sentence(dict(fault), model))
        for fault in error.errors(include_url=False, include_input=False)
    ]


def _sentence(fault: dict[str, Any], model: type[BaseModel]) -> str:
    if fault["type"] == "extra_forbidden":
        return not_a_setting(str(fault["loc"][-1]), model)
    if fault["type"] == "missing":
        return "is missing"
    return uncapitalized(str(fault["msg"]).removeprefix("Value error, "))


def _place_of(loc: Place, tags: Collection[str]) -> Place:
    """The place without the names of types and kinds that pydantic puts into it."""
    return tuple(
        part
        for number, part in enumerate(loc)
        if not ((number == 2 and part in tags) or str(part) in TYPES or "(" in str(part))
    )


def not_a_setting(name: str, model: type[BaseModel]) -> str:
    """The fault of a name that is not a setting of the model or of a table in it."""
    return f"is not a setting.{did_you_mean(name, _names(model))}".rstrip(".")


def _names(model: type[BaseModel]) -> set[str]:
    """The names of the settings of a model, and of the tables in it."""
    try:
        schema = model.model_json_schema()
    except PydanticInvalidForJsonSchema:  # a setting of another package
        return {*model.model_fields}
    parts = (schema, *schema.get("$defs", {}).values())
    return {name for part in parts for name in part.get("properties", {})}


_KEY = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_KEYS = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_KEYS})\s*\]")
_ASSIGNED = re.compile(rf"\s*({_KEYS})\s*=")


def _line_of(text: str, place: Place) -> int | None:
    """The line of a key, or of the innermost table that it is or should be in."""
    lines = _lines_of(text)
    for length in range(len(place), 0, -1):
        if (found := lines.get(place[:length])) is not None:
            return found
    return None


def _lines_of(text: str) -> dict[Place, int]:
    """The line of each table and each key of a file. Keys of inline tables have none."""
    found: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    table: Place = ()
    for line, content in enumerate(text.splitlines(), 1):
        if (header := _HEADER.match(content)) is not None:
            table = _table(counts, _names_in(header[2]), is_array=header[1] == "[[")
            outer = table[:-1] if isinstance(table[-1], int) else table
            found.setdefault(outer, line)
            found.setdefault(table, line)
        elif (assigned := _ASSIGNED.match(content)) is not None:
            found.setdefault((*table, *_names_in(assigned[1])), line)
    return found


def _table(counts: dict[Place, int], names: Place, *, is_array: bool) -> Place:
    """The place of a table, with the number of each array of tables that it is in. `counts`: the
    number of the last table of each array."""
    place: Place = ()
    for name in names[:-1]:
        place = (*place, name)
        if place in counts:
            place = (*place, counts[place])
    place = (*place, names[-1])
    if is_array:
        counts[place] = counts.get(place, -1) + 1
        place = (*place, counts[place])
    return place


def _names_in(dotted: str) -> Place:
    return tuple(name.strip("\"'") for name in re.findall(_KEY, dotted))
