"""The recorded state of one order: a few parts, and how events change them. `order.py` derives the
rest."""

from datetime import datetime
from typing import Self

import msgspec

from orderledger.domain.orders.claims import Claims
from orderledger.domain.orders.ends import Ends
from orderledger.domain.orders.fill import Fill
from orderledger.domain.orders.fills import Fills
from orderledger.domain.orders.message import OrderMessage
from orderledger.domain.orders.names import Names
from orderledger.domain.orders.requests import Requests
from orderledger.domain.orders.session import TradingSession
from orderledger.domain.orders.terms import IDENTIFYING, Terms
from orderledger.domain.orders.when import When, last
from orderledger.domain.stream_names import account_of, client_order_id_of
from orderledger.domain.values import Anomaly, Status, later

NO_CLAIMS, NO_ENDS, NO_FILLS, NO_REQUESTS, NO_SESSION = (
    Claims(),
    Ends(),
    Fills(),
    Requests(),
    TradingSession(),
)
"""Empty parts, which most orders never change. They are shared, and an order replaces one by its
own before a change."""


class OrderState(msgspec.Struct, gc=False, eq=False):
    """The state of an order, as its events have left it.

    `names`, `terms`, `claims`, `ends`, `requests`, `fills` and `session` are its parts.
    `acknowledged_at` is the first acknowledgement; `worked` the latest report that shows it
    working; `shown` the latest answer to a query that shows it working; `unresolved` our latest
    message without an answer. `never_arrived`: denied as such. `is_triggered`: a triggered order
    may get another id. `raised` holds the anomalies that were detected and not cleared.
    """

    account: str
    names: Names
    terms: Terms = msgspec.field(default_factory=Terms)
    claims: Claims = NO_CLAIMS
    ends: Ends = NO_ENDS
    fills: Fills = msgspec.field(default_factory=lambda: NO_FILLS)
    requests: Requests = NO_REQUESTS
    session: TradingSession = NO_SESSION
    submitted_at: datetime | None = None
    is_sent_again: bool = False
    never_arrived: bool = False
    unresolved: When | None = None
    acknowledged_at: datetime | None = None
    is_worked: bool = False
    worked: When | None = None
    shown: When | None = None
    replaces: int = 0
    is_triggered: bool = False
    seen: set[OrderMessage] = set()
    message_ids: dict[str, tuple[OrderMessage, ...]] = {}
    raised: dict[Anomaly, str] = {}
    attributed_to: str | None = None
    is_known: bool = False
    _stated_at: datetime | None = None
    _confirmed: When | None = None
    _absent: When | None = None
    _expires_at: datetime | None = None
    _may_be_late: bool = False

    @classmethod
    def of(cls, stream: str) -> Self:
        """The order of this stream, before its first event."""
        return cls(account_of(stream), Names(client_order_id_of(stream)))

    # Times

    @property
    def updated_at(self) -> datetime | None:
        """The time of the latest fact."""
        filled = self.fills.last_reported
        return self._stated_at if filled is None else later(self._stated_at, filled.at)

    @property
    def confirmed(self) -> When | None:
        """The latest sign that the venue knows the order."""
        return last(self._confirmed, self.fills.last_reported)

    @property
    def confirmed_at(self) -> datetime | None:
        """The time of the last sign that the venue knows the order."""
        confirmed = self.confirmed
        return None if confirmed is None else confirmed.at

    @property
    def absent_at(self) -> datetime | None:
        """The time when the venue last did not know the order when queried. None after a later sign
        that it does."""
        if self._absent is None:
            return None
        confirmed = self.confirmed
        return self._absent.at if confirmed is None or self._absent > confirmed else None

    @property
    def request_expires_at(self) -> datetime | None:
        """By the venue's clock: after this time no sending of the order takes effect. None if one
        of them has no such time."""
        return None if self._may_be_late else self._expires_at

    @property
    def unresolved_at(self) -> datetime | None:
        """The time of our last message that had no answer, even if the venue has settled it
        since."""
        return None if self.unresolved is None else self.unresolved.at

    def is_absent_since(self, moment: datetime) -> bool:
        """Check whether the venue did not know the order in a query after that time."""
        return self.absent_at is not None and self.absent_at >= moment

    # Changes

    def learn(self, event: OrderMessage, when: When) -> None:
        """Add the names and claims that any message may carry."""
        self.is_known = True
        if event.message_id is not None:
            self.message_ids[event.message_id] = (
                *self.message_ids.get(event.message_id, ()),
                event,
            )
        self.names.learn(event, when)
        if event.reported is not None:
            self.own_claims().add(event.reported, when)

    def note(self, event: OrderMessage, when: When) -> None:
        """Note the time of an event, and the event for finding duplicates. Fills and busts are
        known to `fills`."""
        self._stated_at = later(self._stated_at, when.at)
        self.seen.add(event)

    def note_sending(self, when: When, expires_at: datetime | None) -> None:
        """Note that the order is sent, and when the venue begins to refuse the request."""
        self.is_sent_again = self.submitted_at is not None
        self.submitted_at = later(self.submitted_at, when.at)
        if expires_at is None:
            self._may_be_late = True
        else:
            self._expires_at = later(self._expires_at, expires_at)

    def work(self, when: When) -> None:
        """Note a report that shows the order working."""
        self.is_worked = True
        self.worked = last(self.worked, when)

    def show(self, when: When) -> None:
        """Note that the venue shows the order working at this time. Earlier ends do not count,
        unless the order is filled."""
        self.shown = last(self.shown, when)

    def confirm(self, when: When) -> None:
        """Note a sign that the venue knows the order."""
        self._confirmed = last(self._confirmed, when)

    def mark_absent(self, when: When) -> None:
        """Note that the venue did not know the order when queried."""
        self._absent = last(self._absent, when)

    def enter(self, status: Status | None, when: When) -> None:
        """Set the session status: done for the day, suspended, stopped, or None for none of
        these."""
        self.own_session().enter(status, when)

    def add_fill(self, report: Fill) -> None:
        self.is_worked = True
        self._own_fills().add(report)

    def repeat_fill(self, report: Fill, fill: Fill) -> None:
        """Add another report of a fill. A term counts at the earliest time in a report of the fill,
        so the terms of the order may lose a later one."""
        if not self.terms.request:
            self.terms.describe(report.reported, report.when)
        terms = {name: term for name in IDENTIFYING if (term := getattr(report, name)) is not None}
        before = {name: fill.reports_of(name).get(value) for name, value in terms.items()}
        self.add_fill(report)
        for name, value in terms.items():
            self.terms.note_repetition(
                name, value, before[name], fill.reports_of(name)[value], self.fills
            )

    def bust_fill(self, fill_id: str, when: When) -> None:
        self._own_fills().bust(fill_id, when)

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

    def own_session(self) -> TradingSession:
        if self.session is NO_SESSION:
            self.session = TradingSession()
        return self.session
