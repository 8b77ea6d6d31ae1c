"""Cancels and replaces orders: recorded first, sent as soon as the venue can identify the order."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, cast

from orderledger import (
    AmbiguousOrder,
    Certainty,
    Message,
    Pending,
    ReplaceRejected,
    RequestCancel,
    RequestReplace,
    StoreError,
    UnknownOrder,
    Unresolved,
)
from orderledger import OrderStatus as Status
from orderledger.extend.events import Order
from orderledger.gateway.answers import Answer, answer_of, refusal_in
from orderledger.gateway.book import row_now
from orderledger.gateway.flights import is_failure
from orderledger.gateway.late_cancels import settle_cancel
from orderledger.gateway.look_ups import LookUps
from orderledger.gateway.parts import GatewayParts
from orderledger.gateway.proposed import ChangedTerms, change_of, growth_of
from orderledger.gateway.results import Sending
from orderledger.gateway.sending import Sender
from orderledger.gateway.terms import fault_of_prices
from orderledger.gateway.unsettled import Key
from orderledger.rows import OrderRow
from orderledger.venues.base.order_entry import CancelsAll
from orderledger.venues.errors import NotSent, Unanswered

REPORT_SECONDS = 3.0
"""How long the venue may take to report what a cancel of everything has canceled."""
HELD_BACK = "the gateway holds this order: cancel it, and submit another"
NO_REPLACE = "this venue cannot change an order: cancel it, and send another"


@dataclass(slots=True)
class Outstanding:
    """A recorded cancel that the venue has not answered. `is_busy`: it is being recorded or sent
    now. `waits_until`: the venue was asked to cancel everything, and may report it until then.
    """

    request_id: str
    is_busy: bool = False
    waits_until: float = 0.0


class Changer:
    """Cancels and replaces the orders of a gateway. `outstanding`: cancels to send or to send
    again, by order. `replacing`: how many replaces of an order wait for their answers here.
    """

    def __init__(self, parts: GatewayParts, sender: Sender, look_ups: LookUps) -> None:
        self.outstanding: dict[Key, Outstanding] = {}
        self.replacing: Counter[Key] = Counter()
        self._parts = parts
        self._ledger = parts.ledger
        self._entries = parts.entries
        self._book = parts.book
        self._clocks = parts.clocks
        self._keeper = parts.keeper
        self._sender = sender
        self._unsettled = parts.unsettled
        self._look_ups = look_ups
        self._clock = parts.clock
        self._answer_seconds = parts.answer_seconds
        self._on_result = parts.on_result

    def key_of(self, client_order_id: str, account: str | None) -> Key:
        """The order with this id. Raises UnknownOrder, or AmbiguousOrder if several accounts of the
        gateway have it.
        """
        self._book.catch_up()
        accounts = [one for one in self._entries if account in (None, one)]
        found = [one for one in accounts if self._is_known((one, client_order_id))]
        if len(found) > 1:
            raise AmbiguousOrder(client_order_id, sorted(found))
        if not found:
            raise UnknownOrder(client_order_id, account)
        return found[0], client_order_id

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
        account, name = key
        flight = self._sender.flights.get(key)
        if flight is not None and (not flight.is_sent or flight.is_waiting):
            flight.withdraw()
            await flight.done.wait()
            self._book.catch_up()
            if flight.is_kept_back or self._book.order(*key) is None:
                return Sending(
                    "denied", account, name, "withdrawn", "it was canceled before it was sent"
                )
        if key not in self.outstanding:
            refused = await self._record_request(key, reason, purpose)
            if refused is not None:
                return refused
        if flight is not None and not self._entries[account].abilities.cancels_by_client_id:
            await flight.done.wait()
        return await self.send_cancel(key)

    async def _record_request(self, key: Key, reason: str | None, purpose: str) -> Sending | None:
        """Record the request to cancel. Returns the result if the ledger refuses it. At most one
        cancel of an order is outstanding.
        """
        account, name = key
        request_id = f"{purpose}-{uuid.uuid4().hex}"
        asked = RequestCancel(
            account=account,
            client_order_id=name,
            at=self._clock.now(),
            request_id=request_id,
            reason=reason,
        )
        outstanding = self.outstanding[key] = Outstanding(request_id, is_busy=True)
        is_recorded = False
        try:
            (outcome,) = await self._ledger.recording.arecord_together(
                [asked], fence=self._keeper.fence(account)
            )
            is_recorded = outcome.outcome == "recorded"
        finally:
            outstanding.is_busy = False
            if not is_recorded:
                self.outstanding.pop(key, None)
        return (
            None
            if is_recorded
            else Sending("refused", account, name, outcome.reason, outcome.text, outcome=outcome)
        )

    async def cancel_by_venue(
        self, account: str, instrument: str | None, keys: Sequence[Key], *, reason: str | None
    ) -> list[Sending]:
        """Record the cancels of orders in one commit, and have the venue cancel everything in one
        request. The venue's reports show what was canceled. An order that they do not show is
        canceled alone after `REPORT_SECONDS`; all are, if the request fails.
        """
        new = [key for key in keys if key not in self.outstanding]
        await self._record_requests(account, new, reason)
        entry = cast(CancelsAll, self._entries[account])
        paced = self._parts.paced(account, entry.cancel_all_orders(instrument))
        turn = self._parts.turn(account, is_first=True)
        answer = await answer_of(paced, self._answer_seconds, turn)
        if isinstance(answer, NotSent | Unanswered):
            return [await self.send_cancel(key) for key in keys]
        if answer:
            await self._ledger.recording.arecord_together(answer)
        until = asyncio.get_running_loop().time() + REPORT_SECONDS
        for key in keys:
            if (outstanding := self.outstanding.get(key)) is not None:
                outstanding.waits_until = until
        return [Sending("received", *key, messages=tuple(answer)) for key in keys]

    async def _record_requests(self, account: str, keys: Sequence[Key], reason: str | None) -> None:
        """Record the requests to cancel, together. An order that has ended meanwhile needs none."""
        asked = [
            RequestCancel(
                account=account,
                client_order_id=name,
                at=self._clock.now(),
                request_id=f"cancel-{uuid.uuid4().hex}",
                reason=reason,
            )
            for _, name in keys
        ]
        fence = self._keeper.fence(account)
        outcomes = await self._ledger.recording.arecord_together(asked, fence=fence)
        for key, request, outcome in zip(keys, asked, outcomes, strict=True):
            if outcome.outcome == "recorded":
                self.outstanding[key] = Outstanding(request.request_id or "")

    def is_due(self, key: Key) -> bool:
        """Whether an outstanding cancel is to be sent now."""
        outstanding = self.outstanding.get(key)
        now = asyncio.get_running_loop().time()
        return outstanding is not None and outstanding.waits_until <= now

    async def send_cancel(self, key: Key) -> Sending:
        """Send an outstanding cancel, if the venue can already know the order. It is sent again
        until the venue has answered.
        """
        self._book.catch_up()
        order, outstanding = self._book.order(*key), self.outstanding.get(key)
        if order is None or order.is_ended or outstanding is None:
            if outstanding is not None and not outstanding.is_busy:
                await settle_cancel(self._ledger, order, self._clock.now())
                self.outstanding.pop(key, None)
            return Sending("acknowledged", *key)
        if outstanding.is_busy:
            return Sending(
                "unresolved",
                *key,
                "cancel_outstanding",
                "another call is already sending the cancel of this order",
            )
        if not self._can_be_known(order):
            return Sending(
                "unresolved",
                *key,
                "order_unknown",
                "it will be canceled as soon as the venue is known to have it",
            )
        outstanding.is_busy = True
        try:
            self._keeper.fence(order.account)
            cancel = self._entries[order.account].cancel(
                row_now(order, *key), outstanding.request_id
            )
            paced = self._parts.paced(order.account, cancel)
            answer = await answer_of(
                paced, self._answer_seconds, self._parts.turn(order.account, is_first=True)
            )
            return await self._record_cancel(key, answer)
        finally:
            outstanding.is_busy = False

    async def replace(
        self,
        key: Key,
        quantity: Decimal | None,
        limit_price: Decimal | None,
        stop_price: Decimal | None,
    ) -> Sending:
        """Check, record and send a change of an open order."""
        account, name = key
        self._book.catch_up()
        order = self._book.order(account, name)
        if order is None:
            raise UnknownOrder(name, account)
        if order.is_held:
            return Sending("denied", account, name, "held", HELD_BACK)
        if not self._entries[account].abilities.replaces:
            return Sending("denied", account, name, "replace_unsupported", NO_REPLACE)
        if order.confirmed_at is None and order.certainty is Certainty.UNRESOLVED:
            text = "its outcome is not known yet: the venue may not have it"
            return Sending("denied", account, name, "unresolved_order", text)
        before, asked = (
            row_now(order, *key),
            {"quantity": quantity, "limit_price": limit_price, "stop_price": stop_price},
        )
        terms = {term: value for term, value in asked.items() if value is not None}
        changed = cast(ChangedTerms, terms)
        denial = fault_of_prices(changed)
        denial = denial or self._sender.why_not(change_of(before, changed), is_new=False)
        if denial is not None:
            return Sending("denied", account, name, denial.reason, denial.text)
        request_id = f"replace-{uuid.uuid4().hex}"
        expires_at = self._parts.expiry_of_change(account, before["order_type"])
        sent = {"request_id": request_id, "request_expires_at": expires_at}
        request = RequestReplace(
            account=account,
            client_order_id=name,
            at=self._clock.now(),
            request_id=request_id,
            quantity=quantity,
            limit_price=limit_price,
            stop_price=stop_price,
            request_expires_at=expires_at,
        )
        priced: ChangedTerms = (
            {"limit_price": changed["limit_price"]} if "limit_price" in changed else {}
        )
        self._book.exposures.growing[request_id] = growth_of(before, changed)
        self.replacing[key] += 1
        try:
            (outcome,) = await self._ledger.recording.arecord_together(
                [request], fence=self._keeper.fence(account)
            )
            if outcome.outcome != "recorded":
                return Sending(
                    "refused", account, name, outcome.reason, outcome.text, outcome=outcome
                )
            # from here on the log shows the quantity that the order may reach, but not the price
            self._book.catch_up()
            self._book.exposures.growing[request_id] = growth_of(before, priced)
            answer = await self._send_replace(account, before, {**sent, **asked})
            result = await self._record_replace(key, answer, request_id)
            self._book.catch_up()
            return result
        finally:
            del self._book.exposures.growing[request_id]
            self.replacing[key] -= 1
            if not self.replacing[key]:
                del self.replacing[key]

    async def _send_replace(
        self, account: str, row: OrderRow, request: Mapping[str, Any]
    ) -> Answer:
        try:
            self._parts.check_lease(account)
        except NotSent as fenced:
            return fenced
        expired = self._clocks.expired(account, request["request_expires_at"])
        if expired is not None:
            return expired
        replacing = self._parts.paced(account, self._entries[account].replace(row, request))
        return await answer_of(replacing, self._answer_seconds, self._parts.turn(account))

    async def _record_cancel(self, key: Key, answer: Answer) -> Sending:
        """Record the answer to a cancel. One that was not sent, or not answered, stays
        outstanding."""
        if isinstance(answer, NotSent):
            failed = is_failure(answer)
            return self._finished(
                key, Sending("unresolved", *key, answer.reason, answer.text), is_failure=failed
            )
        if answer and not isinstance(answer, Unanswered):
            self.outstanding.pop(key, None)
        return await self._record_answer(key, answer)

    async def _record_replace(self, key: Key, answer: Answer, request_id: str) -> Sending:
        if not isinstance(answer, NotSent):
            return await self._record_answer(key, answer)
        account, name = key
        ended = ReplaceRejected(
            account=account,
            client_order_id=name,
            at=self._clock.now(),
            request_id=request_id,
            source="strategy",
            reason=answer.reason,
            text=answer.text or None,
            not_sent=True,
        )
        return await self._record(
            key,
            [ended],
            Sending("denied", *key, answer.reason, answer.text),
            is_failure=is_failure(answer),
        )

    async def _record_answer(self, key: Key, answer: Sequence[Message] | Unanswered) -> Sending:
        """Record the venue's answer to a change, or that there was none. A refusal is recorded with
        the state of the order.
        """
        if not isinstance(answer, Unanswered):
            result = _result_of(key, answer)
            state = await self._look_ups.look_up(key) if self._is_to_query(result) else ()
            return await self._record(key, [*answer, *state], result)
        now, text = self._clock.now(), answer.text or None
        unknown = Unresolved(
            account=key[0], client_order_id=key[1], at=now, reason=answer.reason, text=text
        )
        return await self._record(
            key, [unknown], Sending("unresolved", *key, answer.reason, answer.text), is_failure=True
        )

    def _is_to_query(self, result: Sending) -> bool:
        """Whether the state of the order is queried with an answer: after a refusal, and if the
        cancel of a trigger order was only received. No list of a venue may show its end.
        """
        order = self._book.order(result.account, result.client_order_id)
        is_triggered = order is not None and order.stop_price is not None
        return result.state == "rejected" or (result.state == "received" and is_triggered)

    async def _record(
        self, key: Key, messages: Sequence[Message], result: Sending, *, is_failure: bool = False
    ) -> Sending:
        """Record the messages of a result. If the store fails, the messages are kept until it works
        again.
        """
        try:
            await self._ledger.recording.arecord_together(messages)
        except StoreError as error:
            self._unsettled.keep(key, answer=messages)
            result = Sending("unresolved", *key, "answer_not_recorded", str(error), messages)
        return self._finished(key, result, is_failure=is_failure)

    def _finished(self, key: Key, result: Sending, *, is_failure: bool = False) -> Sending:
        order = self._book.order(*key)
        self._on_result(result, None if order is None else row_now(order, *key), is_failure)
        return result

    def _can_be_known(self, order: Order) -> bool:
        """Whether the venue can find the order. An order that may never arrive is canceled once
        that is known. A refusal now would end the cancel, not the order.
        """
        if order.confirmed_at is None and order.certainty is Certainty.UNRESOLVED:
            return False
        return (
            order.names.venue_order_id is not None
            or self._entries[order.account].abilities.cancels_by_client_id
        )

    def _is_known(self, key: Key) -> bool:
        return key in self._sender.flights or self._book.order(*key) is not None


def _result_of(key: Key, answer: Sequence[Message]) -> Sending:
    refusal = refusal_in(answer)
    if refusal is not None:
        return Sending("rejected", *key, refusal.reason, refusal.text, tuple(answer))
    return Sending("acknowledged" if answer else "received", *key, messages=tuple(answer))
