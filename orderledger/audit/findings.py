"""Findings of compliance: a fold of the log that marks amendments, late reports, clocks that
disagree, and interventions."""

from datetime import datetime, timedelta

from orderledger import Source
from orderledger.audit.explanation import AHEAD, LATE
from orderledger.audit.wording import span
from orderledger.extend.events import Recorded, accounts, commands, moment, order_events, reports

FINDINGS = {
    "amendment": "Terms or fills were changed after the fact: a replace, a restatement, a "
    "correction or a bust.",
    "late_report": "A report was recorded long after it happened.",
    "clock_ahead": "The sender dates the event after the time at which we recorded it.",
    "clock_backward": "Our own clock went back: an earlier log position has a later time.",
    "gap": "A stream of the venue was down.",
    "unexplained_cancel": "An order was canceled without a request of ours and without a reason.",
    "intervention": "A person intervened: an operator's message, an adjusted position, a halt, a "
    "forced change of sender.",
}
"""The kinds of findings."""

AMENDMENTS = (
    commands.ReplaceRequested
    | reports.OrderReplaced
    | reports.OrderRestated
    | reports.FillCorrected
    | reports.FillBusted
)
BY_HAND = accounts.PositionAdjusted | accounts.TradingHalted | accounts.TradingResumed


class Compliance:
    """Takes the events in the order of the log. `late`: from which delay on a report is late."""

    def __init__(self, late: timedelta = LATE) -> None:
        self._late = late
        self._latest: datetime | None = None
        self._cancel_asked: set[str] = set()

    def take(self, recorded: Recorded) -> dict[str, str]:
        """The findings about one event: kind and sentence."""
        found = self._of_clocks(recorded)
        if (
            recorded.attributed_from is not None
        ):  # a copy: the first record of the event has the findings
            return found
        event = recorded.event
        if isinstance(event, commands.CancelRequested):
            self._cancel_asked.add(recorded.stream)
        if isinstance(event, AMENDMENTS):
            found["amendment"] = "It changes terms or fills."
        if isinstance(event, accounts.GapRecorded):
            found["gap"] = "Reports may have been missed."
        if (
            isinstance(event, reports.OrderCanceled)
            and event.reason is None
            and recorded.stream not in self._cancel_asked
        ):
            found["unexplained_cancel"] = (
                "No cancel request of ours is recorded, and no reason was given."
            )
        is_forced = isinstance(event, accounts.SenderChanged) and event.is_forced
        if recorded.source == Source.OPERATOR or isinstance(event, BY_HAND) or is_forced:
            found["intervention"] = f"By {recorded.actor or 'an operator who is not named'}."
        return found | self._of_delay(recorded)

    def _of_clocks(self, recorded: Recorded) -> dict[str, str]:
        before, self._latest = (
            self._latest,
            max(self._latest or recorded.recorded_at, recorded.recorded_at),
        )
        if before is None or recorded.recorded_at >= before:
            return {}
        back = span(before - recorded.recorded_at)
        return {
            "clock_backward": f"Recorded {back} before an earlier log position, of "
            f"{moment(before)}."
        }

    def _of_delay(self, recorded: Recorded) -> dict[str, str]:
        if isinstance(recorded.event, order_events.OrderJudgement):
            return {}
        delay = recorded.recorded_at - recorded.at
        if delay <= -AHEAD:
            return {"clock_ahead": f"Dated {span(delay)} after we recorded it."}
        is_report = isinstance(recorded.event, order_events.OrderReport) or not isinstance(
            recorded.event, order_events.OrderEvent
        )
        return (
            {"late_report": f"Recorded {span(delay)} after it happened."}
            if is_report and delay >= self._late
            else {}
        )
