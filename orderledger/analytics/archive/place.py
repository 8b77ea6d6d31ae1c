"""Where an archive lies: a folder of this machine, or a store of objects that pyarrow can reach
(s3://...)."""

import errno
import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from orderledger import InvalidSetting
from orderledger.analytics.errors import ArchiveError
from orderledger.extend.runtime import files, needed, secrecy

if TYPE_CHECKING:
    import pyarrow

PART = re.compile(r".*\.[0-9a-f]{32}\.part")
"""Names of files that are being written."""

HIDDEN = (".", "_")
"""Programs that read folders of Parquet files skip names with this prefix."""

BYTES_AT_ONCE = 1 << 20
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Place:
    """The files of one archive, by their path in it. A file is written whole or not at all."""

    def __init__(self, url: str) -> None:
        needed("pyarrow", "analytics")
        from pyarrow import fs

        self.url = url.rstrip("/") or url
        if "@" in (authority := urlsplit(url).netloc if "://" in url else ""):
            secrecy.learn(unquote(authority.rpartition("@")[0].partition(":")[2]))
        self._root: Path | None = None
        try:
            files, root = (
                fs.FileSystem.from_uri(url)
                if "://" in url
                else (fs.LocalFileSystem(), str(Path(url).absolute()))
            )
        except (ValueError, OSError) as error:
            raise InvalidSetting("DIR", f"cannot be used: {str(error).splitlines()[0]}") from error
        if isinstance(files, fs.LocalFileSystem):
            self._root = Path(root)
            if self._root.exists() and not self._root.is_dir():
                raise InvalidSetting("DIR", f"{url} is a file, not a folder")
        self.files: fs.FileSystem = files
        self.root = root

    @property
    def address(self) -> str:
        """The URL for other processes, which may have another working directory."""
        return self.url if self._root is None else str(self._root)

    @property
    def public(self) -> str:
        """The address without credentials and settings."""
        if self._root is not None:
            return self.address
        scheme, mark, rest = self.url.partition("?")[0].partition("://")
        return f"{scheme}{mark}{rest.rpartition('@')[2]}"

    def path_of(self, name: str) -> str:
        """The path in the file system."""
        return f"{self.root}/{name}"

    def names(self) -> dict[str, int]:
        """All files with their sizes, except hidden ones at the top."""
        from pyarrow import fs

        selector = fs.FileSelector(self.root, allow_not_found=True, recursive=True)
        found = {
            info.path[len(self.root) + 1 :]: info.size
            for info in self.files.get_file_info(selector)
            if info.is_file
        }
        return {name: size for name, size in sorted(found.items()) if not name.startswith(HIDDEN)}

    def has(self, name: str) -> bool:
        from pyarrow import fs

        return bool(self.files.get_file_info(self.path_of(name)).type != fs.FileType.NotFound)

    def read(self, name: str) -> bytes:
        with self.files.open_input_stream(self.path_of(name), compression=None) as file:
            return bytes(file.read())

    def open(self, name: str) -> "pyarrow.NativeFile":
        return self.files.open_input_file(self.path_of(name))

    def write(self, name: str, content: "bytes | pyarrow.Buffer") -> None:
        """Write a file so that it survives a crash. A reader sees the old file or the new one,
        whole."""
        if self._root is None:
            with self.files.open_output_stream(self.path_of(name), compression=None) as file:
                file.write(content)  # an object store shows an object only when it is complete
            return
        path = self._root / name
        _make_folder(path.parent)
        part = path.with_name(f"{path.name}.{uuid4().hex}.part")
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
        files.sync_folder(path.parent)

    def delete(self, name: str) -> None:
        if self._root is None:
            with suppress(FileNotFoundError):
                self.files.delete_file(self.path_of(name))
        elif (path := self._root / name).parent.is_dir():
            path.unlink(missing_ok=True)
            files.sync_folder(path.parent)  # before the note that names it is removed

    def digest(self, name: str) -> str:
        """The SHA-256 of a file."""
        found = sha256()
        with self.files.open_input_stream(
            self.path_of(name), compression=None, buffer_size=0
        ) as file:
            while piece := file.read(BYTES_AT_ONCE):
                found.update(piece)
        return found.hexdigest()

    @contextmanager
    def reached(self) -> Iterator[None]:
        """Convert errors of the folder, or of the network, to ArchiveError. A full disk raises
        its own error.
        """
        try:
            yield
        except OSError as error:
            if error.errno in FULL or isinstance(error, BrokenPipeError):
                raise
            raise ArchiveError(self.url, f"cannot be used: {str(error).splitlines()[0]}") from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes of this machine from writing to the same folder. Raises ArchiveError
        if one does."""
        with self.reached():
            if self._root is None:
                yield
                return
            _make_folder(self._root)
            with (self._root / ".lock").open("w") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError as error:
                    raise ArchiveError(self.url, "another process is writing to it") from error
                yield


def _make_folder(folder: Path) -> None:
    """Create a folder, and the missing ones above it. Their names survive a power failure."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    files.sync_folder(folder.parent)
