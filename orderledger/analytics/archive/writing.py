"""Adds the new events of a ledger to its archive.

A run goes part by part. Each part of the log is one file and one complete step. The step notes the
names of the new files, writes them, and replaces the manifest. A killed run leaves the archive as
it was after its last step, and files that the next run removes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256

import msgspec

from orderledger import InvalidSetting
from orderledger.analytics.archive.manifest import (
    Event,
    File,
    Manifest,
    note_pending,
    read_manifest,
    settle,
    write_manifest,
)
from orderledger.analytics.archive.parquet import write_events, write_rows
from orderledger.analytics.archive.place import Place
from orderledger.analytics.archive.rows import (
    ArchivedRow,
    archived_rows,
    batches_of,
    events_batch,
    schema_of,
    stored_state,
)
from orderledger.analytics.errors import ArchiveError
from orderledger.extend.store import Store, stored_position
from orderledger.extend.views import tables

BUCKETS = 64
BUCKETS_MAX = 4_096
EVENTS_PER_FILE = 250_000
BYTES_PER_FILE = 256 * 2**20
"""A file ends at this many events, or at this many bytes before compression. The part of the log
is in memory while it is written.
"""

ROWS_AT_ONCE = 1_000

Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Archived:
    """Result of a run: the number of new events, the last log position, and the number of files."""

    events: int
    position: int
    files: int


def archive(
    store: Store,
    place: Place,
    *,
    buckets: int | None = None,
    has_views: bool = True,
    catch_up: Callable[[], object] = lambda: None,
    progress: Progress = lambda done: None,
) -> Archived:
    """Archive the new events. `catch_up` brings the views of the ledger up to date."""
    with place.locked():
        manifest = _begun(store, place, buckets)
        before = manifest.rows
        manifest = _add_events(store, place, manifest, store.recorder.last_position(), progress)
        if has_views:
            catch_up()
            manifest = _add_views(store, place, manifest, progress)
    return Archived(manifest.rows - before, manifest.position, len(manifest.files))


def _begun(store: Store, place: Place, buckets: int | None) -> Manifest:
    """The current archive, after removing what a killed run left. A new one is empty."""
    if buckets is not None and not 1 <= buckets <= BUCKETS_MAX:
        raise InvalidSetting("buckets", f"takes 1 to {BUCKETS_MAX}, not {buckets}")
    manifest = read_manifest(place)
    settle(place, manifest)
    if manifest is None:
        if others := list(place.names()):
            raise ArchiveError(place.url, f"is not an archive, and not empty: {others[0]}")
        return write_manifest(place, Manifest(buckets=buckets or BUCKETS))
    if buckets not in (None, manifest.buckets):
        raise InvalidSetting("buckets", f"the archive has {manifest.buckets}, which cannot change")
    _check_same(store, place, manifest)
    return manifest


def _check_same(store: Store, place: Place, manifest: Manifest) -> None:
    """Raise ArchiveError if the archive is of another ledger."""
    last = manifest.last_event
    if last is None:
        return
    rows = store.recorder.rows_after(last.position - 1, 1)
    if (
        not rows
        or _event_of(rows[0].position, rows[0].stream, rows[0].version, rows[0].state) != last
    ):
        raise ArchiveError(
            place.url,
            f"is the archive of another ledger: event {last.position} differs or is missing here",
        )


def _event_of(position: int, stream: str, version: int, state: bytes) -> Event:
    return Event(position, stream, version, sha256(state).hexdigest())


def _add_events(
    store: Store, place: Place, manifest: Manifest, up_to: int, progress: Progress
) -> Manifest:
    import pyarrow as pa

    done = 0
    while manifest.position < up_to:
        part = _Part(store, manifest, up_to)
        batches = list(part.batches())
        if part.last is None:
            break
        name = f"events/{part.first:015}-{part.last.position:015}.parquet"
        note_pending(place, [name])
        file = write_events(place, name, pa.Table.from_batches(batches), manifest.buckets)
        last = part.last
        event = _event_of(
            last.position,
            last.stream,
            last.version,
            stored_state(last.state, last.evidence, last.salt),
        )
        manifest = write_manifest(
            place,
            msgspec.structs.replace(
                manifest, position=last.position, last_event=event, events=(*manifest.events, file)
            ),
        )
        settle(place, manifest)
        done += file.rows
        progress(done)
    return manifest


class _Part:
    """The next part of the log."""

    def __init__(self, store: Store, manifest: Manifest, up_to: int) -> None:
        self._store = store
        self._manifest = manifest
        self._up_to = up_to
        self.first = 0
        self.last: ArchivedRow | None = None

    def batches(self) -> "Iterator[object]":
        position, count, size = self._manifest.position, 0, 0
        while position < self._up_to and count < EVENTS_PER_FILE and size < BYTES_PER_FILE:
            found = archived_rows(
                self._store,
                position,
                min(ROWS_AT_ONCE, EVENTS_PER_FILE - count),
                self._manifest.buckets,
            )
            rows = [row for row in found if row.position <= self._up_to]
            if not rows:
                return
            self.first, self.last = self.first or rows[0].position, rows[-1]
            position, count = self.last.position, count + len(rows)
            batch = events_batch(rows)
            size += batch.nbytes
            yield batch


def _add_views(store: Store, place: Place, manifest: Manifest, progress: Progress) -> Manifest:
    """Replace the views by those of a single moment, and archive the log up to it."""
    with store.database.streaming() as session:
        position = stored_position(session)
        if position == manifest.views_position:
            return manifest
        manifest = _add_events(store, place, manifest, position, progress)
        names = {
            table.name: f"views/{table.name}/{table.name}-{position:015}.parquet"
            for table in tables.BY_NAME.values()
        }
        old = [file.path for files in manifest.views.values() for file in files]
        note_pending(place, [*names.values(), *old])
        views: dict[str, tuple[File, ...]] = {}
        for table in tables.BY_NAME.values():
            order = ", ".join(session.first_missing(name) for name in table.key)
            rows = session.each(table, tail=f"ORDER BY {order}")
            views[table.name] = (
                write_rows(place, names[table.name], schema_of(table), batches_of(table, rows)),
            )
    manifest = write_manifest(
        place, msgspec.structs.replace(manifest, views=views, views_position=position)
    )
    settle(place, manifest)
    return manifest
