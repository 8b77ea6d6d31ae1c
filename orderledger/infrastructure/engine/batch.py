"""The events that one batch will append, in log order."""

from datetime import UTC, datetime

from msgspec.structs import replace

from orderledger.domain.orders.events import OrderEvent, OrderJudgement
from orderledger.domain.orders.judgements import AnomalyDetected
from orderledger.domain.orders.record import evolve, record
from orderledger.domain.recorded import AnyEvent, Recorded
from orderledger.infrastructure.engine.entry import Entry
from orderledger.infrastructure.engine.streams import Live, LiveStreams
from orderledger.infrastructure.storage.evidence import RandomBytes, set_aside
from orderledger.infrastructure.storage.recorder import NewEvidence


class Batch:
    """Appends to the live streams and to `events`; `evidence` is what to store beside these. `now`: time of recording.
    `anomalies`: codes that the current entry raised. `random_bytes` gives the salts of the hashes of evidence."""

    def __init__(self, streams: LiveStreams, random_bytes: RandomBytes) -> None:
        self._streams = streams
        self._random_bytes = random_bytes
        self.evidence: list[NewEvidence] = []
        self.events: list[Recorded] = []
        self.anomalies: tuple[str, ...] = ()
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
            live.take(recorded)
            self.events.append(recorded)

    def append_copy(self, recorded: Recorded, fact: OrderEvent, live: Live) -> None:
        """Append a copy of a fact from another stream to the order that the fact belongs to."""
        origin = (recorded.stream, recorded.version)
        version = live.version + 1
        copy = replace(recorded, stream=live.stream, version=version, recorded_at=self.now, position=None, attributed_from=origin)
        if copy.evidence is not None or copy.text is not None:  # inside the event, as older versions stored it
            self._set_aside(copy)
        self._append_order_fact(live, fact, copy)

    def clear(self) -> None:
        """Forget the events, which are stored or will not be."""
        self.events.clear()
        self.evidence.clear()

    def judge(self, live: Live, judgement: OrderJudgement) -> None:
        """Append a judgement that follows from shared names. `record` finds the other judgements."""
        self._streams.touch(live.stream)
        evolve(live.order, judgement, self.now)
        self._append_judgement(live, judgement)

    def _set_aside(self, recorded: Recorded) -> None:
        """Call this for an event right before it is appended."""
        beside = set_aside(recorded, len(self.events), self._random_bytes)
        if beside is not None:
            self.evidence.append(beside)

    def _append_order_fact(self, live: Live, fact: OrderEvent, recorded: Recorded) -> None:
        self._streams.touch(live.stream)  # first, because an interrupt may come during the rest
        _, *judgements = record(live.order, fact, recorded.at)
        live.note(recorded)
        self.events.append(recorded)
        for judgement in judgements:
            self._append_judgement(live, judgement)

    def _append_judgement(self, live: Live, judgement: AnyEvent) -> None:
        stream, version = live.stream, live.version + 1
        judged = Recorded(stream=stream, version=version, event=judgement, recorded_at=self.now, at=self.now, source="ledger")
        live.note(judged)
        self.events.append(judged)
        if isinstance(judgement, AnomalyDetected) and judgement.code not in self.anomalies:
            self.anomalies += (str(judgement.code),)
