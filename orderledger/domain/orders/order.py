"""One order: its known state in a few parts, and properties derived from it. Nothing derivable is stored."""

from datetime import datetime
from decimal import Decimal
from typing import Self

import msgspec

from orderledger.domain.exact import QUOTIENT, ZERO
from orderledger.domain.orders.claims import Claims
from orderledger.domain.orders.ends import DUPLICATE_ORDER, End, Ends
from orderledger.domain.orders.events import OrderEvent
from orderledger.domain.orders.fills import Fills
from orderledger.domain.orders.names import Names
from orderledger.domain.orders.reports import FillBusted, FillRecorded
from orderledger.domain.orders.requests import Requests
from orderledger.domain.orders.session import Session
from orderledger.domain.orders.standing import Standing, is_ended_as, standing_of, status_of
from orderledger.domain.orders.terms import Term, Terms
from orderledger.domain.values import (
    Anomaly,
    Certainty,
    Origin,
    Pending,
    Status,
    TimeInForce,
    account_of,
    client_order_id_of,
    later,
)

__all__ = ["DUPLICATE_ORDER", "Order", "Standing"]

KEEPS_LEAVES_OVERNIGHT = frozenset({TimeInForce.GTC, TimeInForce.GTD})
DENIED = Status.DENIED

NO_CLAIMS, NO_ENDS, NO_FILLS, NO_REQUESTS, NO_SESSION = Claims(), Ends(), Fills(), Requests(), Session()
"""Empty parts, which most orders never change. They are shared, and an order replaces one by its own before a change."""

When = tuple[datetime, int]
"""Time of an event, and the number of the order's fact that reported it. At equal times, the later in the log counts."""


