"""One batch of messages, decided in memory: which events are to be appended, and what each sender will be told."""

from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from orderledger.domain.decision import ACCEPTED, Duplicate, Reason, Refused
from orderledger.domain.orders.events import (
    AnomalyDetected,
    Command,
    Event,
    OrderAttributed,
    OrderEvent,
    OrderRequested,
    ReplaceRequested,
)
from orderledger.domain.orders.evolve import evolve
from orderledger.domain.orders.identity import CLIENT, REQUEST, VENUE, Name, bears, names_borne
from orderledger.domain.orders.record import record
from orderledger.domain.proposals import ProposalFact
from orderledger.domain.recorded import Recorded
from orderledger.domain.values import Anomaly, client_order_id_of
from orderledger.infrastructure.engine.entry import Entry
from orderledger.infrastructure.engine.hints import hint_of
from orderledger.infrastructure.engine.resolving import Naming
from orderledger.infrastructure.engine.streams import Live, LiveStreams
from orderledger.infrastructure.messages.outcome import DUPLICATE, Outcome
from orderledger.infrastructure.storage.store import Store


class Verdict(msgspec.Struct, gc=False):
    """What became of an entry: a final outcome, or the index of its event among those to be appended."""

    outcome: Outcome | None = None
    index: int = 0
    anomalies: tuple[str, ...] = ()
    hint: str | None = None

    def told(self, positions: list[int] | None) -> Outcome:
        """What the sender is told once the events are durable, at these positions; or would be told, if they were."""
        return self.outcome or Outcome("recorded", positions[self.index] if positions else None, None, self.anomalies, self.hint)


