"""What is recorded of one order: a few parts, and how events change them. What follows from it is in `order.py`."""

from datetime import datetime
from typing import Self

import msgspec

from orderledger.domain.orders.claims import Claims
from orderledger.domain.orders.ends import Ends
from orderledger.domain.orders.events import OrderEvent
from orderledger.domain.orders.fills import Fills
from orderledger.domain.orders.names import Names
from orderledger.domain.orders.reports import FillBusted, FillRecorded
from orderledger.domain.orders.requests import Requests
from orderledger.domain.orders.session import Session
from orderledger.domain.orders.terms import Terms
from orderledger.domain.values import Anomaly, Status, account_of, client_order_id_of, later

NO_CLAIMS, NO_ENDS, NO_FILLS, NO_REQUESTS, NO_SESSION = Claims(), Ends(), Fills(), Requests(), Session()
"""Empty parts, which most orders never change. They are shared, and an order replaces one by its own before a change."""

When = tuple[datetime, int]
"""Time of an event, and the number of the order's fact that reported it. At equal times, the later in the log counts."""


class OrderState(msgspec.Struct, gc=False, eq=False):
    """The state of an order, as its events have left it.

    `names`, `terms`, `claims`, `ends`, `requests`, `fills` and `session` are its parts. `acknowledged_at` is the first
    acknowledgement, `worked_at` the latest report that shows it working. `raised` holds the anomalies that were detected and not
    cleared.
    """

    account: str
    names: Names
    terms: Terms = msgspec.field(default_factory=Terms)
    claims: Claims = NO_CLAIMS
    ends: Ends = NO_ENDS
    fills: Fills = msgspec.field(default_factory=lambda: NO_FILLS)
    requests: Requests = NO_REQUESTS
    session: Session = NO_SESSION
    submitted_at: datetime | None = None
    is_sent_again: bool = False
    unresolved_at: datetime | None = None
    acknowledged_at: datetime | None = None
    is_worked: bool = False
    worked_at: datetime | None = None
    replaces: int = 0
    seen: set[OrderEvent] = set()
    message_ids: set[tuple[type[OrderEvent], str]] = set()
    raised: dict[Anomaly, str] = {}
    attributed_to: str | None = None
    _turn: int = 0
    _stated_at: datetime | None = None
    _confirmed: When | None = None
    _absent: When | None = None

    @classmethod
    def of(cls, stream: str) -> Self:
        """The order of this stream, before its first event."""
        return cls(account_of(stream), Names(client_order_id_of(stream)))

    def learn(self, event: OrderEvent, at: datetime) -> None:
        """Add the names and claims that any message may carry."""
        self._turn += 1
        if not isinstance(event, (FillRecorded, FillBusted)):
            self._stated_at = later(self._stated_at, at)
        if event.message_id is not None:
            self.message_ids.add((type(event), event.message_id))
        self.names.learn(event, at)
        if event.reported is not None:
            self.own_claims().hear(event.reported, at)

    def work(self, at: datetime) -> None:
        """Note a report that shows the order working."""
        self.is_worked = True
        self.worked_at = later(self.worked_at, at)

    def confirm(self, at: datetime) -> None:
        """Note a sign that the venue knows the order."""
        self._confirmed = max(self._confirmed or (at, self._turn), (at, self._turn))

    def mark_absent(self, at: datetime) -> None:
        """Note that the venue did not know the order when queried."""
        self._absent = max(self._absent or (at, self._turn), (at, self._turn))

    def enter(self, status: Status | None, at: datetime) -> None:
        """Set the session status from `at` on: done for the day, suspended, stopped, or None for none of these."""
        self.own_session().enter(status, at)

    def add_fill(self, event: FillRecorded, at: datetime) -> None:
        self.is_worked = True
        self._own_fills().add(event, at, self._turn)

    def bust_fill(self, fill_id: str, at: datetime) -> None:
        self._own_fills().bust(fill_id, at, self._turn)

    def own_claims(self) -> Claims:
        if self.claims is NO_CLAIMS:
            self.claims = Claims()
        return self.claims

    def own_ends(self) -> Ends:
        if self.ends is NO_ENDS:
            self.ends = Ends()
        return self.ends

    def _own_fills(self) -> Fills:
        if self.fills is NO_FILLS:
            self.fills = Fills()
        return self.fills

    def own_requests(self) -> Requests:
        if self.requests is NO_REQUESTS:
            self.requests = Requests()
        return self.requests

    def own_session(self) -> Session:
        if self.session is NO_SESSION:
            self.session = Session()
        return self.session
