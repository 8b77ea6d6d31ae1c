"""One order: properties derived from its recorded state. Nothing derivable is stored."""

from datetime import datetime
from decimal import Decimal

from orderledger.domain.exact import EXACT, QUOTIENT, ZERO
from orderledger.domain.orders.combination import (
    FilledLeg,
    average_price_of,
    filled_legs,
    number_of,
    units_of,
)
from orderledger.domain.orders.ends import DUPLICATE_ORDER, End
from orderledger.domain.orders.fill import Fill
from orderledger.domain.orders.order_state import NO_ENDS, NO_REQUESTS, NO_SESSION, OrderState
from orderledger.domain.orders.requests import Asked
from orderledger.domain.orders.standing import Standing
from orderledger.domain.orders.terms import Term
from orderledger.domain.orders.when import When
from orderledger.domain.values import (
    ENDS,
    HELD,
    Certainty,
    Leg,
    Origin,
    Pending,
    Status,
    TimeInForce,
    TrailOffsetType,
    TriggerSource,
    later,
)

__all__ = ["DUPLICATE_ORDER", "Order", "Standing"]

KEEPS_LEAVES_OVERNIGHT = frozenset({TimeInForce.GTC, TimeInForce.GTD})
DENIED, DONE_FOR_DAY, FILLED, NEW = Status.DENIED, Status.DONE_FOR_DAY, Status.FILLED, Status.NEW
PENDING_NEW, PARTIALLY_FILLED = Status.PENDING_NEW, Status.PARTIALLY_FILLED
"""Module-level names: access to an enum member is slow on Python 3.11."""
OPEN = frozenset({PENDING_NEW, NEW, PARTIALLY_FILLED, Status.SUSPENDED, Status.STOPPED})


