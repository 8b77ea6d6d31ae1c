"""Compares evidence and text with the hashes in their events."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from orderledger.audit.proof.tiles import RawEvent
from orderledger.extend.events import judgements
from orderledger.extend.store import Session, kept_evidence, table_names

FORGOTTEN = judgements.EvidenceForgotten.stored_name.encode()


class Hashes(msgspec.Struct, gc=False):
    """The fields of a stored event about its evidence."""

    evidence_hash: bytes | None = None
    text_hash: bytes | None = None
    attributed_from: tuple[str, int] | None = None


NONE = Hashes()
_decode = msgspec.json.Decoder(Hashes).decode


class EvidenceCheck:
    """Takes the events of the log in order, with the rows of evidence of the same positions."""

    def __init__(self) -> None:
        self._differences: list[tuple[int, str]] = []
        self._missing: list[tuple[int, bytes | None]] = []
        self._forgotten: dict[bytes | None, int] = {}
        self._last = 0

    def take(
        self, session: Session, begin: int, events: Sequence[RawEvent], up_to: int | None = None
    ) -> None:
        """Check events after the position `begin`, up to `up_to` or the last of them."""
        stop = events[-1][0] if up_to is None else up_to
        statement = (
            f"SELECT position, salt, evidence, text FROM {table_names.EVIDENCE_TABLE} "
            "WHERE position > ? AND position <= ?"
        )
        rows = {position: rest for position, *rest in session.execute(statement, (begin, stop))}
        self._last = max(self._last, stop)
        for position, stream, _, name, state in events:
            if name == FORGOTTEN:
                self._forgotten[stream] = position
            if (state is not None and b"_hash" in state) or position in rows:
                self._check(position, stream, state, rows.pop(position, None))
        self._differences += [
            (position, "evidence of an event that is not in the log") for position in rows
        ]

    def finished(self, session: Session) -> Iterator[tuple[int, str]]:
        """All differences."""
        yield from self._differences
        for position, stream in self._missing:
            if self._forgotten.get(stream, 0) < position:
                yield position, "the evidence is missing, and no event says that it was forgotten"
        for (position,) in session.execute(
            f"SELECT position FROM {table_names.EVIDENCE_TABLE} WHERE position > ?", (self._last,)
        ):
            yield position, "evidence of an event that is not in the log"

    def _check(
        self, position: int, stream: bytes | None, state: bytes | None, row: list[Any] | None
    ) -> None:
        try:
            hashes = _decode(state or b"{}")
        except msgspec.DecodeError:
            return  # an altered event: its own hash shows it
        if row is None:
            if (
                hashes != NONE
                and hashes.attributed_from is None
                and (hashes.evidence_hash or hashes.text_hash)
            ):
                self._missing.append((position, stream))
            return
        salt, *contents = row
        for name, content, expected in zip(
            ("evidence", "text"), contents, (hashes.evidence_hash, hashes.text_hash), strict=True
        ):
            if _hash(salt, content) != expected:
                self._differences.append((position, f"the {name} is not what was recorded"))


def _hash(salt: Any, content: Any) -> bytes | None:
    if content is None:
        return None
    return (
        kept_evidence.hash_of(salt, content)
        if isinstance(salt, bytes) and isinstance(content, bytes)
        else b""
    )
