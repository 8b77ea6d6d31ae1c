"""What the writer holds in memory: the streams it has met, each as it was in the log at some version. Of facts about accounts,
of which there may be millions, that is the version alone: what is in the log already is asked for by keys.

Another process may have written since. Of a stream that is appended to, the commit tells; of what else a decision rests on,
nothing does. So three things are never taken from memory alone: that nothing is known of a stream, that an order turned out to
be another, and that a command is to be refused or is known already.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orderledger.domain.accounts import AccountEvent, AccountLog, decide_account, evolve_account, keys_of
from orderledger.domain.decision import Decision
from orderledger.domain.orders.order import Order
from orderledger.domain.orders.record import decide, evolve
from orderledger.domain.proposals import Proposal, decide_proposal, evolve_proposal
from orderledger.domain.recorded import AnyFact, Recorded
from orderledger.domain.values import account_of, client_order_id_of, is_order_stream, is_proposal_stream
from orderledger.infrastructure.engine.entry import Entry
from orderledger.infrastructure.storage.recorder import FactKey
from orderledger.infrastructure.storage.store import Store

STREAMS_KEPT = 20_000
ENDED_KEPT = 1_000


@dataclass(slots=True)
class Live:
    """One stream. `history` is kept while the order is not known to be ours, in case it turns out to be."""

    stream: str
    state: Order | Proposal | AccountLog
    version: int = 0
    history: tuple[Recorded, ...] = ()

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
        """Whether it is an order that nobody has requested through this ledger."""
        return (
            isinstance(self.state, Order)
            and self.state.is_known
            and not self.state.is_requested
            and self.state.attributed_to is None
        )

    @property
    def is_over(self) -> bool:
        """Whether it is no order, or one that has ended."""
        return not isinstance(self.state, Order) or self.state.is_ended

    def decide(self, fact: AnyFact) -> Decision:
        if isinstance(self.state, Order):
            return decide(self.state, fact)  # type: ignore[arg-type]
        if isinstance(self.state, Proposal):
            return decide_proposal(self.state, fact)  # type: ignore[arg-type]
        return decide_account(self.state, fact)  # type: ignore[arg-type]

    def take(self, recorded: Recorded) -> None:
        """Bring the state up to date with the next event of the stream."""
        event = recorded.event
        if isinstance(self.state, Order):
            evolve(self.state, event, recorded.at)  # type: ignore[arg-type]
        elif isinstance(self.state, Proposal):
            evolve_proposal(self.state, event)  # type: ignore[arg-type]
        else:
            evolve_account(self.state, event)  # type: ignore[arg-type]
        self.note(recorded)

    def note(self, recorded: Recorded) -> None:
        """An event that the state has in it already is the newest of the stream."""
        self.version = recorded.version
        if isinstance(self.state, Order):
            if not self.state.is_requested:
                self.history += (recorded,)
            elif self.history:
                self.history = ()


def blank(stream: str) -> Live:
    """A stream of which nothing is known."""
    if is_order_stream(stream):
        return Live(stream, Order(account_of(stream), client_order_id_of(stream)))
    return Live(stream, Proposal() if is_proposal_stream(stream) else AccountLog())


class LiveStreams(dict[str, Live]):
    """Streams by name. What is not in memory is folded from the log when it is asked for."""

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
        """Take a stream that is not in memory for a new one."""
        if stream not in self:
            self[stream] = blank(stream)
            self._blank.append(stream)

    def load(self, streams: Iterable[str]) -> None:
        """Make sure of all of these, in one reading of the store."""
        missing = [stream for stream in dict.fromkeys(streams) if stream not in self]
        unknown = {stream: blank(stream) for stream in missing}
        logs = [stream for stream, live in unknown.items() if isinstance(live.state, AccountLog)]
        others = [stream for stream, live in unknown.items() if not isinstance(live.state, AccountLog)]
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
        """Ask the store which of the facts about accounts among these are in it. Where nobody has asked they are taken to be new:
        the store tells when it commits, and the group is then decided again."""
        asked = [(one.stream, key) for one in entries if isinstance(one.fact, AccountEvent) for key in keys_of(one.fact)]
        if asked:
            self._asked.update(stream for stream, _ in asked)
            for stream, key in self._store.recorder.facts_known(asked):
                self[stream].log.known.add(key)

    @property
    def facts(self) -> list[FactKey]:
        """The keys of the facts about accounts that this batch appends."""
        logs = [(stream, live.state) for stream in self._touched if isinstance((live := self[stream]).state, AccountLog)]
        return [(stream, key) for stream, log in logs for key in log.added]

    def forget(self, streams: Iterable[str]) -> None:
        """Read these from the log when they are next asked for."""
        for stream in streams:
            self.pop(stream, None)

    def touch(self, stream: str) -> None:
        """This batch appends to it: if that fails, or is interrupted from here on, it is read from the log again."""
        self._touched.add(stream)

    def refresh(self, stream: str) -> bool:
        """Read it again, since another process may have written to it: once in a batch, and not where the batch has appended to
        it. Whether that was done."""
        if stream in self._refreshed or stream in self._touched:
            return False
        self._refreshed.add(stream)
        live = self.pop(stream)
        read = self[stream]
        live.state, live.version, live.history = read.state, read.version, read.history
        self[stream] = live  # whoever holds it sees what was read
        return True

    def committed(self) -> None:
        """What the batch has appended is durable."""
        self._batch_is_over()
        self._evict()

    def failed(self) -> None:
        """What the batch has appended came to nothing, or nobody knows."""
        self.forget(self._touched)
        self._batch_is_over()

    def _batch_is_over(self) -> None:
        """What nobody has written to is not remembered as that: nothing would tell that another process has."""
        self.forget([stream for stream in self._blank if (live := self.get(stream)) is not None and live.version == 0])
        self._blank.clear()
        for stream in self._asked | self._touched:
            if (met := self.get(stream)) is not None and isinstance(met.state, AccountLog):
                met.state.forget()
        self._asked.clear()
        self._touched.clear()
        self._refreshed.clear()

    def _evict(self) -> None:
        """Make room: first for what nothing more is expected of, then for whoever was met first."""
        if len(self) > self._limit:
            ended = [name for name, live in self.items() if live.is_over]
            self.forget(ended[:-ENDED_KEPT])
            self.forget(list(self)[:-STREAMS_KEPT])
            self._limit = len(self) + 2 * ENDED_KEPT
