"""Resolves orders whose outcome is unknown: it queries the venue until the outcome is known."""

import asyncio
from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from datetime import datetime

from orderledger import Absent, Certainty, Deny, Fenced, Message, Pending
from orderledger.extend.events import Order
from orderledger.extend.runtime import EventLogger
from orderledger.extend.values import later
from orderledger.gateway.book import is_open_question, row_now
from orderledger.gateway.doubtful import Doubtful, dated_answers
from orderledger.gateway.look_ups import LookUps
from orderledger.gateway.not_shown import NotShown
from orderledger.gateway.parts import GatewayParts
from orderledger.gateway.proving import AbsenceProof, Doubt
from orderledger.gateway.query_times import QueryTimes
from orderledger.gateway.replaces import settled_replace
from orderledger.gateway.unsettled import Key, is_in_doubt
from orderledger.venues.base.transport.patience import impatient
from orderledger.venues.errors import VenueError

QUERY_SECONDS = 20.0
"""The longest query about one order. It may need several requests."""
START_SECONDS = 10.0
"""How long a start waits for the answers to its queries. Later answers are recorded, too."""
ROUND_SECONDS = 0.25
"""The longest time between two reads of the log for orders to query."""
SHORTEST_PAUSE = 0.01

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
        self._times = QueryTimes(self._proof)
        self._keeper = parts.keeper
        self._look_ups = look_ups
        self._book = parts.book
        self._unsettled = parts.unsettled
        self._not_shown = NotShown(parts.unsettled)
        self._clock = parts.clock
        self._held_seconds = parts.held_seconds
        self._elapsed = elapsed
        self._replacing = replacing
        self._doubts: dict[Key, Doubt] = {}
        self._queries: set[asyncio.Task[None]] = set()

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
        is_held = self._held_seconds(key[0]) > 0  # it is queried at the end of the pause
        if order is not None and order.certainty is Certainty.UNRESOLVED and not is_held:
            await self._resolve(key, order)

    async def resolve(self, *, besides: Container[Key]) -> None:
        """Query every unresolved order that is due, except those that are being sent now. Waits
        `START_SECONDS` for the answers. Raises StoreError."""
        begun = await self._begin_queries(besides)
        if begun:
            done, _ = await asyncio.wait(begun, timeout=START_SECONDS)
            for error in filter(None, (query.exception() for query in done)):
                raise error

    async def run(self, *, besides: Container[Key]) -> None:
        """Query each unresolved order as soon as it is due, until canceled. A query that waits for
        its answer delays no other."""
        try:
            while True:
                try:
                    await self._begin_queries(besides)
                except Exception as error:  # when it is over, orders must be resolved
                    log.warning("the gateway cannot follow the ledger", error=str(error))
                await asyncio.sleep(self._pause())
        finally:
            for query in self._queries:
                query.cancel()
            await asyncio.gather(*self._queries, return_exceptions=True)

    async def _begin_queries(self, besides: Container[Key]) -> list["asyncio.Task[None]"]:
        waiting = (one for one in self._book.awaiting_answers() if self._is_ours(one.account))
        self._not_shown.note(waiting, besides, self._elapsed())
        await self._unsettled.settle(besides=besides)
        self._book.catch_up()
        begun = [asyncio.create_task(self._resolve(*one)) for one in self._due(besides).items()]
        for query in begun:
            self._queries.add(query)
            query.add_done_callback(self._end_query)
        return begun

    def _end_query(self, query: "asyncio.Task[None]") -> None:
        self._queries.discard(query)
        if not query.cancelled() and (error := query.exception()) is not None:
            log.warning("an answer to a query cannot be recorded", error=str(error))

    def _due(self, besides: Container[Key]) -> dict[Key, Order]:
        """The orders to query now."""
        now, due, unknown = self._elapsed(), dict[Key, Order](), set[Key]()
        for order in self._book.awaiting_answers():
            key = (order.account, order.client_order_id or "")
            if order.client_order_id is None or key in besides:
                continue
            if is_open_question(order) or self._has_open_replace(key, order):
                unknown.add(key)
                doubt = self._doubt(key, now)
                if doubt.due <= now and (held := self._held_seconds(key[0])):
                    doubt.due = now + held
                elif doubt.due <= now and not doubt.is_asking:
                    doubt.due, due[key] = now + QUERY_SECONDS, order  # its answer sets the next
        for key in self._look_ups.missed - unknown:
            missed = self._book.order(*key)
            if missed is not None and self._book.is_working(key) and key not in besides:
                due[key] = missed
        self._look_ups.missed.clear()
        self._doubts = {key: doubt for key, doubt in self._doubts.items() if key in unknown}
        return due

    def _pause(self) -> float:
        """Seconds until the next order is due, as far as it is known now."""
        waiting = [doubt.due for doubt in self._doubts.values() if not doubt.is_asking]
        left = min(waiting, default=self._elapsed() + ROUND_SECONDS) - self._elapsed()
        return min(max(left, SHORTEST_PAUSE), ROUND_SECONDS)

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
            with impatient():
                async with asyncio.timeout(QUERY_SECONDS):
                    found = await venue.order(key[0], row_now(order, *key))
        except (VenueError, TimeoutError):
            self._times.after_failure(order, doubt, self._elapsed())
            return
        except Exception as error:
            log.error(
                "the answer to a query cannot be read",
                account=key[0],
                client_order_id=key[1],
                error=str(error),
            )
            self._times.after_failure(order, doubt, self._elapsed())
            return
        finally:
            doubt.is_asking = False
        if found is not None:
            doubt.proofs = 0
            self._times.after_answer(order, doubt, self._elapsed(), is_found=True)
            self._book.catch_up()
            answers = dated_answers(self._book.order(*key), found, asked_at, doubtful)
            await self._ledger.recording.arecord_together(answers)
            await self._settle_replace(key, found, asked_at, is_late=is_late)
            return
        self._book.catch_up()
        if counts and self._doubts.get(key) is doubt and order.submitted_at == sent_at:
            self._proof.take(order, doubt, now)
        self._times.after_answer(order, doubt, self._elapsed(), is_found=False)
        if self._is_sender(key[0]) and self._doubts.get(key) is doubt:
            if stated := await self._proof.stated(order, row_now(order, *key)):
                await self._ledger.recording.arecord_together(stated)
                return
            await self._proof.take_own(order, doubt, row_now(order, *key))
            self._book.catch_up()
        await self._record_absence(key, order, doubt, asked_at)

    def _is_ours(self, account: str) -> bool:
        """Whether this process sends for the account, and can query its venue."""
        return self._look_ups.venue_of(account) is not None and self._is_sender(account)

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
