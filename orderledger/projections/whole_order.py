"""The rows of one order from all its events at once: what the fold of the log arrives at, without
the rows in between.

`Fold` writes the row of an order whenever the order has changed. A rebuild reads the events of one
order after another, so it writes each row once.
"""

from collections.abc import Iterator

from orderledger.domain.orders.events import Event, OrderEvent
from orderledger.domain.orders.identity import Name, new_names
from orderledger.domain.orders.judgements import AnomalyCleared, AnomalyDetected, OrderAttributed
from orderledger.domain.orders.reports import FillBusted, FillRecorded
from orderledger.domain.recorded import Recorded
from orderledger.projections.anomalies import AnomalyRow, anomaly_row
from orderledger.projections.orders import StoredOrderRow, order_row
from orderledger.projections.tracked import FirstRecord, Tracked
from orderledger.projections.trades import StoredTradeRow, trade_row

Borne = tuple[int, Name]
"""The log position of an event, and a name that its order has from then on."""


class WholeOrder:
    """Takes the events of one stream, in order. Then the properties are its rows.

    `names`: each name that the order got, at the position of the first event with it; ids of ours
    may come more than once. `attributed`: each attribution to another stream, with its position.
    """

    __slots__ = ("_anomalies", "_first_record", "_tracked", "attributed", "names", "stream")

    def __init__(self, stream: str, first_record: FirstRecord) -> None:
        self.stream = stream
        self._tracked = Tracked.of(stream)
        self._first_record = first_record
        self._anomalies: dict[int, AnomalyRow] = {}
        self.names: list[Borne] = []
        self.attributed: list[tuple[int, str]] = []

    def take(self, recorded: Recorded, event: Event) -> None:
        """Take the next event."""
        tracked = self._tracked
        if isinstance(event, OrderEvent):
            for name in new_names(tracked.order, event):
                self.names.append((recorded.position or 0, name))
            if not self.attributed:
                event.apply(tracked.order, recorded.when)
                tracked.version = recorded.version
                tracked.times.note(recorded, event, tracked.order)
                if isinstance(event, FillRecorded):
                    tracked.note_report(recorded, event, self._first_record)
                if isinstance(event, (FillRecorded, FillBusted)):
                    tracked.stale.update(tracked.order.fills.changed)
                return
        self._take_unusual(recorded, event)

    def _take_unusual(self, recorded: Recorded, event: Event) -> None:
        """An anomaly, or any event from an attribution on. From then on the rows of the order are
        gone, and those that the fold would write again are the `stale` ones."""
        tracked, order = self._tracked, self._tracked.order
        was_another = order.attributed_to is not None
        tracked.follow(recorded, event, self._first_record)
        if was_another and order.attributed_to is None:
            self._mark_cleared(tracked.open_anomalies, None)
        match event:
            case AnomalyDetected():
                self._anomalies[recorded.position or 0] = anomaly_row(order, recorded, event)
            case AnomalyCleared():
                self._mark_cleared(tracked.raised.pop(event.code, []), recorded)
            case OrderAttributed():
                tracked.stale.clear()
                self._mark_cleared(tracked.open_anomalies, recorded)
                self.attributed.append((recorded.position or 0, event.to))
            case _:
                pass

    def _mark_cleared(self, positions: list[int], by: Recorded | None) -> None:
        for position in positions:
            self._anomalies[position]["cleared_at"] = None if by is None else by.recorded_at

    @property
    def order(self) -> StoredOrderRow | None:
        """The row of the order. None if it turned out to be another."""
        tracked = self._tracked
        if tracked.order.attributed_to is not None:
            return None
        return order_row(self.stream, tracked.order, tracked.version, tracked.times)

    @property
    def trades(self) -> Iterator[StoredTradeRow]:
        """The rows of its fills."""
        order, reports = self._tracked.order, self._tracked.reports
        fills = order.fills.by_id
        return (
            trade_row(self.stream, order, fills[fill_id], reports[fill_id])
            for fill_id in self._tracked.stale
        )

    @property
    def anomalies(self) -> Iterator[AnomalyRow]:
        """The rows of its anomalies."""
        return iter(self._anomalies.values())
