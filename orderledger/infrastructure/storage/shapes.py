"""How rows of a table are made, by the kinds of its columns."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec

from orderledger.projections.view import AnyTable, Kind

TYPES: dict[Kind, Any] = {
    "text": str,
    "number": Decimal,
    "time": datetime,
    "json": Any,
    "flag": bool,
    "count": int,
}


@cache
def cell_decoder(kind: Kind) -> Callable[[str], Any]:
    """A decoder of one value in a JSON array."""
    cell = msgspec.defstruct("cell", [("value", TYPES[kind] | None)], array_like=True)
    return msgspec.json.Decoder(cell, float_hook=Decimal).decode


class Shape:
    """How rows of a table, or of some of its columns, are made. A struct's `asdict` makes a row in
    half the time of a `dict` of names and values. `decode` reads a row in a JSON array."""

    def __init__(self, table: AnyTable) -> None:
        fields = [(column.name, TYPES[column.kind] | None) for column in table.columns]
        self.struct: type[msgspec.Struct] = msgspec.defstruct(
            f"{table.name}_row", fields, array_like=True, gc=False
        )
        self.decode: Callable[[str], msgspec.Struct] = msgspec.json.Decoder(
            self.struct, float_hook=Decimal
        ).decode


_shapes: dict[tuple[str, tuple[str, ...]], Shape] = {}


def shape_of(table: AnyTable) -> Shape:
    """The shape of a table. Its name and those of its columns identify it: hashing the columns
    would take longer than a row."""
    key = table.name, table.names
    shape = _shapes.get(key)
    if shape is None:
        shape = _shapes[key] = Shape(table)
    return shape
