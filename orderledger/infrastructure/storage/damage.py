"""Finds rows of a view that cannot be read, after damage to the file or a write by another
program."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Protocol

from orderledger.infrastructure.errors import DamagedRow
from orderledger.projections.view import AnyTable, Column, RowType, Table

PLACES_AT_ONCE = 500


class Readable(Protocol):
    """The reading side of a session."""

    @property
    def place(self) -> str: ...

    def select(self, table: Table[RowType], /) -> list[RowType]: ...

    def execute(self, statement: str, parameters: Sequence[Any], /) -> Iterable[Any]: ...

    def rows_at(
        self, table: Table[RowType], source: str, places: Sequence[Any], /
    ) -> list[RowType]: ...

    def read_cell(self, column: Column, source: str, place: Any, /) -> Any: ...

    def cell_text(self, column: str, source: str, place: Any, /) -> str: ...


def readable_rows(
    session: Readable, table: Table[RowType]
) -> tuple[list[RowType], list[DamagedRow]]:
    """All readable rows of a table, and the damaged ones."""
    with suppress(DamagedRow):
        return session.select(table), []
    rows: list[RowType] = []
    damaged: list[DamagedRow] = []
    for found in _read(session, table, _places(session, table.name, "", ())):
        if isinstance(found, DamagedRow):
            damaged.append(found)
        else:
            rows.append(found)
    return rows, damaged


def first_damaged(
    session: Readable, table: AnyTable, source: str, rest: str, parameters: Sequence[Any]
) -> DamagedRow | None:
    """The first damaged row of a statement's rows. None if the statement failed for another
    reason."""
    with suppress(Exception):  # if the database itself fails, the statement's own error reports it
        found = _read(session, table, _places(session, source, rest, parameters), source)
        return next((one for one in found if isinstance(one, DamagedRow)), None)
    return None


def _places(session: Readable, source: str, rest: str, parameters: Sequence[Any]) -> list[Any]:
    return [
        place
        for (place,) in session.execute(f"SELECT {session.place} FROM {source} {rest}", parameters)
    ]


def _read(
    session: Readable, table: Table[RowType], places: Sequence[Any], source: str = ""
) -> Iterator[RowType | DamagedRow]:
    """Read the rows at these places: all at once if they are readable, otherwise in halves."""
    if len(places) > PLACES_AT_ONCE:
        for start in range(0, len(places), PLACES_AT_ONCE):
            yield from _read(session, table, places[start : start + PLACES_AT_ONCE], source)
        return
    try:
        rows = session.rows_at(table, source or table.name, places)
    except Exception as error:  # any error of the driver or a decoder that a damaged value causes
        if len(places) == 1:
            yield _damaged(session, table, source or table.name, places[0], error)
            return
        half = len(places) // 2
        yield from _read(session, table, places[:half], source)
        yield from _read(session, table, places[half:], source)
    else:
        yield from rows


def _damaged(
    session: Readable, table: AnyTable, source: str, place: Any, error: Exception
) -> DamagedRow:
    column, fault = "", error
    for one in table.columns:
        try:
            session.read_cell(one, source, place)
        except Exception as found:
            column, fault = one.name, found
            break
    key = [session.cell_text(name, source, place) for name in table.key]
    return DamagedRow(table.name, "/".join(key), column, " ".join(str(fault).split()))
