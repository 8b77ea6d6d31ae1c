"""Decides a batch of messages in memory: resolve the order, decide, append, bind its names."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from orderledger.domain.decision import ACCEPTED, Duplicate, Reason, Refused
from orderledger.domain.orders.commands import OrderRequested, ReplaceRequested
from orderledger.domain.orders.events import OrderCommand
from orderledger.domain.orders.identity import CLIENT
from orderledger.domain.proposals import ProposalEvent
from orderledger.domain.recorded import Recorded
from orderledger.domain.stream_names import client_order_id_of
from orderledger.infrastructure.engine.attribution import Attribution
from orderledger.infrastructure.engine.batch import Batch
from orderledger.infrastructure.engine.entry import Entry
from orderledger.infrastructure.engine.hints import hint_of
from orderledger.infrastructure.engine.resolving import Resolved, Resolver
from orderledger.infrastructure.engine.streams import Live, LiveStreams
from orderledger.infrastructure.messages.outcome import DUPLICATE, Outcome
from orderledger.infrastructure.storage.kept_evidence import NewEvidence, RandomBytes
from orderledger.infrastructure.storage.store import Store


class Verdict(msgspec.Struct, gc=False):
    """The decision on an entry: a final outcome, or the index of its event among those to
    append."""

    outcome: Outcome | None = None
    index: int = 0
    anomalies: tuple[str, ...] = ()
    hint: str | None = None

    def outcome_at(self, positions: list[int] | None) -> Outcome:
        """The outcome, once the events are durable at these positions. None for a preview, which
        has no positions."""
        return self.outcome or Outcome(
            "recorded",
            positions[self.index] if positions else None,
            None,
            self.anomalies,
            self.hint,
        )


class Decider:
    """Decides one entry after the other. Each decision includes the changes of the entries before
    it."""

    def __init__(self, store: Store, random_bytes: RandomBytes) -> None:
        self.streams = LiveStreams(store)
        self.resolver = Resolver(store, self.streams)
        self._batch = Batch(self.streams, random_bytes)
        self._attribution = Attribution(self._batch, self.resolver, self.streams)

    @property
    def events(self) -> list[Recorded]:
        """The events to append."""
        return self._batch.events

    @property
    def evidence(self) -> list[NewEvidence]:
        """The evidence to store beside them."""
        return self._batch.evidence

    def decide(self, entries: list[Entry], now: datetime, *, is_careful: bool) -> list[Verdict]:
        """Verdicts in the order of the entries. Fills `events` with the events to append,
        `resolver.bindings` with the names to bind."""
        self._batch.now = now
        self.resolver.prepare(entries, is_careful=is_careful)
        if is_careful:
            self.streams.look_up_facts(entries)
        return [self._decide(entry) for entry in entries]

    def committed(self, positions: Sequence[int]) -> None:
        """Note that the events are durable, at these log positions."""
        self._batch.stored_at(positions)
        self._batch.clear()
        self.resolver.committed()
        self.streams.committed()

    def failed(self) -> None:
        """Note that the events were not stored, or that it is unknown. The streams of the batch are
        read from the log again."""
        self.streams.failed()
        self._batch.clear()
        self.resolver.failed()

    def _decide(self, entry: Entry) -> Verdict:
        fact, resolved = entry.fact, self.resolver.resolve(entry)
        live = resolved.live
        decision = live.decide(fact)
        if decision is ACCEPTED and isinstance(fact, (OrderRequested, ReplaceRequested)):
            decision = self._decide_name(entry.account, live, fact) or decision
        if decision is ACCEPTED:
            return self._accept(entry, resolved)
        if isinstance(fact, OrderCommand | ProposalEvent) and self.streams.refresh(live.stream):
            return self._decide(entry)  # another process may have written
        self.resolver.forget_unverified(entry)
        if isinstance(decision, Refused):
            return Verdict(Outcome("refused", None, decision.reason.value, (), decision.text))
        reason = decision.reason if isinstance(decision, Duplicate) else None
        return Verdict(DUPLICATE if reason is None else Outcome("duplicate", None, reason))

    def _decide_name(
        self, account: str, live: Live, fact: OrderRequested | ReplaceRequested
    ) -> Refused | None:
        """Refuse a request or a replacement under an id of another order of ours."""
        name = (
            live.order.names.own_id
            if isinstance(fact, OrderRequested)
            else fact.replacement_client_order_id
        )
        owner = self.resolver.owner(account, (CLIENT, name)) if name else None
        if owner is None or owner == live.stream or self.streams[owner].is_external:
            return None
        return Refused(
            Reason.DUPLICATE_CLIENT_ORDER_ID,
            f"{name} is an id of order {client_order_id_of(owner)}",
        )

    def _accept(self, entry: Entry, resolved: Resolved) -> Verdict:
        live, account = resolved.live, entry.account
        index = len(self.events)
        self._batch.anomalies = ()
        hint = hint_of(entry, live.state)
        self._batch.append_entry(entry, live)
        if isinstance(entry.fact, OrderRequested) and live.order.names.own_id is not None:
            self._attribution.claim(account, live.stream, live.order.names.own_id)
        if resolved.new_names:
            self._attribution.bind(account, live.stream, resolved.new_names)
        return Verdict(None, index, self._batch.anomalies, hint)
