"""Makes a ledger out of an archive: the same events at the same log positions, byte for byte."""

from collections.abc import Callable, Iterator

from orderledger.analytics.archive.manifest import Manifest
from orderledger.analytics.archive.parquet import read_positions
from orderledger.analytics.archive.place import Place
from orderledger.analytics.archive.rows import stored_state
from orderledger.analytics.errors import ArchiveError
from orderledger.extend.store import (
    LAST_POSITION,
    KeptEvidence,
    RestoredRow,
    Store,
    reaching,
    restore_rows,
)
from orderledger.extend.store import LogRow as Row

ROWS_AT_ONCE = 5_000


def restore(
    place: Place,
    manifest: Manifest,
    store: Store,
    *,
    up_to: int | None = None,
    progress: Callable[[int], object] = lambda done: None,
) -> int:
    """Write the log of a verified archive into an empty store. Returns the number of events.

    `up_to`: leave out the events after this log position. Raises InvalidSetting if the ledger is
    not empty. If this call fails or is killed, the log is empty as before.
    """
    rows = _batches(place, manifest, LAST_POSITION if up_to is None else up_to, progress)
    with reaching(store.url or "the store"):
        return restore_rows(store, rows)


def _batches(
    place: Place, manifest: Manifest, up_to: int, progress: Callable[[int], object]
) -> Iterator[list[RestoredRow]]:
    done = before = 0
    for file in manifest.events:
        if file.first is not None and file.first > up_to:
            return
        with place.reached():
            table = read_positions(place, file)
        for batch in table.to_batches(max_chunksize=ROWS_AT_ONCE):
            names = ("stream", "version", "name", "state", "position", "evidence", "text", "salt")
            columns = [batch.column(name).to_pylist() for name in names]
            rows = [
                _restored(*values) for values in zip(*columns, strict=True) if values[4] <= up_to
            ]
            for row, _ in rows:
                if row.position <= before:
                    raise ArchiveError(file.path, f"repeats log position {row.position}")
                before = row.position
            if rows:
                yield rows
            done += len(rows)
            progress(done)


def _restored(
    stream: str,
    version: int,
    name: str,
    state: bytes,
    position: int,
    evidence: str | None,
    text: str | None,
    salt: bytes | None,
) -> RestoredRow:
    row = Row(stream, version, name, stored_state(state, evidence, salt), position)
    return row, None if salt is None else KeptEvidence(
        salt, None if evidence is None else evidence.encode(), text
    )
