"""Tables from an archive in Parquet: `manifest.json` names the files of the log and of each
view."""

from datetime import datetime
from decimal import Decimal
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from msgspec.structs import replace

from orderledger import InvalidSetting
from orderledger.analytics.reading import arrow_of, known, with_values
from orderledger.analytics.relations import EVENTS
from orderledger.analytics.table import LedgerTable, finished
from orderledger.extend.events import codec
from orderledger.extend.runtime import needed
from orderledger.extend.store import LogRow as StoredRow
from orderledger.extend.values import sides
from orderledger.extend.views import Kind, StoredViews, Table, arguments, histories, queries, tables
from orderledger.rows import EventRow, MarkRow

if TYPE_CHECKING:
    import pyarrow

MANIFEST = "manifest.json"


class File(msgspec.Struct):
    """A file of the archive."""

    path: str


class Manifest(msgspec.Struct):
    """The manifest: a file that it does not name does not belong to the archive."""

    events: tuple[File, ...]
    views: dict[str, tuple[File, ...]]


class Files(Protocol):
    """The files of an archive by their paths in it: a `Place` of the archive."""

    url: str

    def read(self, name: str) -> bytes: ...
    def open(self, name: str) -> "pyarrow.NativeFile": ...


class ArchiveTables:
    """The tables of an archive. Raises InvalidSetting if the place holds none."""

    def __init__(self, files: Files) -> None:
        self._files = files
        try:
            self._manifest = msgspec.json.decode(files.read(MANIFEST), type=Manifest)
        except OSError as error:
            raise InvalidSetting(
                "archive", f"{files.url} holds no archive: {MANIFEST}: {_fault(error)}"
            ) from None
        except msgspec.MsgspecError as error:
            raise InvalidSetting(
                "archive", f"{files.url}/{MANIFEST} is not a manifest of an archive: {error}"
            ) from None

    def table(self, name: str, *, by_strategy: bool = False, **where: Any) -> LedgerTable:
        """One table, as `reading.Tables` gives it."""
        table = known(name)
        asked = arguments.asked_of(table, where)
        if table is tables.PNL_OF_FILLS:
            rows = queries.pnl_of_fills(_Views(self), by_strategy=by_strategy)
            return finished(table, arrow_of(table, with_values(rows, asked)))
        if table is EVENTS:
            return finished(table, arrow_of(table, with_values(self._events(), asked)))
        return finished(
            table,
            self._chosen(table, asked).sort_by([(one, "ascending") for one in table.order_by]),
        )

    def read(self, table: Table[Any], columns: tuple[str, ...] | None = None) -> "pyarrow.Table":
        """The rows of a view as they are archived: numbers and JSON as text."""
        pa = needed("pyarrow", "analytics")
        if table.name not in self._manifest.views:
            raise InvalidSetting("archive", f"{self._files.url} has no view {table.name}")
        names = list(columns or table.names)
        parts = [self._parquet(file, names) for file in self._manifest.views[table.name]]
        return pa.concat_tables(parts) if parts else arrow_of(table, ()).select(names)

    def _chosen(self, table: Table[Any], asked: dict[str, Any]) -> "pyarrow.Table":
        pc, found = needed("pyarrow.compute", "analytics"), self.read(table)
        for name, value in asked.items():
            found = found.filter(pc.equal(found[name], value))
        return found

    def _events(self) -> "list[EventRow]":
        """The log, in its order."""
        pa = needed("pyarrow", "analytics")
        names = [
            "stream",
            "version",
            "name",
            "state",
            "position",
            "evidence",
            "text",
            "first_position",
        ]
        parts = [self._parquet(file, names) for file in self._manifest.events]
        stored = pa.concat_tables(parts).sort_by("position").to_pylist() if parts else []
        kept = {
            one["position"]: one
            for one in stored
            if one["evidence"] is not None or one["text"] is not None
        }
        return [
            _event_row(one, kept.get(one["position"]) or kept.get(one["first_position"]))
            for one in stored
        ]

    def _parquet(self, file: File, names: list[str]) -> "pyarrow.Table":
        pa, parquet = needed("pyarrow", "analytics"), needed("pyarrow.parquet", "analytics")
        path = PurePosixPath(file.path)
        if path.is_absolute() or ".." in path.parts:
            raise InvalidSetting(
                "archive", f"{MANIFEST} names a file outside of the archive: {file.path}"
            )
        try:
            with self._files.open(file.path) as opened:
                return parquet.read_table(opened, columns=names)
        except (OSError, pa.ArrowException) as error:
            raise InvalidSetting(
                "archive", f"{self._files.url}/{file.path} cannot be read: {_fault(error)}"
            ) from None


def _fault(error: Exception) -> str:
    """Why a file cannot be read, in one line."""
    return (
        "there is no such file"
        if isinstance(error, FileNotFoundError)
        else str(error).splitlines()[0]
    )


def _event_row(one: dict[str, Any], kept: dict[str, Any] | None) -> EventRow:
    """A row of the log. `kept`: the row with its evidence and text; for a copy under another
    order, the row of the first report.
    """
    stored = StoredRow(one["stream"], one["version"], one["name"], one["state"], one["position"])
    recorded = codec.decode(*stored)
    if kept is not None:
        text, evidence = kept["text"], kept["evidence"]
        recorded = replace(
            recorded,
            text=recorded.text if text is None else text,
            evidence=recorded.evidence if evidence is None else evidence.encode(),
        )
    return histories.event_row_of(stored, recorded)


CELLS: dict[Kind, Any] = {"json": msgspec.json.decode}


class _Views:
    """The rows of the archive from which P&L of fills is calculated."""

    rate_rules = StoredViews.rate_rules

    def __init__(self, archive: ArchiveTables) -> None:
        self._archive = archive

    def rows(self, table: Table[Any], **where: Any) -> list[Any]:
        asked = {name: value for name, value in where.items() if value is not None}
        found = self._archive.read(table).to_pylist()
        for column in table.columns:
            change = Decimal if column.kind == "number" else CELLS.get(column.kind)
            if change is not None:
                for row in found:
                    row[column.name] = (
                        None if row[column.name] is None else change(row[column.name])
                    )
        return [row for row in found if all(row[name] == value for name, value in asked.items())]

    def each(
        self, table: Table[Any], *, columns: tuple[str, ...] | None = None, **where: Any
    ) -> Any:
        return iter(sorted(self.rows(table, **where), key=sides.when))

    def last_marks(self, moment: datetime, account: str | None) -> list[MarkRow]:
        raise NotImplementedError("P&L of fills takes no marks")
