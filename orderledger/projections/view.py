"""A view is a table whose columns are declared once: by the class of its rows.

The tables in the database, the JSON of the views, the types that programs check against, and the
reference follow from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import cached_property
from html import escape
from types import UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Generic,
    Literal,
    TypeAlias,
    TypeVar,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

Kind = Literal["text", "number", "time", "json", "flag", "count"]
AnyRow: TypeAlias = Mapping[str, object]
"""A row of any view. Only code that treats all columns alike takes it; other code names the class
of the row, so that a misspelt column is a type error."""
Row: TypeAlias = Any
"""An unchecked row. Use the class of the row, or `AnyRow`."""
Key = tuple[Any, ...]
RowType = TypeVar("RowType", bound=AnyRow)

HIDDEN = "hidden"
"""Marks a column of a row class that only the ledger itself needs."""

KINDS: Mapping[type, Kind] = {
    str: "text",
    Decimal: "number",
    datetime: "time",
    bool: "flag",
    int: "count",
}


class RowList(list[RowType]):
    """A list of rows. A notebook shows it as a table of its first rows."""

    most_shown: ClassVar[int] = 50

    def _repr_html_(self) -> str:
        names = list(self[0]) if self else []
        lines = [[row.get(name) for name in names] for row in self[: self.most_shown]]
        head = "".join(f"<th>{escape(name)}</th>" for name in names)
        body = "".join(
            f"<tr>{''.join(f'<td>{_cell(value)}</td>' for value in line)}</tr>" for line in lines
        )
        rest = f"<p>{len(self) - len(lines)} more rows</p>" if len(self) > len(lines) else ""
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{rest}"


def _cell(value: object) -> str:
    return "" if value is None else escape(str(value))


@dataclass(frozen=True, slots=True)
class Column:
    """`words` are all the values that a text column can have, where they are known."""

    name: str
    kind: Kind
    meaning: str
    is_shown: bool = True
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table(Generic[RowType]):
    """`row` is the class of the rows: it declares the columns. `order_by` is how rows are listed.
    `time` holds the columns that `since` and `until` compare: the first that has a value. Times
    are UTC; numbers are exact decimals in the instrument's own units.

    `paged_by`: the columns by which pages are read, each in an index of its own in the order of
    queries. `version`: raise it when the fold makes other rows from the same events. Opening a
    store then rebuilds this view alone.
    """

    name: str
    meaning: str
    key: tuple[str, ...]
    row: type[RowType]
    order_by: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()
    time: tuple[str, ...] = ("at",)
    version: int = 1
    paged_by: tuple[tuple[str, ...], ...] = ()
    columns: tuple[Column, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", self.columns or columns_of(self.row))

    def key_of(self, row: RowType) -> Key:
        return tuple(map(row.__getitem__, self.key))

    def time_of(self, row: RowType) -> datetime | None:
        """The time that `since` and `until` compare."""
        values: Mapping[str, Any] = row
        return next((values[name] for name in self.time if values[name] is not None), None)

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        return {column.name: column.kind for column in self.columns}

    def shown(self, row: RowType) -> RowType:
        """The row as a view shows it: without what only the ledger itself needs."""
        if not self._hidden:
            return row
        return cast(
            RowType, {name: value for name, value in row.items() if name not in self._hidden}
        )

    def narrowed(self, names: tuple[str, ...]) -> "Table[RowType]":
        """The same table, read with these columns only."""
        return replace(self, columns=tuple(self.by_name[name] for name in names))

    @cached_property
    def public(self) -> "Table[Any]":
        """The same table with the columns that a view shows: a query that needs no others reads
        only these."""
        shown = tuple(column for column in self.columns if column.is_shown)
        order_by = tuple(name for name in self.order_by if self.by_name[name].is_shown)
        return replace(self, columns=shown, order_by=order_by)

    @cached_property
    def _hidden(self) -> frozenset[str]:
        return frozenset(column.name for column in self.columns if not column.is_shown)


AnyTable: TypeAlias = Table[Any]
"""A table whose columns the code reads from their declaration only."""


def columns_of(row: type) -> tuple[Column, ...]:
    """The columns of a class of rows. Each field is `Annotated` with its meaning; a text field also
    with an enumeration, or a tuple, of its possible values; a column that views leave out with
    `HIDDEN`."""
    return tuple(
        _column(name, hint) for name, hint in get_type_hints(row, include_extras=True).items()
    )


def kinds_of(row: type) -> dict[str, Kind]:
    """The names and kinds of the columns of any class of rows."""
    hints = get_type_hints(row)  # without what is beside a type, NotRequired included
    return {name: _kind(hint) for name, hint in hints.items()}


def _column(name: str, hint: Any) -> Column:
    assert get_origin(hint) is Annotated, f"{name} has no meaning"
    of_type, meaning, *rest = get_args(hint)
    words = _words(*(one for one in rest if one is not HIDDEN))
    return Column(name, _kind(of_type), meaning, HIDDEN not in rest, words)


def _words(of: type[Enum] | tuple[str, ...] = ()) -> tuple[str, ...]:
    return of if isinstance(of, tuple) else tuple(str(word.value) for word in of)


def _kind(of_type: Any) -> Kind:
    options = (
        [option for option in get_args(of_type) if option is not type(None)]
        if isinstance(of_type, UnionType)
        else [of_type]
    )
    return KINDS.get(options[0], "json")
