"""Resolves orders whose outcome is unknown: it queries the venue until the outcome is known."""

import asyncio
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from orderledger import Absent, Certainty, Deny, Message, StatusObserved
from orderledger.extend.events import Order
from orderledger.extend.runtime import EventLogger
from orderledger.extend.values import ENDS, DatedBy, later
from orderledger.gateway.book import row_now
from orderledger.gateway.look_ups import QUERY_SECONDS, LookUps
from orderledger.gateway.parts import GatewayParts
from orderledger.gateway.unsettled import Key, is_in_doubt
from orderledger.venues.errors import VenueError

if TYPE_CHECKING:
    pass

PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds between the queries about one order. The first query is made at once; the last pause
repeats."""

LAG = timedelta(seconds=2)
"""How far a query's answer may lag behind the venue's state, and our clock may run ahead of the
venue's.
"""

log = EventLogger("orderledger.gateway")


@dataclass(slots=True)
class Doubt:
    """An order with an unknown outcome, in seconds of this process. `since`: when it was first seen
    in this state while not being sent. `due`: when the venue is queried again. `queries`: how often
    the venue was queried. `absent_after`: how long it had been unknown at the last query that the
    venue answered with "unknown order".
    """

    since: float
    due: float
    queries: int = 0
    is_asking: bool = False
    absent_after: float | None = None


class OutcomeResolver:
    """Queries venues about unresolved orders. The collector's reports resolve those of an account
    without look-ups.

    The time until the venue's "unknown order" is a proof begins when this process first sees the
    order unresolved and is not sending it. It is counted by `elapsed`, so setting a clock or
    sending late cannot shorten it.
    """

    def __init__(
        self,
        parts: GatewayParts,
        look_ups: LookUps,
        *,
        elapsed: Callable[[], float],
    ) -> None:
        self._ledger = parts.ledger
        self._entries = parts.entries
        self._look_ups = look_ups
        self._book = parts.book
        self._unsettled = parts.unsettled
        self._clock = parts.clock
        self._elapsed = elapsed
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
        for _, order in self._book.open_orders():
            key = (order.account, order.client_order_id or "")
            if order.client_order_id is None or key in besides:
                continue
            if is_open_question(order):
                unknown.add(key)
                if self._doubt(key, now).due <= now:
                    asked[key] = order
            elif key in self._look_ups.missed:
                asked[key] = order
        self._look_ups.missed.clear()
        self._doubts = {key: doubt for key, doubt in self._doubts.items() if key in unknown}
        found = await asyncio.gather(
            *(self._resolve(key, order) for key, order in asked.items()), return_exceptions=True
        )
        for error in found:
            if error is not None:
                raise error

    def is_proved_absent(self, key: Key) -> bool:
        """Whether the venue answered "unknown order" late enough to prove that it never received
        the order.
        """
        doubt, needed = self._doubts.get(key), self._entries[key[0]].abilities.absence_seconds
        if doubt is None or doubt.absent_after is None or needed is None:
            return False
        return doubt.absent_after >= needed

    def forget(self, key: Key) -> None:
        """Restart the time until an absence is proved: the order is being sent again.

        Earlier queries prove nothing any more.
        """
        self._doubts.pop(key, None)

    def _doubt(self, key: Key, now: float) -> Doubt:
        return self._doubts.setdefault(key, Doubt(now, now))

    async def _resolve(self, key: Key, order: Order) -> None:
        """Query about one order, unless another call does."""
        venue, now = self._look_ups.venue_of(key[0]), self._elapsed()
        doubt = self._doubt(key, now) if is_open_question(order) else Doubt(now, now)
        if venue is None or doubt.is_asking:
            return
        doubt.is_asking, asked_at, unknown = True, self._clock.now(), now - doubt.since
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
            self._postpone(key[0], doubt)
        if found is not None:
            await self._ledger.recording.arecord_together(self._as_answers(key, found, asked_at))
        else:
            doubt.absent_after = unknown
            await self._record_absence(key, order, doubt, asked_at)

    def _postpone(self, account: str, doubt: Doubt) -> None:
        """Set the time of the next query: after a pause, or as soon as its answer would be a
        proof.
        """
        now, needed = self._elapsed(), self._entries[account].abilities.absence_seconds
        doubt.due = now + PAUSES[min(doubt.queries, len(PAUSES) - 1)]
        doubt.queries += 1
        if needed is not None and doubt.since + needed > now:
            doubt.due = min(doubt.due, doubt.since + needed)

    def _as_answers(self, key: Key, found: Sequence[Message], asked_at: datetime) -> list[Message]:
        """The messages with the time of the query. If an order was open when the venue was queried
        and has ended since, the answer does not reopen it.
        """
        self._book.catch_up()
        order = self._book.order(*key)
        return [
            _answer(order, message, asked_at) if isinstance(message, StatusObserved) else message
            for message in found
        ]

    async def _record_absence(
        self, key: Key, order: Order, doubt: Doubt, asked_at: datetime
    ) -> None:
        """Record that the venue does not know the order: once, and again when that proves its
        absence.
        """
        self._book.catch_up()
        account, name = key
        at = later(
            later(order.unresolved_at, asked_at), later(order.submitted_at, asked_at)
        )  # whatever the clocks show
        absent = Absent(account=account, client_order_id=name, at=at, source="venue_poll")
        if (
            self._doubts.get(key) is doubt
            and self.is_proved_absent(key)
            and order.confirmed_at is None
        ):
            text = (
                f"the venue did not know the order {doubt.absent_after:.1f} s after its outcome "
                "had become unknown"
            )
            deny = Deny(
                account=account,
                client_order_id=name,
                at=at,
                reason="never_arrived",
                text=text,
                never_arrived=True,
            )
            await self._ledger.recording.arecord_together([absent, deny])
        elif order.absent_at is None or (
            order.unresolved_at is not None and not order.is_absent_since(order.unresolved_at)
        ):
            await self._ledger.arecord(absent)


def is_open_question(order: Order) -> bool:
    """Whether to query the venue: the outcome is unknown, or a later sign that the order works
    disputes its end.
    """
    return order.certainty is Certainty.UNRESOLVED or order.undone_end is not None


def _answer(order: Order | None, status: StatusObserved, asked_at: datetime) -> StatusObserved:
    """The state that was found, with the time of the query.

    If a disputed end is found again, it holds at that time. Our clock dated the message that
    disputes it, and may be ahead of the venue's.
    """
    if order is None or order.is_ended:
        return status.model_copy(update={"asked_at": None})
    if order.undone_end is not None and order.shown is not None and status.status in ENDS:
        return status.model_copy(
            update={"at": max(asked_at, order.shown.at), "dated_by": DatedBy.RECEIPT}
        )
    if (
        order.unresolved_at is not None and asked_at < order.unresolved_at
    ):  # a clock was set back: the query came after the sending
        return status.model_copy(update={"asked_at": order.unresolved_at})
    return (
        status
        if status.asked_at is not None
        else status.model_copy(update={"asked_at": asked_at - LAG})
    )
