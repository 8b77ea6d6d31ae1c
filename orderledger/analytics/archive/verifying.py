"""Compares the files of an archive with its manifest."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from orderledger.analytics.archive.manifest import (
    MANIFEST,
    File,
    Manifest,
    needed_manifest,
    pending,
)
from orderledger.analytics.archive.parquet import opened
from orderledger.analytics.archive.place import PART, Place
from orderledger.analytics.errors import ArchiveError


@dataclass(frozen=True, slots=True)
class Fault:
    """A file that is missing, truncated, altered or foreign."""

    file: str
    fault: str


def verify(
    place: Place, progress: Callable[[int], object] = lambda done: None
) -> tuple[Manifest, list[Fault]]:
    """All faults. `progress` gets the number of bytes read. Raises ArchiveError if there is no
    readable manifest."""
    with place.reached():
        manifest = needed_manifest(place)
        return manifest, list(_faults(place, manifest, progress))


def verified(place: Place, progress: Callable[[int], object] = lambda done: None) -> Manifest:
    """The manifest. Raises ArchiveError, which names the files, if anything is wrong."""
    manifest, faults = verify(place, progress)
    if faults:
        others = (
            f" (and {len(faults) - 1} other files: `archive --verify` lists them)"
            if len(faults) > 1
            else ""
        )
        raise ArchiveError(faults[0].file, f"{faults[0].fault}{others}")
    return manifest


def _faults(place: Place, manifest: Manifest, progress: Callable[[int], object]) -> Iterator[Fault]:
    sizes, done = place.names(), 0
    yield from _faults_of_positions(manifest)
    for file in manifest.files:
        fault = _fault_of(place, file, sizes.get(file.path))
        if fault is not None:
            yield Fault(file.path, fault)
        done += file.bytes
        progress(done)
    known = {MANIFEST, *(file.path for file in manifest.files), *pending(place)}
    for name in sizes:
        if name not in known and not PART.fullmatch(name):
            yield Fault(name, "is foreign: the manifest does not name it")


def _fault_of(place: Place, file: File, size: int | None) -> str | None:
    if size is None:
        return "is missing"
    if size < file.bytes:
        return f"is truncated: {size} bytes of {file.bytes}"
    if size > file.bytes or place.digest(file.path) != file.sha256:
        return "was altered: its SHA-256 does not match"
    try:
        with opened(place, file.path) as parquet:
            rows = parquet.metadata.num_rows
    except ArchiveError as error:
        return error.fault
    return None if rows == file.rows else f"has {rows} rows, and the manifest says {file.rows}"


def _faults_of_positions(manifest: Manifest) -> Iterator[Fault]:
    """Each log position is in at most one file, and the manifest ends where the last file ends."""
    before = 0
    for file in manifest.events:
        if file.first is None or file.last is None or not before < file.first <= file.last:
            yield Fault(file.path, f"does not follow log position {before}")
        before = file.last or before
    if before != manifest.position:
        yield Fault(
            MANIFEST, f"ends at log position {manifest.position}, but its files at {before}"
        )
