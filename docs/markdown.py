"""Pieces of Markdown, and words for types."""

import types
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from orderledger.infrastructure.messages.fields import (
    Count,
    Flag,
    Identifier,
    Names,
    NotNegative,
    Number,
    PositiveCount,
    Quantity,
    Tags,
    Text,
    Time,
)
from orderledger.infrastructure.messages.fields import Sequence as SequenceNumber

WIRE_WORDS: tuple[tuple[Any, str], ...] = (
    (Quantity, "number > 0"),
    (NotNegative, "number >= 0"),
    (Number, "number"),
    (Time, "time"),
    (Identifier, "identifier"),
    (Text, "text"),
    (Flag, "true or false"),
    (Names, "object: name to identifier"),
    (Tags, "object"),
    (Count, "count"),
    (PositiveCount, "count > 0"),
    (SequenceNumber, "integer"),
    (Any, "any JSON"),
)
STORED_WORDS: dict[Any, str] = {
    Decimal: "number",
    datetime: "time",
    str: "text",
    bool: "true or false",
    int: "integer",
}


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(map(cell, row))} |" for row in rows]
    return "\n".join(lines) + "\n"


def code(language: str, text: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```\n"


def without_none(annotation: Any) -> Any:
    """`X` of `X | None`, also where a validator stands around it."""
    if get_origin(annotation) in (Union, types.UnionType):
        (annotation,) = [part for part in get_args(annotation) if part is not type(None)]
    elif get_origin(annotation) is Annotated and type(None) in get_args(get_args(annotation)[0]):
        return without_none(get_args(annotation)[0])
    return annotation


def wire_word(annotation: Any) -> str:
    """How messages.md calls a type."""
    kind = without_none(annotation)
    for known, word in WIRE_WORDS:
        if kind == known:
            return word
    if get_origin(kind) is Literal:
        return f'`"{get_args(kind)[0]}"`'
    if get_origin(kind) is Annotated:
        return wire_word(get_args(kind)[0])
    if kind is int:
        return "integer"
    if get_origin(kind) is tuple:
        return f"list of {wire_word(get_args(kind)[0])}"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(f"`{member.value}`" for member in kind)
    return f"[{kind.__name__}](#{kind.__name__.lower()})"


def stored_word(annotation: Any) -> str:
    """How events.md calls a type."""
    kind = without_none(annotation)
    if get_origin(kind) is dict:
        return "object"
    if get_origin(kind) is tuple and get_args(kind)[-1] is Ellipsis:
        return f"list of {stored_word(get_args(kind)[0])}"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(f"`{member.value}`" for member in kind)
    return STORED_WORDS.get(kind) or f"object ({kind.__name__})"
