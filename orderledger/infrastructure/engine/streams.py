"""The writer's streams in memory, each as it was in the log at some version.

An account may have millions of facts. Memory holds only the version of its stream, and stored facts
are looked up by key.

Another process may have written since. The commit reveals that for a stream that is appended to,
but not for the other streams that a decision rests on. So three findings never come from memory
alone: an empty stream, an attribution to another order, and a command that is refused or a
duplicate.
"""

from collections.abc import Iterable, Sequence
from itertools import islice

import msgspec

from orderledger.domain.account_log import AccountLog, decide_account, evolve_account, keys_of
from orderledger.domain.accounts import AccountEvent
from orderledger.domain.decision import Decision
from orderledger.domain.orders.order import Order
from orderledger.domain.orders.record import decide, evolve
from orderledger.domain.proposals import Proposal, decide_proposal, evolve_proposal
from orderledger.domain.recorded import AnyFact, Recorded
from orderledger.domain.stream_names import is_order_stream, is_proposal_stream
from orderledger.infrastructure.engine.entry import Entry
from orderledger.infrastructure.storage.recorder import FactKey
from orderledger.infrastructure.storage.store import Store

STREAMS_KEPT = 20_000
ENDED_KEPT = 1_000


class Live(msgspec.Struct, gc=False, eq=False):
    """One stream. `history` is kept while the order is not known to be ours: it may be attributed
    to another order."""

    stream: str
    state: Order | Proposal | AccountLog
    version: int = 0
    history: list[Recorded] | tuple[()] = ()

    @property
    def order(self) -> Order:
        assert isinstance(self.state, Order)
        return self.state

    @property
    def log(self) -> AccountLog:
        assert isinstance(self.state, AccountLog)
        return self.state

    @property
    def is_external(self) -> bool:
        """True for a known order that was neither requested through this ledger nor attributed to
        another order."""
        return (
            isinstance(self.state, Order)
            and self.state.is_known
            and not self.state.is_requested
            and self.state.attributed_to is None
        )

    @property
    def is_over(self) -> bool:
        """True for an ended order, and for a stream that is not an order."""
        return not isinstance(self.state, Order) or self.state.is_ended

    def decide(self, fact: AnyFact) -> Decision:
        if isinstance(self.state, Order):
            return decide(self.state, fact)  # type: ignore[arg-type]
        if isinstance(self.state, Proposal):
            return decide_proposal(self.state, fact)  # type: ignore[arg-type]
        return decide_account(self.state, fact)  # type: ignore[arg-type]

    def take(self, recorded: Recorded) -> None:
        """Apply the next event of the stream to the state."""
        event = recorded.event
        if isinstance(self.state, Order):
            evolve(self.state, event, recorded.when)  # type: ignore[arg-type]
        elif isinstance(self.state, Proposal):
            evolve_proposal(self.state, event)  # type: ignore[arg-type]
        else:
            evolve_account(self.state, event)  # type: ignore[arg-type]
        self.note(recorded)

    def note(self, recorded: Recorded) -> None:
        """Count an event that the state already contains as the newest of the stream."""
        self.version = recorded.version
        if isinstance(self.state, Order):
            if self.state.is_requested:
                self.history = ()
            elif isinstance(self.history, list):
                self.history.append(recorded)
            else:
                self.history = [recorded]


def blank(stream: str) -> Live:
    """A stream without events."""
    if is_order_stream(stream):
        return Live(stream, Order.of(stream))
    return Live(stream, Proposal() if is_proposal_stream(stream) else AccountLog())


