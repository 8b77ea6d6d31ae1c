"""The counters of a collector for each account."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orderledger import Outcome
from orderledger.extend.runtime import printable
from orderledger.venues.reconciliation.reconciler import Reconciled


@dataclass(slots=True)
class AccountCounters:
    """The counters of one account since the collector started. `is_up`: whether its feed is
    connected; `down_because`: why it was lost, until it is up again. `fault`: why it could not
    be reconciled.
    """

    is_up: bool = False
    down_because: str | None = None
    frames: int = 0
    messages: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    unreadable: int = 0
    gaps: int = 0
    reconciled: int = 0
    failed_reconciliations: int = 0
    breaks_settled: int = 0
    open_breaks: int = 0
    last_received_at: datetime | None = None
    last_happened_at: datetime | None = None
    last_reconciled_at: datetime | None = None
    recording_seconds_max: float = 0.0
    fault: str | None = None

    def count(self, outcomes: Iterable[Outcome], seconds: float) -> None:
        """Count messages that were recorded `seconds` after they were received."""
        for outcome in outcomes:
            self.messages += 1
            self.outcomes[outcome.outcome] += 1
        self.recording_seconds_max = max(self.recording_seconds_max, seconds)

    def count_reconciled(self, found: Reconciled) -> None:
        """Count a finished reconciliation."""
        self.reconciled += 1
        self.fault = None
        self.last_reconciled_at = found.at
        self.breaks_settled += sum(one.is_settled for one in found.breaks)
        self.open_breaks = len(found.certificate.open_breaks)

    def shown(self, now: datetime, fault_of_feed: str | None) -> dict[str, Any]:
        """The counters as `orderledger status` shows them."""
        received, happened = self.last_received_at, self.last_happened_at
        return {
            "is_up": self.is_up,
            "frames": self.frames,
            "messages": self.messages,
            "events_appended": self.outcomes["recorded"],
            "duplicates": self.outcomes["duplicate"],
            "refused": self.outcomes["refused"],
            "unreadable": self.unreadable,
            "gaps": self.gaps,
            "reconciled": self.reconciled,
            "failed_reconciliations": self.failed_reconciliations,
            "breaks_settled": self.breaks_settled,
            "open_breaks": self.open_breaks,
            "last_message_age_seconds": None
            if received is None
            else round((now - received).total_seconds(), 3),
            "venue_lag_seconds": None
            if received is None or happened is None
            else round((received - happened).total_seconds(), 3),
            "recording_seconds_max": round(self.recording_seconds_max, 4),
            "last_reconciled_at": self.last_reconciled_at.isoformat()
            if self.last_reconciled_at
            else None,
            "fault": printable(fault)
            if (fault := fault_of_feed or self.down_because or self.fault)
            else None,
        }