class Order(msgspec.Struct, gc=False, eq=False):
    """One order of one account. `evolve` changes it; properties give its derived state.

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

    # Changes, called by `evolve` alone

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

    # Names and terms

    @property
    def is_known(self) -> bool:
        """True if any fact of the order is recorded."""
        return self._turn > 0

    @property
    def updated_at(self) -> datetime | None:
        """The time of the latest fact."""
        last_of_fills = self.fills.last_reported
        return self._stated_at if last_of_fills is None else later(self._stated_at, last_of_fills[0])

    @property
    def is_requested(self) -> bool:
        """True if the order was requested through this ledger."""
        return self.terms.request is not None

    @property
    def origin(self) -> Origin:
        return Origin.OWN if self.is_requested else Origin.EXTERNAL

    @property
    def client_order_id(self) -> str | None:
        """Our id. For an order known from the venue, the first id in its reports, if any."""
        return self.names.client_order_id

    @property
    def working_client_order_id(self) -> str | None:
        """Our id of the leg in force: of the last accepted replacement, otherwise the order's own."""
        return self.requests.working_id() or self.client_order_id

    @property
    def quantity(self) -> Decimal | None:
        """The quantity in force: from the last replace or restatement, otherwise as requested. For an external order, the last
        quantity that the venue claimed."""
        setting = self.terms.set_quantity
        if setting is not None:
            return setting.quantity
        request = self.terms.request
        return self.claims.number("quantity") if request is None else request.quantity

    @property
    def limit_price(self) -> Decimal | None:
        return self._price("limit_price")

    @property
    def stop_price(self) -> Decimal | None:
        return self._price("stop_price")

    def _price(self, name: str) -> Decimal | None:
        price = self.terms.price(name)
        return self.claims.number(name) if price is None and not self.is_requested else price

    def term(self, name: str) -> Term | None:
        """`order_type`, `time_in_force`, `post_only` or `reduce_only`: as requested; of an external order, as reported."""
        return self.terms.described(name)

    # Fills

    @property
    def cum_quantity(self) -> Decimal:
        return self.fills.sums.cum_quantity

    @property
    def average_price(self) -> Decimal | None:
        return QUOTIENT.divide(self.fills.sums.notional, self.cum_quantity) if self.cum_quantity else None

    @property
    def first_fill_at(self) -> datetime | None:
        """Time of the earliest active fill."""
        return self.fills.sums.first_fill_at

    @property
    def last_fill_at(self) -> datetime | None:
        """Time of the latest active fill."""
        return self.fills.sums.last_fill_at

    @property
    def is_filled(self) -> bool:
        quantity = self.quantity
        if quantity is None:
            return self.claims.is_filled and self.cum_quantity > ZERO
        return ZERO < quantity <= self.cum_quantity

    # Derived state

    @property
    def _deciding_end(self) -> End | None:
        return None if self.ends is NO_ENDS else self.ends.deciding(is_worked=self.is_worked, is_sent_again=self.is_sent_again)

    @property
    def end(self) -> Status | None:
        """The status of the fact that ended the order, if any."""
        end = self._deciding_end
        return None if end is None else end.status

    @property
    def end_at(self) -> datetime | None:
        """The time of the fact that ended the order. None for an order that is open, or ended by its fills alone."""
        end = self._deciding_end
        return None if end is None else end.at

    @property
    def reason(self) -> str | None:
        """The reason of the end, as the venue or our side gave it."""
        end = self._deciding_end
        return None if end is None else end.reason

    @property
    def is_denied_in_vain(self) -> bool:
        """True if our side recorded it as denied and never sent, but the venue has shown it working."""
        return self.is_worked and DENIED in self.ends

    @property
    def session_status(self) -> Status | None:
        """Done for the day, suspended, stopped, or None."""
        if self.session is NO_SESSION:
            return None
        return self.session.current(is_kept_overnight=self.is_kept_overnight, last_fill_at=self.last_fill_at)

    @property
    def status(self) -> Status:
        return status_of(self)

    @property
    def is_ended(self) -> bool:
        return is_ended_as(self, status_of(self))

    @property
    def ended_at(self) -> datetime | None:
        return self.standing().ended_at

    @property
    def leaves_quantity(self) -> Decimal | None:
        return self.standing().leaves_quantity

    @property
    def pending(self) -> Pending | None:
        """The kind of request that awaits an answer. None after a fact ended the order, even if fills complete it later."""
        if self.requests is NO_REQUESTS or self.end is not None:
            return None
        return self.requests.pending()

    @property
    def certainty(self) -> Certainty:
        return self.standing().certainty

    def standing(self) -> Standing:
        """The status and everything that follows from it, derived once."""
        return standing_of(self)

    @property
    def summary(self) -> str:
        """The known state, in one line."""
        pending = f", {self.pending} outstanding" if self.pending else ""
        quantity = "unknown" if self.quantity is None else format(self.quantity, "f")
        return f"{self.status}, {self.cum_quantity:f} of {quantity} filled, {self.certainty}{pending}"

    @property
    def _last_confirmed(self) -> When | None:
        """The latest sign that the venue knows the order."""
        last_of_fills = self.fills.last_reported
        return self._confirmed if last_of_fills is None else max(self._confirmed or last_of_fills, last_of_fills)

    @property
    def confirmed_at(self) -> datetime | None:
        """The time of the last sign that the venue knows the order."""
        heard = self._last_confirmed
        return None if heard is None else heard[0]

    @property
    def absent_at(self) -> datetime | None:
        """The time when the venue last did not know the order when queried. None after a later sign that it does."""
        if self._absent is None:
            return None
        heard = self._last_confirmed
        return self._absent[0] if heard is None or self._absent > heard else None

    def is_absent_since(self, moment: datetime) -> bool:
        """Check whether the venue did not know the order in a query after that time."""
        return self.absent_at is not None and self.absent_at >= moment

    @property
    def is_kept_overnight(self) -> bool:
        request = self.terms.request
        return request is not None and request.time_in_force in KEEPS_LEAVES_OVERNIGHT
