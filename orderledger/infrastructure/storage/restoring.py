"""Writes a log into an empty store, with the positions that its events had elsewhere."""

from collections.abc import Iterable, Sequence
from itertools import chain

from orderledger.infrastructure.errors import InvalidSetting
from orderledger.infrastructure.storage import account_facts
from orderledger.infrastructure.storage.database import Session
from orderledger.infrastructure.storage.name_index import NameTable
from orderledger.infrastructure.storage.recorder import EVENTS_TABLE, Row, chunks
from orderledger.infrastructure.storage.store import Store


def restore_rows(store: Store, batches: Iterable[Sequence[Row]]) -> int:
    """Write these events, and what recording needs of them: the names of orders, and the keys of facts. Returns the number of
    events. All in one transaction, so that a killed restore leaves an empty log. Raises InvalidSetting if it is not empty."""
    count = 0
    with store.database.writing() as session:
        session.lock_log()
        if last := session.last_position():
            raise InvalidSetting("db", f"the ledger is not empty: its last event is at log position {last}")
        names = NameTable("")
        for rows in batches:
            _insert(session, rows)
            count += len(rows)
            while names.advance(session):
                pass
        session.continue_after(session.last_position())
        account_facts.fill(session)
    return count


def _insert(session: Session, rows: Sequence[Row]) -> None:
    columns = "(originator_id, originator_version, topic, state, notification_id)"
    for chunk in chunks(rows):
        marks = ", ".join(["(?, ?, ?, ?, ?)"] * len(chunk))
        session.execute(f"INSERT INTO {EVENTS_TABLE} {columns} VALUES {marks}", list(chain.from_iterable(chunk)))
