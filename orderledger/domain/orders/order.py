"""One order: what is known of it, in a few parts, and what follows from that. Nothing that could be derived is kept."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from orderledger.domain.exact import EXACT, QUOTIENT, ZERO
from orderledger.domain.orders.claims import Claims, Latest
from orderledger.domain.orders.ends import DUPLICATE_ORDER, End, Ends
from orderledger.domain.orders.events import Fact, FillBusted, FillRecorded, OrderEvent
from orderledger.domain.orders.fills import Fills
from orderledger.domain.orders.names import Names
from orderledger.domain.orders.requests import Requests
from orderledger.domain.orders.terms import Term, Terms
from orderledger.domain.values import ENDS, Anomaly, Certainty, Origin, Pending, Status, TimeInForce, later

__all__ = ["DUPLICATE_ORDER", "Order", "Standing"]

KEEPS_LEAVES_OVERNIGHT = frozenset({TimeInForce.GTC, TimeInForce.GTD})
DONE_FOR_DAY, DENIED = Status.DONE_FOR_DAY, Status.DENIED
"""Module-level names: access to an enum member is slow on Python 3.11."""
OPEN = frozenset({Status.PENDING_NEW, Status.NEW, Status.PARTIALLY_FILLED, Status.SUSPENDED, Status.STOPPED})

NO_CLAIMS, NO_ENDS, NO_FILLS, NO_REQUESTS = Claims(), Ends(), Fills(), Requests()
"""Parts that most orders never need. They are shared, and replaced by an order's own before anything changes in them."""

When = tuple[datetime, int]
"""When something happened, and which fact of the order told it: of one time, the later in the log counts."""

NO_SESSION: Latest[Status | None] = Latest(None)


class Standing(NamedTuple):
    """What an order amounts to now.

    `ended_at` is the time of the fact that ended it, of the last fill, or of the end of its day. `pending` is what is
    outstanding at the venue: a filled order may still be replaced, one that has ended otherwise may not. An unknown outcome
    makes it uncertain until the venue confirms its state: absence and silence end nothing.
    """

    status: Status
    is_ended: bool
    ended_at: datetime | None
    pending: Pending | None
    certainty: Certainty
    leaves_quantity: Decimal | None


