"""Files that are there whole or not at all."""

import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

from orderledger.infrastructure.errors import InvalidSetting

ABANDONED_SECONDS = 3_600


def write_whole(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Write a file that replaces the one of this name when all of it is on disk. A failed write
    leaves what was there.

    A pipe, a device or another special file is written to as it is. Raises OSError with the name
    given.
    """
    pieces = (content,) if isinstance(content, bytes) else content
    with _named(path):
        target = path.resolve()  # a link keeps leading there
        if target.exists() and not target.is_file():
            with target.open("wb") as file:
                file.writelines(pieces)
            return
        _replace(target, pieces)
        sync_folder(target.parent)
        _remove_abandoned(target)


@contextmanager
def written(path: Path) -> Iterator[None]:
    """Turns a failed write of a file into InvalidSetting, which names the file."""
    try:
        yield
    except OSError as error:
        raise InvalidSetting(str(path), f"cannot be written: {error.strerror}") from error


def _replace(path: Path, pieces: Iterable[bytes]) -> None:
    """Write another file, and give it the name."""
    unfinished = path.with_name(f".{path.name[:100]}.{uuid.uuid4().hex}")
    try:
        with unfinished.open("xb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _remove_abandoned(path: Path) -> None:
    """Remove unfinished files of this name that nobody has written to for an hour before it was
    written: their process was killed."""
    pattern = f".{escape(path.name[:100])}.{'[0-9a-f]' * 32}"
    for other in path.parent.glob(pattern):
        with suppress(OSError):  # another process may remove it too
            if path.stat().st_mtime - other.stat().st_mtime > ABANDONED_SECONDS:
                other.unlink()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: new ones, and that others are gone."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Gives an error the name of the file, in place of that of the unfinished one, or none."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise
