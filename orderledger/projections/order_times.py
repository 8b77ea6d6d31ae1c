"""When the steps of an order were recorded: its times by our clock. The times by the venue's clock are in the reports."""

from datetime import datetime
from typing import Any

from orderledger.domain.orders.commands import CancelRequested, OrderRequested, OrderSubmitted, SubmissionUnresolved
from orderledger.domain.orders.events import Event, OrderJudgement
from orderledger.domain.orders.order import Order
from orderledger.domain.orders.reports import CancelRejected, FillRecorded, OrderAcknowledged
from orderledger.domain.recorded import Recorded
from orderledger.domain.values import Source
from orderledger.projections.view import hidden

RECORDED_TIMES = (
    hidden("requested_recorded_at", "time", "When the request was recorded."),
    hidden("submitted_recorded_at", "time", "When the last `submit` was recorded."),
    hidden("acknowledged_recorded_at", "time", "When the first acknowledgement was recorded."),
    hidden("first_fill_recorded_at", "time", "When the first fill was recorded."),
    hidden("ended_recorded_at", "time", "When the event that ended it was recorded."),
    hidden("cancel_requested_at", "time", "When its cancel was requested: the first request that the venue did not reject."),
    hidden("cancel_requested_recorded_at", "time", "When that request was recorded."),
    hidden("unresolved_reason", "text", "Reason of the first `unresolved`, kept after the outcome is known."),
)
"""Columns of `orders`. An imported message has no time of recording: that would be the time of the import."""

IMPORT = str(Source.IMPORT)


class OrderTimes:
    """The times of one order so far.

    A report that was recorded under another id, and attributed to the order later, counts from its attribution: until then
    nobody could tell that it was about this order.
    """

    __slots__ = ("_times", "_unresolved_reason")

    def __init__(self) -> None:
        self._times: dict[str, datetime | None] = {}
        self._unresolved_reason: str | None = None

    def note(self, recorded: Recorded, event: Event, order: Order) -> None:
        """Take the next event, after it was applied to the order."""
        times, now = self._times, None if recorded.source == IMPORT else recorded.recorded_at
        match event:
            case OrderRequested():
                times.setdefault("requested_recorded_at", now)
            case OrderSubmitted():
                times["submitted_recorded_at"] = now
            case OrderAcknowledged():
                times.setdefault("acknowledged_recorded_at", now)
            case CancelRequested() if "cancel_requested_at" not in times:
                times["cancel_requested_at"], times["cancel_requested_recorded_at"] = recorded.at, now
            case CancelRejected():
                times.pop("cancel_requested_at", None)
                times.pop("cancel_requested_recorded_at", None)
            case SubmissionUnresolved():
                self._unresolved_reason = self._unresolved_reason or event.reason
            case FillRecorded():
                times.setdefault("first_fill_recorded_at", now)
        if not isinstance(event, OrderJudgement):
            self._note_end(now, is_ended=order.is_ended)

    def columns(self) -> dict[str, Any]:
        """The columns `RECORDED_TIMES`."""
        times = {column.name: self._times.get(column.name) for column in RECORDED_TIMES}
        return {**times, "unresolved_reason": self._unresolved_reason}

    def _note_end(self, now: datetime | None, *, is_ended: bool) -> None:
        """An order that is open again has not ended."""
        if is_ended:
            self._times.setdefault("ended_recorded_at", now)
        else:
            self._times.pop("ended_recorded_at", None)


NO_TIMES = OrderTimes()
"""The times of an order whose events were not taken one by one."""
