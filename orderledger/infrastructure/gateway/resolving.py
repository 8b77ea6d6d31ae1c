"""Finds out what became of orders whose outcome is unknown: the venue is queried until it is known."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from orderledger.domain.orders.order import Order
from orderledger.domain.values import Certainty, order_stream
from orderledger.infrastructure.clock import Clock
from orderledger.infrastructure.errors import VenueError
from orderledger.infrastructure.gateway.book import Book
from orderledger.infrastructure.gateway.results import GatewayLedger, OrderLookup
from orderledger.infrastructure.gateway.sending import Key
from orderledger.infrastructure.messages.commands import Deny, Unresolved
from orderledger.infrastructure.messages.reports import Absent
from orderledger.infrastructure.venues.base.order_entry import OrderEntry
from orderledger.projections.orders import order_row

QUERY_SECONDS = 10.0


class Resolver:
    """Queries venues about unresolved orders. `lookups`: who answers for an account; without one, the collector's reports do."""

    def __init__(
        self,
        ledger: GatewayLedger,
        entries: Mapping[str, OrderEntry],
        lookups: Mapping[str, OrderLookup],
        book: Book,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._entries = entries
        self._lookups = lookups
        self._book = book
        self._clock = clock

    async def begin(self) -> None:
        """After a restart: what was being sent has an unknown outcome."""
        for _, order in list(self._book.open_orders()):
            name = order.client_order_id
            is_in_flight = order.submitted_at is not None and order.confirmed_at is None
            if is_in_flight and name is not None and order.certainty is Certainty.CONFIRMED:
                unknown = Unresolved(account=order.account, client_order_id=name, at=self._clock.now(), reason="restart")
                await self._ledger.arecord(unknown)

    async def resolve(self, *, besides: Mapping[Key, object]) -> None:
        """Query about every unresolved order, except those that are being sent now."""
        self._book.catch_up()
        unknown = [order for _, order in self._book.open_orders() if order.certainty is Certainty.UNRESOLVED]
        asked = [order for order in unknown if (order.account, order.client_order_id) not in besides]
        await asyncio.gather(*(self._resolve(order) for order in asked if order.client_order_id is not None))

    async def _resolve(self, order: Order) -> None:
        lookup, name = self._lookups.get(order.account), order.client_order_id
        if lookup is None or name is None:
            return
        asked_at = self._clock.now()
        row = order_row(order_stream(order.account, name), order, 0)
        try:
            async with asyncio.timeout(QUERY_SECONDS):
                found = await lookup.order(order.account, row)
        except (VenueError, TimeoutError):
            return
        if found is not None:
            await self._ledger.arecord_together(list(found))
            return
        await self._ledger.arecord(Absent(account=order.account, client_order_id=name, at=asked_at, source="venue_poll"))
        proof = self._entries[order.account].abilities.absence_seconds
        sent_at = order.submitted_at
        if proof is not None and sent_at is not None and asked_at - sent_at >= timedelta(seconds=proof):
            text = f"the venue did not know the order {(asked_at - sent_at).total_seconds():.1f} s after it was sent"
            await self._ledger.arecord(
                Deny(
                    account=order.account,
                    client_order_id=name,
                    at=asked_at,
                    reason="never_arrived",
                    text=text,
                    not_sent=True,
                )
            )