class Order:
    """One order of one account. `evolve` changes it; its properties say what follows.

    `names`, `terms`, `claims`, `ends`, `requests` and `fills` are its parts. `acknowledged_at` is the first acknowledgement,
    `worked_at` the latest report that shows it working. `session_told` is what reports say of being suspended, stopped or done
    for the day; `session_seen` adds what looks at the order show. `raised` holds the anomalies that were detected and not
    cleared.
    """

    __slots__ = (
        "_absent",
        "_heard",
        "_stated_at",
        "_turn",
        "account",
        "acknowledged_at",
        "attributed_to",
        "claims",
        "ends",
        "fills",
        "is_sent_again",
        "is_worked",
        "message_ids",
        "names",
        "raised",
        "replaces",
        "requests",
        "seen",
        "session_seen",
        "session_told",
        "submitted_at",
        "terms",
        "unresolved_at",
        "worked_at",
    )

    def __init__(self, account: str, client_order_id: str | None) -> None:
        self.account = account
        self.names = Names(client_order_id)
        self.terms = Terms()
        self.claims = NO_CLAIMS
        self.ends = NO_ENDS
        self.fills = NO_FILLS
        self.requests = NO_REQUESTS
        self.submitted_at: datetime | None = None
        self.is_sent_again = False
        self.unresolved_at: datetime | None = None
        self.acknowledged_at: datetime | None = None
        self.is_worked = False
        self.worked_at: datetime | None = None
        self._turn = 0
        self._stated_at: datetime | None = None
        self._heard: When | None = None
        self._absent: When | None = None
        self.session_told = NO_SESSION
        self.session_seen = NO_SESSION
        self.replaces = 0
        self.seen: set[OrderEvent] = set()
        self.message_ids: set[tuple[type[OrderEvent], str]] = set()
        self.raised: dict[Anomaly, str] = {}
        self.attributed_to: str | None = None

    # What changes it: called by `evolve` alone

    def learn(self, event: Fact, at: datetime) -> None:
        """What any message may tell besides the fact itself."""
        self._turn += 1
        if not isinstance(event, (FillRecorded, FillBusted)):
            self._stated_at = later(self._stated_at, at)
        if event.message_id is not None:
            self.message_ids.add((type(event), event.message_id))
        self.names.learn(event, at)
        if event.reported is not None:
            self.own_claims().hear(event.reported, at)

    def work(self, at: datetime) -> None:
        """A report has shown that the venue works it."""
        self.is_worked = True
        self.worked_at = later(self.worked_at, at)

    def hear(self, at: datetime) -> None:
        """The venue has shown that it knows the order."""
        self._heard = max(self._heard or (at, self._turn), (at, self._turn))

    def miss(self, at: datetime) -> None:
        """The venue, asked, did not know it."""
        self._absent = max(self._absent or (at, self._turn), (at, self._turn))

    def enter(self, session: Status | None, at: datetime) -> None:
        """From `at` on it is done for the day, suspended, stopped, or (None) none of these."""
        self.session_told = self.session_told.then(session, at)
        self.session_seen = self.session_seen.then(session, at)

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

    # Its names and terms

    @property
    def is_known(self) -> bool:
        """Whether anything at all is recorded of it."""
        return self._turn > 0

    @property
    def updated_at(self) -> datetime | None:
        """When the newest fact about it happened."""
        told = self.fills.last_told
        return self._stated_at if told is None else later(self._stated_at, told[0])

    @property
    def is_requested(self) -> bool:
        """Whether it was requested through this ledger."""
        return self.terms.request is not None

    @property
    def origin(self) -> Origin:
        return Origin.OWN if self.is_requested else Origin.EXTERNAL

    @property
    def client_order_id(self) -> str | None:
        """Ours; of an order known from the venue, the id that its reports gave first, if they gave one."""
        return self.names.client_order_id

    @property
    def working_client_order_id(self) -> str | None:
        """Our id of the leg that is in force: the last accepted replacement's, else the order's own."""
        return self.requests.working_id() or self.client_order_id

    @property
    def quantity(self) -> Decimal | None:
        """In force now: what a replace or a restatement has set, else what was requested. Of an external order it is what the
        venue last claimed."""
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
        """`order_type`, `time_in_force`, `post_only` or `reduce_only`, as requested; of an external order, as the venue says."""
        return self.terms.described(name)

    # Its fills

    @property
    def cum_quantity(self) -> Decimal:
        return self.fills.cum_quantity

    @property
    def average_price(self) -> Decimal | None:
        return QUOTIENT.divide(self.fills.notional, self.cum_quantity) if self.cum_quantity else None

    @property
    def is_filled(self) -> bool:
        quantity = self.quantity
        if quantity is None:
            return self.claims.is_filled and self.cum_quantity > ZERO
        return ZERO < quantity <= self.cum_quantity

    # What it amounts to

    @property
    def _deciding_end(self) -> End | None:
        return None if self.ends is NO_ENDS else self.ends.deciding(is_worked=self.is_worked, is_sent_again=self.is_sent_again)

    @property
    def end(self) -> Status | None:
        """The fact that ended it, if one did."""
        end = self._deciding_end
        return None if end is None else end.status

    @property
    def end_at(self) -> datetime | None:
        """When the fact that ended it happened. None for an order that is open, or ended by its fills alone."""
        end = self._deciding_end
        return None if end is None else end.at

    @property
    def reason(self) -> str | None:
        """Why it ended, in the venue's or our own words."""
        end = self._deciding_end
        return None if end is None else end.reason

    @property
    def is_denied_in_vain(self) -> bool:
        """Whether we said that it was never sent, and the venue has shown that it works it."""
        return self.is_worked and DENIED in self.ends

    @property
    def session(self) -> Latest[Status | None]:
        """Since when it is done for the day, suspended, stopped or none of these. Once the day of a day order is done, a look at
        it that shows otherwise does not bring it back."""
        is_over = self.session_told.value is DONE_FOR_DAY and not self._is_kept_overnight
        return self.session_told if is_over else self.session_seen

    @property
    def status(self) -> Status:
        """By FIX precedence (FIX 4.4 vol. 4 app. D), except that an order that has ended is no longer suspended or stopped."""
        end, session = self.end, self.session.value
        if session is DONE_FOR_DAY and self._is_of_another_day:
            session = None
        if session is DONE_FOR_DAY and end is None:
            return DONE_FOR_DAY
        if self.is_filled:
            return Status.FILLED
        if end is not None:
            return end
        if session is not None:
            return session
        if self.cum_quantity > ZERO:
            return Status.PARTIALLY_FILLED
        return Status.NEW if self.is_worked else Status.PENDING_NEW

    @property
    def _is_of_another_day(self) -> bool:
        """Whether an order that is kept overnight was filled on a later day (UTC) than its session is of. It is worked again, and
        need not have been restated (FIX matrix H.1.a)."""
        at, filled_at = self.session.at, self.fills.last_fill_at
        return at is not None and filled_at is not None and filled_at.date() > at.date() and self._is_kept_overnight

    @property
    def is_ended(self) -> bool:
        return self._is_ended_as(self.status)

    @property
    def ended_at(self) -> datetime | None:
        status = self.status
        return self._ended_at(status) if self._is_ended_as(status) else None

    @property
    def leaves_quantity(self) -> Decimal | None:
        return self.standing().leaves_quantity

    @property
    def pending(self) -> Pending | None:
        """What is outstanding. Nothing is at an order that a fact has ended, even if fills complete it later."""
        if self.requests is NO_REQUESTS or self.end is not None:
            return None
        return self.requests.pending()

    @property
    def certainty(self) -> Certainty:
        return self.standing().certainty

    def standing(self) -> Standing:
        """Its status and what follows from it, derived once."""
        status = self.status
        if self._is_ended_as(status):
            return Standing(status, True, self._ended_at(status), self.pending, Certainty.CONFIRMED, ZERO)
        quantity = self.quantity
        leaves_quantity = None if quantity is None else max(ZERO, EXACT.subtract(quantity, self.cum_quantity))
        certainty = Certainty.UNRESOLVED if self._is_silent else Certainty.CONFIRMED
        return Standing(status, False, None, self.pending, certainty, leaves_quantity)

    def _is_ended_as(self, status: Status) -> bool:
        if status in OPEN:
            return False
        return status is not DONE_FOR_DAY or self.is_filled or not self._is_kept_overnight

    def _ended_at(self, status: Status) -> datetime | None:
        if status in ENDS:
            return self.end_at
        if status is Status.FILLED or self._is_kept_overnight:
            return self._filled_at
        return self.session.at

    @property
    def _filled_at(self) -> datetime | None:
        """When its fills had reached its quantity: at the last fill, or when the quantity was set down to what was filled."""
        filled_at, setting = self.fills.last_fill_at, self.terms.set_quantity
        if filled_at is None or setting is None or setting.at <= filled_at:
            return filled_at
        return later(filled_at, self.terms.quantity_since)

    @property
    def _is_silent(self) -> bool:
        """Whether the venue, asked, did not know it, or has said nothing since a message to it got no answer."""
        if self.absent_at is not None or self.unresolved_at is None:
            return self.absent_at is not None
        asked_at = self.requests.pending_since()
        is_since_asked = asked_at is not None and asked_at <= self.unresolved_at
        return self.heard_at is None or (is_since_asked and self.unresolved_at > self.heard_at)

    @property
    def summary(self) -> str:
        """What is known of it, in a line."""
        pending = f", {self.pending} outstanding" if self.pending else ""
        quantity = "unknown" if self.quantity is None else format(self.quantity, "f")
        return f"{self.status}, {self.cum_quantity:f} of {quantity} filled, {self.certainty}{pending}"

    @property
    def _last_heard(self) -> When | None:
        """The latest sign that the venue knows the order."""
        told = self.fills.last_told
        return self._heard if told is None else max(self._heard or told, told)

    @property
    def heard_at(self) -> datetime | None:
        """When the venue last showed that it knows the order."""
        heard = self._last_heard
        return None if heard is None else heard[0]

    @property
    def absent_at(self) -> datetime | None:
        """When the venue, asked, last did not know it. None after a later sign of it."""
        if self._absent is None:
            return None
        heard = self._last_heard
        return self._absent[0] if heard is None or self._absent > heard else None

    def is_absent_since(self, moment: datetime) -> bool:
        """Whether the venue, asked after that, did not know it."""
        return self.absent_at is not None and self.absent_at >= moment

    @property
    def _is_kept_overnight(self) -> bool:
        request = self.terms.request
        return request is not None and request.time_in_force in KEEPS_LEAVES_OVERNIGHT
