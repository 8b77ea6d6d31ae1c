"""Copies of the log: archives, and the streams of relays."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from orderledger.infrastructure.errors import UnreadableEvent
from orderledger.infrastructure.storage.database import Session

COPIES = ("archive ", "relay ")
"""Begin the names of their status rows. A row has the log `position` that its copy has reached."""


def lag(session: Session, position: int, now: datetime) -> dict[str, Any]:
    """The number of log positions after this one, with which a copy ends, and the age of the first
    event after it in seconds."""
    seconds = 0.0
    with suppress(UnreadableEvent):
        for first in session.events_after(position, 1):
            seconds = max(0.0, round((now - first.recorded_at).total_seconds(), 1))
    behind = max(0, session.last_position() - position)
    return {"events_behind": behind, "seconds_behind": seconds}
