"""An order while the fold follows it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from orderledger.domain.orders.events import OrderEvent
from orderledger.domain.orders.order import Order
from orderledger.domain.values import Anomaly, account_of, client_order_id_of
from orderledger.projections.trades import Report


class NoDuplicates(set[OrderEvent]):
    """What an order has seen is asked when the next message is decided, never by a view."""

    def add(self, element: OrderEvent) -> None:
        return


@dataclass(slots=True)
class Tracked:
    """`reports` tells how each fill came into the log, `stale` which trades are to be written anew. `shown` is what all trades of
    the order show of it; no fill was told to be later than `filled_until`. `raised` holds the anomalies that no event cleared."""

    order: Order
    version: int = 0
    reports: dict[str, Report] = field(default_factory=dict)
    stale: dict[str, None] = field(default_factory=dict)
    shown: tuple[object, ...] = ()
    filled_until: datetime | None = None
    raised: dict[Anomaly, list[int]] = field(default_factory=dict)
    is_dirty: bool = False
    is_ended: bool = False

    @classmethod
    def of(cls, stream: str) -> Self:
        """The order of this stream, before its first event."""
        tracked = cls(Order(account_of(stream), client_order_id_of(stream)))
        tracked.order.seen = NoDuplicates()
        return tracked

    @property
    def open_anomalies(self) -> list[int]:
        """Their positions in the log."""
        return [position for positions in self.raised.values() for position in positions]

    def note_what_trades_show(self) -> None:
        """The terms and names of an order stand in the rows of its trades, of busted ones too: mark those in which they have
        changed."""
        order = self.order
        shown = (order.terms.instrument, order.terms.side, order.terms.request, order.client_order_id)
        if shown != self.shown:
            if self.shown:
                self.stale.update(dict.fromkeys(self.reports))
            self.shown = shown
        changed_from, filled_until = order.names.changed_from, self.filled_until
        if changed_from is not None and filled_until is not None and changed_from <= filled_until:
            self.stale.update(dict.fromkeys(self.reports))
