"""Detects a log that went back. After a failover to a lagging standby, or after the restore of a
backup, the database has an older state than this process remembers.

Memory that was built from events that are lost would answer `duplicate` for facts that are not
stored. Therefore every new connection compares the log with the newest event that this process has
read or written. A live connection needs no check: the server ends connections when it goes back.
"""

import hashlib
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from orderledger.infrastructure.errors import LogWentBack

SHOWN = 10
"""Losses that the status shows."""


class Loss(NamedTuple):
    """One time that the log went back: the last position that it still had, None if other events
    have followed it since; the last position that this process knew, and the digest of the event
    there."""

    kept_to: int | None
    lost_to: int
    digest: str


class Epoch:
    """The newest event that this process knows, and the times that the log went back. Thread-safe.

    `number` counts these times. Memory from another number is not reliable. `on_loss` is
    called each time, in the thread that connects: it must not use the store.
    """

    def __init__(self) -> None:
        self.number = 0
        self.losses: list[Loss] = []
        self.on_loss: Callable[[Loss], None] = _ignore
        self._newest: Sequence[Any] | None = None
        self._lock = threading.Lock()

    def note(self, stream: str, version: int, name: str, state: bytes, position: int) -> None:
        """Remember an event that is in the log, if it is the newest."""
        if self._newest is None or position > self._newest[4]:
            with self._lock:
                if self._newest is None or position > self._newest[4]:
                    self._newest = (stream, version, name, state, position)

    def note_all(self, rows: Sequence[Sequence[Any]]) -> None:
        """Remember the newest of these rows of the log: stream, version, name, bytes, position."""
        if rows:
            self.note(*max(rows, key=_position_of))

    def compare(
        self,
        event_at: Callable[[int], Sequence[Any] | None],
        last_position: Callable[[], int],
    ) -> None:
        """Compare a log with what this process knows. If it went back, raise `number`.

        `event_at` gives stream, version, name and bytes of the event at a position.
        """
        with self._lock:
            newest = self._newest
            if newest is None:
                return
            *known, position = newest
            found = event_at(position)
            if found is not None and _digest(found) == _digest(known):
                return
            last = last_position()
            kept_to = last if found is None and last < position else None
            loss = Loss(kept_to, position, _digest(known))
            self.losses.append(loss)
            self._newest = None
            self.number += 1
        self.on_loss(loss)

    def check(self, number: int) -> None:
        """Raise LogWentBack if the log went back since `number` was read."""
        if number != self.number:
            raise LogWentBack(self.losses[-1].lost_to)

    def shown(self) -> dict[str, Any]:
        """The newest event that this process knows, and the last times that the log went back."""
        newest = self._newest
        return {
            "position": None if newest is None else newest[4],
            "digest": None if newest is None else _digest(newest[:4]),
            "went_back": [loss._asdict() for loss in self.losses[-SHOWN:]],
        }


def _ignore(loss: Loss) -> None:
    """Nobody is to be notified."""


def _position_of(stored: Sequence[Any]) -> int:
    position: int = stored[4]
    return position


def _digest(event: Sequence[Any]) -> str:
    """SHA-256 of stream, version, name and bytes of a stored event, each with its length."""
    hashed = hashlib.sha256()
    for part in event[:4]:
        written = bytes(part) if isinstance(part, bytes | memoryview) else str(part).encode()
        hashed.update(b"%d:" % len(written) + written)
    return hashed.hexdigest()
