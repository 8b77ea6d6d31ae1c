"""Doubts: which open orders have an unknown outcome, since when and why."""

from collections.abc import Sequence
from datetime import datetime

from orderledger.domain.orders.order import Order
from orderledger.domain.orders.record import evolve
from orderledger.domain.recorded import Recorded
from orderledger.infrastructure.storage.store import Store
from orderledger.projections.orders import OrderRow
from orderledger.projections.recovery import DoubtRow, doubt_of, may_be_in_doubt


def doubts_in(
    store: Store, open_orders: Sequence[OrderRow], now: datetime
) -> tuple[list[DoubtRow], int]:
    """The doubts about these orders, the oldest first, and the number of events read."""
    rows = [row for row in open_orders if may_be_in_doubt(row)]
    events = store.events_of([row["stream"] for row in rows]) if rows else {}
    doubts = [
        doubt_of(row, _folded(events[row["stream"]]), events[row["stream"]], now) for row in rows
    ]
    return sorted(doubts, key=lambda doubt: doubt["since"]), sum(map(len, events.values()))


def order_now(store: Store, stream: str) -> Order:
    """An order, folded from its stream."""
    return _folded(store.events_of([stream])[stream])


def _folded(events: Sequence[Recorded]) -> Order:
    order = Order.of(events[0].stream)
    for recorded in events:
        evolve(order, recorded.event, recorded.when)  # type: ignore[arg-type]
    return order
