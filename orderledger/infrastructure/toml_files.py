"""TOML files of settings: every fault is reported with the file, the line and the key."""

import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from os import PathLike
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema

from orderledger.infrastructure.errors import InvalidSetting
from orderledger.infrastructure.similar import did_you_mean

Place = tuple[str | int, ...]
"""A path in the file: names of tables and keys, and numbers in arrays, from 0."""

TYPES = frozenset({"str", "Secret"})
"""Names of types that pydantic puts into the path of a value which may be of several."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class TomlFile:
    """The text of a file, and what it holds. Numbers with a point are decimals."""

    path: Path
    text: str
    document: dict[str, Any]

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
            fault = error.errors(include_url=False, include_input=False)[0]
            said = (
                not_a_setting(str(fault["loc"][-1]), model)
                if fault["type"] == "extra_forbidden"
                else fault["msg"].removeprefix("Value error, ")
            )
            is_tag = [
                (number == 2 and part in tags) or str(part) in TYPES or "(" in str(part)
                for number, part in enumerate(fault["loc"])
            ]
            place = tuple(
                part
                for part, is_left_out in zip(fault["loc"], is_tag, strict=True)
                if not is_left_out
            )
            raise self.invalid(place, said) from None

    def invalid(self, place: Place, fault: str) -> InvalidSetting:
        """The error for a fault at a place."""
        line = _line_of(self.text, place)
        key = ".".join(str(part + 1) if isinstance(part, int) else part for part in place)
        return InvalidSetting(
            f"{self.path}:{line}: {key}" if line else f"{self.path}: {key}", fault
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


def _line_of(text: str, place: Place) -> int | None:
    """The line of a key, or of the table that it is or should be in."""
    name, number, key = (*place, None, None)[:3]
    wanted, seen = (0 if number is None else number), -1
    table_line: int | None = None
    for line, content in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\[?\s*([A-Za-z_]+)\s*\]?\]", content)
        if header is not None and table_line is not None:
            break
        if header is not None and header[1] == name:
            seen += 1
            table_line = line if seen == wanted else None
        sought = key if table_line is not None or number is not None else name
        is_within = table_line is not None or number is None
        if (
            is_within
            and sought is not None
            and re.match(rf"\s*[\"']?{re.escape(str(sought))}[\"']?\s*=", content)
        ):
            return line
    return table_line
