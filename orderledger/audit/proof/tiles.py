"""The Merkle tree over the log, in tiles of 256 hashes (C2SP tlog-tiles, height 8), kept beside the
views.

Leaf number i is the i-th event in the order of the log. A tile of level 0 holds hashes of leaves,
and their log positions. A tile of a higher level holds the roots of full tiles below it. Only the
last tile of a level is not full. All other hashes of the tree follow from these.
"""

import struct
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple

from orderledger.audit.errors import NotProved
from orderledger.audit.proof.verifier import PLACE
from orderledger.extend.store import LAST_POSITION, Database, Session, table_names

WIDTH = 256
"""Hashes in a full tile."""
HEIGHT = 8
HASH = 32
EVENTS_AT_ONCE = 64 * WIDTH
"""Events hashed between two writes. Hashing holds no lock; only writing does."""

EMPTY = sha256(b"").digest()
"""The root of an empty log."""

RawEvent = tuple[int, bytes | None, int | None, bytes | None, bytes | None]
"""Position, stream, version, name and bytes of an event, as they are stored. None for a value of a
wrong type, which only an alteration leaves."""


class End(NamedTuple):
    """How far the tiles have come: the number of leaves, and the position of the last event."""

    size: int
    position: int


def hashes_of(events: Sequence[RawEvent]) -> list[bytes]:
    """The hashes of leaves: see `verifier.leaf_bytes`. This form is faster for many events. Raises
    TypeError or struct.error for an event that cannot have been stored."""
    pack, found = PLACE.pack, []
    for position, stream, version, name, state in events:
        head = b"\x00" + pack(position, version, len(stream), len(name))  # type: ignore[arg-type]
        found.append(sha256(b"".join((head, stream, name, state))).digest())  # type: ignore[arg-type]
    return found


def merged(hashes: Sequence[bytes]) -> bytes:
    """The root of neighbouring hashes; their number is a power of two."""
    while len(hashes) > 1:
        hashes = [
            sha256(b"\x01" + hashes[i] + hashes[i + 1]).digest() for i in range(0, len(hashes), 2)
        ]
    return hashes[0]


def split(data: bytes, size: int = HASH) -> list[bytes]:
    """The equal parts of a tile."""
    return [data[start : start + size] for start in range(0, len(data), size)]


def end(session: Session) -> End:
    """How far the tiles have come."""
    found = session.execute(
        f"SELECT number, hashes, positions FROM {table_names.TILES_TABLE} WHERE level = 0 "
        "ORDER BY number DESC LIMIT 1"
    )
    if not found:
        return End(0, 0)
    number, hashes, positions = found[0]
    return End(
        int(number) * WIDTH + len(hashes) // HASH, int.from_bytes(bytes(positions)[-8:], "big")
    )


def update(database: Database, progress: Callable[[int, int], None] | None = None) -> End:
    """Bring the tiles to the end of the log. Appends wait for no more than the writing of a few
    tiles. Several processes may do this at the same time."""
    while True:
        with database.reading() as session:
            reached, last = end(session), session.last_position()
            events = events_after(session, reached.position, EVENTS_AT_ONCE)
            tails = _tails(session)
        if not events:
            return reached
        try:
            hashes = hashes_of(events)
        except (TypeError, struct.error) as error:
            raise NotProved("an event of the log was altered: run `orderledger verify`") from error
        rows = _grown(tails, reached.size, hashes, [event[0] for event in events])
        with database.writing() as session:
            session.lock_tiles()
            if end(session) == reached:  # otherwise another process was faster
                _write(session, rows)
        if progress is not None:
            progress(events[-1][0], last)


def events_after(
    session: Session, position: int, limit: int, up_to: int = LAST_POSITION
) -> list[RawEvent]:
    """The next events of the log."""
    statement = (
        f"SELECT notification_id, {session.raw_event} FROM {table_names.EVENTS_TABLE} "
        "WHERE notification_id > ? AND notification_id <= ? ORDER BY notification_id LIMIT ?"
    )
    return session.execute(statement, (position, up_to, limit))


Tail = tuple[int, bytes, bytes]
"""Number, hashes and positions of a level's last tile."""
TileRow = tuple[int, int, bytes, bytes]
"""Level, number, hashes and positions of a tile."""


def _tails(session: Session) -> dict[int, Tail]:
    statement = (
        f"SELECT level, number, hashes, positions FROM {table_names.TILES_TABLE} AS tile "
        f"WHERE number = (SELECT MAX(number) FROM {table_names.TILES_TABLE} AS other "
        "WHERE other.level = tile.level)"
    )
    return {
        level: (number, bytes(hashes), bytes(positions))
        for level, number, hashes, positions in session.execute(statement)
    }


