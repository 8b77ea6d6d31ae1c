"""Order entry for a local venue: the gateway trades at the simulated market in this process,
through its lossy line."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from orderledger import Message, parse_document
from orderledger.extend.views import Row
from orderledger.simulation.local.reports import VenueAnswer, VenueUnreachable
from orderledger.simulation.local.venue import LocalVenue
from orderledger.venues.base.absence import Absence
from orderledger.venues.base.order_entry import EntryAbilities, Sent
from orderledger.venues.base.venue_clock import VenueClock
from orderledger.venues.errors import Unanswered, VenueUnavailable

ABSENCE = Absence(
    expires_seconds=5.0,
    margin_seconds=2.0,
    expiry="request_expires_at",
    source="orderledger.simulation.local: a request that arrives after its expiry is refused",
)


class LocalOrderEntry:
    """Implements `OrderEntry` and the query `order` of `Venue`. It is a clock, too: the venue's
    virtual time.

    A call takes a round trip of virtual time. Other tasks run before it begins and after it ends.
    """

    def __init__(self, venue: LocalVenue) -> None:
        self.venue = venue
        self.abilities = EntryAbilities(
            replaces=True,
            cancels_by_client_id=True,
            absence=ABSENCE,
            times_in_force=frozenset({"day", "gtc", "ioc", "fok", "gtd"}),
            conditions=frozenset({"post_only"}),
        )

        self.clock = VenueClock(
            self._time, resolution=timedelta(), elapsed=lambda: venue.now.timestamp()
        )

    def now(self) -> datetime:
        return self.venue.now

    async def _time(self) -> datetime:
        return self.venue.now

    def prepare(self, order: Row) -> Mapping[str, str]:
        """No alias: the venue takes every client order id."""
        return {}

    async def submit(self, order: Row) -> Sent:
        await asyncio.sleep(0)
        return await _sent(
            self.venue.submit(
                client_order_id=order["client_order_id"],
                instrument=order["instrument"],
                side=order["side"],
                quantity=order["quantity"],
                order_type=order["order_type"],
                limit_price=order["limit_price"],
                time_in_force=order["time_in_force"] or "gtc",
                expire_at=order["expire_at"],
                post_only=bool(order["post_only"]),
                request_expires_at=order.get("request_expires_at"),
            )
        )

    async def submit_many(self, orders: Sequence[Row]) -> Sequence[Sent | Exception]:
        """The venue takes orders one by one."""
        return await asyncio.gather(*map(self.submit, orders), return_exceptions=True)  # type: ignore[return-value]

    async def cancel(self, order: Row, request_id: str) -> Sent:
        await asyncio.sleep(0)
        return await _sent(self.venue.cancel(order["client_order_id"], request_id=request_id))

    async def replace(self, order: Row, request: Row) -> Sent:
        await asyncio.sleep(0)
        return await _sent(
            self.venue.replace(
                order["client_order_id"],
                quantity=request["quantity"],
                limit_price=request["limit_price"],
                request_id=request["request_id"],
                request_expires_at=request.get("request_expires_at"),
            )
        )

    async def order(self, account: str, order: Row) -> list[Message] | None:
        """The venue's state of an order. None if it does not know the order."""
        try:
            found = self.venue.order_status(order["client_order_id"])
        except VenueUnreachable as error:
            raise VenueUnavailable(str(error)) from error
        return None if found["type"] == "absent" else [parse_document(found)]

    async def aclose(self) -> None:
        """There is nothing to close."""


async def _sent(answer: VenueAnswer) -> Sent:
    await asyncio.sleep(0)
    if answer.message is None:
        raise Unanswered("timeout", "the line lost the request or the answer")
    return [parse_document(answer.message)]
