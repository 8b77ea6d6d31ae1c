"""Compares a store with its checkpoints, and names the events that were changed, removed or
inserted.

The checkpoints say whether the log is unaltered. The tiles beside the log say which events are
altered, as long as the tiles themselves fit a checkpoint.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from eventsourcing.persistence import PersistenceError

from orderledger.audit.errors import NotProved
from orderledger.audit.proof import checkpoints, tiles
from orderledger.audit.proof.evidence_check import EvidenceCheck
from orderledger.audit.proof.tiles import HASH, WIDTH, RawEvent, Tree
from orderledger.audit.proof.verifier import Checkpoint
from orderledger.extend.store import LAST_POSITION, Session, Store, table_names

BEFORE_ALL = -(2**63)
"""Before any position that a database can hold: an inserted event may have a negative one."""
TILES_AT_ONCE = 32
MOST = 1_000
"""Differences that are kept. There may be one per event."""


class Alteration(NamedTuple):
    """A difference between the store and its checkpoints. `kind`: changed, removed, inserted,
    evidence, tiles, checkpoint, rewritten or damaged. `position` is that of the event, if it is
    known."""

    kind: str
    position: int | None
    what: str


class Verified(NamedTuple):
    """The number of events read, how many of them a checkpoint covers, and what is altered."""

    events: int
    covered: int
    checkpoints: int
    alterations: list[Alteration]


def verify(
    store: Store,
    notes: Sequence[str] = (),
    keys: Sequence[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Verified:
    """Compare the whole log with checkpoints: these notes, and those in the store.

    `keys`: public keys; the first is the log's own, the others are of witnesses, who sign `notes`
    only. Raises NotProved if there is no checkpoint, or if one of `notes` is not signed as
    required.
    """
    given = [checkpoints.parsed(note) for note in notes]
    for checkpoint in given:
        checkpoints.check_signed(checkpoint, keys)
    found = _Verification()
    try:
        with store.database.reading() as session:
            found.faults(session)
            stored = found.stored_checkpoints(session, keys)
            if not given and not stored:
                raise NotProved(
                    "there is no checkpoint to compare with: make one with `orderledger checkpoint`"
                )
            found.read(session, progress)
            found.compare(session, given, stored)
    except Exception as error:
        if not _is_of_database(error):
            raise
        found.add("damaged", None, f"the database cannot be read: {' '.join(str(error).split())}")
    covered = max((one.size for one in given), default=0)
    return Verified(
        found.size, max(covered, found.stored_size), len(notes) + found.count, found.alterations
    )


def _is_of_database(error: Exception) -> bool:
    return isinstance(error, (PersistenceError, UnicodeDecodeError)) or type(
        error
    ).__module__.partition(".")[0] in (
        "sqlite3",
        "psycopg",
    )


class _Verification:
    """One pass over the log. Keeps all hashes of the tree: 33 bytes per event."""

    def __init__(self) -> None:
        self.alterations: list[Alteration] = []
        self.size = self.stored_size = self.count = 0
        self._levels: list[bytearray] = [bytearray()]
        self._named: list[Alteration] = []
        self._last = BEFORE_ALL

    def add(self, kind: str, position: int | None, what: str) -> None:
        if len(self.alterations) < MOST:
            self.alterations.append(Alteration(kind, position, what))

    def faults(self, session: Session) -> None:
        for text in session.faults():
            self.add("damaged", None, f"the database file is damaged: {text}")

    def stored_checkpoints(self, session: Session, keys: Sequence[str]) -> list[Checkpoint]:
        """The checkpoints in the store that can be read and are signed."""
        found = []
        for note in checkpoints.all_stored(session):
            self.count += 1
            try:
                checkpoint = checkpoints.parsed(note)
                checkpoints.check_signed(checkpoint, keys[:1])
            except NotProved as error:
                self.add("checkpoint", None, f"a checkpoint in the store is altered: {error}")
                continue
            found.append(checkpoint)
            self.stored_size = max(self.stored_size, checkpoint.size)
        return found

    # Reading the log, beside its tiles

    def read(self, session: Session, progress: Callable[[int, int], None] | None) -> None:
        """Hash all events, and compare them with the tiles, tile by tile."""
        last, evidence = session.last_position(), EvidenceCheck()
        for positions, hashes in _tiles(session):
            self._take(session, positions, hashes, evidence)
            if progress is not None:
                progress(self._last, last)
        while events := tiles.events_after(session, self._last, tiles.EVENTS_AT_ONCE):
            self._note(events)
            evidence.take(session, self._last, events)
            self._last = events[-1][0]
            if progress is not None:
                progress(self._last, last)
        ((count,),) = session.execute(f"SELECT COUNT(*) FROM {table_names.EVENTS_TABLE}")
        if count != self.size:
            self.add(
                "inserted",
                None,
                f"the log has {count} events, of which {self.size} can be read in order",
            )
        for position, what in evidence.finished(session):
            self.add("evidence", position, what)

    def _take(
        self, session: Session, positions: list[int], hashes: list[bytes], evidence: EvidenceCheck
    ) -> None:
        """Compare the events of some tiles."""
        stop = max(positions, default=0)
        events: list[RawEvent] = []
        begin = self._last
        while found := tiles.events_after(
            session, self._last, tiles.EVENTS_AT_ONCE, min(stop, LAST_POSITION)
        ):
            events += found
            self._last = found[-1][0]
        self._last = max(self._last, min(stop, LAST_POSITION))
        mine = self._note(events)
        evidence.take(session, begin, events, self._last)
        if mine != hashes or [event[0] for event in events] != positions:
            self._name(
                dict(zip(positions, hashes, strict=False)),
                dict(zip((event[0] for event in events), mine, strict=True)),
            )

    def _name(self, expected: dict[int, bytes], found: dict[int, bytes]) -> None:
        for position in sorted(expected.keys() | found.keys()):
            if len(self._named) >= MOST:
                return
            if position not in found:
                self._named.append(
                    Alteration("removed", position, "the event is missing in the log")
                )
            elif position not in expected:
                self._named.append(Alteration("inserted", position, "the event was not in the log"))
            elif expected[position] != found[position]:
                self._named.append(Alteration("changed", position, "the event is not what it was"))

    def _note(self, events: Sequence[RawEvent]) -> list[bytes]:
        """Add the hashes of events to the tree of the present log."""
        hashes = _tolerant(events)
        self.size += len(hashes)
        self._grow(0, hashes)
        return hashes

    def _grow(self, level: int, hashes: Sequence[bytes]) -> None:
        if level == len(self._levels):
            self._levels.append(bytearray())
        before = len(self._levels[level]) // (HASH * WIDTH)
        self._levels[level] += b"".join(hashes)
        after = len(self._levels[level]) // (HASH * WIDTH)
        if after > before:
            self._grow(
                level + 1,
                [tiles.merged(self._tile(level, number)) for number in range(before, after)],
            )

    def _tile(self, level: int, number: int) -> list[bytes]:
        width = HASH * WIDTH
        return (
            tiles.split(bytes(self._levels[level][number * width : (number + 1) * width]))
            if level < len(self._levels)
            else []
        )

    # Comparing

    def compare(
        self, session: Session, given: Sequence[Checkpoint], stored: Sequence[Checkpoint]
    ) -> None:
        """Compare the log with the checkpoints. If it differs, name the events that the tiles name,
        if these fit a checkpoint."""
        tree, unfit = Tree(self.size, self._tile), []
        for checkpoint in sorted(
            {one.size: one for one in (*stored, *given)}.values(), key=lambda one: one.size
        ):
            if checkpoint.size > self.size or tree.root(checkpoint.size) != checkpoint.root:
                unfit.append(checkpoint)
        for checkpoint in (*stored, *given):  # two of one size with different roots
            if (
                checkpoint not in unfit
                and checkpoint.size <= self.size
                and tree.root(checkpoint.size) != checkpoint.root
            ):
                unfit.append(checkpoint)
        self._compare_tiles(session, is_log_unaltered=not unfit)
        for checkpoint in unfit:
            self._explain(session, checkpoint, given, stored)
        if not unfit:
            return
        fitting = any(self._fits(session, checkpoint) for checkpoint in unfit)
        if fitting:
            self.alterations[:0] = self._named[: MOST - len(self.alterations)]

    def _compare_tiles(self, session: Session, *, is_log_unaltered: bool) -> None:
        reached = tiles.end(session).size
        if reached < self.stored_size:
            self.add("tiles", None, f"tiles of {self.stored_size - reached} events are missing")
        if not is_log_unaltered:
            return
        for one in self._named:
            covered = one.kind == "changed" or one.position is None
            what = (
                "the event or its tile is not what it was"
                if covered
                else f"{one.what}, or its tile is altered"
            )
            self.add("tiles", one.position, what)
        statement = f"SELECT level, number, hashes FROM {table_names.TILES_TABLE} WHERE level > 0"
        for level, number, hashes in session.execute(statement):
            mine = (
                b"".join(self._tile(level, number))
                if isinstance(level, int) and isinstance(number, int)
                else None
            )
            if mine is None or not mine.startswith(_bytes(hashes)) or not hashes:
                self.add("tiles", None, f"tile {number} of level {level} is altered")

    def _explain(
        self,
        session: Session,
        checkpoint: Checkpoint,
        given: Sequence[Checkpoint],
        stored: Sequence[Checkpoint],
    ) -> None:
        if checkpoint.size > self.size:
            what = (
                f"the log has {self.size} events, the checkpoint {checkpoint.size}: events were "
                "removed"
            )
            self.add("removed", None, what)
        elif not self._fits(session, checkpoint):
            tree = Tree(self.size, self._tile)
            intact = [
                one.size
                for one in (*stored, *given)
                if one.size < checkpoint.size and tree.root(one.size) == one.root
            ]
            begin = f"after the first {max(intact)} events" if intact else "somewhere"
            self.add(
                "rewritten",
                None,
                f"the log and its tiles differ from the checkpoint of {checkpoint.size} events, "
                f"{begin}",
            )
        else:
            self.add(
                "rewritten",
                None,
                f"the log differs from the checkpoint of {checkpoint.size} events",
            )

    def _fits(self, session: Session, checkpoint: Checkpoint) -> bool:
        """Check whether the stored tiles fit a checkpoint."""
        try:
            return _root_of_leaves(session, checkpoint.size) == checkpoint.root
        except NotProved:
            return False


def _root_of_leaves(session: Session, size: int) -> bytes:
    """The root that the stored hashes of leaves give, whatever the tiles above them say."""
    known: dict[tuple[int, int], list[bytes]] = {}

    def tile(level: int, number: int) -> list[bytes]:
        if (level, number) not in known:
            if level == 0:
                rows = session.execute(
                    f"SELECT hashes FROM {table_names.TILES_TABLE} WHERE level = 0 AND number = ?",
                    (number,),
                )
                known[0, number] = tiles.split(_bytes(rows[0][0])) if rows else []
            else:
                below = (tile(level - 1, number * WIDTH + part) for part in range(WIDTH))
                known[level, number] = [tiles.merged(part) for part in below if len(part) == WIDTH]
        return known[level, number]

    return Tree(size, tile).root()


def _tiles(session: Session) -> Iterator[tuple[list[int], list[bytes]]]:
    """Positions and hashes of the stored tiles of leaves, some tiles at a time. Positions that
    cannot be are left out."""
    for rows in session.execute_in_batches(
        f"SELECT hashes, positions FROM {table_names.TILES_TABLE} WHERE level = 0 ORDER BY number"
    ):
        for start in range(0, len(rows), TILES_AT_ONCE):
            group = rows[start : start + TILES_AT_ONCE]
            hashes = b"".join(_bytes(row[0]) for row in group)
            places = [
                int.from_bytes(part, "big")
                for row in group
                for part in tiles.split(_bytes(row[1]), 8)
            ]
            yield [place for place in places if place <= LAST_POSITION], tiles.split(hashes)


def _tolerant(events: Sequence[RawEvent]) -> list[bytes]:
    """Hashes of events. One that cannot have been stored gets a hash that no event has."""
    try:
        return tiles.hashes_of(events)
    except (TypeError, struct.error):
        return [_one(event) for event in events]


def _one(event: RawEvent) -> bytes:
    try:
        return tiles.hashes_of([event])[0]
    except (TypeError, struct.error):
        return bytes(HASH)


def _bytes(value: Any) -> bytes:
    return (
        value
        if isinstance(value, bytes)
        else bytes(value)
        if isinstance(value, (bytearray, memoryview))
        else b""
    )
