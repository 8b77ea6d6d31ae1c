"""Orders for an amount of the quote currency: their quantity is known once they have filled."""

import asyncio
import dataclasses
from decimal import Decimal
from typing import Any

import pytest

from orderledger import Gateway, Halt, Ledger, Request
from orderledger.simulation.local.order_entry import LocalOrderEntry
from tests.gateway.desk import ACCOUNT, BTC, in_a_loop, venue_of

PRICE = Decimal(64000)


class ForMoney(LocalOrderEntry):
    """A venue that takes such orders at one price, a few in a second: others wait for their turn,
    and are checked again."""

    def __init__(self, venue: Any) -> None:
        super().__init__(venue)
        self.abilities = dataclasses.replace(
            self.abilities, conditions=frozenset({"quote_quantity"}), orders_per_second=2
        )

    async def submit(self, order: Any) -> Any:
        assert order["quantity"] is None
        return await super().submit({**order, "quantity": order["quote_quantity"] / PRICE})


def order(name: str, **terms: Any) -> Request:
    usual = {"instrument": BTC, "side": "buy", "quote_quantity": "128000"}
    return Request(
        account=ACCOUNT, client_order_id=name, **{**usual, "order_type": "market", **terms}
    )


@pytest.fixture
def ledger() -> Any:
    with Ledger.open("memory://") as ledger:
        yield ledger


@in_a_loop
async def test_orders_for_money_are_sent_also_after_a_wait(ledger: Ledger) -> None:
    venue = venue_of()
    entry = ForMoney(venue)
    venue.exchange.submit(
        "others", instrument=BTC, side="sell", quantity="9", limit_price=str(PRICE)
    )
    async with Gateway(ledger, {ACCOUNT: entry}, clock=entry) as gateway:
        sent = await asyncio.gather(*(gateway.submit(order(f"M-{one}")) for one in range(4)))
        assert {(one.state, one.reason) for one in sent} == {("acknowledged", None)}, sent


@in_a_loop
async def test_a_reduce_halt_forbids_an_order_of_unknown_quantity(ledger: Ledger) -> None:
    venue = venue_of()
    entry = ForMoney(venue)
    async with Gateway(ledger, {ACCOUNT: entry}, clock=entry) as gateway:
        ledger.record(Halt(account=ACCOUNT, at=venue.now, mode="reduce", reason="test"))
        assert (await gateway.submit(order("M-1", side="sell"))).reason == "halted"
