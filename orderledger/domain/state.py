"""What is known of one order, and what follows from it: status, leaves, certainty, ids.

Only facts are kept. Fills stand by id, terms and states by the time they took effect, so that the state does not
depend on the order in which reports arrived. `order.evolve` alone writes here.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, NamedTuple, TypeVar

from orderledger.domain.events import OrderEvent, OrderRequested
from orderledger.domain.exact import EXACT, QUOTIENT, ZERO
from orderledger.domain.fills import Fills
from orderledger.domain.requests import Requests
from orderledger.domain.values import (
    ENDS,
    Anomaly,
    Certainty,
    OrderType,
    Origin,
    Pending,
    Reported,
    Side,
    Status,
    TimeInForce,
    later,
)

Value = TypeVar("Value")

KEEPS_LEAVES_OVERNIGHT = frozenset({TimeInForce.GTC, TimeInForce.GTD})
CLAIMED_NUMBERS = ("quantity", "cum_quantity", "leaves_quantity", "average_price", "limit_price", "stop_price")
CLAIMED_TERMS = ("order_type", "time_in_force", "post_only", "reduce_only")
DUPLICATE_ORDER = "duplicate_order"
NEVER_PENDING = frozenset({Status.CANCELED, Status.EXPIRED, Status.REJECTED, Status.DENIED})


class Latest(NamedTuple, Generic[Value]):
    """A value set by reports: the later `at` wins, of equal times the later in the log. `at` is None before the first."""

    value: Value
    at: datetime | None = None

    def then(self, value: Value, at: datetime) -> "Latest[Value]":
        """With what another report sets."""
        return Latest(value, at) if self.at is None or at >= self.at else self


def note(known: dict[str, Latest[Value]], name: str, value: Value, at: datetime) -> None:
    """Set one of several values by their name."""
    latest = known.get(name)
    known[name] = Latest(value, at) if latest is None else latest.then(value, at)


UNTOLD: Latest[Any] = Latest(None)
PRESENT = Latest(False)


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


class Order:
    """One order of one account, as far as it is known.

    `client_order_id` is our id and None for an order known from the venue's reports alone.
    """

    __slots__ = (
        "absent",
        "account",
        "acknowledged_at",
        "aliases",
        "aliases_borne",
        "attributed_to",
        "claims",
        "described",
        "ends",
        "fills",
        "given_id",
        "heard_at",
        "instrument",
        "is_observed_filled",
        "is_worked",
        "message_ids",
        "observed",
        "own_id",
        "raised",
        "reasons",
        "reinstated_at",
        "rejected_as_duplicate_at",
        "replacement_id",
        "replaces",
        "request",
        "requested_at",
        "requests",
        "seen",
        "session",
        "side",
        "submitted_at",
        "terms",
        "told_ends",
        "unresolved_at",
        "updated_at",
        "venue_order_ids",
    )

    def __init__(self, account: str, client_order_id: str | None) -> None:
        self.account = account
        self.own_id = client_order_id
        self.given_id: tuple[datetime, str] | None = None
        self.request: OrderRequested | None = None
        self.requested_at: datetime | None = None
        self.submitted_at: datetime | None = None
        self.unresolved_at: datetime | None = None
        self.acknowledged_at: datetime | None = None
        self.heard_at: datetime | None = None
        self.updated_at: datetime | None = None
        self.instrument: str | None = None
        self.side: Side | None = None
        self.terms: dict[str, Latest[Decimal]] = {}
        self.fills = Fills()
        self.requests = Requests()
        self.ends: dict[Status, datetime] = {}
        self.reasons: dict[Status, tuple[datetime, str]] = {}
        self.told_ends: tuple[tuple[Status, datetime, str | None], ...] = ()
        self.reinstated_at: datetime | None = None
        self.is_worked = False
        self.rejected_as_duplicate_at: datetime | None = None
        self.session: Latest[Status | None] = UNTOLD
        self.absent = PRESENT
        self.observed: Latest[str | None] = UNTOLD
        self.is_observed_filled = False
        self.claims: dict[str, Latest[Decimal]] = {}
        self.described: dict[str, Latest[OrderType | TimeInForce | bool]] = {}
        self.replaces = 0
        self.replacement_id: Latest[str | None] = UNTOLD
        self.venue_order_ids: dict[str, datetime] = {}
        self.aliases: dict[str, Latest[str]] = {}
        self.aliases_borne: frozenset[str] = frozenset()
        self.seen: set[OrderEvent] = set()
        self.message_ids: set[tuple[type[OrderEvent], str]] = set()
        self.raised: dict[Anomaly, str] = {}
        self.attributed_to: str | None = None

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
        """The fact that ended it, if one did: canceled and expired outrank rejected, which outranks denied."""
        if not self.ends and self.rejected_as_duplicate_at is None:
            return None
        closing = [status for status in (Status.EXPIRED, Status.CANCELED) if status in self.ends]
        if closing:
            return max(closing, key=lambda status: self.ends[status])
        if Status.REJECTED in self.ends or (self.rejected_as_duplicate_at is not None and not self.is_worked):
            return Status.REJECTED
        return Status.DENIED if Status.DENIED in self.ends else None

    @property
    def end_at(self) -> datetime | None:
        """When the fact that ended it happened. None for an order that is open, or ended by its fills alone."""
        end = self.end
        if end is Status.REJECTED and self._was_rejected_as_duplicate_first:
            return self.rejected_as_duplicate_at
        return self.ends[end] if end else None

    @property
    def _was_rejected_as_duplicate_first(self) -> bool:
        at, rejected_at = self.rejected_as_duplicate_at, self.ends.get(Status.REJECTED)
        return at is not None and not self.is_worked and (rejected_at is None or at < rejected_at)

    @property
    def status(self) -> Status:
        """By FIX precedence (FIX 4.4 vol. 4 app. D), except that an order that has ended is no longer suspended or stopped."""
        end, session = self.end, self.session.value
        if session is Status.DONE_FOR_DAY and end is None:
            return Status.DONE_FOR_DAY
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
    def is_ended(self) -> bool:
        return self._is_ended_as(self.status)

    @property
    def ended_at(self) -> datetime | None:
        return self.standing().ended_at

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
        if status is Status.DONE_FOR_DAY:
            return self.is_filled or not self._is_kept_overnight
        return status is Status.FILLED or status in ENDS

    def _ended_at(self, status: Status) -> datetime | None:
        if status is Status.FILLED:
            return self.fills.last_fill_at
        return self.session.at if status is Status.DONE_FOR_DAY else self.end_at

    @property
    def _is_silent(self) -> bool:
        """Whether the venue, asked, did not know it, or has not been heard since something was sent in vain."""
        if self.absent.value or self.unresolved_at is None:
            return self.absent.value
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

    @property
    def working_client_order_id(self) -> str | None:
        """Our id of the leg that is in force: the last accepted replacement's, else the order's own."""
        return self.replacement_id.value or self.client_order_id

    @property
    def reason(self) -> str | None:
        """Why it ended, in the venue's or our own words."""
        end = self.end
        given = self.reasons.get(end) if end else None
        if end is Status.REJECTED and self.rejected_as_duplicate_at is not None and not self.is_worked:
            given = min(
                given or (self.rejected_as_duplicate_at, DUPLICATE_ORDER), (self.rejected_as_duplicate_at, DUPLICATE_ORDER)
            )
        return given[1] if given else None

    def is_absent_since(self, moment: datetime) -> bool:
        """Whether the venue, asked after that, did not know it."""
        return self.absent.value and self.absent.at is not None and self.absent.at >= moment

    @property
    def is_sent_after_silence(self) -> bool:
        """Whether it was sent again after a sending that got no answer."""
        return self.submitted_at is not None and self.unresolved_at is not None and self.submitted_at > self.unresolved_at

    def hear(self, at: datetime) -> None:
        """The venue has shown that it knows the order."""
        self.heard_at = later(self.heard_at, at)
        self.absent = self.absent.then(False, at)

    def claimed(self, name: str) -> Decimal | None:
        """The number of this name that the venue claimed last."""
        return self.claims[name].value if name in self.claims else None

    def set_terms(self, quantity: Decimal | None, limit_price: Decimal | None, stop_price: Decimal | None, at: datetime) -> None:
        """From `at` on these are in force, as far as they are told."""
        for name, value in (("quantity", quantity), ("limit_price", limit_price), ("stop_price", stop_price)):
            if value is not None:
                note(self.terms, name, value, at)

    def term(self, name: str) -> OrderType | TimeInForce | bool | None:
        """`order_type`, `time_in_force`, `post_only` or `reduce_only`, as requested; of an external order, as the venue says."""
        if self.request is not None:
            value: OrderType | TimeInForce | bool | None = getattr(self.request, name)
            return value
        return self.described[name].value if name in self.described else None

    def hear_claim(self, reported: Reported, at: datetime) -> None:
        """What the venue claims besides. Of claims of one time, those with the largest cumulated quantity are the latest, or
        with the smallest leaves quantity."""
        if reported.status is not None:
            self.observed = self.observed.then(reported.status, at)
        is_outdated = self._is_outdated(reported, at)
        for name in CLAIMED_NUMBERS:
            number: Decimal | None = getattr(reported, name)
            if number is None:
                continue
            if not is_outdated or name not in self.claims or self.claims[name].at != at:
                note(self.claims, name, number, at)
        if self.request is None:
            self._hear_description(reported, at)

    def _is_outdated(self, reported: Reported, at: datetime) -> bool:
        """Whether a claim of the same time tells of more that was filled."""
        cum, leaves = self.claims.get("cum_quantity"), self.claims.get("leaves_quantity")
        if reported.cum_quantity is not None and cum is not None and cum.at == at:
            return reported.cum_quantity < cum.value
        if reported.leaves_quantity is not None and leaves is not None and leaves.at == at:
            return reported.leaves_quantity > leaves.value
        return False

    def reinstate(self, at: datetime) -> None:
        """What was said to have ended it up to then does not stand."""
        self.reinstated_at = later(self.reinstated_at, at)
        self.ends, self.reasons, told = {}, {}, self.told_ends
        self.told_ends = ()
        for status, ended_at, reason in told:
            self.finish(status, ended_at, reason)

    def _hear_description(self, reported: Reported, at: datetime) -> None:
        """Terms that only the venue can tell: the order was not requested here."""
        for name in CLAIMED_TERMS:
            term = getattr(reported, name)
            if term is not None:
                note(self.described, name, term, at)

    def finish(self, status: Status, at: datetime, reason: str | None) -> None:
        """Told more than once, an end happened when it was first said to have, and for the reason given first."""
        self.told_ends += ((status, at, reason),)
        if self.reinstated_at is not None and at <= self.reinstated_at:
            return
        self.ends[status] = min(self.ends.get(status, at), at)
        if reason is not None and (status not in self.reasons or at < self.reasons[status][0]):
            self.reasons[status] = (at, reason)

    @property
    def _is_kept_overnight(self) -> bool:
        return self.request is not None and self.request.time_in_force in KEEPS_LEAVES_OVERNIGHT
