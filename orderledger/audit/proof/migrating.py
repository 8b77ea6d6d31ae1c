"""Moves evidence that older versions stored inside events beside them. This changes stored bytes,
so it comes before the first checkpoint, and the tiles are written again from the start."""

import os
from collections.abc import Callable

from msgspec.structs import replace

from orderledger import UnreadableEvent
from orderledger.audit.errors import NotProved
from orderledger.extend.events import codec
from orderledger.extend.store import Database, Session, kept_evidence, table_names

EVENTS_AT_ONCE = 1_000

Moved = tuple[bytes, kept_evidence.NewEvidence]
"""The new bytes of an event, and its evidence with its position."""


def move_evidence(
    database: Database,
    progress: Callable[[int, int], None] | None = None,
    random_bytes: kept_evidence.RandomBytes = os.urandom,
) -> int:
    """Move the evidence of all events, a thousand per transaction. Returns the number of events
    that had some.

    May be killed at any time, and run again. Raises NotProved if the store has a checkpoint: it
    vouches for the bytes as they are.
    """
    position = moved = 0
    while True:
        with database.reading() as session:
            _check_no_checkpoint(session)
            rows, last = session.stored_after(position, EVENTS_AT_ONCE), session.last_position()
        if not rows:
            return moved
        changes = [change for row in rows if (change := _moved(row, random_bytes)) is not None]
        if changes:
            with database.writing() as session:
                moved += _write(session, changes)
        position = rows[-1][4]
        if progress is not None:
            progress(position, last)


def _moved(row: tuple[object, ...], random_bytes: kept_evidence.RandomBytes) -> Moved | None:
    """The event without its evidence. None if it has none, or if its other bytes would change."""
    stream, version, name, state, position = row
    stored = bytes(state)  # type: ignore[call-overload]
    if name in codec.UPCASTS:
        return None
    try:
        recorded = codec.decode(stream, version, name, stored, position)  # type: ignore[arg-type]
    except UnreadableEvent:
        return None  # `check` reports it
    if (recorded.evidence is None and recorded.text is None) or codec.encode(recorded)[1] != stored:
        return None
    changed = replace(recorded)
    beside = kept_evidence.set_aside(changed, recorded.position or 0, random_bytes)
    return None if beside is None else (codec.encode(changed)[1], beside)


def _write(session: Session, changes: list[Moved]) -> int:
    """Write the events that another process has not moved meanwhile."""
    session.lock_log()
    session.lock_tiles()
    _check_no_checkpoint(session)
    done = 0
    with session.unguarded_events():
        for state, (position, *rest) in changes:
            if session.execute(
                f"SELECT 1 FROM {table_names.EVIDENCE_TABLE} WHERE position = ?", (position,)
            ):
                continue
            session.execute(
                f"UPDATE {table_names.EVENTS_TABLE} SET state = ? WHERE notification_id = ?",
                (state, position),
            )
            session.execute(
                f"INSERT INTO {table_names.EVIDENCE_TABLE} (position, salt, evidence, text) "
                "VALUES (?, ?, ?, ?)",
                (position, *rest),
            )
            done += 1
    session.execute(f"DELETE FROM {table_names.TILES_TABLE}")
    return done


def _check_no_checkpoint(session: Session) -> None:
    found = session.execute(f"SELECT MAX(size) FROM {table_names.CHECKPOINTS_TABLE}")
    if found[0][0] is not None:
        raise NotProved(
            f"a checkpoint of {found[0][0]} events vouches for the stored bytes, so evidence stays "
            "inside the events that have it"
        )
