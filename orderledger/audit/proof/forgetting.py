"""Forgets the evidence of an order: deletes the bytes, and records that it did. Events and proofs
stay as they are."""

from datetime import UTC, datetime
from typing import NamedTuple

from orderledger.audit.errors import NotProved
from orderledger.extend.events import Recorded, judgements
from orderledger.extend.store import Conflict, Store

ATTEMPTS = 20


class Forgotten(NamedTuple):
    """The streams whose evidence was deleted, the number of events that had evidence, and the
    positions of the events that record the deletion. `is_overwritten`: the database has overwritten
    the bytes too."""

    streams: list[str]
    events: int
    positions: list[int]
    is_overwritten: bool


def forget(
    store: Store, stream: str, *, reason: str, actor: str | None = None, now: datetime | None = None
) -> Forgotten:
    """Delete evidence and text of the order in this stream, and of the reports that were attributed
    to it.

    Raises NotProved if there is nothing to forget, or if an older version stored evidence inside
    the events.
    """
    for _ in range(ATTEMPTS):
        histories = _histories(store, stream)
        kept = _kept(store, histories)
        moment = now or datetime.now(UTC)
        events = [_event(history, reason, actor, moment) for history in histories.values()]
        try:
            positions = store.append(events, (), forgetting=list(histories))
        except Conflict:
            continue
        return Forgotten(list(histories), kept, list(positions), store.database.overwrite_deleted())
    raise NotProved("others wrote to the order each time: try again")


def _event(history: list[Recorded], reason: str, actor: str | None, moment: datetime) -> Recorded:
    """The event that says that the evidence of this stream was forgotten."""
    return Recorded(
        stream=history[-1].stream,
        version=history[-1].version + 1,
        event=judgements.EvidenceForgotten(reason=reason),
        recorded_at=moment,
        at=moment,
        source="operator",
        actor=actor,
    )


def _histories(store: Store, stream: str) -> dict[str, list[Recorded]]:
    """The events of the order, and of the streams from which reports were attributed to it."""
    found: dict[str, list[Recorded]] = {}
    waiting = [stream]
    while waiting:
        found.update(store.events_of(waiting))
        sources = (
            one.attributed_from[0]
            for events in found.values()
            for one in events
            if one.attributed_from is not None
        )
        waiting = [source for source in dict.fromkeys(sources) if source not in found]
    return found


def _kept(store: Store, histories: dict[str, list[Recorded]]) -> int:
    """The number of events with evidence that can be forgotten."""
    events = [event for events in histories.values() for event in events]
    inside = [
        event.position for event in events if event.evidence is not None or event.text is not None
    ]
    if inside:
        raise NotProved(
            f"the events at {', '.join(map(str, inside[:10]))} hold their evidence, as older "
            "versions stored it: `orderledger move-evidence` moves it beside them, before the "
            "first checkpoint"
        )
    kept = len(store.recorder.evidence_at([event.position or 0 for event in events]))
    if not kept:
        raise NotProved("the order has no evidence and no text")
    return kept