def _grown(
    tails: dict[int, Tail], size: int, hashes: list[bytes], positions: list[int]
) -> list[TileRow]:
    """The tiles that are new or longer, after these leaves."""
    rows: list[TileRow] = []
    level, begin, places = 0, size, [position.to_bytes(8, "big") for position in positions]
    while hashes:
        number, offset = divmod(begin, WIDTH)
        _, before, places_before = tails[level] if offset else (0, b"", b"")
        whole = split(before) + hashes
        known = split(places_before, 8) + places
        roots: list[bytes] = []
        for start in range(0, len(whole), WIDTH):
            part = whole[start : start + WIDTH]
            rows.append(
                (
                    level,
                    number + start // WIDTH,
                    b"".join(part),
                    b"".join(known[start : start + WIDTH]),
                )
            )
            if len(part) == WIDTH:
                roots.append(merged(part))
        level, begin, hashes, places = level + 1, number, roots, []
    return rows


def _write(session: Session, rows: Sequence[TileRow]) -> None:
    statement = (
        f"INSERT INTO {table_names.TILES_TABLE} (level, number, hashes, positions) "
        "VALUES (?, ?, ?, ?) ON CONFLICT (level, number) "
        "DO UPDATE SET hashes = excluded.hashes, positions = excluded.positions"
    )
    for row in rows:
        session.execute(statement, row)


class Tree:
    """The hashes of the tree of the first `size` events, from tiles. `tile` gives the hashes of a
    tile by level and number."""

    def __init__(self, size: int, tile: Callable[[int, int], Sequence[bytes]]) -> None:
        self.size = size
        self._tile = tile

    def root(self, size: int | None = None) -> bytes:
        """The root of the first `size` events, all by default."""
        count = self.size if size is None else size
        return self._range(0, count) if count else EMPTY

    def root_of_leaf(self, index: int) -> bytes:
        """The hash of one leaf."""
        return self._range(index, index + 1)

    def path(self, index: int, size: int | None = None) -> list[bytes]:
        """The hashes that prove a leaf (RFC 6962, section 2.1.1)."""
        begin, stop, found = 0, self.size if size is None else size, []
        while stop - begin > 1:
            middle = begin + _half(stop - begin)
            if index < middle:
                found.append(self._range(middle, stop))
                stop = middle
            else:
                found.append(self._range(begin, middle))
                begin = middle
        return found[::-1]

    def consistency(self, old_size: int) -> list[bytes]:
        """The hashes that prove that the log of the old size is the beginning of this one (RFC
        6962, section 2.1.2)."""
        begin, stop, found, is_whole = 0, self.size, [], True
        if old_size in (0, self.size):
            return []
        while old_size != stop:
            middle = begin + _half(stop - begin)
            if old_size <= middle:
                found.append(self._range(middle, stop))
                stop = middle
            else:
                found.append(self._range(begin, middle))
                begin, is_whole = middle, False
        if not is_whole:
            found.append(self._range(begin, stop))
        return found[::-1]

    def _range(self, begin: int, stop: int) -> bytes:
        """The root of the leaves from `begin` on, before `stop`."""
        count = stop - begin
        if count & (count - 1) == 0:
            return self._node(count.bit_length() - 1, begin)
        middle = begin + _half(count)
        return sha256(b"\x01" + self._range(begin, middle) + self._range(middle, stop)).digest()

    def _node(self, height: int, begin: int) -> bytes:
        """The root of 2**height leaves from `begin` on."""
        level, rest = divmod(height, HEIGHT)
        first = begin >> (level * HEIGHT)
        number, offset = divmod(first, WIDTH)
        part = self._tile(level, number)[offset : offset + (1 << rest)]
        if len(part) < 1 << rest:
            raise NotProved(f"tile {number} of level {level} is missing or too short")
        return merged(part)


def _half(count: int) -> int:
    """The largest power of two below the count."""
    return 1 << (count - 1).bit_length() - 1


def stored_tree(session: Session, size: int) -> Tree:
    """The tree as the store's tiles have it. Reads each tile once."""
    known: dict[tuple[int, int], list[bytes]] = {}

    def tile(level: int, number: int) -> list[bytes]:
        if (level, number) not in known:
            rows = session.execute(
                f"SELECT hashes FROM {table_names.TILES_TABLE} WHERE level = ? AND number = ?",
                (level, number),
            )
            known[level, number] = split(bytes(rows[0][0])) if rows else []
        return known[level, number]

    return Tree(size, tile)
