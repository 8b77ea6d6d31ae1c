"""Resolves the names in a message to an order."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from orderledger.domain.orders.commands import OrderRequested
from orderledger.domain.orders.events import OrderEvent
from orderledger.domain.orders.identity import (
    BRING_IDS,
    OUR_IDS,
    Name,
    ids_brought,
    ids_given,
    names_borne,
    names_given,
    new_names,
)
from orderledger.domain.orders.order import Order
from orderledger.domain.stream_names import order_stream
from orderledger.infrastructure.engine.entry import Entry
from orderledger.infrastructure.engine.streams import Live, LiveStreams
from orderledger.infrastructure.storage.recorder import Binding, own_streams
from orderledger.infrastructure.storage.store import Store

NAMES_KEPT = 50_000

Key = tuple[str, Name]
"""An account and a name in it."""


class Resolved(NamedTuple):
    """The stream of a message's order, and the names in the message that are new to the order."""

    live: Live
    new_names: Sequence[Name] = ()


class Resolver:
    """Bindings of names to orders: those in the store, and those that this batch will add."""

    def __init__(self, store: Store, streams: LiveStreams) -> None:
        self._store = store
        self._streams = streams
        self._bound: dict[Key, str] = {}
        self._unbound: set[Key] = set()
        self._new: dict[Key, Binding] = {}
        self.free: list[tuple[str, str]] = []

    @property
    def bindings(self) -> list[Binding]:
        """The bindings that the next commit stores: each name once, with its final order."""
        return list(self._new.values())

    def prepare(self, entries: Sequence[Entry], *, is_careful: bool) -> None:
        """Look up the streams and names of these entries in few queries.

        Unless `is_careful`, assumes that a request opens a new order, and that a new name of one of
        our orders is free. The commit fails if that is wrong, and the group is then decided again,
        carefully.
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
            names = (
                names_borne(fact.client_order_id, fact) if order is None else new_names(order, fact)
            )
            is_ours = order is not None or entry.stream in opened
            for name in (
                names
                if is_ours and not isinstance(fact, OrderRequested)
                else [*names, *ids_given(fact)]
            ):
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
        """The streams that these entries name. Unless careful, without those that a request is
        assumed to open."""
        opened = (
            set()
            if is_careful
            else {entry.stream for entry in entries if isinstance(entry.fact, OrderRequested)}
        )
        for entry in entries:
            fact = entry.fact
            if not isinstance(fact, OrderEvent):
                yield entry.stream
                continue
            if fact.client_order_id is not None and entry.stream not in opened:
                yield entry.stream
            if type(fact) in BRING_IDS:
                yield from (order_stream(entry.account, name) for _, name in ids_brought(fact))

    def _known_order(self, stream: str, fact: OrderEvent) -> Order | None:
        """The order with the client order id of this fact, if it is in memory and has facts."""
        live = None if fact.client_order_id is None else self._streams.get(stream)
        return None if live is None or not (order := live.order).is_known else order

    def resolve(self, entry: Entry) -> Resolved:
        """The stream of the entry. A fact about an order goes to that order's stream, whichever of
        its names the fact gives."""
        fact = entry.fact
        if not isinstance(fact, OrderEvent):
            return Resolved(self._streams[entry.stream])
        live = self._find(entry, fact)
        return Resolved(live, new_names(live.order, fact))

    def _find(self, entry: Entry, fact: OrderEvent) -> Live:
        """The order of the fact: a known one, or the one that the fact would open."""
        if isinstance(fact, OrderRequested):
            return self._streams[
                entry.stream
            ]  # its own order, even if reports under its id were attributed to another
        if (
            fact.client_order_id is not None
            and (live := self._streams[entry.stream]).order.is_known
        ):
            return self._follow(live)
        for name in names_given(fact):
            if (bearer := self.bearer(entry.account, name)) is not None:
                return bearer
        self._streams.assume(
            entry.stream
        )  # if this order were in the log, its names would be bound
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
        """Bind the name to the order in the stream, with the next commit. It must be unbound,
        unless `is_claim`."""
        key = (account, name)
        self._bound[key] = stream
        self._unbound.discard(key)
        is_fresh = not is_claim or (key in self._new and not self._new[key].is_claim)
        self._new[key] = Binding(account, str(name[0]), name[1], stream, is_claim=not is_fresh)

    def forget_unverified(self, entry: Entry) -> None:
        """Forget that the names of this entry are free: it binds no names after all, so no
        commit verifies that.
        """
        if isinstance(fact := entry.fact, OrderEvent):
            self._unbound.difference_update(
                (entry.account, name) for name in names_borne(fact.client_order_id, fact)
            )

    def take(self, account: str, client_order_id: str) -> None:
        """Note that one of our orders opens under this id. The next commit verifies that it is
        not another name of another order.
        """
        self.free.append((account, client_order_id))

    def owner(self, account: str, name: Name) -> str | None:
        """The stream of the order with this name: as its own client order id, or by a binding."""
        if self.is_own(account, name):
            return self._follow(self._streams[order_stream(account, name[1])]).stream
        live = self.bearer(account, name)
        return None if live is None else live.stream

    def is_own(self, account: str, name: Name) -> bool:
        """Check for an order that has the name as its own client order id."""
        return name[0] in OUR_IDS and self._streams[order_stream(account, name[1])].version > 0

    def bearer(self, account: str, name: Name) -> Live | None:
        """The order that the name is bound to, after following attributions."""
        stream = self.bound(account, name)
        return None if stream is None else self._follow(self._streams[stream])

    def committed(self) -> None:
        """Note that the bindings of the batch are in the store."""
        self._new.clear()
        self.free.clear()
        self._unbound.clear()
        if len(self._bound) > NAMES_KEPT:
            self._bound.clear()

    def failed(self) -> None:
        """Note that the bindings of the batch were not stored: another process may have opened an
        order under such a name."""
        for key in self._new:
            self._bound.pop(key, None)
        self._streams.forget(own_streams(self.bindings))
        self._new.clear()
        self.free.clear()
        self._unbound.clear()

    def _follow(self, live: Live) -> Live:
        """Follow attributions to the final order.

        Another process may have requested the order since. It is then a separate order again.
        """
        while (target := live.order.attributed_to) is not None:
            if not self._streams.refresh(live.stream):
                live = self._streams[target]
        return live

    def _look_up(self, keys: Collection[Key]) -> None:
        """Look up the streams of these names in the store."""
        by_account: dict[str, dict[str, list[str]]] = {}
        for account, (kind, name) in keys:
            by_account.setdefault(account, {}).setdefault(str(kind), []).append(name)
        found = {
            account: self._store.recorder.streams_named(account, by_kind)
            for account, by_kind in by_account.items()
        }
        for account, (kind, name) in keys:
            stream = found[account].get((kind, name))
            if stream is None:
                self._unbound.add((account, (kind, name)))
            else:
                self._bound[account, (kind, name)] = stream
        self._streams.load(stream for streams in found.values() for stream in streams.values())
