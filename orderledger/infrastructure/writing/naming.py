"""From the names in a message to the stream of the order it is about."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from orderledger.domain.events import Fact, OrderRequested
from orderledger.domain.identity import Name, NameKind, bears, names_borne, names_given, stream_for
from orderledger.domain.values import order_stream
from orderledger.infrastructure.storage.recording import Binding
from orderledger.infrastructure.storage.store import Store
from orderledger.infrastructure.writing.live import LiveStreams

NAMES_KEPT = 100_000


class About(NamedTuple):
    """The stream that a message would open, and the names its order bears from then on."""

    stream: str
    names: Sequence[Name]


class Naming:
    """Names that are bound, as the store has them and as this batch is about to bind them."""

    def __init__(self, store: Store, live: LiveStreams) -> None:
        self._store = store
        self._live = live
        self._bound: dict[tuple[str, Name], str] = {}
        self._unbound: set[tuple[str, Name]] = set()
        self.bindings: list[Binding] = []
        self.free: list[tuple[str, str]] = []

    def prepare(self, facts: Sequence[tuple[str, Fact]], *, is_careful: bool) -> list[About]:
        """Look up, in few readings, what these facts of their accounts will ask for.

        Unless `is_careful`, a request is taken to open a new order, and a name that a known order bears from now on to be
        free: the store tells when it commits, and the group is then decided again, carefully.
        """
        about = [About(stream := stream_for(account, fact), names_borne(stream, fact)) for account, fact in facts]
        self._live.load(self._streams_of(facts, about, is_careful=is_careful))
        wanted: dict[str, dict[Name, None]] = {}
        for index, ((account, fact), (stream, borne)) in enumerate(zip(facts, about, strict=True)):
            is_request = isinstance(fact, OrderRequested)
            is_known = fact.client_order_id is not None and self._live.is_known(stream)
            if is_known and borne:
                order = self._live[stream].order
                borne = [name for name in borne if not bears(order, name)]
                about[index] = About(stream, borne)
            if is_request and not is_careful:
                self._live.assume(stream)
            for name in borne if is_known and not is_request else [*borne, *names_given(fact)]:
                key = (account, name)
                if key not in self._bound and key not in self._unbound:
                    if (is_known or is_request) and not is_careful:
                        self._unbound.add(key)
                    else:
                        wanted.setdefault(account, {})[name] = None
        for account, asked in wanted.items():
            self._look_up(account, list(asked))
        return about

    @staticmethod
    def _streams_of(facts: Sequence[tuple[str, Fact]], about: Sequence[About], *, is_careful: bool) -> Iterator[str]:
        """The streams named after our own ids among them. Unless careful, not those that a request is taken to open."""
        opened = {stream for (_, fact), (stream, _) in zip(facts, about, strict=True) if isinstance(fact, OrderRequested)}
        for (account, fact), (stream, borne) in zip(facts, about, strict=True):
            if fact.client_order_id is not None and (is_careful or stream not in opened):
                yield stream
            for kind, name in borne:
                if kind is NameKind.CLIENT:
                    yield order_stream(account, name)

    def find(self, account: str, fact: Fact, own: str) -> str:
        """The stream of the order that the fact is about: a known one, or the one it would open."""
        if isinstance(fact, OrderRequested):
            return own  # a request opens its own order, even where reports under its id were taken for another's
        if fact.client_order_id is not None and self._live[own].order.is_known:
            return self._follow(own)
        for name in names_given(fact):
            stream = self.bound(account, name)
            if stream is not None:
                return self._follow(stream)
        return self._follow(own)

    def bound(self, account: str, name: Name) -> str | None:
        """What the name stands for."""
        key = (account, name)
        if key not in self._bound and key not in self._unbound:
            self._look_up(account, [name])
        return self._bound.get(key)

    def bind(self, account: str, name: Name, stream: str, *, is_claim: bool = False) -> None:
        """With the next commit the name stands for the order in the stream."""
        key = (account, name)
        if is_claim or self.bound(account, name) is None:
            self._bound[key] = stream
            self._unbound.discard(key)
            self.bindings.append(Binding(account, name[0].value, name[1], stream, is_claim))

    def take(self, account: str, client_order_id: str) -> None:
        """An order of ours opens under this id: with the next commit it must not be another name of another order."""
        self.free.append((account, client_order_id))

    def owner(self, account: str, name: Name) -> str | None:
        """The stream that has the name, by binding or by its own name."""
        if name[0] is NameKind.CLIENT and self._live[order_stream(account, name[1])].version:
            return self._follow(order_stream(account, name[1]))
        stream = self.bound(account, name)
        return None if stream is None else self._follow(stream)

    def committed(self) -> None:
        """The bindings of the batch are in the store."""
        self.bindings.clear()
        self.free.clear()
        self._unbound.clear()
        if len(self._bound) > NAMES_KEPT:
            self._bound.clear()

    def failed(self) -> None:
        """The bindings of the batch came to nothing."""
        for account, kind, name, _, _ in self.bindings:
            self._bound.pop((account, (NameKind(kind), name)), None)
        self.bindings.clear()
        self.free.clear()
        self._unbound.clear()

    def _follow(self, stream: str) -> str:
        while (target := self._live[stream].order.attributed_to) is not None:
            stream = target
        return stream

    def _look_up(self, account: str, names: list[Name]) -> None:
        by_kind: dict[str, list[str]] = {}
        for kind, name in names:
            by_kind.setdefault(kind.value, []).append(name)
        found = self._store.recorder.streams_named(account, by_kind)
        for kind, name in names:
            stream = found.get((kind.value, name))
            if stream is None:
                self._unbound.add((account, (kind, name)))
            else:
                self._bound[account, (kind, name)] = stream
        self._live.load(found.values())
