"""The trading session of an order: done for the day, suspended, stopped, or none of these."""

from datetime import datetime

from orderledger.domain.orders.claims import Latest
from orderledger.domain.orders.when import When
from orderledger.domain.values import Status

DONE_FOR_DAY = Status.DONE_FOR_DAY


class TradingSession:
    """The session state. `reported`: from reports alone. `seen`: from reports and status queries.
    None: none of these states."""

    __slots__ = ("reported", "seen")

    def __init__(self) -> None:
        self.reported: Latest[Status | None] = Latest(None)
        self.seen: Latest[Status | None] = Latest(None)

    def enter(self, status: Status | None, when: When) -> None:
        """Set the state from a report."""
        self.reported = self.reported.then(status, when)
        self.seen = self.seen.then(status, when)

    def look(self, status: Status | None, when: When) -> None:
        """Set the state from a status query."""
        self.seen = self.seen.then(status, when)

    def current(self, *, is_kept_overnight: bool, last_fill_at: datetime | None) -> Status | None:
        """The state now. An order kept overnight with a fill on a later day (UTC) is working again,
        even without a restatement (FIX matrix H.1.a)."""
        latest = self.latest(is_kept_overnight=is_kept_overnight)
        if (
            latest.value is DONE_FOR_DAY
            and is_kept_overnight
            and latest.at is not None
            and last_fill_at is not None
        ):
            return None if last_fill_at.date() > latest.at.date() else DONE_FOR_DAY
        return latest.value

    def latest(self, *, is_kept_overnight: bool) -> Latest[Status | None]:
        """The state and its time. A status query does not reopen a day order that is done for the
        day."""
        is_over = self.reported.value is DONE_FOR_DAY and not is_kept_overnight
        return self.reported if is_over else self.seen
