"""The reason of an order that is submitted again after it was denied or rejected."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from orderledger import Ledger, Rejected, Submit
from orderledger.gateway import Sending
from tests.gateway.desk import ACCOUNT, START, buy, trading, venue_of

LIMITS = {"limits": [{"order_quantity": "1"}]}
TOO_LARGE = "order_quantity: the quantity would become 5, the limit is 1"


@pytest.fixture
def ledger(store_url: str) -> Iterator[Ledger]:
    with Ledger.open(store_url) as opened:
        yield opened


def test_a_restarted_bot_reads_why_its_order_was_denied(ledger: Ledger) -> None:
    async def story() -> list[Sending]:
        venue = venue_of()
        async with trading(ledger, venue, LIMITS) as gateway:
            await gateway.submit(buy("C-1", quantity="5"))
            at_once = await gateway.submit(buy("C-1", quantity="5"))
        venue.advance(START + timedelta(minutes=1))
        async with trading(ledger, venue, LIMITS) as gateway:
            return [
                at_once,
                await gateway.submit(buy("C-1", quantity="5")),
                await gateway.submit(buy("C-1", quantity="1")),
            ]

    found = asyncio.run(story())
    assert [(one.state, one.reason) for one in found] == [
        ("refused", "duplicate"),
        ("refused", "order_ended"),
        ("refused", "duplicate_client_order_id"),
    ]
    assert all(str(one.text).endswith(f"it was denied before: {TOO_LARGE}") for one in found)


@pytest.mark.parametrize(
    ("text", "shown"), [("not enough margin", "not enough margin"), (None, "margin")]
)
def test_a_restarted_bot_reads_why_the_venue_rejected_its_order(
    ledger: Ledger, text: str | None, shown: str
) -> None:
    order: dict[str, Any] = {"account": ACCOUNT, "client_order_id": "C-1"}
    ledger.record_many([buy("C-1"), Submit(**order), Rejected(**order, reason="margin", text=text)])

    async def story() -> Sending:
        async with trading(ledger, venue_of()) as gateway:
            return await gateway.submit(buy("C-1"))

    found = asyncio.run(story())
    assert (found.state, found.reason) == ("refused", "already_submitted")
    assert found.text == f"it was rejected before: {shown}"
