"""The events that one batch will append, in log order."""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from orderledger.domain.account_log import has_used_id
from orderledger.domain.accounts import AnyAccountEvent
from orderledger.domain.orders.events import Event, OrderEvent, OrderJudgement
from orderledger.domain.orders.judgements import AnomalyDetected
from orderledger.domain.orders.record import evolve, record
from orderledger.domain.recorded import Recorded
from orderledger.domain.values import Anomaly
from orderledger.infrastructure.engine.entry import Entry
from orderledger.infrastructure.engine.streams import Live, LiveStreams
from orderledger.infrastructure.storage.codec import PROVISIONAL
from orderledger.infrastructure.storage.kept_evidence import NewEvidence, RandomBytes, set_aside

MESSAGE_ID_REUSED = str(Anomaly.MESSAGE_ID_REUSED)


class Batch:
    """Appends to the live streams and to `events`; `evidence` is what to store beside these. `now`:
    time of recording. `anomalies`: codes that the current entry raised. `random_bytes` gives the
    salts of the hashes of evidence."""

    def __init__(self, streams: LiveStreams, random_bytes: RandomBytes) -> None:
        self._streams = streams
        self._random_bytes = random_bytes
        self.evidence: list[NewEvidence] = []
        self.events: list[Recorded] = []
        self.anomalies: tuple[str, ...] = ()
        self._next_position = PROVISIONAL
        self.now = datetime.min.replace(tzinfo=UTC)

    def append_entry(self, entry: Entry, live: Live) -> None:
        """Append the fact of an entry, and the anomalies that it raises or clears."""
        fact = entry.fact
        recorded = Recorded(
            stream=live.stream,
            version=live.version + 1,
            event=fact,
            recorded_at=self.now,
            at=fact.at or self.now,
            source=entry.source,
            actor=entry.actor,
            on_behalf_of=entry.on_behalf_of,
            correlation_id=entry.correlation_id,
            causation_id=entry.causation_id,
            text=entry.text,
            evidence=entry.evidence,
        )
        if entry.evidence is not None or entry.text is not None:
            self._set_aside(recorded)
        if isinstance(fact, OrderEvent):
            self._append_order_fact(live, fact, recorded)
        else:
            self._streams.touch(live.stream)  # first, because an interrupt may come during the rest
            self._place(recorded)
            if isinstance(fact, AnyAccountEvent) and has_used_id(live.log, fact):
                self.anomalies = (MESSAGE_ID_REUSED,)
            live.take(recorded)
            self.events.append(recorded)

    def append_copy(self, recorded: Recorded, fact: OrderEvent, live: Live) -> None:
        """Append a copy of a fact from another stream to the order that the fact belongs to."""
        origin = (recorded.stream, recorded.version)
        version = live.version + 1
        copy = replace(
            recorded,
            stream=live.stream,
            version=version,
            recorded_at=self.now,
            attributed_from=origin,
            first_position=recorded.position
            if recorded.first_position is None
            else recorded.first_position,
        )
        if (
            copy.evidence is not None or copy.text is not None
        ):  # inside the event, as older versions stored it
            self._set_aside(copy)
        self._append_order_fact(live, fact, copy)

    def place_anew(self, live: Live) -> None:
        """Fold an order again from its events in the log and in this batch, so that copies can
        be placed among them. The state in memory may have provisional positions of earlier
        batches.
        """
        fresh = [event for event in self.events if event.stream == live.stream]
        self._streams.fold_again(live, fresh)

    def stored_at(self, positions: Sequence[int]) -> None:
        """Give the events their log positions."""
        for event, position in zip(self.events, positions, strict=True):
            place_at(event, position)

    def clear(self) -> None:
        """Forget the events, which are stored or will not be."""
        self.events.clear()
        self.evidence.clear()

    def judge(self, live: Live, judgement: OrderJudgement) -> None:
        """Append a judgement that follows from shared names. `record` finds the other
        judgements."""
        self._streams.touch(live.stream)
        self._append_judgement(live, judgement, is_applied=False)

    def _set_aside(self, recorded: Recorded) -> None:
        """Call this for an event right before it is appended."""
        beside = set_aside(recorded, len(self.events), self._random_bytes)
        if beside is not None:
            self.evidence.append(beside)

    def _append_order_fact(self, live: Live, fact: OrderEvent, recorded: Recorded) -> None:
        self._streams.touch(live.stream)  # first, because an interrupt may come during the rest
        self._place(recorded)
        _, *judgements = record(live.order, fact, recorded.when)
        live.note(recorded)
        self.events.append(recorded)
        for judgement in judgements:
            self._append_judgement(live, judgement)

    def _place(self, recorded: Recorded) -> None:
        """Give an event the next provisional position. Call this right before it is appended."""
        recorded.position = self._next_position
        self._next_position += 1

    def _append_judgement(self, live: Live, judgement: Event, *, is_applied: bool = True) -> None:
        stream, version = live.stream, live.version + 1
        judged = Recorded(
            stream=stream,
            version=version,
            event=judgement,
            recorded_at=self.now,
            at=self.now,
            source="ledger",
        )
        self._place(judged)
        if not is_applied:
            evolve(live.order, judgement, judged.when)
        live.note(judged)
        self.events.append(judged)
        if isinstance(judgement, AnomalyDetected) and judgement.code not in self.anomalies:
            self.anomalies += (str(judgement.code),)


def place_at(event: Recorded, position: int) -> None:
    """Replace the provisional position of an event by its log position."""
    if event.first_position is not None and event.first_position >= PROVISIONAL:
        event.first_position += position - (event.position or 0)
    event.position = position
