"""Evidence and free text, stored beside the log: an event holds only a salted hash of each.

So folds never read them, and `forget` can delete their bytes while the event, and every proof about
it, stays as it is. The salt is deleted with them: without it nobody can find a short text by
trying.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from orderledger.domain.accounts import TradingHalted
from orderledger.domain.recorded import Recorded
from orderledger.infrastructure.storage.table_names import EVENTS_TABLE, EVIDENCE_TABLE

SALT_SIZE = 16

NewEvidence = tuple[int, bytes, bytes | None, bytes | None]
"""Index of the event among those to store; salt, evidence and text to store beside it."""

RandomBytes = Callable[[int], bytes]
"""A source of this many random bytes."""

EVIDENCE_KEPT = "evidence is kept"
"""Error text of the database for changing or deleting evidence that was not forgotten."""

FORGOTTEN = "evidence_forgotten.%"
"""Stored names of the event after which the evidence of earlier events of its stream may be
deleted."""

MAY_BE_DELETED = (
    f"EXISTS (SELECT 1 FROM {EVENTS_TABLE} AS event JOIN {EVENTS_TABLE} AS later ON "
    "later.originator_id = event.originator_id "
    f"WHERE event.notification_id = OLD.position AND later.topic LIKE '{FORGOTTEN}' "
    "AND later.notification_id > event.notification_id)"
)
"""SQL condition of the guard: the log shows that this evidence was forgotten."""


class KeptEvidence(NamedTuple):
    """Evidence and text of one event, as received."""

    salt: bytes
    evidence: bytes | None
    text: str | None


def hash_of(salt: bytes, content: bytes) -> bytes:
    """The hash that an event holds instead of its evidence, or of its text in UTF-8."""
    return hashlib.sha256(salt + content).digest()


def set_aside(recorded: Recorded, index: int, random_bytes: RandomBytes) -> NewEvidence | None:
    """Replace the event's evidence and text by their hashes. Returns what to store beside it, None
    if there is nothing.

    The text of a halt stays in the event, because the view `halts` shows it.
    """
    text = (
        None
        if recorded.text is None or type(recorded.event) is TradingHalted
        else recorded.text.encode()
    )
    if recorded.evidence is None and text is None:
        return None
    salt = random_bytes(SALT_SIZE)
    beside = (index, salt, recorded.evidence, text)
    if recorded.evidence is not None:
        recorded.evidence_hash, recorded.evidence = hash_of(salt, recorded.evidence), None
    if text is not None:
        recorded.text_hash, recorded.text = hash_of(salt, text), None
    return beside


def kept_row(salt: bytes, evidence: bytes | None, text: bytes | None) -> KeptEvidence:
    """A row of the table."""
    return KeptEvidence(
        bytes(salt),
        None if evidence is None else bytes(evidence),
        None if text is None else bytes(text).decode(),
    )


def table_of(binary: str, position: str) -> str:
    """The statement that creates the table, given the names of its types."""
    return (
        f"CREATE TABLE IF NOT EXISTS {EVIDENCE_TABLE} (position {position} PRIMARY KEY, salt "
        f"{binary} NOT NULL, evidence {binary}, text {binary})"
    )


def placed(
    evidence: Sequence[NewEvidence], positions: Sequence[int]
) -> list[tuple[int, bytes, bytes | None, bytes | None]]:
    """The rows to store, once the positions of the events are known."""
    return [(positions[index], *rest) for index, *rest in evidence]  # type: ignore[misc]
