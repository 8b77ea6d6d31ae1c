"""What is kept of one order: facts, each where it belongs, so that the order in which reports arrive does not matter.

Fills stand by id, terms, claims and states by the time they took effect. Nothing that could be derived is kept.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, NamedTuple, TypeVar

from orderledger.domain.events import Fact, OrderEvent, OrderRequested
from orderledger.domain.fills import Fills
from orderledger.domain.requests import Requests
from orderledger.domain.values import Anomaly, OrderType, Reported, Side, Status, TimeInForce, alias_text, later

Value = TypeVar("Value")

CLAIMED_NUMBERS = ("quantity", "cum_quantity", "leaves_quantity", "average_price", "limit_price", "stop_price")
CLAIMED_TERMS = ("order_type", "time_in_force", "post_only", "reduce_only")


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
    if latest is None or latest.at is None or at >= latest.at:
        known[name] = Latest(value, at)


UNTOLD: Latest[Any] = Latest(None)


class OrderFacts:
    """One order of one account, as far as it is known: set by `order.evolve`, read through `Order`.

    `own_id` is the client order id that its stream is named by, None where that is a venue's id or an alias.
    """

    __slots__ = (
        "absent_at",
        "account",
        "acknowledged_at",
        "aliases",
        "aliases_borne",
        "attributed_to",
        "claims",
        "client_ids_borne",
        "described",
        "ends",
        "fills",
        "given_id",
        "heard_at",
        "instrument",
        "instrument_at",
        "is_observed_filled",
        "is_sent_again",
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
        "session_seen",
        "session_told",
        "side",
        "side_at",
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
        self.client_ids_borne: frozenset[str] = frozenset()
        self.request: OrderRequested | None = None
        self.requested_at: datetime | None = None
        self.submitted_at: datetime | None = None
        self.is_sent_again = False
        self.unresolved_at: datetime | None = None
        self.acknowledged_at: datetime | None = None
        self.heard_at: datetime | None = None
        self.updated_at: datetime | None = None
        self.instrument: str | None = None
        self.instrument_at: datetime | None = None
        self.side: Side | None = None
        self.side_at: datetime | None = None
        self.terms: dict[str, Latest[Decimal]] = {}
        self.fills = Fills()
        self.requests = Requests()
        self.ends: dict[Status, datetime] = {}
        self.reasons: dict[Status, tuple[datetime, str]] = {}
        self.told_ends: tuple[tuple[Status, datetime, str | None], ...] = ()
        self.reinstated_at: datetime | None = None
        self.is_worked = False
        self.rejected_as_duplicate_at: datetime | None = None
        self.session_told: Latest[Status | None] = UNTOLD
        self.session_seen: Latest[Status | None] = UNTOLD
        self.absent_at: datetime | None = None
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

    def learn(self, event: Fact, at: datetime) -> None:
        """What any message may tell besides the fact itself."""
        self.updated_at = later(self.updated_at, at)
        if event.message_id is not None:
            self.message_ids.add((type(event), event.message_id))
        if event.venue_order_id is not None:
            known_at = self.venue_order_ids.get(event.venue_order_id)
            if known_at is None or at < known_at:
                self.venue_order_ids[event.venue_order_id] = at
        for name, value in event.aliases.items():
            note(self.aliases, name, value, at)
            if (alias := alias_text(name, value)) not in self.aliases_borne:
                self.aliases_borne |= {alias}
        if self.own_id is None and event.client_order_id is not None:
            self.given_id = min(self.given_id or (at, event.client_order_id), (at, event.client_order_id))
            if event.client_order_id not in self.client_ids_borne:
                self.client_ids_borne |= {event.client_order_id}
        if event.reported is not None:
            self._hear_claim(event.reported, at)

    def hear(self, at: datetime) -> None:
        """The venue has shown that it knows the order."""
        self.heard_at = later(self.heard_at, at)
        if self.absent_at is not None and at >= self.absent_at:
            self.absent_at = None

    def miss(self, at: datetime) -> None:
        """The venue, asked, did not know the order. What it says of it later, or has said of a later time, outweighs that."""
        if self.heard_at is None or at >= self.heard_at:
            self.absent_at = later(self.absent_at, at)

    def set_terms(self, quantity: Decimal | None, limit_price: Decimal | None, stop_price: Decimal | None, at: datetime) -> None:
        """From `at` on these are in force, as far as they are told."""
        for name, value in (("quantity", quantity), ("limit_price", limit_price), ("stop_price", stop_price)):
            if value is not None:
                note(self.terms, name, value, at)

    def enter(self, session: Status | None, at: datetime) -> None:
        """From `at` on it is done for the day, suspended, stopped, or (None) none of these."""
        self.session_told = self.session_told.then(session, at)
        self.session_seen = self.session_seen.then(session, at)

    def describe(self, instrument: str | None, side: Side | None, at: datetime) -> None:
        """What only the venue can tell: the order was not requested here. The later `at` wins."""
        if instrument is not None and (self.instrument_at is None or at >= self.instrument_at):
            self.instrument, self.instrument_at = instrument, at
        if side is not None and (self.side_at is None or at >= self.side_at):
            self.side, self.side_at = side, at

    def _hear_claim(self, reported: Reported, at: datetime) -> None:
        """What the venue claims besides. Of claims of one time, those with the largest cumulated quantity are the latest, or
        with the smallest leaves quantity."""
        if reported.status is not None:
            self.observed = self.observed.then(reported.status, at)
        is_outdated = self._is_outdated(reported, at)
        for name in CLAIMED_NUMBERS:
            number: Decimal | None = getattr(reported, name)
            if number is None or (is_outdated and name in self.claims and self.claims[name].at == at):
                continue
            note(self.claims, name, number, at)
        if self.request is None:
            for name in CLAIMED_TERMS:
                if (term := getattr(reported, name)) is not None:
                    note(self.described, name, term, at)

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

    def finish(self, status: Status, at: datetime, reason: str | None) -> None:
        """Told more than once, an end happened when it was first said to have, and for the reason given first."""
        self.told_ends += ((status, at, reason),)
        if self.reinstated_at is not None and at <= self.reinstated_at:
            return
        self.ends[status] = min(self.ends.get(status, at), at)
        if reason is not None and (status not in self.reasons or at < self.reasons[status][0]):
            self.reasons[status] = (at, reason)
