"""A venue that takes ten orders a second: the gateway delays what is more, and cancels go first."""

import asyncio
import time
from collections import Counter

import pytest
from aiohttp import web

from orderledger import Gateway, Ledger
from orderledger.gateway import GatewaySettings, SendingState
from orderledger.gateway.results import Sending
from orderledger.infrastructure.clock import SystemClock
from orderledger.simulation.market import EntryRules, ExchangeSimulator
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.quotas import Quota, Quotas
from orderledger.venues.base.order_entry import EntryAbilities
from tests.gateway.desk import ACCOUNT, buy, until
from tests.gateway.processes.http_venue import ABSENCE, HttpEntry, HttpVenue

SETTINGS = GatewaySettings(patience_seconds=60.0, lease_seconds=5.0)


class CountingVenue(HttpVenue):
    """Orders and cancels count in one window, by an account."""

    def __init__(self, rate: int) -> None:
        exchange = ExchangeSimulator(
            clock=SystemClock(), accounts=[ACCOUNT], rules=EntryRules(client_ids="any")
        )
        super().__init__(exchange, ACCOUNT, lambda name: True, Faults(1))
        costs = {"POST /orders": {"orders": 1}, "DELETE /orders": {"orders": 1}}
        self.quotas = Quotas([Quota("orders", rate, 1.0)], costs)

    async def name_of(self, request: web.Request) -> str:
        return f"{request.method} /orders"


class PacedEntry(HttpEntry):
    """States a rate, and leaves the waiting to the gateway."""

    def __init__(self, url: str, rate: float) -> None:
        super().__init__(url)
        self.abilities = EntryAbilities(
            cancels_by_client_id=True, orders_per_second=rate, absence=ABSENCE
        )


async def burst(
    rate: int, count: int
) -> tuple[Counter[SendingState], list[Sending], float, CountingVenue]:
    """Send a burst; meanwhile cancel the first order, and the last one that waits."""
    with Ledger.open("memory://", update_views=False) as ledger:
        async with CountingVenue(rate) as venue:
            entry = PacedEntry(venue.http_url, rate)
            async with Gateway(ledger, {ACCOUNT: entry}, limits=SETTINGS) as gateway:
                orders = [
                    gateway.submit_soon(buy(f"C-{one}", price="60000", time_in_force="gtc"))
                    for one in range(count)
                ]
                await until(lambda: venue.arrived["C-0"] and orders[0].done())
                asked_at = time.monotonic()
                cancels = await asyncio.gather(
                    gateway.cancel("C-0"), gateway.cancel(f"C-{count - 1}")
                )
                passed = time.monotonic() - asked_at
                waiting = sum(not one.done() for one in orders)
                assert waiting > count - 3 * rate, "the cancels overtook the orders"
                states = Counter(one.state for one in await asyncio.gather(*orders))
            await entry.aclose()
            return states, list(cancels), passed, venue


def judge(rate: int, count: int) -> None:
    states, cancels, passed, venue = asyncio.run(burst(rate, count))
    assert venue.quotas is not None
    assert (venue.quotas.refused, venue.quotas.too_early) == (Counter(), 0)
    assert states == {"acknowledged": count - 1, "denied": 1}
    assert [one.state for one in cancels] == ["acknowledged", "denied"]
    assert cancels[1].reason == "withdrawn"
    assert venue.arrived[f"C-{count - 1}"] == 0, "an order canceled while it waits is never sent"
    assert passed < 2.0, "a cancel waits for one turn, not for the orders before it"
    assert max(venue.arrived.values()) == 1


def test_a_burst_is_delayed_and_cancels_overtake_it() -> None:
    judge(20, 80)


@pytest.mark.slow
def test_two_hundred_orders_at_ten_a_second_meet_no_refusal() -> None:
    judge(10, 200)


def test_an_order_that_would_wait_longer_than_its_patience_is_not_sent() -> None:
    async def story() -> tuple[Counter[str | None], int]:
        settings = SETTINGS.model_copy(update={"patience_seconds": 0.5})
        with Ledger.open("memory://", update_views=False) as ledger:
            async with CountingVenue(2) as venue:
                entry = PacedEntry(venue.http_url, 2)
                async with Gateway(ledger, {ACCOUNT: entry}, limits=settings) as gateway:
                    found = await gateway.submit_many(
                        [buy(f"C-{one}", price="60000", time_in_force="gtc") for one in range(6)]
                    )
                await entry.aclose()
                return Counter(one.reason for one in found), sum(venue.arrived.values())

    assert asyncio.run(story()) == ({None: 2, "rate_limited": 4}, 2)


def test_a_halt_stops_the_orders_that_wait() -> None:
    async def story() -> tuple[Counter[str | None], int]:
        from orderledger import Halt

        with Ledger.open("memory://", update_views=False) as ledger:
            async with CountingVenue(2) as venue:
                entry = PacedEntry(venue.http_url, 2)
                async with Gateway(ledger, {ACCOUNT: entry}, limits=SETTINGS) as gateway:
                    orders = [
                        gateway.submit_soon(buy(f"C-{one}", price="60000", time_in_force="gtc"))
                        for one in range(6)
                    ]
                    await until(lambda: sum(venue.arrived.values()) == 2)
                    ledger.record(Halt(account=ACCOUNT, at=SystemClock().now()))
                    found = await asyncio.gather(*orders)
                await entry.aclose()
                return Counter(one.reason for one in found), sum(venue.arrived.values())

    assert asyncio.run(story()) == ({None: 2, "halted": 4}, 2)
