"""Hands recorded orders to the venue, each in its turn, and gives every flight its answer.

A request is recorded with its expiry before it waits for its turn. A pause that the venue asks for
may outlive the expiry. Nothing has left then, so the order is recorded with another expiry and
waits again, as long as the patience of its first wait allows. So is an order that the venue has
refused as one request too many, with proof that it did not take it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Literal, cast

from orderledger import Rejected, StoreError
from orderledger.gateway import native_groups
from orderledger.gateway.answers import Answer, answered
from orderledger.gateway.flights import WITHDRAWN, Flight, each_of
from orderledger.gateway.limits import Denial
from orderledger.gateway.parts import GatewayParts
from orderledger.rows import OrderRow
from orderledger.venues.base.absence import EXPIRED
from orderledger.venues.base.order_groups import SendsGroups
from orderledger.venues.base.refusals import TOO_MANY_REQUESTS
from orderledger.venues.base.transport import Turn
from orderledger.venues.errors import NotSent

Halted = Callable[[OrderRow], Denial | None]
Call = Literal["one", "batch", "group"]
"""The method of the order entry that sends: `submit`, `submit_many` or `submit_group`."""
Unsent = tuple[Flight, Denial]
"""An order that the venue has not taken, and why."""
RecordAgain = Callable[[str, Sequence[Unsent]], Awaitable[bool]]
EXPIRED_UNSENT = "it waited for the venue's rate limits until it had expired: nothing was sent"


class Dispatcher:
    """Sends the recorded orders of all accounts of a gateway.

    `halted`: the halt that applies to an order now. `record_again`: records that the venue
    did not take the requests of orders, and new ones; returns whether they may be sent.
    """

    def __init__(self, parts: GatewayParts, halted: Halted, record_again: RecordAgain) -> None:
        self._parts = parts
        self._halted = halted
        self._record_again = record_again

    async def send(self, account: str, flights: Sequence[Flight]) -> None:
        """Hand orders to the venue, each in its turn. Every flight gets its answer."""
        groups = native_groups.whole(flights)
        others = [flight for flight in flights if not flight.members]
        await asyncio.gather(
            *(self._send_together(account, members, "group") for members in groups),
            self._send_others(account, others),
        )

    async def _send_others(self, account: str, flights: Sequence[Flight]) -> None:
        size = max(self._parts.entries[account].abilities.batch, 1)
        if size == 1 or len(flights) == 1:
            await asyncio.gather(*(self._send_together(account, [one], "one") for one in flights))
            return
        for start in range(0, len(flights), size):
            await self._send_together(account, flights[start : start + size], "batch")

    async def _send_together(
        self,
        account: str,
        flights: Sequence[Flight],
        call: Call,
        *,
        seconds: float | None = None,
    ) -> None:
        """Send one order, or several in one call. `seconds`: its patience, if it waited before."""
        turn = self._parts.turn(account, seconds=seconds)
        turn.check = lambda: self._check(account, flights)
        for flight in flights:
            flight.turn, flight.is_in_batch = turn, call != "one"
        sending = self._send_now(account, [one.row for one in flights], call)
        paced = self._parts.paced(account, sending, 1 if call == "group" else len(flights))
        found = await answered(paced, self._parts.answer_seconds, turn)
        answers = list(zip(flights, each_of(found, len(flights)), strict=True))
        unsent = [
            (flight, why)
            for flight, answer in answers
            if (why := self._why_again(account, answer, turn, call)) is not None
        ]
        is_again = bool(unsent) and await self._may_send_again(account, unsent)
        late = [flight for flight, _ in unsent] if is_again else []
        for flight, answer in answers:
            if flight not in late:
                flight.is_kept_back |= _has_reason(answer, WITHDRAWN.reason)
                flight.answer.set_result(answer)
        if late:
            await self._send_together(account, late, call, seconds=turn.remaining)

    def _why_again(self, account: str, answer: Answer, turn: Turn, call: Call) -> Denial | None:
        """Why the venue did not take an order that may wait longer. None: it is not sent again."""
        left = turn.remaining
        if left is not None and left <= 0:
            return None
        if turn.has_waited and _has_reason(answer, EXPIRED):
            return Denial(EXPIRED, EXPIRED_UNSENT)
        pause = self._parts.held_seconds(account)
        is_in_time = pause > 0 and (left is None or pause <= left)
        return _turned_away(answer) if is_in_time and call != "group" else None

    async def _may_send_again(self, account: str, unsent: Sequence[Unsent]) -> bool:
        """Record the orders with another expiry. False if that is not possible any more: they get
        the answer that they have."""
        try:
            return await self._record_again(account, unsent)
        except StoreError:
            return False

    async def _send_now(
        self, account: str, rows: Sequence[OrderRow], call: Call
    ) -> Sequence[object]:
        self._check_time(account, rows)  # the process may have been paused since the commit
        entry = self._parts.entries[account]
        if call == "group":
            return await cast(SendsGroups, entry).submit_group(rows)
        return await entry.submit_many(rows) if call == "batch" else [await entry.submit(rows[0])]

    def _check(self, account: str, flights: Sequence[Flight]) -> None:
        """Raises NotSent if orders that waited for their turn must not be sent any more."""
        self._parts.check_lease(account)
        for flight in flights:
            if flight.is_withdrawn and not flight.is_in_batch:
                raise NotSent(WITHDRAWN.reason, WITHDRAWN.text)
            halted = self._halted(flight.row)
            if halted is not None:
                raise NotSent(halted.reason, halted.text)
        self._check_time(account, [flight.row for flight in flights])

    def _check_time(self, account: str, rows: Sequence[OrderRow]) -> None:
        """Raises NotSent if the lease is lost or a request has expired."""
        self._parts.check_lease(account)
        for row in rows:
            expires_at: datetime | None = cast(dict[str, Any], row).get("request_expires_at")
            expired = self._parts.clocks.expired(account, expires_at)
            if expired is not None:
                raise expired


def _turned_away(answer: Answer) -> Denial | None:
    """The refusal of an order as one request too many."""
    if not isinstance(answer, Sequence) or len(answer) != 1:
        return None
    (message,) = answer
    if not isinstance(message, Rejected) or message.reason != TOO_MANY_REQUESTS:
        return None
    return Denial(TOO_MANY_REQUESTS, message.text or "")


def _has_reason(answer: Answer, reason: str) -> bool:
    return isinstance(answer, NotSent) and answer.reason == reason
