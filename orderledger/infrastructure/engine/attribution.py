"""Binds the names of an order, and detects which orders are the same.

Reports may come before the request, or under unknown ids: they open an unknown order. If it shares
a name with another order, its facts are recorded under that order.
"""

from collections.abc import Sequence

from orderledger.domain.decision import Duplicate
from orderledger.domain.orders.events import OrderEvent
from orderledger.domain.orders.identity import CLIENT, REQUEST, VENUE, Name, names_borne
from orderledger.domain.orders.judgements import AnomalyDetected, OrderAttributed
from orderledger.domain.stream_names import client_order_id_of
from orderledger.domain.values import Anomaly
from orderledger.infrastructure.engine.batch import Batch
from orderledger.infrastructure.engine.resolving import Resolver
from orderledger.infrastructure.engine.streams import LiveStreams


class Attribution:
    """Binds the names of an appended fact, and attributes unknown orders to the orders that share
    their names."""

    def __init__(self, batch: Batch, resolver: Resolver, streams: LiveStreams) -> None:
        self._batch = batch
        self._resolver = resolver
        self._streams = streams

    def claim(self, account: str, stream: str, own_id: str) -> None:
        """Open one of our orders under this id. An unknown order with this id is the same order."""
        bearer = self._resolver.bearer(account, (CLIENT, own_id))
        if bearer is None:
            self._resolver.take(account, own_id)
        elif bearer.stream != stream:
            self._meet(account, stream, (CLIENT, own_id), bearer.stream)

    def bind(self, account: str, stream: str, names: Sequence[Name]) -> None:
        """Bind these names to the order in the stream. If that order proves to be another, later
        names are bound to the other."""
        for name in names:
            stream = self._bind(account, stream, name)

    def _bind(self, account: str, stream: str, name: Name) -> str:
        if name[0] is CLIENT and name[1] == client_order_id_of(stream):
            return stream
        owner = self._resolver.owner(account, name)
        if owner is None:
            self._resolver.bind(account, name, stream)
        elif owner != stream and (
            name[0] is not REQUEST or self._resolver.is_own(account, name)
        ):  # orders may share request ids
            return self._meet(account, stream, name, owner)
        return stream

    def _meet(self, account: str, stream: str, name: Name, owner: str) -> str:
        """Handle a name that two orders share. If either is unknown, they are one order. Returns
        the stream of the order."""
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
        """Raise an anomaly: the venue gave the same venue order id to two of our orders."""
        live = self._streams[stream]
        if Anomaly.VENUE_ORDER_ID_REUSED not in live.order.raised:
            detail = (
                f"venue order id {venue_order_id} also belongs to "
                f"{client_order_id_of(other) or other}"
            )
            self._batch.judge(
                live, AnomalyDetected(code=Anomaly.VENUE_ORDER_ID_REUSED, detail=detail)
            )

    def _attribute(self, account: str, source: str, target: str) -> None:
        """Record the facts of an unknown order again, under the order that it belongs to.

        Its commands have happened, so they are kept even if a decision would now refuse them.
        """
        external, order = self._streams[source], self._streams[target]
        self._batch.place_anew(order)
        for recorded in external.history:
            fact = recorded.event
            if not isinstance(fact, OrderEvent):
                continue
            if not isinstance(order.decide(fact), Duplicate):
                self._batch.append_copy(recorded, fact, order)
            for name in names_borne(external.order.names.own_id, fact):
                bound = self._resolver.bound(
                    account, name
                )  # `bind` handles a name of a third order later
                if bound == source or (bound is None and not self._resolver.is_own(account, name)):
                    self._resolver.bind(account, name, target, is_claim=True)
        self._batch.judge(external, OrderAttributed(to=target))
        own_id = external.order.names.own_id
        if own_id is not None:
            self._resolver.bind(account, (CLIENT, own_id), target, is_claim=True)
        external.history = ()
