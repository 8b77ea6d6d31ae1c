"""A model of a disk: what is durable, and what a power loss may take.

A file is an inode, and a name leads to it. Writing a file changes its bytes in memory; syncing the
file makes them durable. Creating, renaming and removing change a folder in memory; syncing the
folder makes its names durable. After a power loss, every change since the last sync is there or
not, independently of the others. This is weaker than what ext4 and XFS promise.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.crash.tracing import INDEX, Operation


class Change(NamedTuple):
    """Bytes written at an offset, or a new size, which has no bytes. `is_lost`: syncing it failed.
    Linux then takes the pages for written, so a later sync does not repeat them."""

    offset: int
    data: bytes | None
    is_synced: bool = False
    is_lost: bool = False


@dataclass(eq=False)
class File:
    """`base`: durable bytes. `changes`: what came afterwards, oldest first."""

    base: bytearray = field(default_factory=bytearray)
    changes: list[Change] = field(default_factory=list)

    def sync(self) -> None:
        if any(change.is_lost for change in self.changes):
            self.changes = [one._replace(is_synced=True) for one in self.changes]
            return
        for change in self.changes:
            apply(self.base, change.offset, change.data)
        self.changes.clear()

    def fail_to_sync(self) -> None:
        self.changes = [
            one if one.is_synced else one._replace(is_lost=True) for one in self.changes
        ]

    def current(self) -> bytes:
        found = bytearray(self.base)
        for change in self.changes:
            apply(found, change.offset, change.data)
        return bytes(found)


def apply(content: bytearray, offset: int, data: bytes | None) -> None:
    """Change bytes, as a write or a truncate does."""
    if data is None:
        del content[offset:]
        content.extend(bytes(offset - len(content)))
        return
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


FOLDER = None
Names = dict[str, File | None]
"""Paths with their files; a folder has none."""

NameChange = tuple[tuple[str, File | None, bool], ...]
"""Paths that one call changes together: the file, and whether the name exists afterwards."""


class Disk:
    """`durable`: names after a power loss that takes everything it may. `pending`: changes of names
    since then, oldest first."""

    def __init__(self, names: Names) -> None:
        self.durable = dict(names)
        self.current = dict(names)
        self.pending: list[NameChange] = []
        self._by_inode: dict[int, File] = {}

    @classmethod
    def of(cls, folder: Path) -> "Disk":
        """A folder whose files are all durable."""
        disk = cls({})
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            if path.is_dir():
                disk.durable[name] = disk.current[name] = FOLDER
            elif not name.endswith(INDEX):
                file = File(bytearray(path.read_bytes()))
                disk.durable[name] = disk.current[name] = file
                disk._by_inode[path.stat().st_ino] = file
        return disk

    def copy(self) -> "Disk":
        """Another disk with the same files, before anything happened."""
        other = Disk({})
        copies = {id(file): File(bytearray(file.base)) for file in self._by_inode.values()}
        for name, file in self.durable.items():
            other.durable[name] = None if file is None else copies[id(file)]
        other.current = dict(other.durable)
        other._by_inode = {number: copies[id(file)] for number, file in self._by_inode.items()}
        return other

    def follow(self, operation: Operation) -> None:
        """Do what a process did."""
        kind, path = operation.kind, operation.path
        if path.endswith(INDEX):
            return
        match kind:
            case "w":
                self._file(operation).changes.append(Change(operation.first, operation.data))
            case "t":
                self._file(operation).changes.append(Change(operation.first, None))
            case "f" if path == "" or self.current.get(path, self) is FOLDER:
                self._sync(path)
            case "f":
                self._file(operation).sync()
            case "x" if self.current.get(path):
                self._file(operation).fail_to_sync()
            case "c":
                file = self._by_inode[operation.inode] = File()
                self._rename(((path, file, True),))
            case "d":
                self._rename(((path, FOLDER, True),))
            case "u":
                self._rename(((path, FOLDER, False),))
            case "l" | "r":
                self._move(os.fsdecode(operation.data), path, is_link=kind == "l")

    def _file(self, operation: Operation) -> File:
        found = self._by_inode.get(operation.inode)
        if found is None:
            raise LookupError(f"{operation.path}: its creation was not recorded")
        return found

    def _sync(self, folder: str) -> None:
        rest: list[NameChange] = []
        for change in self.pending:
            if any(os.path.dirname(path) == folder for path, _, _ in change):
                put(self.durable, change)
            else:
                rest.append(change)
        self.pending = rest

    def _move(self, old: str, new: str, *, is_link: bool) -> None:
        if not old or not new:
            raise LookupError(f"{old or new}: moved across the root, which is not modeled")
        target = self.current[old]
        if target is FOLDER:
            raise LookupError(f"{old}: renaming a folder is not modeled")
        gone = () if is_link else ((old, FOLDER, False),)
        self._rename(((new, target, True), *gone))

    def _rename(self, change: NameChange) -> None:
        put(self.current, change)
        self.pending.append(change)


def put(names: Names, change: NameChange) -> None:
    for path, target, exists in change:
        if exists:
            names[path] = target
        else:
            names.pop(path, None)


def replayed(disk: Disk, operations: Iterable[Operation]) -> Disk:
    for operation in operations:
        disk.follow(operation)
    return disk


def check_complete(disk: Disk, folder: Path) -> None:
    """Raise AssertionError unless the recorded operations explain every byte in the folder."""
    found = Disk.of(folder).current
    expected = disk.current
    assert found.keys() == expected.keys(), (
        f"names differ: {sorted(found.keys() ^ expected.keys())}"
    )
    for name, file in expected.items():
        other = found[name]
        are_folders = file is FOLDER and other is FOLDER
        assert are_folders or (file and other and file.current() == other.current()), (
            f"{name} has bytes that no recorded call wrote"
        )


def write_image(folder: Path, names: Sequence[tuple[str, bytes | None]]) -> None:
    """Write the files of an image, for their owner alone: modes are not modeled. A file whose
    folder is lost is lost as well."""
    folders = {name for name, content in names if content is None}
    for name in sorted(folders, key=len):
        if all(str(parent) in folders or str(parent) == "." for parent in Path(name).parents):
            (folder / name).mkdir()
    for name, content in names:
        if content is not None and (folder / name).parent.is_dir():
            (folder / name).write_bytes(content)
            (folder / name).chmod(0o600)