class Order(OrderState, gc=False, eq=False):
    """One order of one account. `evolve` changes its state; the properties here follow from it.

    They show four things: the names and terms of the order, its fills, its state (status, end,
    pending request), and whether the venue knows it.
    """

    # Names and terms

    @property
    def is_requested(self) -> bool:
        """True if the order was requested through this ledger."""
        return self.terms.request is not None

    @property
    def is_held(self) -> bool:
        """True if a gateway holds the order: it was requested with the tag `gateway.held`, and was
        neither sent nor shown by the venue."""
        request = self.terms.request
        return (
            request is not None
            and HELD in request.tags
            and self.submitted_at is None
            and self.unresolved is None
            and self.confirmed is None
        )

    @property
    def origin(self) -> Origin:
        return Origin.OWN if self.is_requested else Origin.EXTERNAL

    @property
    def client_order_id(self) -> str | None:
        """Our id. For an order known from the venue, the first id in its reports, if any."""
        return self.names.client_order_id

    @property
    def working_client_order_id(self) -> str | None:
        """Our id of the leg in force: of the last accepted replacement, otherwise the order's
        own."""
        return self.requests.working_id() or self.client_order_id

    @property
    def quantity(self) -> Decimal | None:
        """The quantity in force: from the last replace or restatement, otherwise as requested. For
        an external order, the last quantity that the venue claimed."""
        setting = self.terms.set_quantity
        if setting is not None:
            return setting.quantity
        request = self.terms.request
        return self.claims.number("quantity") if request is None else request.quantity

    @property
    def is_by_quote(self) -> bool:
        """True if only the quote quantity is known: the venue decides how many units that is, and
        when it is filled."""
        return self.quantity is None and self.is_requested

    @property
    def limit_price(self) -> Decimal | None:
        return self._price("limit_price")

    @property
    def stop_price(self) -> Decimal | None:
        return self._price("stop_price")

    def _price(self, name: str) -> Decimal | None:
        price: Decimal | None = self.terms.in_force(name)
        return self.claims.number(name) if price is None and not self.is_requested else price

    @property
    def quote_quantity(self) -> Decimal | None:
        quantity: Decimal | None = self.terms.in_force("quote_quantity")
        return quantity

    @property
    def display_quantity(self) -> Decimal | None:
        quantity: Decimal | None = self.terms.in_force("display_quantity")
        return quantity

    @property
    def trail_offset(self) -> Decimal | None:
        offset: Decimal | None = self.terms.in_force("trail_offset")
        return offset

    @property
    def trail_offset_type(self) -> TrailOffsetType | None:
        unit: TrailOffsetType | None = self.terms.in_force("trail_offset_type")
        return unit

    @property
    def trigger_source(self) -> TriggerSource | None:
        source: TriggerSource | None = self.terms.in_force("trigger_source")
        return source

    def term(self, name: str) -> Term | None:
        """`order_type`, `time_in_force`, `post_only` or `reduce_only`: as requested; of an external
        order, as reported."""
        return self.terms.described(name)

    # Fills

    @property
    def cum_quantity(self) -> Decimal:
        """Quantity filled; of a combination, whole units."""
        return units_of(self.filled_legs) if self.legs else self.fills.sums.cum_quantity

    @property
    def legs(self) -> tuple[Leg, ...]:
        """The legs of a combination. Empty for other orders."""
        request = self.terms.request
        return () if request is None else request.legs

    @property
    def filled_legs(self) -> list[FilledLeg]:
        """The legs of a combination with the sums of their fills."""
        side = self.terms.side
        return (
            [] if side is None or not self.legs else filled_legs(self.legs, side, self.fills.sums)
        )

    def fills_of_leg(self, leg: int | None) -> list[Fill]:
        """The active fills of one leg of a combination; all of another order."""
        return [
            fill
            for fill in self.fills.by_id.values()
            if fill.is_active
            and leg in (None, number_of(self.legs, fill.effective.leg, fill.effective.instrument))
        ]

    @property
    def average_price(self) -> Decimal | None:
        if self.legs:
            return average_price_of(self.filled_legs)
        return (
            QUOTIENT.divide(self.fills.sums.notional, self.fills.sums.cum_quantity)
            if self.fills.sums.cum_quantity
            else None
        )

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

    # Status

    @property
    def _deciding_end(self) -> End | None:
        ends = self.ends
        if ends is NO_ENDS:
            return None
        shown = None if self.shown is None or self.is_filled else self.shown
        return ends.deciding(
            is_worked=self.is_worked, is_sent_again=self.is_sent_again, shown=shown
        )

    @property
    def end(self) -> Status | None:
        """The status of the fact that ended the order, if any."""
        end = self._deciding_end
        return None if end is None else end.status

    @property
    def end_at(self) -> datetime | None:
        """The time of the fact that ended the order. None for an order that is open, or ended by
        its fills alone."""
        end = self._deciding_end
        return None if end is None else end.when.at

    @property
    def undone_end(self) -> End | None:
        """The end that no longer counts, because the venue showed the order working after it."""
        return None if self.shown is None or self.end is not None else self.ends.undone(self.shown)

    @property
    def reason(self) -> str | None:
        """The reason of the end, as the venue or our side gave it."""
        end = self._deciding_end
        return None if end is None else end.reason

    @property
    def is_denied_in_vain(self) -> bool:
        """True if our side recorded it as denied and never sent, but the venue has shown it working
        or has reported its end."""
        return DENIED in self.ends and (self.is_worked or self.ends.has_end_of_venue)

    @property
    def is_given_up(self) -> bool:
        """True if the order is denied because it never arrived: it may be sent again."""
        return self.never_arrived and self.confirmed_at is None and self.status is DENIED

    def take_up_again(self, when: When) -> None:
        """Undo the denial of an order that never arrived: it is sent again. A clock may have been
        set back since the denial."""
        end = self._deciding_end
        self.own_ends().reinstate(when if end is None else max(when, end.when))
        self.never_arrived = False

    @property
    def session_status(self) -> Status | None:
        """Done for the day, suspended, stopped, or None."""
        if self.session is NO_SESSION:
            return None
        return self.session.current(
            is_kept_overnight=self.is_kept_overnight, last_fill_at=self.last_fill_at
        )

    @property
    def is_kept_overnight(self) -> bool:
        request = self.terms.request
        return request is not None and request.time_in_force in KEEPS_LEAVES_OVERNIGHT

    @property
    def status(self) -> Status:
        """The status by FIX precedence (FIX 4.4 vol. 4 app. D), except that an ended order is no
        longer suspended or stopped."""
        end, session = self.end, self.session_status
        if session is DONE_FOR_DAY and end is None:
            return DONE_FOR_DAY
        if self.is_filled:
            return FILLED
        if end is not None:
            return end
        if session is not None:
            return session
        if self.fills.sums.cum_quantity > ZERO:
            return PARTIALLY_FILLED
        return NEW if self.is_worked else PENDING_NEW

    @property
    def is_ended(self) -> bool:
        return self._is_ended_as(self.status)

    def _is_ended_as(self, status: Status) -> bool:
        """Check whether the status is an end. A good-till-canceled order that is done for the day
        works again the next day."""
        if status in OPEN:
            return False
        return status is not DONE_FOR_DAY or self.is_filled or not self.is_kept_overnight

    @property
    def ended_at(self) -> datetime | None:
        return self.standing().ended_at

    def _ended_at_as(self, status: Status) -> datetime | None:
        """The time when the order reached this end."""
        if status in ENDS:
            return self.end_at
        if status is FILLED or self.is_kept_overnight:
            return self._filled_at
        return self.session.latest(is_kept_overnight=False).at

    @property
    def _filled_at(self) -> datetime | None:
        """The time when the fills reached the quantity: of the last fill, or of the reduction of
        the quantity to the filled one."""
        filled_at, setting = self.last_fill_at, self.terms.set_quantity
        if filled_at is None or setting is None or setting.when.at <= filled_at:
            return filled_at
        return later(filled_at, self.terms.at_most_since(self.cum_quantity))

    @property
    def leaves_quantity(self) -> Decimal | None:
        return self.standing().leaves_quantity

    @property
    def pending(self) -> Pending | None:
        """The kind of request that awaits an answer. None while the order has ended: the venue may
        never answer a request that a fill or another end has overtaken.

        If the venue shows the order working after an end, the requests before that end stay
        answered by it. If a bust reopens it, they await their answer again.
        """
        if self.requests is NO_REQUESTS or self.is_ended:
            return None
        return self.requests.pending(after=self._settled_until)

    @property
    def pending_since(self) -> datetime | None:
        """The time of the oldest request that awaits an answer, or when the venue last reported
        one."""
        asked = self.asked
        return None if asked is None else asked.when.at

    @property
    def asked(self) -> Asked | None:
        """The oldest request that awaits an answer, or the one that the venue last reported."""
        return self.requests.oldest(after=self._settled_until)

    @property
    def _settled_until(self) -> When | None:
        """The end that answered all earlier requests, though the venue showed the order working
        later."""
        undone = self.undone_end
        return None if undone is None else undone.when

    @property
    def certainty(self) -> Certainty:
        return self.standing().certainty

    @property
    def _is_silent(self) -> bool:
        """True if the venue did not know the order when queried, or was silent after a message
        without an answer."""
        unresolved = self.unresolved
        if self.absent_at is not None or unresolved is None:
            return self.absent_at is not None
        asked, confirmed = self.asked, self.confirmed
        is_since_asked = asked is not None and asked.when < unresolved
        return confirmed is None or (is_since_asked and unresolved > confirmed)

    def standing(self) -> Standing:
        """The status and everything that follows from it, derived once."""
        status = self.status
        if self._is_ended_as(status):
            ended_at = self._ended_at_as(status)
            leaves = None if self.is_by_quote else ZERO
            return Standing(status, True, ended_at, None, Certainty.CONFIRMED, leaves)
        quantity = self.quantity
        leaves = (
            None if quantity is None else max(ZERO, EXACT.subtract(quantity, self.cum_quantity))
        )
        certainty = Certainty.UNRESOLVED if self._is_silent else Certainty.CONFIRMED
        return Standing(status, False, None, self.pending, certainty, leaves)

    @property
    def summary(self) -> str:
        """The known state, in one line."""
        pending = f", {self.pending} outstanding" if self.pending else ""
        quantity = "unknown" if self.quantity is None else format(self.quantity, "f")
        return (
            f"{self.status}, {self.cum_quantity:f} of {quantity} filled, {self.certainty}{pending}"
        )
