"""Tables from an archive in Parquet: `manifest.json` names the files of the log and of each
view."""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from msgspec.structs import replace

from orderledger import InvalidSetting
from orderledger.analytics.computed import COMPUTED, State, computed
from orderledger.analytics.reading import arrow_of, known, with_values
from orderledger.analytics.relations import EVENTS
from orderledger.analytics.table import LedgerTable, finished
from orderledger.extend.events import Recorded, codec
from orderledger.extend.runtime import needed
from orderledger.extend.store import LogRow as StoredRow
from orderledger.extend.values import sides
from orderledger.extend.views import Kind, RateRules, Table, arguments, histories
from orderledger.rows import EventRow, MarkRow

if TYPE_CHECKING:
    import pyarrow

MANIFEST = "manifest.json"
NEVER = datetime.min.replace(tzinfo=UTC)


class File(msgspec.Struct):
    """A file of the archive."""

    path: str


class Manifest(msgspec.Struct):
    """The manifest: a file that it does not name does not belong to the archive."""

    events: tuple[File, ...]
    views: dict[str, tuple[File, ...]]
    views_position: int | None = None


class Files(Protocol):
    """The files of an archive by their paths in it: a `Place` of the archive."""

    url: str

    def read(self, name: str) -> bytes: ...
    def open(self, name: str) -> "pyarrow.NativeFile": ...


class ArchiveTables:
    """The tables of an archive. Raises InvalidSetting if the place holds none.

    `rules`: parities, and how long a mark serves. Marks have to serve at the time of recording of
    the last event in the views.
    """

    def __init__(self, files: Files, rules: RateRules) -> None:
        self._files = files
        self._rules = rules
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

    def table(self, name: str, *, of_each: Collection[str] = (), **where: Any) -> LedgerTable:
        """One table, as `reading.Tables` gives it."""
        table = known(name)
        asked = arguments.asked_of(table, where)
        if name in COMPUTED:
            rows = computed(name, self._state, asked, of_each=of_each)
            return finished(table, arrow_of(table, rows))
        if table is EVENTS:
            return finished(table, arrow_of(table, with_values(self._events(), asked)))
        return finished(
            table,
            self.chosen(table, asked).sort_by([(one, "ascending") for one in table.order_by]),
        )

    def read(self, table: Table[Any], columns: tuple[str, ...] | None = None) -> "pyarrow.Table":
        """The rows of a view as they are archived: numbers and JSON as text."""
        pa = needed("pyarrow", "analytics")
        if table.name not in self._manifest.views:
            raise InvalidSetting("archive", f"{self._files.url} has no view {table.name}")
        names = list(columns or table.names)
        parts = [self._parquet(file, names) for file in self._manifest.views[table.name]]
        return pa.concat_tables(parts) if parts else arrow_of(table, ()).select(names)

    def chosen(self, table: Table[Any], asked: dict[str, Any]) -> "pyarrow.Table":
        """The rows with these values, as they are archived."""
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

    @cached_property
    def _state(self) -> State:
        """The views, as of the last event in them."""
        last = [one for one in self._stored() if one["position"] == self._manifest.views_position]
        at = max((_recorded(one).recorded_at for one in last), default=NEVER)
        return State(_Views(self, self._rules), at, self._events_of)

    def _events_of(self, streams: Iterable[str]) -> dict[str, list[Recorded]]:
        """The events of these orders."""
        found: dict[str, list[Recorded]] = {stream: [] for stream in streams}
        for one in self._stored() if found else ():
            if one["stream"] in found:
                found[one["stream"]].append(_recorded(one))
        return found

    def _stored(self) -> list[dict[str, Any]]:
        """The stored events that the views contain, in log order."""
        pa = needed("pyarrow", "analytics")
        names = ["stream", "version", "name", "state", "position"]
        parts = [self._parquet(file, names) for file in self._manifest.events]
        stored = pa.concat_tables(parts).sort_by("position").to_pylist() if parts else []
        last = self._manifest.views_position or 0
        return [one for one in stored if one["position"] <= last]

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
    stored, recorded = _stored_row(one), _recorded(one)
    if kept is not None:
        text, evidence = kept["text"], kept["evidence"]
        recorded = replace(
            recorded,
            text=recorded.text if text is None else text,
            evidence=recorded.evidence if evidence is None else evidence.encode(),
        )
    return histories.event_row_of(stored, recorded)


def _stored_row(one: dict[str, Any]) -> StoredRow:
    return StoredRow(one["stream"], one["version"], one["name"], one["state"], one["position"])


def _recorded(one: dict[str, Any]) -> Recorded:
    return codec.decode(*_stored_row(one))


CELLS: dict[Kind, Any] = {"json": msgspec.json.decode}


class _Views:
    """The rows of the archive from which figures are computed: a source of queries."""

    def __init__(self, archive: ArchiveTables, rules: RateRules) -> None:
        self.rate_rules = rules
        self._archive = archive

    def rows(
        self,
        table: Table[Any],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        newest: int | None = None,
        **where: Any,
    ) -> list[Any]:
        asked = {name: value for name, value in where.items() if value is not None}
        found = self._archive.chosen(table, asked).to_pylist()
        for column in table.columns:
            change = Decimal if column.kind == "number" else CELLS.get(column.kind)
            if change is not None:
                for row in found:
                    row[column.name] = (
                        None if row[column.name] is None else change(row[column.name])
                    )
        if since is not None or until is not None:
            found = [row for row in found if _is_within(table.time_of(row), since, until)]
        return sorted(found, key=lambda row: [_first_missing(row[name]) for name in table.order_by])

    def each(
        self, table: Table[Any], *, columns: tuple[str, ...] | None = None, **where: Any
    ) -> Iterator[Any]:
        return iter(sorted(self.rows(table, **where), key=sides.when))

    def last_marks(self, moment: datetime, account: str | None) -> list[MarkRow]:
        raise NotImplementedError("no table of an archive values positions at earlier marks")


def _first_missing(value: Any) -> tuple[bool, Any]:
    return value is not None, value


def _is_within(at: datetime | None, since: datetime | None, until: datetime | None) -> bool:
    return at is not None and (since is None or at >= since) and (until is None or at < until)
