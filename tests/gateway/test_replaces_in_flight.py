"""A replace of an order that is being sent is sent after the answer to the order."""

import asyncio
import dataclasses
from typing import Any

from orderledger import Gateway, Ledger
from orderledger.simulation.local.order_entry import ABSENCE, LocalOrderEntry
from orderledger.venues import NotSent
from tests.gateway.desk import ACCOUNT, buy, in_a_loop, venue_of


class ByVenueId(LocalOrderEntry):
    """A venue that changes orders by its own id, and answers a new order after a while."""

    async def submit(self, order: Any) -> Any:
        answer = await super().submit(order)
        await asyncio.sleep(0.3)
        return answer

    async def replace(self, order: Any, request: Any) -> Any:
        if order["venue_order_id"] is None:
            raise NotSent("no_venue_order_id", "the venue changes by its own id")
        return await super().replace(order, request)


@in_a_loop
async def test_a_replace_waits_for_the_answer_to_its_order() -> None:
    venue = venue_of()
    entry = ByVenueId(venue)
    entry.abilities = dataclasses.replace(entry.abilities, absence=ABSENCE)
    with Ledger.open("memory://") as ledger:
        async with Gateway(ledger, {ACCOUNT: entry}, clock=entry) as gateway:
            sending = asyncio.create_task(gateway.submit(buy("C-1")))
            await asyncio.sleep(0.1)
            changed = await gateway.replace("C-1", limit_price="63999")
            assert (changed.state, changed.reason) == ("acknowledged", None)
            assert (await sending).state == "acknowledged"
        assert str(ledger.order("C-1")["limit_price"]) == "63999"
