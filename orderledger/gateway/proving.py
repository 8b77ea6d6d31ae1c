"""Decides when the venue's "unknown order" proves that an order never arrived. The request has to
have expired by the venue's clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from orderledger import Message
from orderledger.extend.events import Order
from orderledger.extend.runtime import EventLogger
from orderledger.extend.values import Clock
from orderledger.gateway.replaces import may_be_late
from orderledger.gateway.venue_clocks import VenueClocks
from orderledger.rows import OrderRow
from orderledger.venues.base.absence import Absence
from orderledger.venues.base.order_entry import OrderEntry
from orderledger.venues.base.venue_clock import DRIFT
from orderledger.venues.errors import VenueError

log = EventLogger("orderledger.gateway")

NEVER = "this venue cannot prove it: see `orderledger recover` for what to do"


@dataclass(slots=True)
class Doubt:
    """An order with an unknown outcome, in seconds of this process. `since`: when it was first seen
    in this state while not being sent. `due`: when the venue is queried again. `queries`: how many
    queries were answered. `failures`: how many have failed since the last answer. `proofs`: how
    many answers in a row were "unknown order" and count; `proved_at`: the time of the last one.
    `proof`: the sentence of the proof.
    """

    since: float
    due: float
    queries: int = 0
    failures: int = 0
    is_asking: bool = False
    proofs: int = 0
    proved_at: float | None = None
    proof: str = ""


class AbsenceProof:
    """Judges the answers "unknown order". The time is the venue's. For an entry that does not
    measure the venue's clock, it is counted from the time at which this process first saw the order
    unresolved.
    """

    def __init__(
        self, entries: Mapping[str, OrderEntry], clocks: VenueClocks, clock: Clock
    ) -> None:
        self._entries = entries
        self._clocks = clocks
        self._clock = clock

    def rule(self, order: Order) -> Absence | None:
        """The venue's rule for this order. None if its absence cannot be proved."""
        absence = self._entries[order.account].abilities.absence
        request = order.terms.request
        if absence is None or request is None or not absence.covers(str(request.order_type)):
            return None
        is_timed = order.request_expires_at is not None
        return absence if is_timed or self._clocks.of(order.account) is None else None

    def may_be_late(self, order: Order, doubt: Doubt, now: float) -> bool:
        """Whether a replace without an answer may be carried out after a query that is sent
        now."""
        clock = self._clocks.of(order.account)
        venue_now = None if clock is None else clock.at_least()
        rule = self._entries[order.account].abilities.absence
        return may_be_late(order, rule, venue_now, now - doubt.since)

    def seconds_left(self, order: Order, doubt: Doubt, now: float) -> float | None:
        """Seconds until an "unknown order" counts; 0 if it counts now. None if it never does, or
        while the venue's clock is not known."""
        rule = self.rule(order)
        if rule is None:
            return None
        clock, expires_at = self._clocks.of(order.account), order.request_expires_at
        if clock is None:
            return max(0.0, doubt.since + rule.expires_seconds + rule.margin_seconds - now)
        at_least = clock.at_least()
        if at_least is None or expires_at is None:
            return None
        return max(0.0, (expires_at + rule.margin - at_least).total_seconds()) / (1 - DRIFT)

    def seconds_to_count(self, order: Order, doubt: Doubt, now: float) -> float | None:
        """Seconds until "unknown order" is a part of the proof: 0 if it is, in answer to a query
        that is sent now. None if it never is, and after the proof."""
        rule, left = self.rule(order), self.seconds_left(order, doubt, now)
        if rule is None or left is None or doubt.proof or not self._is_kept(rule, order):
            return None
        earlier = doubt.proved_at
        pause = 0.0 if earlier is None else max(0.0, earlier + rule.pause_seconds - now)
        return max(left, pause)

    def counts(self, order: Order, doubt: Doubt, now: float) -> bool:
        """Whether "unknown order", in answer to a query that is sent now, is a part of the
        proof."""
        return self.seconds_to_count(order, doubt, now) == 0

    def take(self, order: Order, doubt: Doubt, now: float) -> None:
        """Note an "unknown order" that counts. `now`: when the query was sent."""
        rule = self.rule(order)
        assert rule is not None
        doubt.proofs, doubt.proved_at = doubt.proofs + 1, now
        if doubt.proofs >= rule.queries:
            doubt.proof = self._sentence(rule, order)

    async def take_own(self, order: Order, doubt: Doubt, row: OrderRow) -> None:
        """Note the proof that the order entry itself has, if it has one, e.g. by nonces."""
        prove = getattr(self._entries[order.account], "absence_proof", None)
        if prove is None or doubt.proof:
            return
        try:
            doubt.proof = await prove(row) or ""
        except VenueError as error:
            log.debug("no_proof", account=order.account, why=str(error))

    async def stated(self, order: Order, row: OrderRow) -> Sequence[Message]:
        """The answer of the order entry's own query about a request that the venue's lists do not
        show, e.g. its refusal by the sequencer. Empty without such a query or answer."""
        outcome = getattr(self._entries[order.account], "outcome", None)
        if outcome is None or order.confirmed_at is not None:
            return ()
        try:
            return cast(Sequence[Message], await outcome(row))
        except VenueError as error:
            log.debug("no_outcome", account=order.account, why=str(error))
            return ()

    def wait_text(self, order: Order, doubt: Doubt | None, now: float) -> str:
        """When the proof can be expected, in a sentence."""
        rule = self.rule(order)
        if rule is None or not self._is_kept(rule, order):
            return NEVER
        left = self.seconds_left(order, doubt or Doubt(now, now), now)
        if left is None:
            return "the venue's clock is not known yet, and it proves the absence"
        least = left + rule.pause_seconds * (rule.queries - 1)
        return f'the venue\'s "unknown order" proves it in {least:.0f} s at the earliest'

    def _is_kept(self, rule: Absence, order: Order) -> bool:
        return order.submitted_at is None or rule.is_kept(order.submitted_at, self._clock.now())

    def _sentence(self, rule: Absence, order: Order) -> str:
        found = "the venue did not know the order"
        if order.request_expires_at is None:
            seconds = rule.expires_seconds + rule.margin_seconds
            text = f"{found} {seconds:g} s after its outcome had become unknown"
        else:
            expires_at = order.request_expires_at.isoformat()
            text = f"{found} later than {rule.margin_seconds:g} s after the expiry of its request "
            text += f"at {expires_at}, by the venue's clock"
        sent_at: datetime | None = order.submitted_at
        if sent_at is not None and not rule.is_kept_unfilled(sent_at, self._clock.now()):
            text += "; it may also have ended there without a fill"
        return text
