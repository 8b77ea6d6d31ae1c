"""A change that waits for its turn is not sent once a halt forbids it."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from orderledger import Gateway, Halt, Ledger
from orderledger.gateway import GatewaySettings
from orderledger.gateway.results import Sending
from orderledger.simulation.local import LocalVenue
from orderledger.simulation.local.order_entry import LocalOrderEntry
from tests.gateway.desk import ACCOUNT, BTC, buy, hear, in_a_loop, sell, until, venue_of

PAUSE_SECONDS = 1.5


@asynccontextmanager
async def trading(ledger: Ledger, venue: LocalVenue) -> AsyncIterator[Gateway]:
    """A gateway at a venue that states a rate, so that its requests may have to wait."""
    entry = LocalOrderEntry(venue)
    entry.abilities = dataclasses.replace(entry.abilities, orders_per_second=100, resizes=True)
    settings = GatewaySettings(lease_seconds=5.0)
    async with Gateway(ledger, {ACCOUNT: entry}, limits=settings, clock=entry) as gateway:
        yield gateway


async def changed(
    ledger: Ledger, venue: LocalVenue, gateway: Gateway, name: str, mode: str, **terms: str
) -> Sending:
    """Change an order during a pause of the venue, and halt while the change waits."""
    gateway._wired.parts.pacings[ACCOUNT].hold(PAUSE_SECONDS, "the venue answered 429")
    waiting = asyncio.create_task(gateway.replace(name, **terms))
    await until(lambda: ledger.order(name, account=ACCOUNT)["pending"] == "replace")
    ledger.record(Halt(account=ACCOUNT, at=venue.now, mode=mode, reason="test"))
    return await waiting


def at_venue(venue: LocalVenue, name: str) -> str:
    """The quantity that works at the venue. It replaces an order by another one of the same id."""
    (order,) = (one for one in venue.exchange.open_orders(ACCOUNT) if one.client_id == name)
    return format(order.quantity.normalize(), "f")


@pytest.mark.parametrize("mode", ["stop", "reduce"])
@in_a_loop
async def test_a_halt_denies_a_change_that_waits(ledger: Ledger, mode: str) -> None:
    venue = venue_of()
    async with trading(ledger, venue) as gateway:
        await gateway.submit(buy("C", price="60000"))
        sent = await changed(ledger, venue, gateway, "C", mode, quantity="0.9")
        assert (sent.state, sent.reason) == ("denied", "halted")
        row = ledger.order("C", account=ACCOUNT)
        assert (row["pending"], str(row["quantity"]), at_venue(venue, "C")) == (None, "0.5", "0.5")


@in_a_loop
async def test_a_change_that_only_reduces_passes_a_reduce_halt(ledger: Ledger) -> None:
    venue = venue_of()
    venue.exchange.submit("others", instrument=BTC, side="sell", quantity="1", limit_price="64000")
    async with trading(ledger, venue) as gateway:
        await gateway.submit(buy("P", quantity="1", price="64000"))
        hear(ledger, venue)
        await gateway.submit(sell("C", quantity="0.5", price="70000"))
        sent = await changed(ledger, venue, gateway, "C", "reduce", quantity="1")
        assert (sent.state, at_venue(venue, "C")) == ("acknowledged", "1")
        beyond = await gateway.replace("C", quantity="1.1")
        assert (beyond.state, beyond.reason) == ("denied", "halted")
