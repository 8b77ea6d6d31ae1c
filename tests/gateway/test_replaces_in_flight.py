"""A replace of an order that is being sent is sent after the answer to the order."""

import asyncio
import dataclasses
from typing import Any

from orderledger import Gateway, Ledger, parse_document
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


class Received(LocalOrderEntry):
    """A venue that takes a change with all terms of the order, and carries it out after its answer,
    as Lighter does."""

    def __init__(self, venue: Any, ledger: Ledger) -> None:
        super().__init__(venue)
        self._ledger = ledger
        self.sent: list[tuple[str, str]] = []

    async def replace(self, order: Any, request: Any) -> Any:
        terms = {
            name: request[name] if request[name] is not None else order[name]
            for name in ("quantity", "limit_price")
        }
        self.sent.append((str(terms["quantity"]), str(terms["limit_price"])))
        asyncio.get_running_loop().call_later(0.3, self._carry_out, order, {**request, **terms})
        return []

    def _carry_out(self, order: Any, request: Any) -> None:
        answer = self.venue.replace(
            order["client_order_id"],
            quantity=request["quantity"],
            limit_price=request["limit_price"],
            request_id=request["request_id"],
        )
        self._ledger.record(parse_document(answer.message))


@in_a_loop
async def test_a_second_change_keeps_the_terms_of_the_first() -> None:
    with Ledger.open("memory://") as ledger:
        entry = Received(venue_of(), ledger)
        async with Gateway(ledger, {ACCOUNT: entry}, clock=entry) as gateway:
            await gateway.submit(buy("C-1", quantity="1"))
            first = await gateway.replace("C-1", limit_price="63999")
            second = await gateway.replace("C-1", quantity="2")
            assert (first.state, second.state) == ("received", "received")
            assert entry.sent == [("1", "63999"), ("2", "63999")]


@in_a_loop
async def test_a_change_after_one_without_an_answer_is_denied() -> None:
    with Ledger.open("memory://") as ledger:
        entry = Received(venue_of(), ledger)
        entry._carry_out = lambda *_: None  # type: ignore[method-assign]
        async with Gateway(ledger, {ACCOUNT: entry}, clock=entry, answer_seconds=0.5) as gateway:
            await gateway.submit(buy("C-1", quantity="1"))
            await gateway.replace("C-1", limit_price="63999")
            denied = await gateway.replace("C-1", quantity="2")
            assert (denied.state, denied.reason) == ("denied", "replace_pending")
            assert len(entry.sent) == 1
