"""Cancels orders one by one: recorded first, sent as soon as the venue can identify the order. Each
is sent again, after growing pauses, until the venue has answered."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace

from orderledger import CancelRejected, Certainty, Outcome, Pending, RequestCancel
from orderledger import OrderStatus as Status
from orderledger.extend.events import Order
from orderledger.extend.runtime import EventLogger
from orderledger.gateway.answers import Answer, Failure, answer_of, refusal_in
from orderledger.gateway.book import row_now
from orderledger.gateway.cancel_repeats import NOT_CARRIED_OUT, Outstanding
from orderledger.gateway.changing import ChangeAnswers
from orderledger.gateway.flights import WITHDRAWN, Flight, is_failure
from orderledger.gateway.not_shown import NOT_SHOWN
from orderledger.gateway.parts import GatewayParts
from orderledger.gateway.results import Sending
from orderledger.gateway.unsettled import Key
from orderledger.venues.base.transport.pacing import RATE_LIMITED
from orderledger.venues.errors import NotSent, Unanswered

TURNED_AWAY = frozenset({RATE_LIMITED, "too_many_requests"})
"""Reasons of refusals for the venue's rate limits. The venue did not look at the cancel."""
IS_BUSY = "another call is already sending the cancel of this order"
NOT_KNOWN = "it will be canceled as soon as the venue is known to have it"

log = EventLogger("orderledger.gateway")


