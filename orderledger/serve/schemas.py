"""JSON Schemas of rows, from the classes that declare them."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from inspect import cleandoc
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

SIMPLE: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    Decimal: {
        "type": "string",
        "description": "A decimal as text.",
        "pattern": r"^-?[0-9]+(\.[0-9]+)?$",
    },
    datetime: {"type": "string", "format": "date-time"},
}


def columns_of_row(row: type) -> dict[str, Any]:
    """The columns of a class of rows, and their types."""
    return get_type_hints(row, include_extras=True)


def row_schema(row: type, *, is_partial: bool) -> dict[str, Any]:
    """The schema of a row. `is_partial`: a list may be queried for some columns only."""
    hints = columns_of_row(row)
    needed = (
        []
        if is_partial
        else [name for name, hint in hints.items() if get_origin(hint) is not NotRequired]
    )
    return {
        "type": "object",
        "description": cleandoc(row.__doc__ or ""),
        "properties": {name: _schema(hint) for name, hint in hints.items()},
        **({"required": needed} if needed else {}),
    }


def _schema(hint: Any) -> dict[str, Any]:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is NotRequired:
        return _schema(arguments[0])
    if origin is Annotated:
        return _described(*arguments)
    if hint in SIMPLE:
        return dict(SIMPLE[hint])
    if origin in (UnionType, Union):
        return _nullable(
            [_schema(option) for option in arguments if option is not NoneType],
            has_null=NoneType in arguments,
        )
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(arguments[1])}
    return row_schema(hint, is_partial=False) if is_typeddict(hint) else {}


def _described(hint: Any, meaning: str, words: Any = ()) -> dict[str, Any]:
    schema = _schema(hint)
    known = (
        list(words)
        if isinstance(words, tuple)
        else [str(word.value) for word in words if isinstance(word, Enum)]
    )
    if known:
        schema["enum"] = [*known, None] if "null" in schema["type"] else known
    return {**schema, "description": meaning}


def _nullable(options: list[dict[str, Any]], *, has_null: bool) -> dict[str, Any]:
    null = [{"type": "null"}] if has_null else []
    if len(options) == 1 and has_null and "type" in options[0]:
        return {**options[0], "type": [options[0]["type"], "null"]}
    return {"anyOf": [*options, *null]} if len([*options, *null]) > 1 else options[0]
