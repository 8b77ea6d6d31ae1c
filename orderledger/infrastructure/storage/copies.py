"""Copies of the log: archives, and the streams of relays."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from orderledger.infrastructure.errors import UnreadableEvent
from orderledger.infrastructure.storage.database import Session
from orderledger.infrastructure.storage.table_names import EVENTS_TABLE

COPIES = ("archive ", "relay ")
"""Begin the names of their status rows. A row has the log `position` that its copy has reached."""


def lag(session: Session, position: int, now: datetime) -> dict[str, Any]:
    """The number of events in the log after this position, with which a copy ends, and the age of
    the first of them in seconds."""
    ((count,),) = session.execute(
        f"SELECT COUNT(*) FROM {EVENTS_TABLE} WHERE notification_id > ?", (position,)
    )
    seconds = 0.0
    with suppress(UnreadableEvent):
        for first in session.events_after(position, 1):
            seconds = max(0.0, round((now - first.recorded_at).total_seconds(), 1))
    return {"events_behind": count, "seconds_behind": seconds}
