"""Writes a log into an empty store, with the positions that its events had elsewhere."""

from collections.abc import Iterable, Sequence
from itertools import chain

from orderledger.infrastructure.errors import InvalidSetting
from orderledger.infrastructure.storage import account_facts
from orderledger.infrastructure.storage.database import Session
from orderledger.infrastructure.storage.evidence import MAY_BE_DELETED, KeptEvidence
from orderledger.infrastructure.storage.name_index import NameTable
from orderledger.infrastructure.storage.recorder import EVENTS_TABLE, EVIDENCE_TABLE, LogRow, chunks
from orderledger.infrastructure.storage.store import Store

RestoredRow = tuple[LogRow, KeptEvidence | None]
"""An event, and what is stored beside it."""


def restore_rows(store: Store, batches: Iterable[Sequence[RestoredRow]]) -> int:
    """Write these events with their evidence, unless a later event forgot it. Also write the names
    of orders and the keys of facts, which recording needs. Returns the number of events.

    All in one transaction, so that a killed restore leaves an empty log. Raises InvalidSetting if
    it is not empty.
    """
    count = 0
    with store.database.writing() as session:
        session.lock_log()
        if last := session.last_position():
            raise InvalidSetting(
                "db", f"the ledger is not empty: its last event is at log position {last}"
            )
        names = NameTable("")
        for rows in batches:
            _insert(session, [row for row, _ in rows])
            _insert_evidence(
                session, [(row.position, kept) for row, kept in rows if kept is not None]
            )
            count += len(rows)
            while names.advance(session):
                pass
        session.continue_after(session.last_position())
        account_facts.fill(session)
        session.execute(
            f"DELETE FROM {EVIDENCE_TABLE} WHERE "
            f"{MAY_BE_DELETED.replace('OLD.', f'{EVIDENCE_TABLE}.')}"
        )
    return count


def _insert(session: Session, rows: Sequence[LogRow]) -> None:
    columns = "(originator_id, originator_version, topic, state, notification_id)"
    for chunk in chunks(rows):
        marks = ", ".join(["(?, ?, ?, ?, ?)"] * len(chunk))
        session.execute(
            f"INSERT INTO {EVENTS_TABLE} {columns} VALUES {marks}", list(chain.from_iterable(chunk))
        )


def _insert_evidence(session: Session, kept: Sequence[tuple[int, KeptEvidence]]) -> None:
    for chunk in chunks(kept):
        marks = ", ".join(["(?, ?, ?, ?)"] * len(chunk))
        values = [
            (at, one.salt, one.evidence, None if one.text is None else one.text.encode())
            for at, one in chunk
        ]
        session.execute(
            f"INSERT INTO {EVIDENCE_TABLE} (position, salt, evidence, text) VALUES {marks}",
            list(chain.from_iterable(values)),
        )
