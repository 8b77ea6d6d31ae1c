"""Resolves orders whose outcome is unknown: it queries the venue until the outcome is known."""

import asyncio
from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from orderledger import Absent, Certainty, Deny, Fenced, Message, Pending, StatusObserved
from orderledger.extend.events import Order
from orderledger.extend.runtime import EventLogger
from orderledger.extend.values import ENDS, DatedBy, later
from orderledger.gateway.book import is_open_question, row_now
from orderledger.gateway.look_ups import QUERY_SECONDS, LookUps
from orderledger.gateway.parts import GatewayParts
from orderledger.gateway.proving import AbsenceProof, Doubt
from orderledger.gateway.replaces import settled_replace
from orderledger.gateway.unsettled import Key, is_in_doubt
from orderledger.venues.errors import VenueError

PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds between the queries about one order. The first query is made at once; the last pause
repeats."""
SOON = 2.0
"""Seconds until the next query if the answer would be a proof."""

LAG = timedelta(seconds=2)
"""How far a query's answer may lag behind the venue's state, and our clock may run ahead of the
venue's.
"""

MICROSECOND = timedelta(microseconds=1)

log = EventLogger("orderledger.gateway")


class OutcomeResolver:
    """Queries venues about unresolved orders. The collector's reports resolve those of an account
    without look-ups.

    Setting our clock or sending late cannot shorten the time until the venue's "unknown order" is a
    proof: `AbsenceProof` reads the venue's clock, and `elapsed`.
    """

    def __init__(
        self,
        parts: GatewayParts,
        look_ups: LookUps,
        *,
        elapsed: Callable[[], float],
        replacing: Container[Key],
    ) -> None:
        self._ledger = parts.ledger
        self._proof = AbsenceProof(parts.entries, parts.clocks, parts.clock)
        self._keeper = parts.keeper
        self._look_ups = look_ups
        self._book = parts.book
        self._unsettled = parts.unsettled
        self._clock = parts.clock
        self._elapsed = elapsed
        self._replacing = replacing
        self._doubts: dict[Key, Doubt] = {}

    async def begin(self) -> None:
        """After a restart: every order that was being sent has an unknown outcome."""
        for _, order in self._book.open_orders():
            if order.client_order_id is not None and is_in_doubt(order):
                self._unsettled.keep((order.account, order.client_order_id), "restart")
        await self._unsettled.settle(besides=())

    async def query(self, key: Key) -> None:
        """Query one order at once if its outcome is unknown because a request about it was not
        answered.
        """
        self.forget(key)
        self._book.catch_up()
        order = self._book.order(*key)
        if order is not None and order.certainty is Certainty.UNRESOLVED:
            await self._resolve(key, order)

    async def resolve(self, *, besides: Container[Key]) -> None:
        """Query every unresolved order that is due, except those that are being sent now."""
        await self._unsettled.settle(besides=besides)
        self._book.catch_up()
        now, asked, unknown = self._elapsed(), dict[Key, Order](), set[Key]()
        for order in self._book.awaiting_answers():
            key = (order.account, order.client_order_id or "")
            if order.client_order_id is None or key in besides:
                continue
            if is_open_question(order) or self._has_open_replace(key, order):
                unknown.add(key)
                if self._doubt(key, now).due <= now:
                    asked[key] = order
        for key in self._look_ups.missed - unknown:
            missed = self._book.order(*key)
            if missed is not None and self._book.is_working(key) and key not in besides:
                asked[key] = missed
        self._look_ups.missed.clear()
        self._doubts = {key: doubt for key, doubt in self._doubts.items() if key in unknown}
        found = await asyncio.gather(
            *(self._resolve(key, order) for key, order in asked.items()), return_exceptions=True
        )
        for error in found:
            if error is not None:
                raise error

    def is_proved_absent(self, key: Key) -> bool:
        """Whether the venue's answers prove that it never received the order."""
        order, doubt = self._book.order(*key), self._doubts.get(key)
        return (order is not None and order.is_given_up) or (
            doubt is not None and doubt.proof != ""
        )

    def absence_text(self, key: Key) -> str:
        """Why the absence of an order is not proved, and when it can be."""
        order = self._book.order(*key)
        assert order is not None
        return self._proof.wait_text(order, self._doubts.get(key), self._elapsed())

    def forget(self, key: Key) -> None:
        """Restart the time until an absence is proved: the order is being sent again.

        Earlier queries prove nothing any more.
        """
        self._doubts.pop(key, None)

    def _has_open_replace(self, key: Key, order: Order) -> bool:
        """Whether a replace awaits an answer that no call waits for."""
        return order.pending is Pending.REPLACE and key not in self._replacing

    def _doubt(self, key: Key, now: float) -> Doubt:
        return self._doubts.setdefault(key, Doubt(now, now))

    async def _resolve(self, key: Key, order: Order) -> None:
        """Query about one order, unless another call does."""
        venue, now = self._look_ups.venue_of(key[0]), self._elapsed()
        is_doubtful = is_open_question(order) or self._has_open_replace(key, order)
        doubt = self._doubt(key, now) if is_doubtful else Doubt(now, now)
        if venue is None or doubt.is_asking:
            return
        doubt.is_asking, asked_at = True, self._clock.now()
        counts, doubtful = self._proof.counts(order, doubt, now), Doubtful.of(order)
        is_late, sent_at = self._proof.may_be_late(order, doubt, now), order.submitted_at
        try:
            async with asyncio.timeout(QUERY_SECONDS):
                found = await venue.order(key[0], row_now(order, *key))
        except (VenueError, TimeoutError):
            return
        except Exception as error:
            log.error(
                "the answer to a query cannot be read",
                account=key[0],
                client_order_id=key[1],
                error=str(error),
            )
            return
        finally:
            doubt.is_asking = False
            self._postpone(order, doubt)
        if found is not None:
            doubt.proofs = 0
            await self._ledger.recording.arecord_together(
                self._as_answers(key, found, asked_at, doubtful)
            )
            await self._settle_replace(key, found, asked_at, is_late=is_late)
            return
        self._book.catch_up()
        if counts and self._doubts.get(key) is doubt and order.submitted_at == sent_at:
            self._proof.take(order, doubt, now)
        if self._is_sender(key[0]) and self._doubts.get(key) is doubt:
            await self._proof.take_own(order, doubt, row_now(order, *key))
            self._book.catch_up()
        await self._record_absence(key, order, doubt, asked_at)

    def _is_sender(self, account: str) -> bool:
        """Whether this process may send for the account."""
        try:
            self._keeper.fence(account)
        except Fenced:
            return False
        return True

    async def _settle_replace(
        self, key: Key, found: Sequence[Message], asked_at: datetime, *, is_late: bool
    ) -> None:
        """Settle a replace without an answer by the terms that were found. `is_late`: it may have
        been carried out after the query."""
        self._book.catch_up()
        order = self._book.order(*key)
        if order is None or order.pending is not Pending.REPLACE or key in self._replacing:
            return
        answer = settled_replace(order, found, asked_at, may_be_late=is_late)
        if answer is not None:
            await self._ledger.arecord(answer)

    def _postpone(self, order: Order, doubt: Doubt) -> None:
        """Set the time of the next query: after a pause, or as soon as its answer would be a
        proof.
        """
        now, rule = self._elapsed(), self._proof.rule(order)
        left = self._proof.seconds_left(order, doubt, now)
        doubt.due = now + PAUSES[min(doubt.queries, len(PAUSES) - 1)]
        doubt.queries += 1
        if rule is None or left is None:
            return
        soonest = left or (SOON if doubt.proved_at is None else rule.pause_seconds)
        doubt.due = min(doubt.due, now + soonest)

    def _as_answers(
        self, key: Key, found: Sequence[Message], asked_at: datetime, doubtful: "Doubtful"
    ) -> list[Message]:
        """The messages with the time of the query. If an order was open when the venue was queried
        and has ended since, the answer does not reopen it.
        """
        self._book.catch_up()
        order = self._book.order(*key)
        return [
            _answer(order, message, asked_at, doubtful)
            if isinstance(message, StatusObserved)
            else message
            for message in found
        ]

    async def _record_absence(
        self, key: Key, order: Order, doubt: Doubt, asked_at: datetime
    ) -> None:
        """Record that the venue does not know the order: once, and again when that proves its
        absence. Only the sender of the account records the proof.
        """
        account, name = key
        at = later(
            later(order.unresolved_at, asked_at), later(order.submitted_at, asked_at)
        )  # whatever the clocks show
        absent = Absent(account=account, client_order_id=name, at=at, source="venue_poll")
        if self._doubts.get(key) is doubt and doubt.proof and order.confirmed_at is None:
            deny = Deny(
                account=account,
                client_order_id=name,
                at=at,
                reason="never_arrived",
                text=doubt.proof,
                never_arrived=True,
            )
            with suppress(Fenced):
                fence = self._keeper.fence(account)
                await self._ledger.recording.arecord_together([absent, deny], fence=fence)
        elif order.absent_at is None or (
            order.unresolved_at is not None and not order.is_absent_since(order.unresolved_at)
        ):
            await self._ledger.arecord(absent)


