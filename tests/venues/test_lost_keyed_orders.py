"""Lost orders at venues without an expiry, through the gateway: found, or left to an operator."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from orderledger import Gateway, Request
from tests.venues.test_keyed_order_entry import Desk, desk_at, every_entry

PATIENCE = 60.0


@asynccontextmanager
async def trading(desk: Desk) -> AsyncIterator[Gateway]:
    account = desk.harness.account
    async with Gateway(
        desk.ledger, {account: desk.entry}, venues={account: desk.harness.venue}, answer_seconds=5
    ) as gateway:
        yield gateway


def request(desk: Desk, name: str) -> Request:
    one = desk.instrument
    terms: dict[str, Any] = {"side": "buy", "quantity": 10 * one.lot, "limit_price": one.price}
    return Request(
        account=desk.harness.account,
        client_order_id=name,
        instrument=one.name,
        order_type="limit",
        **terms,
    )


async def until(holds: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.02)


@pytest.mark.slow
@every_entry
def test_an_order_is_found_after_its_answer_was_lost(name: str) -> None:
    async def story() -> None:
        async with desk_at(name) as desk, trading(desk) as gateway:
            desk.server.faults.plan_answers("lose_answer")
            assert (await gateway.submit(request(desk, "C-1"))).state == "unresolved"
            await until(lambda: desk.ledger.order("C-1")["certainty"] == "confirmed")
            assert len(desk.there) == 1

    asyncio.run(story())


@pytest.mark.slow
@every_entry
def test_an_order_that_never_arrived_waits_for_an_operator(name: str) -> None:
    async def story() -> None:
        async with desk_at(name) as desk, trading(desk) as gateway:
            desk.server.faults.plan_answers("lose_request")
            assert (await gateway.submit(request(desk, "C-1"))).state == "unresolved"
            await until(lambda: desk.ledger.order("C-1")["absent_at"] is not None)
            assert (await gateway.resend("C-1")).reason == "absence_not_proved"
            assert (await gateway.submit(request(desk, "C-2"))).reason == "unresolved_order"
            desk.ledger.resolve("C-1", never_arrived=True, actor="anna")
            assert (await gateway.submit(request(desk, "C-3"))).state == "acknowledged"
            assert len(desk.there) == 1

    asyncio.run(story())
