"""Sends new orders: prepare, check, record, send, record the answer. The order of these steps is
what the gateway guarantees."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from orderledger import (
    Deny,
    Fenced,
    HaltMode,
    Message,
    Outcome,
    Request,
    StoreError,
    Submit,
)
from orderledger.extend.values import HELD, ONE
from orderledger.gateway import native_groups
from orderledger.gateway.answers import (
    Answer,
    Failure,
    record_answer,
)
from orderledger.gateway.dispatching import Dispatcher
from orderledger.gateway.emulation.marking import fired_terms, is_emulated, marked
from orderledger.gateway.flights import (
    WITHDRAWN,
    Flight,
    is_failure,
    is_to_be_sent,
    may_be_sent,
    records_one,
    unsent,
)
from orderledger.gateway.groups import denied_groups, group_of
from orderledger.gateway.halts import halt_of
from orderledger.gateway.limits import Denial, Limits, Proposed, check
from orderledger.gateway.parts import GatewayParts
from orderledger.gateway.proposed import change_of, proposed_of, proposed_of_row, row_of
from orderledger.gateway.results import Sending
from orderledger.gateway.settings import UnresolvedPolicy
from orderledger.gateway.situation import BookSituation
from orderledger.gateway.terms import fault_of_terms, fault_of_trigger
from orderledger.gateway.unsettled import Key
from orderledger.gateway.worst_prices import with_worst_price
from orderledger.rows import OrderRow
from orderledger.venues.base.absence import EXPIRED
from orderledger.venues.errors import NotSent

EXPIRED_UNSENT = "it waited for the venue's rate limits until it had expired: nothing was sent"
ORDERS_PER_COMMIT = 400
"""A commit takes a thousand messages; each order adds two."""
NOT_RECORDED = "answer_not_recorded"


class Sender:
    """Sends the new orders of all accounts of a gateway."""

    def __init__(
        self,
        parts: GatewayParts,
        *,
        rules: Sequence[Limits],
        policy: UnresolvedPolicy,
        slippage: Decimal | None = None,
        mark_seconds: float = 10.0,
    ) -> None:
        self.flights: dict[Key, Flight] = {}
        self._parts = parts
        self._ledger = parts.ledger
        self._entries = parts.entries
        self._book = parts.book
        self._clocks = parts.clocks
        self._keeper = parts.keeper
        self._unsettled = parts.unsettled
        self._rules = rules
        self._policy = policy
        self._slippage = slippage
        self._mark_age = timedelta(seconds=mark_seconds)
        self._clock = parts.clock
        self._answer_seconds = parts.answer_seconds
        self._on_result = parts.on_result
        self._situation = BookSituation(parts.book)
        self._dispatcher = Dispatcher(parts, self._halted_now, self._record_again)

    async def send(
        self, account: str, requests: Sequence[Request], *, releases: bool = False
    ) -> list[Sending]:
        """Check, record and send orders of one account: one commit, and one call if the venue takes
        several. `releases`: these are orders of emulated groups, to be sent now; they reduce what
        their parent has opened.
        """
        requests = [self._with_worst_price(request) for request in requests]
        denied: dict[str, Denial] = {}
        if not releases:
            entry = self._entries[account]
            requests, faults = native_groups.prepared(requests, entry)
            requests = [marked(request, entry.abilities) for request in requests]
            denied = {**faults, **denied_groups(requests, self._fault)}
        results: dict[int, Sending] = {}
        for places in native_groups.batches(requests, ORDERS_PER_COMMIT):
            some = [requests[place] for place in places]
            found = await self._send(account, some, releases, denied)
            results |= zip(places, found, strict=True)
        return [results[place] for place in range(len(requests))]

    async def resend(self, row: OrderRow, *, actor: str | None = None) -> Sending:
        """Send an order again that the venue did not know. The ledger refuses that if no absence is
        recorded, unless `actor` forces it."""
        account, name = row["account"], row["client_order_id"] or ""
        if native_groups.is_native(row["tags"]):
            return Sending("refused", account, name, "native_group", native_groups.NOT_RESENT)
        refused = self._halted_now(row)
        if refused is None and row["status"] == "denied":  # it counts in no limit any more
            refused = self.why_not(proposed_of_row(row))
        if refused is not None:
            return Sending("refused", account, name, refused.reason, refused.text)
        fence = self._keeper.fence(account)
        flight = Flight((account, name), row)
        if self.flights.setdefault(flight.key, flight) is not flight:
            return Sending(
                "refused", account, name, "already_submitted", "it is already being sent"
            )
        try:
            decided: dict[str, Any] = (
                {} if actor is None else {"is_forced": True, "actor": actor, "source": "operator"}
            )
            flight.row["aliases"] = self._new_aliases(row)
            submit = Submit(
                account=account,
                client_order_id=name,
                at=self._clock.now(),
                request_expires_at=self._expire(flight),
                aliases=flight.row["aliases"],
                **decided,
            )
            (outcome,) = await self._record_sending([flight], [submit], fence)
            if outcome.outcome != "recorded":
                return Sending(
                    "refused", account, name, outcome.reason, outcome.text, outcome=outcome
                )
            flight.is_sent, flight.is_kept_back = not flight.is_withdrawn, flight.is_withdrawn
            await self._dispatcher.send(account, [flight] if flight.is_sent else [])
            return await self._record_when_answered(flight, outcome)
        finally:
            self._forget(flight)

    def _new_aliases(self, row: OrderRow) -> dict[str, str]:
        """The aliases of an order that is sent again: with a new id at the venue, unless the venue
        refuses a used id for ever."""
        entry, aliases = self._entries[row["account"]], dict(row["aliases"] or {})
        absence = entry.abilities.absence
        again = getattr(entry, "prepare_again", None)
        is_kept = entry.abilities.resends_safely or (absence is not None and not absence.is_new_id)
        return aliases if again is None or is_kept else {**aliases, **again(row)}

    def why_not(self, order: Proposed, *, is_new: bool = True) -> Denial | None:
        """Why the order or change must not be sent, as far as the book has followed the log."""
        account, instrument = order.account, order.instrument
        halted = self._halted(order)
        if halted is not None:
            return halted
        if is_new and self._policy != "allow":
            unknown = self._book.exposures.working.unresolved(
                account, instrument if self._policy == "block_instrument" else None
            )
            if unknown is not None:
                return Denial(
                    "unresolved_order", f"the outcome of order {unknown} is not known yet"
                )
        return self._book.positions.denial(order) or check(order, self._situation, self._rules)

    def _halted_now(self, row: OrderRow) -> Denial | None:
        """The halt that applies now to an order that counts as open already."""
        self._book.catch_up()
        return self._halted(change_of(row, {}))

    def _halted(self, order: Proposed) -> Denial | None:
        """The halt that applies to an order, as far as the book has followed the log."""
        halt = halt_of(self._book.halts.values(), order)
        is_reducing = halt is not None and halt["mode"] == HaltMode.REDUCE
        if halt is None or (is_reducing and self._book.exposures.only_reduces(order)):
            return None
        since, why = halt["halted_at"].isoformat(), halt["text"] or halt["reason"]
        passing = ". Only orders that reduce the position pass" if is_reducing else ""
        return Denial(
            "halted", f"trading is halted since {since}: {why or 'no reason given'}{passing}"
        )

    def _with_worst_price(self, request: Request) -> Request:
        scope = (request.account, request.instrument)
        mark, terms = self._book.instruments.mark_of(*scope), self._book.instruments.rows.get(scope)
        if mark is not None and self._clock.now() - mark[1] > self._mark_age:
            mark = None
        return with_worst_price(
            request,
            self._entries[request.account].abilities,
            self._slippage,
            None if mark is None else mark[0],
            None if terms is None else terms["tick"],
        )

    async def _send(
        self,
        account: str,
        requests: Sequence[Request],
        releases: bool,
        denied: Mapping[str, Denial],
    ) -> list[Sending]:
        while others := [
            flight
            for one in requests
            if (flight := self.flights.get((account, one.client_order_id))) is not None
        ]:
            await (
                others[0].done.wait()
            )  # the same order is in another call: a cancel has to find the one that is sent
        fence = self._keeper.fence(account)
        flights: list[Flight] = []
        try:
            for request in requests:
                flights.append(self._checked(request, releases, denied))
            native_groups.join(requests, flights)
            messages = [
                one
                for request, flight in zip(requests, flights, strict=True)
                for one in self._to_record(request, flight)
            ]
            outcomes = await self._record_sending(flights, messages, fence)
            remaining = iter(outcomes)
            pairs = [
                (first := next(remaining), first if records_one(flight) else next(remaining))
                for flight in flights
            ]
            going = [
                flight
                for flight, (_, last) in zip(flights, pairs, strict=True)
                if is_to_be_sent(flight, last)
            ]
            for flight in going:
                flight.is_sent, flight.is_kept_back = not flight.is_withdrawn, flight.is_withdrawn
            recording = asyncio.gather(
                *(
                    self._record_when_answered(flight, last)
                    if is_to_be_sent(flight, last)
                    else unsent(flight, requested, last)
                    for flight, (requested, last) in zip(flights, pairs, strict=True)
                )
            )
            await self._dispatcher.send(account, [flight for flight in going if flight.is_sent])
            return list(await recording)
        finally:
            for flight in flights:
                self._forget(flight)

    async def _record_sending(
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

    async def _record_again(self, account: str, flights: Sequence[Flight]) -> bool:
        """Record that the requests of these orders expired unsent, and another request of each, in
        one commit. Returns whether they may be sent. Raises StoreError."""
        now, messages = self._clock.now(), list[Message]()
        for flight in flights:
            order: dict[str, Any] = {"account": account, "client_order_id": flight.key[1]}
            messages += [
                Deny(**order, at=now, reason=EXPIRED, text=EXPIRED_UNSENT, never_arrived=True),
                Submit(**order, at=now, request_expires_at=self._expire(flight)),
            ]
        fence = self._keeper.fence(account)
        outcomes = await self._record_sending(flights, messages, fence)
        return all(one.outcome == "recorded" for one in outcomes)

    def _checked(self, request: Request, releases: bool, denied: Mapping[str, Denial]) -> Flight:
        """Prepare and check one order, and count it as open from now on unless it is denied or
        held."""
        flight = Flight((request.account, request.client_order_id), row_of(request))
        self._book.catch_up_once()
        order = self._book.order(*flight.key)
        flight.is_known = (
            order is not None and order.is_requested and not may_be_sent(order, flight)
        )
        if flight.is_known:
            return flight
        is_exit = releases or native_groups.is_native_child(request)
        proposed = proposed_of(request, reduces=is_exit)
        flight.denial = self._prepare(flight.row, request) or denied.get(group_of(request) or "")
        if HELD in request.tags and not releases:
            flight.is_held = flight.denial is None
            return flight
        flight.denial = flight.denial or self.why_not(proposed, is_new=not releases)
        if flight.denial is None and self.flights.setdefault(flight.key, flight) is flight:
            self._book.exposures.reserve(proposed, request.client_order_id)
        return flight

    def _fault(self, request: Request) -> Denial | None:
        """Why the entry does not send such an order."""
        late = None
        if request.links is not None and request.links.parent is not None:
            self._book.catch_up_once()
            parent = self._book.order(request.account, request.links.parent)
            late = native_groups.fault_of_late(request, parent)
        return late or self._prepare(row_of(request), request)

    def _prepare(self, to_send: OrderRow, request: Request) -> Denial | None:
        """Add the aliases of an order to its row, or say why the entry does not send such an
        order."""
        entry = self._entries[request.account]
        row = to_send
        is_native = native_groups.is_native(request.tags)
        if not is_native and is_emulated(request, entry.abilities):
            fault = fault_of_trigger(row)
            row = cast(OrderRow, {**row, **fired_terms(request.order_type)})
            if self._slippage is not None and row["limit_price"] is None:
                row["limit_price"] = request.stop_price or ONE  # derived when it is sent
        else:
            fault = None
        fault = fault or fault_of_terms(row, entry.abilities)
        if fault is not None:
            return fault
        if is_native:  # its group is prepared
            to_send["aliases"] = dict(request.aliases)
            return None
        try:
            to_send["aliases"] = {**request.aliases, **entry.prepare(row)}
        except NotSent as error:
            return Denial(error.reason, error.text or str(error))
        return None

    def _to_record(self, request: Request, flight: Flight) -> list[Message]:
        now = self._clock.now()
        named = request.model_copy(
            update={"aliases": flight.row["aliases"], "at": request.at or now}
        )
        account, name, denial = request.account, request.client_order_id, flight.denial
        if flight.is_known or flight.is_held:
            return [named]
        if denial is not None:
            return [
                named,
                Deny(
                    account=account,
                    client_order_id=name,
                    at=now,
                    reason=denial.reason,
                    text=denial.text,
                ),
            ]
        expires_at = self._expire(flight)
        submit = Submit(
            account=account, client_order_id=name, at=now, request_expires_at=expires_at
        )
        return [named, submit]

    def _expire(self, flight: Flight) -> datetime | None:
        """Decide the expiry of the request that is about to be recorded. It is sent with this
        one, or not at all."""
        account, order_type = flight.key[0], flight.row["order_type"]
        waiting = sum(key[0] == account for key in self.flights) - 1
        expires_at = self._clocks.expires_at(account, order_type, max(0, waiting))
        if expires_at is not None:  # a request that waits for its turn is sent with this one, too
            expires_at += timedelta(milliseconds=self._parts.expected_wait(account, waiting))
        cast(dict[str, Any], flight.row)["request_expires_at"] = expires_at
        return expires_at

    async def _record_when_answered(self, flight: Flight, outcome: Outcome) -> Sending:
        answer = await flight.answer if flight.is_sent else WITHDRAWN
        return await self._record(flight, answer, outcome)

    async def _record(self, flight: Flight, answer: Answer, outcome: Outcome) -> Sending:
        """Record the answer. If the store fails, the order is kept until the store works again."""
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

    def _forget(self, flight: Flight) -> None:
        if self.flights.get(flight.key) is flight:
            del self.flights[flight.key]
            self._book.exposures.release(*flight.key)
        flight.done.set()
