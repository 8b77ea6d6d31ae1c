"""Events for people and programs, from their stored bytes."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from orderledger.domain.recorded import KINDS, Recorded
from orderledger.domain.values import Source
from orderledger.infrastructure.errors import UnreadableEvent
from orderledger.infrastructure.storage.codec import UPCASTS, decode, readable_payload
from orderledger.infrastructure.storage.recorder import LogRow
from orderledger.infrastructure.storage.store import Store
from orderledger.infrastructure.views.arguments import check_period
from orderledger.projections.history import EventRow, event_row


class Stored(msgspec.Struct, gc=False):
    """The fields of a stored event that are shown unchanged."""

    payload: dict[str, Any]


_decode = msgspec.json.Decoder(Stored).decode


def stored_event_rows(
    store: Store, rows: Sequence[LogRow]
) -> tuple[list[EventRow], UnreadableEvent | None]:
    """The rows of stored events in the `event` view, with their evidence, up to the first event
    that cannot be read, and its error. An event of an older shape is shown in the current shape."""
    events: list[Recorded] = []
    error = None
    try:
        events.extend(decode(*row) for row in rows)
    except UnreadableEvent as unreadable:
        error = unreadable
    return [
        event_row_of(row, recorded)
        for row, recorded in zip(rows, store.with_evidence(events), strict=False)
    ], error


def event_row_of(stored: LogRow, recorded: Recorded) -> EventRow:
    """The row of one stored event in the `event` view."""
    if stored.name in UPCASTS:
        return event_row(recorded, readable_payload(recorded.event))
    return event_row(recorded, _decode(stored.state).payload)


EVENT_NAMES = {spelling: name for name in KINDS for spelling in (name, name.partition(".")[0])}
"""Accepted names of events: with the version or without."""

SOURCES = (*map(str, Source), "ledger")
"""Sources of events: those of messages, and the ledger's own for anomalies and other judgements."""


def event_filter(
    *,
    name: str | None = None,
    source: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    recorded_since: datetime | None = None,
    recorded_until: datetime | None = None,
    **where: str | None,
) -> Callable[[EventRow], bool]:
    """A filter for rows of the `event` view: these values, and times from the first on and before
    the second.
    """
    check_period(since, until)
    check_period(recorded_since, recorded_until)
    asked = {**where, "source": source, "name": EVENT_NAMES[name] if name else None}
    wanted = {column: value for column, value in asked.items() if value is not None}
    periods = (("at", since, until), ("recorded_at", recorded_since, recorded_until))

    def is_asked_for(row: EventRow) -> bool:
        values: Any = row
        return all(values[column] == value for column, value in wanted.items()) and all(
            (since is None or since <= values[time]) and (until is None or values[time] < until)
            for time, since, until in periods
        )

    return is_asked_for