class Decider:
    """Decides entry after entry; each sees what the ones before it have changed."""

    def __init__(self, store: Store) -> None:
        self.live = LiveStreams(store)
        self.naming = Naming(store, self.live)
        self.events: list[Recorded] = []
        self._now = datetime.min.replace(tzinfo=UTC)

    def decide(self, entries: list[Entry], now: datetime, *, is_careful: bool) -> list[Verdict]:
        """Verdicts in the order of the entries. The events to append are in `events`, the names in `naming`."""
        self._now = now
        self.naming.prepare(entries, is_careful=is_careful)
        return [self._decide(entry) for entry in entries]

    def committed(self) -> None:
        """The events are durable."""
        self.events.clear()
        self.naming.committed()
        self.live.committed()

    def failed(self) -> None:
        """The events came to nothing, or nobody knows: what was touched is to be read from the log again."""
        self.live.failed()
        self.events.clear()
        self.naming.failed()

    def _decide(self, entry: Entry) -> Verdict:
        fact = entry.fact
        live = self.naming.find(entry, fact) if isinstance(fact, OrderEvent) else self.live[entry.stream]
        decision = live.decide(fact)
        if decision is ACCEPTED and isinstance(fact, (OrderRequested, ReplaceRequested)):
            decision = self._decide_name(entry.account, live, fact) or decision
        if decision is ACCEPTED:
            verdict = Verdict(index=len(self.events), hint=hint_of(fact))
            self._record(entry, live, verdict)
            return verdict
        if isinstance(fact, Command | ProposalFact) and self.live.refresh(live.stream):
            return self._decide(entry)  # another process may know better
        self.naming.doubt(entry)
        if isinstance(decision, Refused):
            return Verdict(Outcome("refused", None, decision.reason.value, (), decision.text))
        reason = decision.reason if isinstance(decision, Duplicate) else None
        return Verdict(DUPLICATE if reason is None else Outcome("duplicate", None, reason))

    def _decide_name(self, account: str, live: Live, fact: OrderRequested | ReplaceRequested) -> Refused | None:
        """Neither a request nor a replacement may take an id that another of our orders bears."""
        name = live.order.names.own_id if isinstance(fact, OrderRequested) else fact.replacement_client_order_id
        owner = self.naming.owner(account, (CLIENT, name)) if name else None
        if owner is None or owner == live.stream or self.live[owner].is_external:
            return None
        return Refused(Reason.DUPLICATE_CLIENT_ORDER_ID, f"{name} is an id of order {client_order_id_of(owner)}")

    def _record(self, entry: Entry, live: Live, verdict: Verdict) -> None:
        fact, stream = entry.fact, live.stream
        at: datetime = fact.at or self._now  # type: ignore[union-attr]
        recorded = Recorded(
            stream=stream,
            version=live.version + 1,
            event=fact,
            recorded_at=self._now,
            at=at,
            source=entry.source,
            actor=entry.actor,
            correlation_id=entry.correlation_id,
            causation_id=entry.causation_id,
            text=entry.text,
            evidence=entry.evidence,
        )
        if not isinstance(fact, OrderEvent):
            self._append(live, recorded)
            return
        order = live.order
        own_id = order.names.own_id
        fresh = [name for name in names_borne(own_id, fact) if not bears(order, name)]
        self._append_order_fact(live, recorded, verdict)
        if isinstance(fact, OrderRequested) and own_id is not None:
            self._claim(entry.account, stream, own_id, verdict)
        for name in fresh:
            stream = self._bind(entry.account, stream, name, verdict)

    def _append(self, live: Live, recorded: Recorded) -> None:
        self.live.touch(live.stream)  # first: the rest may be interrupted
        live.take(recorded)
        self.events.append(recorded)

    def _append_order_fact(self, live: Live, recorded: Recorded, verdict: Verdict) -> None:
        """The fact, and what is odd about it."""
        self.live.touch(live.stream)  # first: the rest may be interrupted
        _, *judgements = record(live.order, recorded.event, recorded.at)  # type: ignore[arg-type]
        live.note(recorded)
        self.events.append(recorded)
        for judgement in judgements:
            self._append_judgement(live, judgement, verdict)

    def _judge(self, live: Live, judgement: Event, verdict: Verdict) -> None:
        """What the names show about an order, beside what `record` finds."""
        self.live.touch(live.stream)
        evolve(live.order, judgement, self._now)
        self._append_judgement(live, judgement, verdict)

    def _append_judgement(self, live: Live, judgement: Event, verdict: Verdict) -> None:
        stream, version = live.stream, live.version + 1
        judged = Recorded(stream=stream, version=version, event=judgement, recorded_at=self._now, at=self._now, source="ledger")
        live.note(judged)
        self.events.append(judged)
        if isinstance(judgement, AnomalyDetected) and judgement.code not in verdict.anomalies:
            verdict.anomalies += (str(judgement.code),)

    def _claim(self, account: str, stream: str, own: str, verdict: Verdict) -> None:
        """What was known under our id as another name of an unknown order turns out to be this order."""
        bearer = self.naming.bearer(account, (CLIENT, own))
        if bearer is None:
            self.naming.take(account, own)
        elif bearer.stream != stream:
            self._meet(account, stream, (CLIENT, own), bearer.stream, verdict)

    def _bind(self, account: str, stream: str, name: Name, verdict: Verdict) -> str:
        """From now on the name stands for this order. Returns the stream of the order that this turns out to be."""
        if name[0] is CLIENT and name[1] == client_order_id_of(stream):
            return stream
        owner = self.naming.owner(account, name)
        if owner is None:
            self.naming.bind(account, name, stream)
        elif owner != stream and (name[0] is not REQUEST or self.naming.is_own(account, name)):  # orders may share request ids
            return self._meet(account, stream, name, owner, verdict)
        return stream

    def _meet(self, account: str, stream: str, name: Name, owner: str, verdict: Verdict) -> str:
        """A name of this order is another's already: if either is unknown, they are one."""
        if self.live[owner].is_external:
            self._attribute(account, owner, stream, verdict)
            self.naming.bind(account, name, stream, is_claim=True)
        elif self.live[stream].is_external:
            self._attribute(account, stream, owner, verdict)
            return owner
        elif name[0] is VENUE:
            self._flag_reused(name[1], stream, owner, verdict)
            self._flag_reused(name[1], owner, stream, verdict)
        return stream

    def _flag_reused(self, venue_order_id: str, stream: str, other: str, verdict: Verdict) -> None:
        """Two orders of ours have been given one venue order id."""
        live = self.live[stream]
        if Anomaly.VENUE_ORDER_ID_REUSED not in live.order.raised:
            detail = f"venue order id {venue_order_id} is also that of {client_order_id_of(other) or other}"
            self._judge(live, AnomalyDetected(code=Anomaly.VENUE_ORDER_ID_REUSED, detail=detail), verdict)

    def _attribute(self, account: str, source: str, target: str, verdict: Verdict) -> None:
        """Record the facts of an unknown order under the order it turned out to be, once. Commands among them have happened: that
        they would be refused by now is no reason to lose them."""
        external, order = self.live[source], self.live[target]
        for told in external.history:
            fact = told.event
            if not isinstance(fact, OrderEvent):
                continue
            if not isinstance(order.decide(fact), Duplicate):
                copy = replace(
                    told,
                    stream=target,
                    version=order.version + 1,
                    recorded_at=self._now,
                    position=None,
                    attributed_from=(source, told.version),
                )
                self._append_order_fact(order, copy, verdict)
            for name in names_borne(external.order.names.own_id, fact):
                if self.naming.bound(account, name) in (None, source):  # what is another's is still to be met
                    self.naming.bind(account, name, target, is_claim=True)
        self._judge(external, OrderAttributed(to=target), verdict)
        own_id = external.order.names.own_id
        if own_id is not None:
            self.naming.bind(account, (CLIENT, own_id), target, is_claim=True)
        external.history = ()
