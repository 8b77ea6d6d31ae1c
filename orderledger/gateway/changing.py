"""Records the venue's answers to cancels and replaces."""

from collections.abc import Sequence

from orderledger import Message, StoreError, Unresolved
from orderledger.gateway.answers import refusal_in
from orderledger.gateway.book import row_now
from orderledger.gateway.look_ups import LookUps
from orderledger.gateway.outgoing import NOT_RECORDED
from orderledger.gateway.parts import GatewayParts
from orderledger.gateway.results import Sending
from orderledger.gateway.unsettled import Key
from orderledger.venues.errors import Unanswered


class ChangeAnswers:
    """Records what the venue answered to changes of orders, and reports each result."""

    def __init__(self, parts: GatewayParts, look_ups: LookUps) -> None:
        self._parts = parts
        self._book = parts.book
        self._look_ups = look_ups

    async def record_answer(self, key: Key, answer: Sequence[Message] | Unanswered) -> Sending:
        """Record the venue's answer to a change, or that there was none. A refusal is recorded with
        the state of the order.
        """
        if not isinstance(answer, Unanswered):
            result = _result_of(key, answer)
            state = await self._look_ups.look_up(key) if self._is_to_query(result) else ()
            return await self.record(key, [*answer, *state], result)
        now, text = self._parts.clock.now(), answer.text or None
        unknown = Unresolved(
            account=key[0], client_order_id=key[1], at=now, reason=answer.reason, text=text
        )
        return await self.record(
            key, [unknown], Sending("unresolved", *key, answer.reason, answer.text), is_failure=True
        )

    def _is_to_query(self, result: Sending) -> bool:
        """Whether the state of the order is queried with an answer: after a refusal, and if the
        cancel of a trigger order was only received. No list of a venue may show its end.
        """
        order = self._book.order(result.account, result.client_order_id)
        is_triggered = order is not None and order.stop_price is not None
        return result.state == "rejected" or (result.state == "received" and is_triggered)

    async def record(
        self, key: Key, messages: Sequence[Message], result: Sending, *, is_failure: bool = False
    ) -> Sending:
        """Record the messages of a result. If the store fails, the messages are kept until it works
        again.
        """
        try:
            await self._parts.ledger.recording.arecord_together(messages)
        except StoreError as error:
            self._parts.unsettled.keep(key, answer=messages)
            result = Sending("unresolved", *key, NOT_RECORDED, str(error), messages)
        return self.finished(key, result, is_failure=is_failure)

    def finished(self, key: Key, result: Sending, *, is_failure: bool = False) -> Sending:
        """Report the result of a change, and return it."""
        order = self._book.order(*key)
        self._parts.on_result(result, None if order is None else row_now(order, *key), is_failure)
        return result


def _result_of(key: Key, answer: Sequence[Message]) -> Sending:
    refusal = refusal_in(answer)
    if refusal is not None:
        return Sending("rejected", *key, refusal.reason, refusal.text, tuple(answer))
    return Sending("acknowledged" if answer else "received", *key, messages=tuple(answer))
