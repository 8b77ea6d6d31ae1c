"""Cancels and replaces orders: recorded first, sent as soon as the venue can know which order is meant."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from orderledger.domain.orders.order import Order
from orderledger.domain.values import Pending, order_stream
from orderledger.infrastructure.clock import Clock
from orderledger.infrastructure.errors import AmbiguousOrder, Fenced, NotSent, Unanswered, UnknownOrder
from orderledger.infrastructure.gateway.answers import Answer, answer_of, refusal_in
from orderledger.infrastructure.gateway.book import Book
from orderledger.infrastructure.gateway.lease_keeper import LeaseKeeper
from orderledger.infrastructure.gateway.results import GatewayLedger, Sending
from orderledger.infrastructure.gateway.sending import Key, OnResult, Sender, proposed_of
from orderledger.infrastructure.messages.commands import RequestCancel, RequestReplace, Unresolved
from orderledger.infrastructure.messages.registry import Message
from orderledger.infrastructure.messages.reports import RejectReplace
from orderledger.infrastructure.venues.base.order_entry import OrderEntry
from orderledger.projections.orders import order_row
from orderledger.projections.view import Row

NO_REPLACE = "this venue cannot change an order: cancel it, and send another"


@dataclass(slots=True)
class Outstanding:
    """A cancel that is recorded, and that the venue has not answered."""

    request_id: str
    is_being_sent: bool = False


class Changer:
    """Cancels and replaces the orders of a gateway. `outstanding`: cancels to be sent, or sent again, by order."""

    def __init__(
        self,
        ledger: GatewayLedger,
        entries: Mapping[str, OrderEntry],
        book: Book,
        keeper: LeaseKeeper,
        sender: Sender,
        *,
        clock: Clock,
        answer_seconds: float,
        on_result: OnResult,
    ) -> None:
        self.outstanding: dict[Key, Outstanding] = {}
        self._ledger = ledger
        self._entries = entries
        self._book = book
        self._keeper = keeper
        self._sender = sender
        self._clock = clock
        self._answer_seconds = answer_seconds
        self._on_result = on_result

    def key_of(self, client_order_id: str, account: str | None) -> Key:
        """The order that is meant. Raises UnknownOrder, or AmbiguousOrder if several accounts of the gateway have it."""
        self._book.catch_up()
        accounts = [one for one in self._entries if account in (None, one)]
        found = [one for one in accounts if self._is_known((one, client_order_id))]
        if len(found) > 1:
            raise AmbiguousOrder(client_order_id, sorted(found))
        if not found:
            raise UnknownOrder(client_order_id, account)
        return found[0], client_order_id

    def restore(self) -> None:
        """Find the cancels that were outstanding when the gateway was last closed, or died."""
        for _, order in self._book.open_orders():
            name = order.client_order_id
            if name is not None and order.pending is Pending.CANCEL:
                request_id = order.requests.oldest_id(Pending.CANCEL)
                self.outstanding.setdefault((order.account, name), Outstanding(request_id or f"cancel-{uuid.uuid4().hex}"))

    async def cancel(self, key: Key, *, reason: str | None = None) -> Sending:
        """Record the cancel and send it. An order that is not sent yet is never sent."""
        account, name = key
        flight = self._sender.flights.get(key)
        if flight is not None and not flight.is_sent:
            flight.is_withdrawn = True
            await flight.done.wait()
            return Sending("denied", account, name, "withdrawn", "it was canceled before it was sent")
        if key not in self.outstanding:
            request_id = f"cancel-{uuid.uuid4().hex}"
            now = self._clock.now()
            asked = RequestCancel(account=account, client_order_id=name, at=now, request_id=request_id, reason=reason)
            (outcome,) = await self._ledger.arecord_together([asked], fence=self._keeper.fence(account))
            if outcome.outcome != "recorded":
                return Sending("refused", account, name, outcome.reason, outcome.text, outcome=outcome)
            self.outstanding[key] = Outstanding(request_id)
        if flight is not None and not self._entries[account].abilities.cancels_by_client_id:
            await flight.done.wait()
        return await self.send_cancel(key)

    async def send_cancel(self, key: Key) -> Sending:
        """Send an outstanding cancel, if the venue can know the order. It is sent again until the venue has answered."""
        self._book.catch_up()
        order, outstanding = self._book.order(*key), self.outstanding.get(key)
        if order is None or order.is_ended or outstanding is None:
            self.outstanding.pop(key, None)
            return Sending("acknowledged", *key)
        if outstanding.is_being_sent or not self._can_name(order):
            return Sending("unresolved", *key, "order_unknown", "it is canceled as soon as the venue's id is known")
        outstanding.is_being_sent = True
        try:
            self._keeper.fence(order.account)
            cancel = self._entries[order.account].cancel(_row(key, order), outstanding.request_id)
            answer = await answer_of(cancel, self._answer_seconds)
        finally:
            outstanding.is_being_sent = False
        return await self._record_cancel(key, answer)

    async def replace(
        self, key: Key, quantity: Decimal | None, limit_price: Decimal | None, stop_price: Decimal | None
    ) -> Sending:
        """Check, record and send a change of an open order."""
        account, name = key
        order = self._book.order(account, name)
        if order is None:
            raise UnknownOrder(name, account)
        if not self._entries[account].abilities.replaces:
            return Sending("denied", account, name, "replace_unsupported", NO_REPLACE)
        before, asked = _row(key, order), {"quantity": quantity, "limit_price": limit_price, "stop_price": stop_price}
        changed = {term: value for term, value in asked.items() if value is not None}
        denial = self._sender.why_not(proposed_of({**before, **changed}, replaces=before), is_new=False)
        if denial is not None:
            return Sending("denied", account, name, denial.reason, denial.text)
        request_id = f"replace-{uuid.uuid4().hex}"
        request = RequestReplace(
            account=account,
            client_order_id=name,
            at=self._clock.now(),
            request_id=request_id,
            quantity=quantity,
            limit_price=limit_price,
            stop_price=stop_price,
        )
        (outcome,) = await self._ledger.arecord_together([request], fence=self._keeper.fence(account))
        if outcome.outcome != "recorded":
            return Sending("refused", account, name, outcome.reason, outcome.text, outcome=outcome)
        answer = await self._send_replace(account, before, {"request_id": request_id, **asked})
        return await self._record_replace(key, answer, request_id)

    async def _send_replace(self, account: str, row: Row, request: Row) -> Answer:
        try:
            self._keeper.fence(account)
        except Fenced as error:
            return NotSent("fenced", str(error))
        return await answer_of(self._entries[account].replace(row, request), self._answer_seconds)

    async def _record_cancel(self, key: Key, answer: Answer) -> Sending:
        """Record the answer to a cancel. One that was not sent, or not answered, stays outstanding."""
        account, name = key
        if isinstance(answer, Unanswered):
            now, text = self._clock.now(), answer.text or None
            await self._ledger.arecord(Unresolved(account=account, client_order_id=name, at=now, reason=answer.reason, text=text))
        if isinstance(answer, (NotSent, Unanswered)):
            return self._told(key, Sending("unresolved", account, name, answer.reason, answer.text), is_failure=True)
        await self._ledger.arecord_together(answer)
        if answer:
            self.outstanding.pop(key, None)
        return self._told(key, _result_of(key, answer))

    async def _record_replace(self, key: Key, answer: Answer, request_id: str) -> Sending:
        account, name = key
        if isinstance(answer, NotSent):
            ended = RejectReplace(
                account=account,
                client_order_id=name,
                at=self._clock.now(),
                request_id=request_id,
                source="strategy",
                reason=answer.reason,
                text=answer.text or None,
            )
            await self._ledger.arecord(ended)
            return self._told(key, Sending("denied", account, name, answer.reason, answer.text), is_failure=True)
        if isinstance(answer, Unanswered):
            now, text = self._clock.now(), answer.text or None
            await self._ledger.arecord(Unresolved(account=account, client_order_id=name, at=now, reason=answer.reason, text=text))
            return self._told(key, Sending("unresolved", account, name, answer.reason, answer.text), is_failure=True)
        await self._ledger.arecord_together(answer)
        return self._told(key, _result_of(key, answer))

    def _told(self, key: Key, result: Sending, *, is_failure: bool = False) -> Sending:
        order = self._book.order(*key)
        self._on_result(result, {} if order is None else _row(key, order), is_failure)
        return result

    def _can_name(self, order: Order) -> bool:
        return order.names.venue_order_id is not None or self._entries[order.account].abilities.cancels_by_client_id

    def _is_known(self, key: Key) -> bool:
        return key in self._sender.flights or self._book.order(*key) is not None


def _row(key: Key, order: Order) -> Row:
    return order_row(order_stream(*key), order, 0)


def _result_of(key: Key, answer: Sequence[Message]) -> Sending:
    refusal = refusal_in(answer)
    if refusal is not None:
        return Sending("rejected", *key, refusal.reason, refusal.text, tuple(answer))
    return Sending("acknowledged" if answer else "received", *key, messages=tuple(answer))
