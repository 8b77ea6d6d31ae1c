"""Replaces orders: checked and recorded first, then sent."""

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from orderledger import Certainty, Pending, ReplaceRejected, RequestReplace, UnknownOrder
from orderledger.extend.events import Order
from orderledger.gateway.answers import Answer, answer_of
from orderledger.gateway.book import row_now
from orderledger.gateway.changing import ChangeAnswers
from orderledger.gateway.flights import Flight, is_failure
from orderledger.gateway.limits import Denial, Proposed
from orderledger.gateway.parts import GatewayParts
from orderledger.gateway.pre_trade import PreTradeChecks
from orderledger.gateway.proposed import ChangedTerms, change_of, growth_of
from orderledger.gateway.results import Sending
from orderledger.gateway.terms import fault_of_prices, is_conditional
from orderledger.gateway.unsettled import Key
from orderledger.rows import OrderRow
from orderledger.venues.base.transport import Turn
from orderledger.venues.errors import NotSent

WhyNot = Callable[[Proposed], Denial | None]

HELD_BACK = Denial("held", "the gateway holds this order: cancel it, and submit another")
NO_REPLACE = Denial(
    "replace_unsupported", "this venue cannot change an order: cancel it, and send another"
)
NO_REPLACE_WAITING = Denial(
    "no_replace",
    "this venue cannot change an order that waits for its trigger: cancel it, and send another",
)
PENDING = Denial("replace_pending", "the venue has not answered the last change of this order yet")
LOOK_SECONDS = 0.02
"""Seconds between two looks at an order with an earlier change."""
IN_DOUBT = Denial("unresolved_order", "its outcome is not known yet: the venue may not have it")


class Replacer:
    """Changes the open orders of a gateway. `replacing`: how many replaces of an order wait for
    their answers here. `flights`: the orders that are being sent."""

    def __init__(
        self,
        parts: GatewayParts,
        flights: Mapping[Key, Flight],
        checks: PreTradeChecks,
        answers: ChangeAnswers,
    ) -> None:
        self.replacing: Counter[Key] = Counter()
        self._parts = parts
        self._flights = flights
        self._book = parts.book
        self._checks = checks
        self._answers = answers

    async def replace(
        self,
        key: Key,
        changed: ChangedTerms,
        *,
        why_not: WhyNot | None = None,
        is_smaller: bool = False,
    ) -> Sending:
        """Check, record and send a change of an open order. `why_not`: the check, if it is not
        that of a caller. `is_smaller`: the emulator cancels a part of the order, which needs
        no check. An order that is being sent is changed after its answer: before, the venue may
        not know it. So is one with an earlier change: many venues take all terms of the order."""
        if (flight := self._flights.get(key)) is not None:
            await flight.done.wait()
        is_settled = await self._settled(key)
        order = self._book.order(*key)
        if order is None:
            raise UnknownOrder(key[1], key[0])
        denial = self._fault_of(order) if is_settled else PENDING
        before = row_now(order, *key)
        denial = denial or fault_of_prices(changed)
        change = change_of(before, changed)
        if not is_smaller:
            denial = denial or (why_not or self._why_not)(change)
        if denial is not None:
            return Sending("denied", *key, denial.reason, denial.text)
        request_id = f"replace-{uuid.uuid4().hex}"
        self._book.exposures.growing[request_id] = growth_of(before, changed)
        self.replacing[key] += 1
        try:
            return await self._send(key, before, changed, request_id, is_smaller=is_smaller)
        finally:
            del self._book.exposures.growing[request_id]
            self.replacing[key] -= 1
            if not self.replacing[key]:
                del self.replacing[key]

    async def _settled(self, key: Key) -> bool:
        """Wait for the answer to an earlier change, as long as for that of a request. Returns
        whether there is none left."""
        until = time.monotonic() + self._parts.answer_seconds
        self._book.catch_up()
        while self._is_pending(key):
            if time.monotonic() > until:
                return False
            await asyncio.sleep(LOOK_SECONDS)
            self._book.catch_up()
        return True

    def _is_pending(self, key: Key) -> bool:
        order = self._book.order(*key)
        return key in self.replacing or (order is not None and order.pending is Pending.REPLACE)

    def _why_not(self, change: Proposed) -> Denial | None:
        return self._checks.why_not(change, is_new=False)

    def _fault_of(self, order: Order) -> Denial | None:
        """Why the state of an order, or its venue, forbids every change."""
        if order.is_held:
            return HELD_BACK
        abilities = self._parts.entries[order.account].abilities
        if not abilities.replaces:
            return NO_REPLACE
        is_waiting = is_conditional(order) and not order.is_triggered
        if is_waiting and not abilities.replaces_waiting:
            return NO_REPLACE_WAITING
        is_in_doubt = order.confirmed_at is None and order.certainty is Certainty.UNRESOLVED
        return IN_DOUBT if is_in_doubt else None

    async def _send(
        self,
        key: Key,
        before: OrderRow,
        changed: ChangedTerms,
        request_id: str,
        *,
        is_smaller: bool,
    ) -> Sending:
        account, name = key
        expires_at = self._parts.expiry_of_change(account, before["order_type"])
        asked: dict[str, Any] = {
            "request_id": request_id,
            "request_expires_at": expires_at,
            **dict.fromkeys(("quantity", "limit_price", "stop_price")),
            **changed,
        }
        request = RequestReplace(
            account=account, client_order_id=name, at=self._parts.clock.now(), **asked
        )
        fence = self._parts.keeper.fence(account)
        (outcome,) = await self._parts.ledger.recording.arecord_together([request], fence=fence)
        if outcome.outcome != "recorded":
            return Sending("refused", *key, outcome.reason, outcome.text, outcome=outcome)
        # from here on the log shows the quantity that the order may reach, but not the price
        self._book.catch_up()
        priced: ChangedTerms = (
            {"limit_price": changed["limit_price"]} if "limit_price" in changed else {}
        )
        self._book.exposures.growing[request_id] = growth_of(before, priced)
        turn = self._parts.turn(account)
        if not is_smaller:
            turn.check = partial(self._check_turn, before)
        answer = await self._answer(account, before, asked, turn)
        result = await self._record(key, answer, request_id)
        self._book.catch_up()
        return result

    async def _answer(
        self, account: str, row: OrderRow, asked: Mapping[str, Any], turn: Turn
    ) -> Answer:
        try:
            self._parts.check_lease(account)
        except NotSent as fenced:
            return fenced
        expired = self._parts.clocks.expired(account, asked["request_expires_at"])
        if expired is not None:
            return expired
        paced = self._parts.paced(account, self._parts.entries[account].replace(row, asked))
        return await answer_of(paced, self._parts.answer_seconds, turn)

    def _check_turn(self, before: OrderRow) -> None:
        """Raises NotSent if a change that waited for its turn must not be sent any more. The log
        shows the change, so its added quantity counts as open."""
        self._parts.check_lease(before["account"])
        halted = self._checks.halted_now(before)
        if halted is not None:
            raise NotSent(halted.reason, halted.text)

    async def _record(self, key: Key, answer: Answer, request_id: str) -> Sending:
        if not isinstance(answer, NotSent):
            return await self._answers.record_answer(key, answer)
        ended = ReplaceRejected(
            account=key[0],
            client_order_id=key[1],
            at=self._parts.clock.now(),
            request_id=request_id,
            source="strategy",
            reason=answer.reason,
            text=answer.text or None,
            not_sent=True,
        )
        denied = Sending("denied", *key, answer.reason, answer.text)
        return await self._answers.record(key, [ended], denied, is_failure=is_failure(answer))
