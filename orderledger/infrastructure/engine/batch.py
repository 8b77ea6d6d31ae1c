"""The events that one batch will append, in log order."""

from datetime import UTC, datetime

from msgspec.structs import replace

from orderledger.domain.orders.events import OrderEvent, OrderJudgement
from orderledger.domain.orders.judgements import AnomalyDetected
from orderledger.domain.orders.record import evolve, record
from orderledger.domain.recorded import AnyEvent, Recorded
from orderledger.infrastructure.engine.entry import Entry
from orderledger.infrastructure.engine.streams import Live, LiveStreams


class Batch:
    """Appends to the live streams and to `events`. `now`: time of recording. `anomalies`: codes that the current entry raised."""

    def __init__(self, streams: LiveStreams) -> None:
        self._streams = streams
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
        self._append_order_fact(live, fact, copy)

    def judge(self, live: Live, judgement: OrderJudgement) -> None:
        """Append a judgement that follows from shared names. `record` finds the other judgements."""
        self._streams.touch(live.stream)
        evolve(live.order, judgement, self.now)
        self._append_judgement(live, judgement)

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
