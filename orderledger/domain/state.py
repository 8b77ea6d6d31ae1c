"""What follows from the facts of one order: status, leaves, certainty, ids. Derived when asked, and never kept."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from orderledger.domain.exact import EXACT, QUOTIENT, ZERO
from orderledger.domain.order_facts import Latest, OrderFacts
from orderledger.domain.values import ENDS, Certainty, OrderType, Origin, Pending, Status, TimeInForce

KEEPS_LEAVES_OVERNIGHT = frozenset({TimeInForce.GTC, TimeInForce.GTD})
DUPLICATE_ORDER = "duplicate_order"
DONE_FOR_DAY, DENIED = Status.DONE_FOR_DAY, Status.DENIED
"""Asked for at every fact. Of its enumeration, a member is had at many times the cost (Python 3.11)."""
OPEN = frozenset({Status.PENDING_NEW, Status.NEW, Status.PARTIALLY_FILLED, Status.SUSPENDED, Status.STOPPED})
NEVER_PENDING = frozenset({Status.CANCELED, Status.EXPIRED, Status.REJECTED, Status.DENIED})


class Standing(NamedTuple):
    """What an order amounts to now.

    `ended_at` is the time of the fact that ended it, of the last fill, or of the end of its day. `pending` is what is
    outstanding at the venue: a filled order may still be replaced, one that has ended otherwise may not. An unknown outcome
    makes it uncertain until the venue is heard: absence and silence end nothing.
    """

    status: Status
    is_ended: bool
    ended_at: datetime | None
    pending: Pending | None
    certainty: Certainty
    leaves_quantity: Decimal | None


class Order(OrderFacts):
    """One order of one account: what follows from its facts."""

    __slots__ = ()

    @property
    def client_order_id(self) -> str | None:
        """Ours; of an order known from the venue, the id that its reports gave first, if they gave one."""
        return self.own_id or (self.given_id[1] if self.given_id else None)

    @property
    def is_known(self) -> bool:
        """Whether anything at all is recorded of it."""
        return self.updated_at is not None

    @property
    def origin(self) -> Origin:
        return Origin.EXTERNAL if self.request is None else Origin.OWN

    @property
    def quantity(self) -> Decimal | None:
        """In force now: what a replace or a restate has set, else what was requested. Of an external order it is what the venue
        last reported."""
        return self._number("quantity")

    @property
    def quantity_at(self) -> datetime | None:
        """Since when a replace or a restate has set the quantity, if one has."""
        return self.terms["quantity"].at if "quantity" in self.terms else None

    @property
    def limit_price(self) -> Decimal | None:
        return self._number("limit_price")

    @property
    def stop_price(self) -> Decimal | None:
        return self._number("stop_price")

    def _number(self, name: str) -> Decimal | None:
        if name in self.terms:
            return self.terms[name].value
        if self.request is None:
            return self.claimed(name)
        requested: Decimal | None = getattr(self.request, name)
        return requested

    @property
    def cum_quantity(self) -> Decimal:
        return self.fills.cum_quantity

    @property
    def is_filled(self) -> bool:
        quantity = self.quantity
        if quantity is None:
            return self.is_observed_filled and self.cum_quantity > ZERO
        return ZERO < quantity <= self.cum_quantity

    @property
    def end(self) -> Status | None:
        """The fact that ended it, if one did: canceled and expired outrank rejected, which outranks denied. That we denied it
        ends nothing that the venue works."""
        if len(self.ends) <= 1 and self.rejected_as_duplicate_at is None:  # there is nothing to outrank
            return None if self.is_denied_in_vain else next(iter(self.ends), None)
        closing = [status for status in (Status.EXPIRED, Status.CANCELED) if status in self.ends]
        if closing:
            return max(closing, key=self.ends.__getitem__)
        if Status.REJECTED in self.ends or self._refused_as_duplicate_at is not None:
            return Status.REJECTED
        return DENIED if DENIED in self.ends and not self.is_worked else None

    @property
    def is_denied_in_vain(self) -> bool:
        """Whether we said that it was never sent, and the venue has shown that it works it."""
        return DENIED in self.ends and self.is_worked

    @property
    def end_at(self) -> datetime | None:
        """When the fact that ended it happened. None for an order that is open, or ended by its fills alone."""
        end = self.end
        if end is None:
            return None
        is_duplicate = self.rejected_as_duplicate_at is not None and self._was_rejected_as_duplicate_first
        if is_duplicate and end is Status.REJECTED:
            return self.rejected_as_duplicate_at
        return self.ends[end]

    @property
    def _refused_as_duplicate_at(self) -> datetime | None:
        """When it was refused as a duplicate, if that ended it: of an order that works or was sent again, it ends the copy."""
        return None if self.is_worked or self.is_sent_again else self.rejected_as_duplicate_at

    @property
    def _was_rejected_as_duplicate_first(self) -> bool:
        at, rejected_at = self._refused_as_duplicate_at, self.ends.get(Status.REJECTED)
        return at is not None and (rejected_at is None or at < rejected_at)

    @property
    def session(self) -> Latest[Status | None]:
        """Since when it is done for the day, suspended, stopped or none of these. That a day order was seen suspended or stopped
        after its day was done does not bring it back."""
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
        return self.standing().pending

    @property
    def certainty(self) -> Certainty:
        return self.standing().certainty

    def standing(self) -> Standing:
        """Its status and what follows from it, derived once."""
        status = self.status
        pending = None if status in NEVER_PENDING else self.requests.pending()
        if self._is_ended_as(status):
            return Standing(status, True, self._ended_at(status), pending, Certainty.CONFIRMED, ZERO)
        quantity = self.quantity
        leaves_quantity = None if quantity is None else max(ZERO, EXACT.subtract(quantity, self.cum_quantity))
        certainty = Certainty.UNRESOLVED if self._is_silent else Certainty.CONFIRMED
        return Standing(status, False, None, pending, certainty, leaves_quantity)

    def _is_ended_as(self, status: Status) -> bool:
        if status in OPEN:
            return False
        return status is not DONE_FOR_DAY or self.is_filled or not self._is_kept_overnight

    def _ended_at(self, status: Status) -> datetime | None:
        if status in ENDS:
            return self.end_at
        is_by_last_fill = status is Status.FILLED or self._is_kept_overnight
        return self.fills.last_fill_at if is_by_last_fill else self.session.at

    @property
    def _is_silent(self) -> bool:
        """Whether the venue, asked, did not know it, or has not been heard since something was sent in vain."""
        if self.absent_at is not None or self.unresolved_at is None:
            return self.absent_at is not None
        asked_at = self.requests.pending_since()
        is_since_asked = asked_at is not None and asked_at <= self.unresolved_at
        return self.heard_at is None or (is_since_asked and self.unresolved_at > self.heard_at)

    @property
    def average_price(self) -> Decimal | None:
        return QUOTIENT.divide(self.fills.notional, self.cum_quantity) if self.cum_quantity else None

    @property
    def venue_order_id(self) -> str | None:
        """The id under which the venue works it now: of all it has borne, the one that appeared last."""
        known = self.venue_order_ids
        return self.venue_order_ids_in_order[-1] if len(known) > 1 else next(iter(known), None)

    @property
    def venue_order_ids_in_order(self) -> list[str]:
        """As they appeared, by the venue's time; of one time, by the log."""
        return sorted(self.venue_order_ids, key=self.venue_order_ids.__getitem__)

    def venue_order_id_at(self, moment: datetime) -> str | None:
        """The id under which the venue worked it then: of those that had appeared the last, else the first."""
        known = self.venue_order_ids
        if len(known) <= 1:
            return next(iter(known), None)
        in_order = self.venue_order_ids_in_order
        return next((name for name in reversed(in_order) if known[name] <= moment), in_order[0])

    @property
    def working_client_order_id(self) -> str | None:
        """Our id of the leg that is in force: the last accepted replacement's, else the order's own."""
        return self.replacement_id.value or self.client_order_id

    @property
    def reason(self) -> str | None:
        """Why it ended, in the venue's or our own words."""
        end = self.end
        given = self.reasons.get(end) if end else None
        refused_at = self._refused_as_duplicate_at
        if end is Status.REJECTED and refused_at is not None and (given is None or refused_at < given[0]):
            return DUPLICATE_ORDER
        return given[1] if given else None

    @property
    def summary(self) -> str:
        """What is known of it, in a line."""
        pending = f", {self.pending} outstanding" if self.pending else ""
        quantity = "unknown" if self.quantity is None else format(self.quantity, "f")
        return f"{self.status}, {self.cum_quantity:f} of {quantity} filled, {self.certainty}{pending}"

    def is_absent_since(self, moment: datetime) -> bool:
        """Whether the venue, asked after that, did not know it."""
        return self.absent_at is not None and self.absent_at >= moment

    @property
    def is_sent_after_silence(self) -> bool:
        """Whether it was sent again after a sending that got no answer."""
        return self.submitted_at is not None and self.unresolved_at is not None and self.submitted_at > self.unresolved_at

    def claimed(self, name: str) -> Decimal | None:
        """The number of this name that the venue claimed last."""
        return self.claims[name].value if name in self.claims else None

    def term(self, name: str) -> OrderType | TimeInForce | bool | None:
        """`order_type`, `time_in_force`, `post_only` or `reduce_only`, as requested; of an external order, as the venue says."""
        if self.request is not None:
            value: OrderType | TimeInForce | bool | None = getattr(self.request, name)
            return value
        return self.described[name].value if name in self.described else None

    @property
    def _is_kept_overnight(self) -> bool:
        return self.request is not None and self.request.time_in_force in KEEPS_LEAVES_OVERNIGHT
