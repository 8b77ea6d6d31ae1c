"""When the steps of an order were recorded: its times by our clock. The times by the venue's clock
are in the reports."""

from datetime import UTC, datetime, timedelta
from typing import Any

from orderledger.domain.orders.commands import (
    CancelRequested,
    OrderRequested,
    OrderSubmitted,
    SubmissionUnresolved,
)
from orderledger.domain.orders.events import Event, OrderJudgement
from orderledger.domain.orders.order import Order
from orderledger.domain.orders.reports import (
    CancelRejected,
    FillRecorded,
    OrderAcknowledged,
    OrderReplaced,
    OrderRestated,
)
from orderledger.domain.recorded import Recorded
from orderledger.domain.values import Source

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
IMPORT = str(Source.IMPORT)


class OrderTimes:
    """The times of one order so far, as the column `timing` has them.

    An imported message has no time of recording: that would be the time of the import. A report
    that was recorded under another id, and attributed to the order later, counts from its
    attribution. Until then its order was not known.
    """

    __slots__ = ("steps",)

    def __init__(self) -> None:
        self.steps: dict[str, Any] = {}

    def note(self, recorded: Recorded, event: Event, order: Order) -> None:
        """Take the next event, after it was applied to the order.

        The end is looked for after events that may bring or undo one only: finding the status takes
        as long as the rest.
        """
        steps, now = (
            self.steps,
            None if recorded.source == IMPORT else microseconds(recorded.recorded_at),
        )
        is_ended = "ended" in steps
        match event:
            case OrderRequested():
                steps.setdefault("requested", now)
            case OrderSubmitted():
                steps["submitted"] = now
                return
            case CancelRequested():
                steps.setdefault("cancel_requested_at", microseconds(recorded.at))
                steps.setdefault("cancel_requested", now)
                return
            case OrderAcknowledged():
                steps.setdefault("acknowledged", now)
                if not is_ended:
                    return
            case CancelRejected():
                steps.pop("cancel_requested", None)
                steps.pop("cancel_requested_at", None)
            case SubmissionUnresolved():
                steps.setdefault("unresolved_reason", event.reason)
            case FillRecorded():
                steps.setdefault("first_fill", now)
            case OrderReplaced() | OrderRestated():
                changed_at = microseconds(recorded.at)
                steps["terms_changed"] = max(changed_at, steps.get("terms_changed", changed_at))
            case OrderJudgement():
                return
        if order.is_ended is not is_ended:
            self._note_end(now, is_ended=not is_ended)

    def _note_end(self, now: int | None, *, is_ended: bool) -> None:
        """An order that is open again has not ended."""
        if is_ended:
            self.steps["ended"] = now
        else:
            del self.steps["ended"]


def microseconds(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - EPOCH) // MICROSECOND


NO_TIMES = OrderTimes()
"""The times of an order whose events were not taken one by one."""