class Canceler:
    """Cancels the orders of a gateway. `outstanding`: cancels to send or to send again, by order.
    `flights`: the orders that are being sent."""

    def __init__(
        self, parts: GatewayParts, flights: Mapping[Key, Flight], answers: ChangeAnswers
    ) -> None:
        self.outstanding: dict[Key, Outstanding] = {}
        self._parts = parts
        self._book = parts.book
        self._flights = flights
        self._answers = answers

    def restore(self) -> None:
        """Find the cancels in the log that wait for an answer, from an earlier process or any other
        source.
        """
        self._book.catch_up()
        for order in self._book.awaiting_answers():
            name = order.client_order_id
            if name is not None and order.pending is Pending.CANCEL:
                request_id = order.requests.oldest_id(Pending.CANCEL)
                self.outstanding.setdefault(
                    (order.account, name), Outstanding(request_id or f"cancel-{uuid.uuid4().hex}")
                )

    async def cancel(
        self, key: Key, *, reason: str | None = None, purpose: str = "cancel"
    ) -> Sending:
        """Record the cancel and send it. An order that is not sent yet is never sent. If the order
        is already canceled, the result is a cancel, even if another source reports it as too late
        to cancel. `purpose`: the beginning of the request id.
        """
        result = await self._cancel(key, reason, purpose)
        if result.state not in ("refused", "rejected"):
            return result
        self._book.catch_up()
        order = self._book.order(*key)
        if order is None or order.status is not Status.CANCELED:
            return result
        return replace(
            result, state="acknowledged", reason="canceled", text="it is canceled already"
        )

    async def _cancel(self, key: Key, reason: str | None, purpose: str) -> Sending:
        account, flight = key[0], self._flights.get(key)
        if flight is not None and (not flight.is_sent or flight.is_waiting):
            flight.withdraw()
            await flight.done.wait()
            self._book.catch_up()
            if flight.is_kept_back or self._book.order(*key) is None:
                return Sending("denied", *key, "withdrawn", WITHDRAWN.text)
        if key not in self.outstanding:
            (outcome,) = await self.request(account, [key], reason, purpose)
            if outcome.outcome != "recorded":
                return Sending("refused", *key, outcome.reason, outcome.text, outcome=outcome)
        if flight is not None and not self._parts.entries[account].abilities.cancels_by_client_id:
            await flight.done.wait()
        return await self.send_cancel(key)

    async def request(
        self, account: str, keys: Sequence[Key], reason: str | None, purpose: str = "cancel"
    ) -> Sequence[Outcome]:
        """Record the requests to cancel orders of an account, in one commit. At most one cancel of
        an order is outstanding; one that the ledger refuses is not.
        """
        requests = [
            RequestCancel(
                account=account,
                client_order_id=name,
                at=self._parts.clock.now(),
                request_id=f"{purpose}-{uuid.uuid4().hex}",
                reason=reason,
            )
            for _, name in keys
        ]
        for key, request in zip(keys, requests, strict=True):
            self.outstanding[key] = Outstanding(request.request_id or "", is_busy=True)
        recorded: set[Key] = set()
        try:
            fence = self._parts.keeper.fence(account)
            outcomes = await self._parts.ledger.recording.arecord_together(requests, fence=fence)
            by_key = zip(keys, outcomes, strict=True)
            recorded = {key for key, outcome in by_key if outcome.outcome == "recorded"}
        finally:
            for key in keys:
                self.outstanding[key].is_busy = False
                if key not in recorded:
                    del self.outstanding[key]
        return outcomes

    def is_due(self, key: Key) -> bool:
        """Whether an outstanding cancel is to be sent now."""
        outstanding = self.outstanding.get(key)
        now = asyncio.get_running_loop().time()
        return outstanding is not None and outstanding.waits_until <= now

    async def send_cancel(self, key: Key) -> Sending:
        """Send an outstanding cancel, if the venue can already know the order. It is sent again
        until the venue has answered, or has often enough confirmed only its receipt.
        """
        self._book.catch_up()
        order, outstanding = self._book.order(*key), self.outstanding.get(key)
        if order is None or order.is_ended or outstanding is None:
            if outstanding is not None and not outstanding.is_busy:
                self.outstanding.pop(key, None)
            return Sending("acknowledged", *key)
        if outstanding.is_busy:
            return Sending("unresolved", *key, "cancel_outstanding", IS_BUSY)
        if not self._can_be_known(order):
            return Sending("unresolved", *key, "order_unknown", NOT_KNOWN)
        outstanding.is_busy = True
        try:
            if outstanding.is_given_up:
                return await self._give_up(key, order, outstanding)
            answer = await self._send(key, order, outstanding.request_id)
            outstanding.note(answer, asyncio.get_running_loop().time())
            return await self._record(key, answer)
        finally:
            outstanding.is_busy = False

    async def _give_up(self, key: Key, order: Order, outstanding: Outstanding) -> Sending:
        """End a cancel that the venue does not carry out. The outcome of an order that nothing
        shows is unknown then, and its cancel waits. Otherwise the cancel is rejected, and the state
        of the order is queried.
        """
        log.warning(
            "the venue does not carry out a cancel",
            account=order.account,
            client_order_id=key[1],
            receipts=outstanding.receipts,
        )
        if order.confirmed_at is None:
            outstanding.receipts = 0
            self._parts.unsettled.keep(key, NOT_SHOWN)
            return Sending("unresolved", *key, "order_unknown", NOT_KNOWN)
        ended = CancelRejected(
            account=order.account,
            client_order_id=order.client_order_id,
            request_id=outstanding.request_id,
            at=self._parts.clock.now(),
            source="reconciliation",
            reason=NOT_CARRIED_OUT,
            text=outstanding.end_text,
        )
        self.outstanding.pop(key, None)
        return await self._answers.record_answer(key, [ended])

    async def _send(self, key: Key, order: Order, request_id: str) -> Answer:
        account = order.account
        self._parts.keeper.fence(account)
        cancel = self._parts.entries[account].cancel(row_now(order, *key), request_id)
        paced, turn = self._parts.paced(account, cancel), self._parts.turn(account, is_first=True)
        return _unless_turned_away(await answer_of(paced, self._parts.answer_seconds, turn))

    async def _record(self, key: Key, answer: Answer) -> Sending:
        """Record the answer to a cancel. One that was not sent, or not answered, stays
        outstanding."""
        if isinstance(answer, NotSent):
            return self._answers.finished(
                key,
                Sending("unresolved", *key, answer.reason, answer.text),
                is_failure=is_failure(answer),
            )
        if answer and not isinstance(answer, Unanswered):
            self.outstanding.pop(key, None)
        return await self._answers.record_answer(key, answer)

    def _can_be_known(self, order: Order) -> bool:
        """Whether the venue can find the order. An order that may never arrive is canceled once
        that is known. A refusal now would end the cancel, not the order.
        """
        if order.confirmed_at is None and order.certainty is Certainty.UNRESOLVED:
            return False
        return (
            order.names.venue_order_id is not None
            or self._parts.entries[order.account].abilities.cancels_by_client_id
        )


def _unless_turned_away(answer: Answer) -> Answer:
    """The answer to a cancel. A refusal for the rate limits is none: the cancel is sent again."""
    refusal = None if isinstance(answer, Failure) else refusal_in(answer)
    if refusal is None or refusal.reason not in TURNED_AWAY:
        return answer
    return NotSent(RATE_LIMITED, refusal.text or "the venue refused the cancel as too many")
