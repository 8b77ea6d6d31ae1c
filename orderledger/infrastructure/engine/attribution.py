"""Binds the names of an order, and finds out which orders are one.

Reports may come before the request, or under ids that are not known yet: they open an unknown order. A name that it shares with
another order shows to which one its facts belong.
"""

from collections.abc import Sequence

from orderledger.domain.decision import Duplicate
from orderledger.domain.orders.events import OrderEvent
from orderledger.domain.orders.identity import CLIENT, REQUEST, VENUE, Name, names_borne
from orderledger.domain.orders.judgements import AnomalyDetected, OrderAttributed
from orderledger.domain.values import Anomaly, client_order_id_of
from orderledger.infrastructure.engine.batch import Batch
from orderledger.infrastructure.engine.resolving import Resolver
from orderledger.infrastructure.engine.streams import LiveStreams


class Attribution:
    """What follows from the names in a fact that was just appended."""

    def __init__(self, batch: Batch, resolver: Resolver, streams: LiveStreams) -> None:
        self._batch = batch
        self._resolver = resolver
        self._streams = streams

    def claim(self, account: str, stream: str, own_id: str) -> None:
        """An order of ours opens under this id. An unknown order that has borne the id is this order."""
        bearer = self._resolver.bearer(account, (CLIENT, own_id))
        if bearer is None:
            self._resolver.take(account, own_id)
        elif bearer.stream != stream:
            self._meet(account, stream, (CLIENT, own_id), bearer.stream)

    def bind(self, account: str, stream: str, names: Sequence[Name]) -> None:
        """From now on these names stand for the order in the stream, or for the order that it turns out to be."""
        for name in names:
            stream = self._bind(account, stream, name)

    def _bind(self, account: str, stream: str, name: Name) -> str:
        if name[0] is CLIENT and name[1] == client_order_id_of(stream):
            return stream
        owner = self._resolver.owner(account, name)
        if owner is None:
            self._resolver.bind(account, name, stream)
        elif owner != stream and (name[0] is not REQUEST or self._resolver.is_own(account, name)):  # orders may share request ids
            return self._meet(account, stream, name, owner)
        return stream

    def _meet(self, account: str, stream: str, name: Name, owner: str) -> str:
        """A name of this order is another's already. If either is unknown, they are one."""
        if self._streams[owner].is_external:
            self._attribute(account, owner, stream)
        elif self._streams[stream].is_external:
            self._attribute(account, stream, owner)
            return owner
        elif name[0] is VENUE:
            self._flag_reused(name[1], stream, owner)
            self._flag_reused(name[1], owner, stream)
        return stream

    def _flag_reused(self, venue_order_id: str, stream: str, other: str) -> None:
        """Two orders of ours have been given one venue order id."""
        live = self._streams[stream]
        if Anomaly.VENUE_ORDER_ID_REUSED not in live.order.raised:
            detail = f"venue order id {venue_order_id} is also that of {client_order_id_of(other) or other}"
            self._batch.judge(live, AnomalyDetected(code=Anomaly.VENUE_ORDER_ID_REUSED, detail=detail))

    def _attribute(self, account: str, source: str, target: str) -> None:
        """Record the facts of an unknown order under the order it belongs to, once. Its commands have happened, and are kept
        even where they would be refused by now."""
        external, order = self._streams[source], self._streams[target]
        for told in external.history:
            fact = told.event
            if not isinstance(fact, OrderEvent):
                continue
            if not isinstance(order.decide(fact), Duplicate):
                self._batch.append_copy(told, fact, order)
            for name in names_borne(external.order.names.own_id, fact):
                bound = self._resolver.bound(account, name)  # a name of a third order is met later
                if bound == source or (bound is None and not self._resolver.is_own(account, name)):
                    self._resolver.bind(account, name, target, is_claim=True)
        self._batch.judge(external, OrderAttributed(to=target))
        own_id = external.order.names.own_id
        if own_id is not None:
            self._resolver.bind(account, (CLIENT, own_id), target, is_claim=True)
        external.history = ()