@dataclass(frozen=True, slots=True)
class Doubtful:
    """The state of an order when a query about it is sent. The answer settles what was doubtful
    then. `until`: the time of the last doubt; None if a replace awaits its answer, or nothing is
    doubtful."""

    until: datetime | None

    @classmethod
    def of(cls, order: Order) -> Self:
        is_settled = order.certainty is not Certainty.UNRESOLVED
        if is_settled or order.pending is Pending.REPLACE:
            return cls(None)
        times = [at for at in (order.unresolved_at, order.absent_at) if at is not None]
        return cls(max(times, default=None))


def _answer(
    order: Order | None, status: StatusObserved, asked_at: datetime, doubtful: Doubtful
) -> StatusObserved:
    """The state that was found, with the time of the query.

    If a disputed end is found again, it holds at that time. Our clock dated the message that
    disputes it, and may be ahead of the venue's. An order that was in doubt is
    confirmed after the doubt, whatever the lag of the query: an order that is found exists.
    """
    if order is None or order.is_ended:
        return status.model_copy(update={"asked_at": None})
    if order.undone_end is not None and order.shown is not None and status.status in ENDS:
        return status.model_copy(
            update={"at": max(asked_at, order.shown.at), "dated_by": DatedBy.RECEIPT}
        )
    moment = status.asked_at or asked_at - LAG
    if doubtful.until is not None and moment <= doubtful.until:
        moment = doubtful.until + MICROSECOND
    elif (
        order.unresolved_at is not None and asked_at < order.unresolved_at
    ):  # a clock was set back: the query came after the sending
        moment = order.unresolved_at
    return status.model_copy(update={"asked_at": moment})
