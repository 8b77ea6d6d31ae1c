"""Resolves the names in a message to the order that it is about."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from orderledger.domain.orders.commands import CancelRequested, OrderRequested, ReplaceRequested
from orderledger.domain.orders.events import OrderEvent
from orderledger.domain.orders.identity import OUR_IDS, Name, ids_given, names_borne, names_given, new_names
from orderledger.domain.orders.order import Order
from orderledger.domain.orders.reports import OrderReplaced
from orderledger.domain.values import order_stream
from orderledger.infrastructure.engine.entry import Entry
from orderledger.infrastructure.engine.streams import Live, LiveStreams
from orderledger.infrastructure.storage.recorder import Binding, own_streams
from orderledger.infrastructure.storage.store import Store

NAMES_KEPT = 50_000

Key = tuple[str, Name]
"""An account and a name in it."""


class Resolved(NamedTuple):
    """The stream that a message is about, and the names in the message that the order has not borne so far."""

    live: Live
    new_names: Sequence[Name] = ()


class Resolver:
    """Names that are bound, as the store has them and as this batch is about to bind them."""

    def __init__(self, store: Store, streams: LiveStreams) -> None:
        self._store = store
        self._streams = streams
        self._bound: dict[Key, str] = {}
        self._unbound: set[Key] = set()
        self._new: dict[Key, Binding] = {}
        self.free: list[tuple[str, str]] = []

    @property
    def bindings(self) -> list[Binding]:
        """What the next commit binds: each name once, to the order that it stands for in the end."""
        return list(self._new.values())

    def prepare(self, entries: Sequence[Entry], *, is_careful: bool) -> None:
        """Look up, in few readings, what these entries will ask for.

        Unless `is_careful`, a request is taken to open a new order, and a name that one of our orders bears from now on to
        be free: the store tells when it commits, and the group is then decided again, carefully.
        """
        self._streams.load(self._named_streams(entries, is_careful=is_careful))
        opened: set[str] = set()
        wanted: dict[Key, None] = {}
        for entry in entries:
            fact = entry.fact
            if not isinstance(fact, OrderEvent):
                continue
            if isinstance(fact, OrderRequested) and not is_careful:
                self._streams.assume(entry.stream)
                opened.add(entry.stream)
            order = self._known_order(entry.stream, fact)
            names = names_borne(fact.client_order_id, fact) if order is None else new_names(order, fact)
            is_ours = order is not None or entry.stream in opened
            for name in names if is_ours and not isinstance(fact, OrderRequested) else [*names, *ids_given(fact)]:
                key = (entry.account, name)
                if key not in self._bound and key not in self._unbound:
                    if is_ours and not is_careful:
                        self._unbound.add(key)
                    else:
                        wanted[key] = None
        if wanted:
            self._look_up(wanted)

    @staticmethod
    def _named_streams(entries: Sequence[Entry], *, is_careful: bool) -> Iterator[str]:
        """The streams that these name themselves. Unless careful, not those that a request is taken to open."""
        opened = set() if is_careful else {entry.stream for entry in entries if isinstance(entry.fact, OrderRequested)}
        for entry in entries:
            fact = entry.fact
            if entry.stream not in opened and (not isinstance(fact, OrderEvent) or fact.client_order_id is not None):
                yield entry.stream
            if isinstance(fact, (ReplaceRequested, OrderReplaced)) and fact.replacement_client_order_id is not None:
                yield order_stream(entry.account, fact.replacement_client_order_id)
            if isinstance(fact, (CancelRequested, ReplaceRequested)) and fact.request_id is not None:
                yield order_stream(entry.account, fact.request_id)

    def _known_order(self, stream: str, fact: OrderEvent) -> Order | None:
        """The order that bears our id in this fact, if it is in memory and anything is known of it."""
        live = None if fact.client_order_id is None else self._streams.get(stream)
        return live.order if live is not None and live.order.is_known else None

    def resolve(self, entry: Entry) -> Resolved:
        """The stream of the entry: of a fact about an order the order's, whatever names it gives."""
        fact = entry.fact
        if not isinstance(fact, OrderEvent):
            return Resolved(self._streams[entry.stream])
        live = self._find(entry, fact)
        return Resolved(live, new_names(live.order, fact))

    def _find(self, entry: Entry, fact: OrderEvent) -> Live:
        """The order that the fact is about: a known one, or the one it would open."""
        if isinstance(fact, OrderRequested):
            return self._streams[entry.stream]  # its own order, even where reports under its id were taken for another's
        if fact.client_order_id is not None and (live := self._streams[entry.stream]).order.is_known:
            return self._follow(live)
        for name in names_given(fact):
            if (bearer := self.bearer(entry.account, name)) is not None:
                return bearer
        self._streams.assume(entry.stream)  # one that is in the log has its names bound
        return self._follow(self._streams[entry.stream])

    def bound(self, account: str, name: Name) -> str | None:
        """The stream that the name is bound to."""
        key = (account, name)
        stream = self._bound.get(key)
        if stream is None and key not in self._unbound:
            self._look_up([key])
            stream = self._bound.get(key)
        return stream

    def bind(self, account: str, name: Name, stream: str, *, is_claim: bool = False) -> None:
        """With the next commit the name stands for the order in the stream. It stood for none, unless `is_claim`."""
        key = (account, name)
        self._bound[key] = stream
        self._unbound.discard(key)
        is_fresh = not is_claim or (key in self._new and not self._new[key].is_claim)
        self._new[key] = Binding(account, str(name[0]), name[1], stream, is_claim=not is_fresh)

    def forget_unverified(self, entry: Entry) -> None:
        """The entry binds no names after all, so no commit will verify that they are free."""
        if isinstance(fact := entry.fact, OrderEvent):
            self._unbound.difference_update((entry.account, name) for name in names_borne(fact.client_order_id, fact))

    def take(self, account: str, client_order_id: str) -> None:
        """An order of ours opens under this id: with the next commit it must not be another name of another order."""
        self.free.append((account, client_order_id))

    def owner(self, account: str, name: Name) -> str | None:
        """The stream that has the name, by its own name or by binding."""
        if self.is_own(account, name):
            return self._follow(self._streams[order_stream(account, name[1])]).stream
        live = self.bearer(account, name)
        return None if live is None else live.stream

    def is_own(self, account: str, name: Name) -> bool:
        """Whether an order has the name as its own client order id."""
        return name[0] in OUR_IDS and self._streams[order_stream(account, name[1])].version > 0

    def bearer(self, account: str, name: Name) -> Live | None:
        """The order that the name was bound to, or what that turned out to be."""
        stream = self.bound(account, name)
        return None if stream is None else self._follow(self._streams[stream])

    def committed(self) -> None:
        """The bindings of the batch are in the store."""
        self._new.clear()
        self.free.clear()
        self._unbound.clear()
        if len(self._bound) > NAMES_KEPT:
            self._bound.clear()

    def failed(self) -> None:
        """The bindings of the batch came to nothing: another process may have opened an order under such a name."""
        for key in self._new:
            self._bound.pop(key, None)
        self._streams.forget(own_streams(self.bindings))
        self._new.clear()
        self.free.clear()
        self._unbound.clear()

    def _follow(self, live: Live) -> Live:
        """What the order turned out to be. It may have been requested since, by another process: then it is what it was."""
        while (target := live.order.attributed_to) is not None:
            if not self._streams.refresh(live.stream):
                live = self._streams[target]
        return live

    def _look_up(self, keys: Collection[Key]) -> None:
        """Ask the store what these names stand for."""
        by_account: dict[str, dict[str, list[str]]] = {}
        for account, (kind, name) in keys:
            by_account.setdefault(account, {}).setdefault(str(kind), []).append(name)
        found = {account: self._store.recorder.streams_named(account, by_kind) for account, by_kind in by_account.items()}
        for account, (kind, name) in keys:
            stream = found[account].get((kind, name))
            if stream is None:
                self._unbound.add((account, (kind, name)))
            else:
                self._bound[account, (kind, name)] = stream
        self._streams.load(stream for streams in found.values() for stream in streams.values())
