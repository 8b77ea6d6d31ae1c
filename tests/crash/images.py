"""Draws images: what may be on the disk after the power fails at one moment."""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import TypeVar

from tests.crash.disk import Change, Disk, File, Names, apply, put

SECTOR = 512
PAGE = 4096

Image = list[tuple[str, bytes | None]]
"""Files with their content; a folder has none."""

Item = TypeVar("Item")


def drawn(disk: Disk, chance: Random) -> Image:
    """One image of the disk as it is now."""
    names = _names(disk, chance)
    contents = {id(file): content(file, chance) for file in names.values() if file is not None}
    return [
        (name, None if file is None else contents[id(file)]) for name, file in sorted(names.items())
    ]


def _names(disk: Disk, chance: Random) -> Names:
    """The durable names with some of the later changes."""
    names = dict(disk.durable)
    for change in some(disk.pending, chance):
        put(names, change)
    return names


def some(items: Sequence[Item], chance: Random) -> list[Item]:
    """All, none, the first ones or any, in their order."""
    match chance.choice(("all", "none", "first", "any")):
        case "all":
            return list(items)
        case "none":
            return []
        case "first":
            return list(items[: chance.randrange(len(items) + 1)])
        case _:
            return [item for item in items if chance.random() < 0.5]


def content(file: File, chance: Random) -> bytes:
    """The bytes of a file: every synced change, and some of the others. A write may be torn between
    sectors or pages. Where a lost write would have extended the file, the file may be shorter, or
    have zeros, garbage or older bytes there."""
    found = bytearray(file.base)
    unsure = [change for change in file.changes if change.is_lost or not change.is_synced]
    if not unsure:
        return file.current()
    kept = {id(change) for change in some(unsure, chance)}
    keeps = chance.choice((0.0, 0.1, 0.5, 0.9, 1.0))
    size = chance.choice((SECTOR, PAGE))
    fill = _filler(file, chance)
    for change in file.changes:
        is_sure = change.is_synced and not change.is_lost
        if is_sure or change.data is None or (id(change) in kept and keeps == 1.0):
            if is_sure or id(change) in kept:
                apply(found, change.offset, change.data)
            continue
        for offset, piece in _pieces(change, size):
            if id(change) in kept and chance.random() < keeps:
                apply(found, offset, piece)
            elif offset + len(piece) > len(file.base) and (other := fill(len(piece))) is not None:
                start = max(0, len(file.base) - offset)
                apply(found, offset + start, other[start:])
    return bytes(found)


def _pieces(change: Change, size: int) -> Iterator[tuple[int, bytes]]:
    """A write, cut where sectors or pages begin."""
    assert change.data is not None
    at = 0
    while at < len(change.data):
        end = at + size - (change.offset + at) % size
        yield change.offset + at, change.data[at:end]
        at = end


def _filler(file: File, chance: Random) -> Callable[[int], bytes | None]:
    """What stands where the file was extended and the bytes were lost."""
    match chance.choice(("short", "zeros", "garbage", "older")):
        case "short":
            return lambda size: None
        case "zeros":
            return bytes
        case "garbage":
            return chance.randbytes
        case _:
            older = file.current()

            def copied(size: int) -> bytes:
                start = chance.randrange(max(1, len(older) // SECTOR)) * SECTOR
                return older[start : start + size].ljust(size, b"\0")

            return copied
