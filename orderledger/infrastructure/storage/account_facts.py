"""Keys of facts about accounts. A stored key shows that a mark, funding payment or definition is
already in the log.

The writer stores them in one transaction with the events. They follow from the log alone: a ledger
without them gets them when it is opened, and `rebuild` and `check` compare them with the log.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from orderledger.domain.account_log import keys_of
from orderledger.domain.accounts import AccountEvent
from orderledger.domain.recorded import KINDS as EVENT_KINDS
from orderledger.domain.recorded import Recorded
from orderledger.infrastructure.errors import UnreadableEvent
from orderledger.infrastructure.storage.codec import UPCASTS, decode
from orderledger.infrastructure.storage.database import Database, Session
from orderledger.infrastructure.storage.recorder import FactKey, chunks
from orderledger.infrastructure.storage.table_names import EVENTS_TABLE, FACTS_TABLE

EVENTS_PER_TRANSACTION = 5_000

KINDS = (*(name for name, kind in EVENT_KINDS.items() if issubclass(kind, AccountEvent)), *UPCASTS)


def create(session: Session, suffix: str = "") -> None:
    """Create an empty table."""
    columns = (
        f"stream {session.types['text']} NOT NULL, key {session.types['text']} NOT NULL, PRIMARY "
        "KEY (stream, key)"
    )
    session.execute(
        f"CREATE TABLE IF NOT EXISTS {FACTS_TABLE}{suffix} ({columns}){session.by_key_alone}"
    )


def fill(session: Session, suffix: str = "", position: int = 0) -> None:
    """Add the keys of all facts in the log after a position. Appends wait meanwhile."""
    session.lock_log()
    while (last := _take(session, suffix, position)) is not None:
        position = last


def switch(database: Database, suffix: str, position: int) -> bool:
    """Complete the table with this suffix, which has the keys of all facts up to a position. If the
    table in use differs, replace its rows, and return False."""
    with database.writing() as session:
        fill(session, suffix, position)
        made, used = (
            f"SELECT stream, key FROM {FACTS_TABLE}{suffix}",
            f"SELECT stream, key FROM {FACTS_TABLE}",
        )
        is_equal = not session.execute(f"{made} EXCEPT {used} LIMIT 1") and not session.execute(
            f"{used} EXCEPT {made} LIMIT 1"
        )
        if not is_equal:
            session.execute(f"DELETE FROM {FACTS_TABLE}")
            session.execute(f"INSERT INTO {FACTS_TABLE} (stream, key) {made}")
    return is_equal


def stored(session: Session) -> set[FactKey]:
    """All keys in the table."""
    return {
        (stream, key) for stream, key in session.execute(f"SELECT stream, key FROM {FACTS_TABLE}")
    }


def facts_in(recorded: Recorded) -> Iterator[FactKey]:
    """The keys of one event."""
    if isinstance(recorded.event, AccountEvent):
        for key in keys_of(recorded.event):
            yield recorded.stream, key


def _take(session: Session, suffix: str, position: int) -> int | None:
    """Add the keys of the next events. Returns the position of the last event, or None if there was
    none."""
    statement = (
        "SELECT originator_id, originator_version, topic, state, notification_id FROM "
        f"{EVENTS_TABLE} WHERE notification_id > ? AND topic IN ({', '.join('?' * len(KINDS))}) "
        "ORDER BY notification_id LIMIT ?"
    )
    rows = session.execute(statement, (position, *KINDS, EVENTS_PER_TRANSACTION))
    keys: list[FactKey] = []
    for row in rows:
        try:
            keys += facts_in(decode(*row))
        except UnreadableEvent:
            continue  # `check` reports it
    _insert(session, suffix, keys)
    return rows[-1][4] if rows else None


def put(session: Session, suffix: str, events: Iterable[Recorded]) -> None:
    """Add the keys of these events."""
    _insert(session, suffix, [key for recorded in events for key in facts_in(recorded)])


def _insert(session: Session, suffix: str, keys: list[FactKey]) -> None:
    for chunk in chunks(keys):
        marks = ", ".join(["(?, ?)"] * len(chunk))
        values = list(chain.from_iterable(chunk))
        session.execute(
            f"INSERT INTO {FACTS_TABLE}{suffix} (stream, key) VALUES {marks} ON CONFLICT DO "
            "NOTHING",
            values,
        )
