"""Orders on their way: recorded before they are sent, handed to the venue, answers recorded."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, cast

from orderledger import Deny, Fenced, Message, Outcome, StoreError, Submit
from orderledger.gateway.answers import Answer, Failure, record_answer
from orderledger.gateway.dispatching import Dispatcher, Halted, Unsent
from orderledger.gateway.flights import WITHDRAWN, Flight, is_failure
from orderledger.gateway.parts import GatewayParts
from orderledger.gateway.results import Sending
from orderledger.gateway.unsettled import Key
from orderledger.rows import OrderRow

NOT_RECORDED = "answer_not_recorded"
OnSend = Callable[[str, Sequence[OrderRow]], None]


class Outgoing:
    """The orders of a gateway that are on their way. `flights`: each, until its answer is recorded.
    `halted`: the halt that applies to an order now. `on_send`: called with an account and its
    recorded orders just before they are sent."""

    def __init__(self, parts: GatewayParts, halted: Halted) -> None:
        self.flights: dict[Key, Flight] = {}
        self.on_send: OnSend = lambda account, rows: None
        self._parts = parts
        self._ledger = parts.ledger
        self._book = parts.book
        self._clocks = parts.clocks
        self._unsettled = parts.unsettled
        self._clock = parts.clock
        self._on_result = parts.on_result
        self._dispatcher = Dispatcher(parts, halted, self._record_again)

    def expire(self, flight: Flight) -> datetime | None:
        """Decide the expiry of the request that is about to be recorded. It is sent with this
        one, or not at all."""
        account, order_type = flight.key[0], flight.row["order_type"]
        waiting = sum(key[0] == account for key in self.flights) - 1
        expires_at = self._clocks.expires_at(account, order_type, max(0, waiting))
        if expires_at is not None:  # a request that waits for its turn is sent with this one, too
            expires_at += timedelta(milliseconds=self._parts.expected_wait(account, waiting))
        cast(dict[str, Any], flight.row)["request_expires_at"] = expires_at
        return expires_at

    async def record(
        self, flights: Sequence[Flight], messages: Sequence[Message], fence: int
    ) -> list[Outcome]:
        """Record the orders before they are sent. After a failed commit nothing is sent, but the
        log may show them as sent.
        """
        try:
            return await self._ledger.recording.arecord_together(messages, fence=fence)
        except Fenced:
            raise
        except StoreError:
            for flight in flights:
                self._unsettled.keep(flight.key)
            raise

    async def send(self, account: str, flights: Sequence[Flight]) -> None:
        """Hand recorded orders to the venue, except those that were withdrawn meanwhile."""
        going = [flight for flight in flights if flight.is_sent]
        self.on_send(account, [flight.row for flight in going])
        await self._dispatcher.send(account, going)

    async def _record_again(self, account: str, unsent: Sequence[Unsent]) -> bool:
        """Record why the venue did not take the requests of these orders, and another request of
        each, in one commit. Returns whether they may be sent. Raises StoreError."""
        now, messages = self._clock.now(), list[Message]()
        flights = [flight for flight, _ in unsent]
        for flight, why in unsent:
            order: dict[str, Any] = {"account": account, "client_order_id": flight.key[1]}
            messages += [
                Deny(**order, at=now, reason=why.reason, text=why.text, never_arrived=True),
                Submit(**order, at=now, request_expires_at=self.expire(flight)),
            ]
        outcomes = await self.record(flights, messages, self._parts.keeper.fence(account))
        return all(one.outcome == "recorded" for one in outcomes)

    async def answered(self, flight: Flight, outcome: Outcome) -> Sending:
        """Wait for the answer and record it. If the store fails, the order is kept until the store
        works again."""
        answer: Answer = await flight.answer if flight.is_sent else WITHDRAWN
        try:
            result = await record_answer(
                self._ledger, flight.key, answer, self._clock.now(), outcome
            )
        except StoreError as error:
            messages = () if isinstance(answer, Failure) else tuple(answer)
            self._unsettled.keep(flight.key, answer=messages)
            result = Sending("unresolved", *flight.key, NOT_RECORDED, str(error), messages, outcome)
        self._on_result(result, flight.row, is_failure(answer))
        if result.reason != NOT_RECORDED:
            self._read_ahead()
        return result

    def _read_ahead(self) -> None:
        """If nothing else is being sent, read what the answer added. The next order need not wait
        for that."""
        if len(self.flights) == 1:
            with suppress(StoreError):
                self._book.catch_up_once()

    def forget(self, flight: Flight) -> None:
        """End a flight: its answer is recorded, or it was not sent."""
        if self.flights.get(flight.key) is flight:
            del self.flights[flight.key]
            self._book.exposures.release(*flight.key)
        flight.done.set()
