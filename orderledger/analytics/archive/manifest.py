"""The manifest: which files make up an archive. A file that it does not name does not belong to
the archive.
"""

from collections.abc import Iterable
from hashlib import sha256

import msgspec

from orderledger.analytics.archive.place import PART, Place
from orderledger.analytics.errors import ArchiveError

MANIFEST = "manifest.json"
PENDING = ".pending.json"
"""Names the files of a running task, so that the next run can remove the leftovers of a killed
one.
"""

FORMAT = "orderledger archive"
VERSION = 1


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One Parquet file. `first` and `last`: the log positions of its events, for a file of
    events."""

    path: str
    rows: int
    bytes: int
    sha256: str
    first: int | None = None
    last: int | None = None


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last event of an archive, which shows that a ledger is the archived one."""

    position: int
    stream: str
    version: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`position`: the last log position in `events`. `views_position`: the log position of the
    views, None without views. `digest`: SHA-256 over the rest."""

    format: str = FORMAT
    version: int = VERSION
    buckets: int
    hash: str = "crc32"
    position: int = 0
    views_position: int | None = None
    last_event: Event | None = None
    events: tuple[File, ...] = ()
    views: dict[str, tuple[File, ...]] = {}
    digest: str = ""

    @property
    def files(self) -> tuple[File, ...]:
        return (*self.events, *(file for files in self.views.values() for file in files))

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.events)


class _Pending(msgspec.Struct):
    paths: list[str]


def read_manifest(place: Place) -> Manifest | None:
    """The manifest of an archive. None if there is none. Raises ArchiveError if it cannot be
    read."""
    if not place.has(MANIFEST):
        return None
    try:
        manifest = msgspec.json.decode(place.read(MANIFEST), type=Manifest)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise ArchiveError(MANIFEST, f"is altered: {error}") from error
    if manifest.format != FORMAT:
        raise ArchiveError(MANIFEST, "is not a manifest of an archive")
    if manifest.version > VERSION:
        raise ArchiveError(
            MANIFEST, f"a newer version wrote it ({manifest.version}, this version knows {VERSION})"
        )
    if manifest.digest != _digest(manifest):
        raise ArchiveError(MANIFEST, "was altered: its digest does not match")
    return manifest


def needed_manifest(place: Place) -> Manifest:
    """The manifest. Raises ArchiveError if there is none."""
    manifest = read_manifest(place)
    if manifest is None:
        raise ArchiveError(place.url, "holds no archive: there is no manifest.json")
    return manifest


def write_manifest(place: Place, manifest: Manifest) -> Manifest:
    """Replace the manifest: from now on the archive has these files."""
    manifest = msgspec.structs.replace(manifest, digest=_digest(manifest))
    place.write(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    return manifest


def note_pending(place: Place, paths: Iterable[str]) -> None:
    """Note which files are about to be written or removed. A name that ends with `/` means any
    files of a folder.
    """
    place.write(PENDING, msgspec.json.encode(_Pending(list(paths))))


def pending(place: Place) -> list[str]:
    """The files of a run that is in progress, or was killed."""
    if not place.has(PENDING):
        return []
    try:
        return msgspec.json.decode(place.read(PENDING), type=_Pending).paths
    except msgspec.MsgspecError as error:
        raise ArchiveError(PENDING, f"is altered: {error}") from error


def settle(place: Place, manifest: Manifest | None) -> None:
    """Remove the leftovers of an ended run, and no other files."""
    kept = {file.path for file in manifest.files} if manifest else set()
    for path in pending(place):
        if path not in kept and not path.endswith("/"):
            place.delete(path)
    for path in filter(PART.fullmatch, place.names()):
        place.delete(path)
    place.delete(PENDING)


def _digest(manifest: Manifest) -> str:
    return sha256(
        msgspec.json.encode(msgspec.structs.replace(manifest, digest=""), order="deterministic")
    ).hexdigest()
