"""The messages of the exchange's answers to the requests of an order entry."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from orderledger import Message, Rejected, Source
from orderledger.extend.views import Row
from orderledger.venues.base.order_entry import Sent
from orderledger.venues.base.refusals import TOO_MANY_REQUESTS
from orderledger.venues.ccxt.arguments import Arguments
from orderledger.venues.ccxt.calls import Call
from orderledger.venues.ccxt.context import CcxtContext
from orderledger.venues.ccxt.orders import (
    client_id_of,
    order_messages,
    venue_order_id,
    without_amounts,
)
from orderledger.venues.ccxt.pacing import pacing_in
from orderledger.venues.ccxt.quirks import quirks_of
from orderledger.venues.ccxt.refusals import Refusal, refusal_in
from orderledger.venues.ccxt.vocabulary import CLIENT_ID
from orderledger.venues.errors import Unanswered

ACCEPTED_STATUS = 200
"""The status of an answer that names a rate limit only in its document."""


class OrderAnswers:
    """Translates the answers about the orders of one account. `arguments`: of its requests."""

    def __init__(
        self, exchange: Any, arguments: Arguments, *, account: str, now: Callable[[], datetime]
    ) -> None:
        self._exchange = exchange
        self._quirks = quirks_of(exchange.id)
        self._arguments = arguments
        self._pacing = pacing_in(exchange)
        self._account = account
        self._now = now

    def accepted(self, row: Any, order: Row, call: Call | None = None) -> Sent:
        """The messages of the order in the exchange's answer, or its refusal if ccxt raises
        none.
        """
        if venue_order_id(row) is None:
            if call is None:
                raise Unanswered("unreadable_answer", "the answer has no order id")
            return [
                self.reject(
                    Rejected, order, refusal_in(call.answer, call, self._exchange.id, "submit")
                )
            ]
        whole = {"symbol": order["instrument"], "side": str(order["side"]), **_given(row)}
        if order["quantity"] is None:
            whole = without_amounts(whole)
        context = CcxtContext(
            account=self._account,
            exchange=self._exchange.id,
            source=Source.VENUE_PUSH,
            received_at=self._now(),
        )
        translated = order_messages(whole, context)
        if translated.faults:
            raise Unanswered("unreadable_answer", translated.faults[0].fault)
        names = {
            "client_order_id": order["client_order_id"],
            "aliases": {CLIENT_ID: self._arguments.client_id(order)},
        }
        return [message.model_copy(update=names) for message in translated.messages]

    def part(self, raw: Any, order: Row, call: Call) -> Sent | Exception:
        """One answer of several: an order, or a refusal that ccxt reads as an order without an
        id."""
        try:
            row = self._exchange.parse_order(raw)
            client_id = client_id_of(row, self._quirks)
            if client_id is not None and self._quirks.folded(
                client_id
            ) != self._arguments.client_id(order):
                return Unanswered(
                    "unreadable_answer", f"the answer names {client_id}, which was not sent"
                )
            if venue_order_id(row) is None:
                return [
                    self.reject(Rejected, order, refusal_in(raw, call, self._exchange.id, "submit"))
                ]
            return self.accepted(row, order)
        except Unanswered as error:
            return error

    def reject(self, kind: Any, order: Row, refusal: Refusal, **other: Any) -> Message:
        """The message of a refusal. `kind`: its class. One for a rate limit begins a pause, also
        where ccxt reads its code as another error."""
        if refusal.reason == TOO_MANY_REQUESTS and self._pacing and not self._pacing.held_seconds:
            self._pacing.turned_away(ACCEPTED_STATUS, None, refusal.sentence)
        fields = {"reason": refusal.reason, "text": refusal.sentence, "evidence": refusal.document}
        found: Message = kind(**self.named(order), **other, **fields)
        return found

    def named(self, order: Row) -> dict[str, Any]:
        """The fields that name an order in a message about it."""
        return {
            "account": self._account,
            "client_order_id": order["client_order_id"],
            "venue_order_id": order.get("venue_order_id"),
            "instrument": order["instrument"],
            "side": order["side"],
            "source": Source.VENUE_PUSH,
            "at": self._now(),
        }


def _given(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}
