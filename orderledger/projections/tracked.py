"""An order while the fold follows it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from orderledger.domain.orders.events import Event
from orderledger.domain.orders.judgements import AnomalyDetected
from orderledger.domain.orders.message import OrderMessage
from orderledger.domain.orders.order import Order
from orderledger.domain.orders.record import evolve
from orderledger.domain.orders.reports import FillBusted, FillRecorded
from orderledger.domain.recorded import Recorded
from orderledger.domain.values import Anomaly
from orderledger.projections.order_times import OrderTimes
from orderledger.projections.trades import Report, report_of

FirstRecord = Callable[[str, str, int], tuple[int, datetime] | None]
"""Finds the log position and time at which a fill was first recorded under another order.
Arguments: its fill id, and the stream and version of that event."""


class NoDuplicates(set[OrderMessage]):
    """An empty set: only decisions about new messages look for duplicates, never a view."""

    def add(self, element: OrderMessage) -> None:
        return


class NoMessageIds(dict[str, tuple[OrderMessage, ...]]):
    """An empty index of messages by id, for the same reason."""

    def __setitem__(self, message_id: str, events: tuple[OrderMessage, ...]) -> None:
        return


NO_DUPLICATES, NO_MESSAGE_IDS = NoDuplicates(), NoMessageIds()
"""One for all orders: they stay empty."""


@dataclass(slots=True)
class Tracked:
    """An order with the facts that its rows need. `reports`: how each fill came into the log.
    `stale`: the trades to write again. `shown`: the columns of the order that all its trades show.
    `filled_until`: the latest time of a fill. `raised`: the anomalies that no event cleared.
    `times`: when the steps of the order were recorded."""

    order: Order
    version: int = 0
    reports: dict[str, Report] = field(default_factory=dict)
    stale: dict[str, None] = field(default_factory=dict)
    shown: tuple[object, ...] = ()
    filled_until: datetime | None = None
    raised: dict[Anomaly, list[int]] = field(default_factory=dict)
    times: OrderTimes = field(default_factory=OrderTimes)
    is_dirty: bool = False
    is_ended: bool = False

    @classmethod
    def of(cls, stream: str) -> Self:
        """The order of this stream, before its first event."""
        tracked = cls(Order.of(stream))
        tracked.order.seen, tracked.order.message_ids = NO_DUPLICATES, NO_MESSAGE_IDS
        return tracked

    def follow(self, recorded: Recorded, event: Event, first_record: FirstRecord) -> None:
        """Take the next event of the order, and mark the trades whose rows it may change."""
        order = self.order
        evolve(order, event, recorded.when)
        self.version = recorded.version
        self.times.note(recorded, event, order)
        match event:
            case FillRecorded():
                self.note_report(recorded, event, first_record)
                self.stale.update(order.fills.changed)
            case FillBusted():
                self.stale.update(order.fills.changed)
            case AnomalyDetected():
                self.raised.setdefault(event.code, []).append(recorded.position or 0)
                return
        if self.reports:
            self.note_what_trades_show()

    def note_report(
        self, recorded: Recorded, event: FillRecorded, first_record: FirstRecord
    ) -> None:
        """Note the log position of the first report of a fill. A fill that was attributed to the
        order keeps the log position at which it was recorded first."""
        fill = self.order.fills.by_id[event.fill_id]
        known = self.reports.get(event.fill_id)
        if known is None or known.fill is not fill:
            report = self.reports[event.fill_id] = report_of(recorded, fill)
            at = fill.at
            self.filled_until = at if self.filled_until is None else max(self.filled_until, at)
            if recorded.attributed_from is not None:
                first = first_record(event.fill_id, *recorded.attributed_from)
                report.position, report.recorded_at = first or (report.position, report.recorded_at)

    @property
    def open_anomalies(self) -> list[int]:
        """Their positions in the log."""
        return [position for positions in self.raised.values() for position in positions]

    def note_what_trades_show(self) -> None:
        """Mark the trades whose rows have outdated terms or names of the order, including busted
        ones."""
        order = self.order
        terms = order.terms
        shown = (
            terms.instrument,
            terms.side,
            terms.request,
            order.client_order_id,
            terms.position_side,
            terms.position_id,
        )
        if shown != self.shown:
            if self.shown:
                self.stale.update(dict.fromkeys(self.reports))
            self.shown = shown
        changed_from, filled_until = order.names.changed_from, self.filled_until
        if changed_from is not None and filled_until is not None and changed_from <= filled_until:
            self.stale.update(dict.fromkeys(self.reports))