class LiveStreams(dict[str, Live]):
    """Streams by name. A missing stream is folded from the log at its first use."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store
        self._limit = 2 * ENDED_KEPT
        self._touched: set[str] = set()
        self._blank: list[str] = []
        self._refreshed: set[str] = set()
        self._asked: set[str] = set()

    def __missing__(self, stream: str) -> Live:
        self.load([stream])
        return self[stream]

    def assume(self, stream: str) -> None:
        """Treat a stream that is not in memory as new."""
        if stream not in self:
            self[stream] = blank(stream)
            self._blank.append(stream)

    def load(self, streams: Iterable[str]) -> None:
        """Load all of these streams in one query."""
        missing = [stream for stream in dict.fromkeys(streams) if stream not in self]
        unknown = {stream: blank(stream) for stream in missing}
        logs = [stream for stream, live in unknown.items() if isinstance(live.state, AccountLog)]
        others = [
            stream for stream, live in unknown.items() if not isinstance(live.state, AccountLog)
        ]
        if others:
            for stream, events in self._store.events_of(others).items():
                for recorded in events:
                    unknown[stream].take(recorded)
        if logs:
            for stream, version in self._store.recorder.versions_of(logs).items():
                unknown[stream].version = version
        self.update(unknown)
        self._blank += [stream for stream, live in unknown.items() if live.version == 0]

    def look_up_facts(self, entries: Sequence[Entry]) -> None:
        """Look up which facts about accounts in these entries are already stored.

        Without this call they count as new. The commit reveals a stored one, and the group is then
        decided again.
        """
        asked = [
            (one.stream, key)
            for one in entries
            if isinstance(one.fact, AccountEvent)
            for key in keys_of(one.fact)
        ]
        if asked:
            self._asked.update(stream for stream, _ in asked)
            for stream, key in self._store.recorder.facts_known(asked):
                self[stream].log.known.add(key)

    @property
    def facts(self) -> list[FactKey]:
        """The keys of the account facts that this batch appends."""
        logs = [
            (stream, live.state)
            for stream in self._touched
            if isinstance((live := self[stream]).state, AccountLog)
        ]
        return [(stream, key) for stream, log in logs for key in log.added]

    def forget(self, streams: Iterable[str]) -> None:
        """Drop these streams from memory. The next use reads them from the log."""
        for stream in streams:
            self.pop(stream, None)

    def forget_unchanged(self) -> None:
        """Drop the streams that this batch does not append to, to make room."""
        self.forget(self.keys() - self._touched)

    def touch(self, stream: str) -> None:
        """Note that this batch appends to the stream. After a failure or an interrupt it is read
        from the log again."""
        self._touched.add(stream)

    def refresh(self, stream: str) -> bool:
        """Read the stream again, because another process may have written to it. Returns False
        without reading if the batch has already read it again, or has appended to it."""
        if stream in self._refreshed or stream in self._touched:
            return False
        self._refreshed.add(stream)
        live = self.pop(stream)
        read = self[stream]
        live.state, live.version, live.history = read.state, read.version, read.history
        self[stream] = live  # the same object, so that its holders see the new state
        return True

    def fold_again(self, live: Live, fresh: Sequence[Recorded]) -> None:
        """Fold an order again from its stored events and then these, which are not stored yet."""
        stored = live.version - len(fresh)
        events = [] if stored == 0 else self._store.events_of([live.stream]).get(live.stream, [])
        known, live.state, live.history = live.version, blank(live.stream).state, ()
        for recorded in (*events[:stored], *fresh):
            live.take(recorded)
        live.version = known

    def committed(self) -> None:
        """Note that the batch's events are durable."""
        self._batch_is_over()
        self._evict()

    def failed(self) -> None:
        """Note that the batch's events were not stored, or that it is unknown."""
        self.forget(self._touched)
        self._batch_is_over()

    def _batch_is_over(self) -> None:
        """Forget empty streams: no commit would reveal that another process has written to them."""
        self.forget(
            [
                stream
                for stream in self._blank
                if (live := self.get(stream)) is not None and live.version == 0
            ]
        )
        self._blank.clear()
        for stream in self._asked | self._touched:
            if (met := self.get(stream)) is not None and isinstance(met.state, AccountLog):
                met.state.forget()
        self._asked.clear()
        self._touched.clear()
        self._refreshed.clear()

    def _evict(self) -> None:
        """Make room: drop ended orders among the older streams first, then the streams that were
        loaded first."""
        if len(self) > self._limit:
            older = islice(self.items(), len(self) - ENDED_KEPT)
            self.forget([name for name, live in older if live.is_over])
            self.forget(list(self)[:-STREAMS_KEPT])
            self._limit = len(self) + 2 * ENDED_KEPT
