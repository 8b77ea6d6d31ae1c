"""Makes a ledger out of an archive: the same events at the same log positions, byte for byte."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain

from orderledger import InvalidSetting
from orderledger.analytics.archive.manifest import Manifest
from orderledger.analytics.archive.parquet import opened, read_positions
from orderledger.analytics.archive.place import Place
from orderledger.analytics.archive.rows import stored_state
from orderledger.analytics.errors import ArchiveError
from orderledger.extend.store import (
    LAST_POSITION,
    LogRow,
    Session,
    Store,
    chunks,
    fill_indexes,
    kept_evidence,
    reaching,
    table_names,
)

ROWS_AT_ONCE = 5_000

RestoredRow = tuple[LogRow, kept_evidence.KeptEvidence | None]
"""An event, and what is stored beside it."""


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
    rows = archived_rows(place, manifest, progress, up_to=LAST_POSITION if up_to is None else up_to)
    with reaching(store.url or "the store"):
        return _restore_rows(store, rows)


def position_at(place: Place, manifest: Manifest, moment: datetime) -> int:
    """The log position of the last event of an archive that was recorded by then, 0 without one."""
    import pyarrow.compute as pc

    for file in reversed(manifest.events):
        with place.reached(), opened(place, file.path) as parquet:
            table = parquet.read(columns=["position", "recorded_at"], use_threads=False)
        known = table.filter(pc.less_equal(table["recorded_at"], moment))
        if len(known):
            return int(pc.max(known["position"]).as_py())
    return 0


def archived_rows(
    place: Place,
    manifest: Manifest,
    progress: Callable[[int], object],
    *,
    up_to: int = LAST_POSITION,
) -> Iterator[list[RestoredRow]]:
    """The events of an archive, in log order, some thousand at a time."""
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
    row = LogRow(stream, version, name, stored_state(state, evidence, salt), position)
    return row, None if salt is None else kept_evidence.KeptEvidence(
        salt, None if evidence is None else evidence.encode(), text
    )


def _restore_rows(store: Store, batches: Iterable[Sequence[RestoredRow]]) -> int:
    """Write these events with their evidence, unless a later event forgot it. Also write the names
    of orders and the keys of facts, which recording needs. Returns the number of events.

    All in one transaction, so that a killed restore leaves an empty log. Raises InvalidSetting if
    it is not empty.
    """
    count = 0
    with store.database.writing() as session:
        session.lock_log()
        if last := session.last_position():
            raise InvalidSetting(
                "db", f"the ledger is not empty: its last event is at log position {last}"
            )
        for rows in batches:
            _insert(session, [row for row, _ in rows])
            _insert_evidence(
                session, [(row.position, kept) for row, kept in rows if kept is not None]
            )
            count += len(rows)
        session.continue_after(session.last_position())
        fill_indexes(session)
        session.execute(
            f"DELETE FROM {table_names.EVIDENCE_TABLE} WHERE "
            f"{kept_evidence.MAY_BE_DELETED.replace('OLD.', f'{table_names.EVIDENCE_TABLE}.')}"
        )
    return count


def _insert(session: Session, rows: Sequence[LogRow]) -> None:
    columns = "(originator_id, originator_version, topic, state, notification_id)"
    for chunk in chunks(rows):
        marks = ", ".join(["(?, ?, ?, ?, ?)"] * len(chunk))
        session.execute(
            f"INSERT INTO {table_names.EVENTS_TABLE} {columns} VALUES {marks}",
            list(chain.from_iterable(chunk)),
        )


def _insert_evidence(
    session: Session, kept: Sequence[tuple[int, kept_evidence.KeptEvidence]]
) -> None:
    for chunk in chunks(kept):
        marks = ", ".join(["(?, ?, ?, ?)"] * len(chunk))
        values = [
            (at, one.salt, one.evidence, None if one.text is None else one.text.encode())
            for at, one in chunk
        ]
        session.execute(
            f"INSERT INTO {table_names.EVIDENCE_TABLE} (position, salt, evidence, text) "
            f"VALUES {marks}",
            list(chain.from_iterable(values)),
        )
