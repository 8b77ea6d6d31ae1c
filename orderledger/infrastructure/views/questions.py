"""Questions: query methods whose signatures declare their parameters.

A parameter that is `Annotated` with its meaning is offered by every door. The command, the route,
the OpenAPI document and the reference are derived from it; see `cli/deriving.py` and
`serve/collections.py`. A parameter without a meaning is for Python alone.
"""

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from functools import cache
from inspect import cleandoc
from os import PathLike
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    Union,
    get_args,
    get_origin,
)

from orderledger.infrastructure.views.arguments import LARGEST
from orderledger.projections.view import AnyTable, Table

KINDS: dict[frozenset[Any], str] = {
    frozenset({str}): "text",
    frozenset({bool}): "flag",
    frozenset({int}): "count",
    frozenset({datetime}): "time",
    frozenset({datetime, int}): "moment",
    frozenset({timedelta}): "seconds",
    frozenset({str, tzinfo}): "zone",
    frozenset({Decimal, str}): "number",
    frozenset({Sequence[str], str}): "names",
    frozenset({Sequence[str]}): "texts",
    frozenset({str, PathLike[str]}): "file",
}
"""The kind of a parameter, by the types that it takes besides None."""


@dataclass(frozen=True, slots=True)
class Word:
    """The name of a parameter outside Python, where it is another."""

    name: str


@dataclass(frozen=True, slots=True)
class Between:
    """The bounds of a count."""

    least: int = 0
    most: int = LARGEST


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter. `argument`: its name in Python, where it is another. `words`: all values that it
    takes, if known. `is_column`: only rows with this value in the column of this name."""

    name: str
    kind: str
    meaning: str
    words: tuple[str, ...] = ()
    argument: str = ""
    least: int = 0
    most: int = LARGEST
    is_needed: bool = False
    is_positional: bool = False
    is_column: bool = False
    default: Any = None

    @property
    def becomes(self) -> str:
        """Its name in Python."""
        return self.argument or self.name


@cache
def parameters_of(method: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The parameters that every door offers, in the order of the signature."""
    found: list[Parameter] = []
    for given in inspect.signature(method).parameters.values():
        hint: Any = given.annotation
        if get_origin(hint) is not Annotated or not _has_meaning(hint.__metadata__[0]):
            continue
        if given.kind is given.VAR_KEYWORD:
            (table,) = hint.__metadata__
            found += _filters(table, {one.becomes for one in found})
        else:
            found.append(_parameter(given, hint))
    return tuple(found)


def _has_meaning(first: Any) -> bool:
    return isinstance(first, (str, Table))


def _parameter(given: inspect.Parameter, hint: Any) -> Parameter:
    meaning, *more = hint.__metadata__
    types = types_of(get_args(hint)[0])
    literal = next((one for one in types if get_origin(one) is Literal), None)
    words = get_args(literal) if literal is not None else words_of(more)
    bounds = next((one for one in more if isinstance(one, Between)), Between())
    name = next((one.name for one in more if isinstance(one, Word)), given.name)
    return Parameter(
        name,
        "text" if literal is not None else KINDS[frozenset(types)],
        meaning,
        words,
        given.name,
        bounds.least,
        bounds.most,
        is_needed=given.default is given.empty,
        is_positional=given.kind is given.POSITIONAL_ONLY,
        default=None if given.default is given.empty else given.default,
    )


def types_of(hint: Any) -> tuple[Any, ...]:
    """The types of a union, without None."""
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return tuple(option for option in options if option is not NoneType)


def words_of(more: Iterable[Any]) -> tuple[str, ...]:
    """The words of a text, from a tuple or an enumeration."""
    for one in more:
        if isinstance(one, tuple):
            return one
        if isinstance(one, type) and issubclass(one, Enum):
            return tuple(str(word.value) for word in one)
    return ()


def _filters(table: AnyTable, known: set[str]) -> list[Parameter]:
    """A filter for each column that is shown, except for JSON."""
    return [
        Parameter(column.name, column.kind, column.meaning, column.words, is_column=True)
        for column in table.public.columns
        if column.kind != "json" and column.name not in known
    ]


@cache
def row_of(method: Callable[..., Any]) -> Any:
    """The class of what the method returns: of its rows, if it returns several."""
    hint = inspect.signature(method).return_annotation
    if get_origin(hint) in (Union, UnionType):
        hint = get_args(hint)[0]
    return get_args(hint)[0] if get_args(hint) else hint


def summary_of(method: Callable[..., Any]) -> str:
    """The first paragraph of the docstring: the question in one or two sentences."""
    return " ".join(cleandoc(method.__doc__ or "").partition("\n\n")[0].split())


def description_of(method: Callable[..., Any]) -> str:
    """The docstring, without its paragraphs that are about Python alone."""
    paragraphs = cleandoc(method.__doc__ or "").split("\n\n")
    return "\n\n".join(one for one in paragraphs if not one.startswith(("Raises ", "In Python")))
