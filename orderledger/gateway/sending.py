"""Sends new orders: prepare, check, record, send, record the answer. The order of these steps is
what the gateway guarantees."""

import asyncio
from collections.abc import Container, Mapping, Sequence
from typing import Any

from orderledger import AmbiguousOrder, Deny, Message, Outcome, Request, Submit, UnknownOrder
from orderledger.extend.values import HELD
from orderledger.gateway import native_groups
from orderledger.gateway.emulation.marking import TRIGGER, marked
from orderledger.gateway.flights import Flight, is_to_be_sent, may_be_sent, records_one
from orderledger.gateway.group_denials import deny_one_cancels_other, others_of
from orderledger.gateway.groups import denied_groups, group_of
from orderledger.gateway.limits import Denial
from orderledger.gateway.outgoing import Outgoing
from orderledger.gateway.parts import GatewayParts
from orderledger.gateway.pre_trade import PreTradeChecks
from orderledger.gateway.preparing import Preparer
from orderledger.gateway.proposed import proposed_of, row_of
from orderledger.gateway.refused import unsent
from orderledger.gateway.results import Sending
from orderledger.gateway.unsettled import Key

ORDERS_PER_COMMIT = 400
"""A commit takes a thousand messages; each order adds two."""


class Sender:
    """Sends the new orders of all accounts of a gateway. `flights`: see `Outgoing`."""

    def __init__(
        self, parts: GatewayParts, outgoing: Outgoing, checks: PreTradeChecks, preparer: Preparer
    ) -> None:
        self.flights = outgoing.flights
        self._ledger = parts.ledger
        self._entries = parts.entries
        self._book = parts.book
        self._keeper = parts.keeper
        self._clock = parts.clock
        self._outgoing = outgoing
        self._checks = checks
        self._preparer = preparer

    def key_of(self, client_order_id: str, account: str | None) -> Key:
        """The order with this id. Raises UnknownOrder, or AmbiguousOrder if several accounts of the
        gateway have it.
        """
        self._book.catch_up()
        keys = [(one, client_order_id) for one in self._entries if account in (None, one)]
        found = [key for key in keys if key in self.flights or self._book.order(*key) is not None]
        if len(found) > 1:
            raise AmbiguousOrder(client_order_id, sorted(name for name, _ in found))
        if not found:
            raise UnknownOrder(client_order_id, account)
        return found[0]

    async def send(
        self, account: str, requests: Sequence[Request], *, releases: bool = False
    ) -> list[Sending]:
        """Check, record and send orders of one account: one commit, and one call if the venue takes
        several. `releases`: these are orders of emulated groups, to be sent now; the emulator has
        checked them.
        """
        requests = [self._preparer.with_worst_price(request) for request in requests]
        denied: dict[str, Denial] = {}
        if not releases:
            entry = self._entries[account]
            requests, faults = native_groups.prepared(requests, entry)
            requests = [marked(request, entry.abilities) for request in requests]
            denied = {**faults, **denied_groups(requests, self._preparer.fault_of)}
        results: dict[int, Sending] = {}
        for places in native_groups.batches(requests, ORDERS_PER_COMMIT):
            some = [requests[place] for place in places]
            found = await self._send(account, some, releases, denied)
            results |= zip(places, found, strict=True)
        return [results[place] for place in range(len(requests))]

    async def _send(
        self,
        account: str,
        requests: Sequence[Request],
        releases: bool,
        denied: Mapping[str, Denial],
    ) -> list[Sending]:
        # the same order is in another call: a cancel has to find the one that is sent
        while others := self._in_flight(account, requests):
            await others[0].done.wait()
        fence = self._keeper.fence(account)
        flights: list[Flight] = []
        try:
            for request in requests:
                of_group = others_of(request, requests)
                flights.append(self._checked(request, releases, denied, of_group))
            native_groups.join(requests, flights)
            deny_one_cancels_other(requests, flights)
            messages = [
                one
                for request, flight in zip(requests, flights, strict=True)
                for one in self._to_record(request, flight)
            ]
            outcomes = iter(await self._outgoing.record(flights, messages, fence))
            recorded = [
                (flight, first := next(outcomes), first if records_one(flight) else next(outcomes))
                for flight in flights
            ]
            return await self._send_recorded(account, recorded)
        finally:
            for flight in flights:
                self._outgoing.forget(flight)

    async def _send_recorded(
        self, account: str, recorded: Sequence[tuple[Flight, Outcome, Outcome]]
    ) -> list[Sending]:
        """Send what is to be sent of these orders. `recorded`: with the outcomes of recording the
        request and the last message of each."""
        going = [flight for flight, _, last in recorded if is_to_be_sent(flight, last)]
        for flight in going:
            flight.begin()
        results = asyncio.gather(
            *(
                self._outgoing.answered(flight, last)
                if is_to_be_sent(flight, last)
                else unsent(self._ledger, flight, requested, last)
                for flight, requested, last in recorded
            )
        )
        await self._outgoing.send(account, going)
        return list(await results)

    def _in_flight(self, account: str, requests: Sequence[Request]) -> list[Flight]:
        """The orders of these names that another call is sending."""
        keys = ((account, one.client_order_id) for one in requests)
        return [flight for key in keys if (flight := self.flights.get(key)) is not None]

    def _checked(
        self,
        request: Request,
        releases: bool,
        denied: Mapping[str, Denial],
        others: Container[str],
    ) -> Flight:
        """Prepare and check one order, and count it as open from now on unless it is denied or
        held. `others`: of its OCO group."""
        flight = Flight((request.account, request.client_order_id), row_of(request))
        self._book.catch_up_once()
        order = self._book.order(*flight.key)
        flight.is_known = (
            order is not None and order.is_requested and not may_be_sent(order, flight)
        )
        if flight.is_known:
            return flight
        proposed = proposed_of(request, reduces=native_groups.is_native_child(request))
        flight.denial = self._preparer.prepare(flight.row, request) or denied.get(
            group_of(request) or ""
        )
        if HELD in request.tags and not releases:
            if request.tags[HELD] == TRIGGER:
                flight.denial = flight.denial or self._checks.why_not_hold(proposed, others)
            flight.is_held = flight.denial is None
            return flight
        if not releases:
            flight.denial = flight.denial or self._checks.why_not(proposed)
        if flight.denial is None and self.flights.setdefault(flight.key, flight) is flight:
            self._book.exposures.reserve(proposed, request.client_order_id)
        return flight

    def _to_record(self, request: Request, flight: Flight) -> list[Message]:
        """The request of an order, and that it is sent or denied."""
        now = self._clock.now()
        named = request.model_copy(
            update={"aliases": flight.row["aliases"], "at": request.at or now}
        )
        account, name, denial = request.account, request.client_order_id, flight.denial
        if flight.is_known or flight.is_held:
            return [named]
        about: dict[str, Any] = {"account": account, "client_order_id": name, "at": now}
        if denial is not None:
            return [named, Deny(**about, reason=denial.reason, text=denial.text)]
        # the request of a held order may have been recorded without its names at the venue
        names = flight.row["aliases"] if HELD in request.tags else None
        submit = Submit(**about, request_expires_at=self._outgoing.expire(flight))
        return [named, submit.model_copy(update={"aliases": names}) if names else submit]
