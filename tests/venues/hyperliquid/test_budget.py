"""The rate limit of weight, and the delay of polled accounts that follows from it."""

import asyncio
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from orderledger.venues import VenueUnavailable
from orderledger.venues.base.transport import Http, RateLimiter
from orderledger.venues.hyperliquid.endpoints import HyperliquidEndpoints
from orderledger.venues.hyperliquid.limits import HyperliquidLimits
from orderledger.venues.hyperliquid.venue import Hyperliquid
from tests.seeds import long
from tests.venues.hyperliquid.harness import (
    ADDRESS,
    PACE,
    START,
    TERMS,
    listening,
    made_up,
    some,
)


def test_the_delay_is_what_the_budget_allows() -> None:
    def delays(accounts: int, **options: Any) -> float:
        return Hyperliquid(some(accounts), **options).delay_seconds

    assert delays(10) == 0.0
    assert delays(500) == 490 * 40 / 960 * 60 == 1225.0
    assert delays(500, limits=HyperliquidLimits(headroom=Fraction(0))) == 980.0
    assert delays(500, exchanges=["xyz"]) == 1837.5
    assert delays(11) == 10.0
    venue = Hyperliquid(some(12))
    assert [venue.delay_of(name) for name in ("hyperliquid:10", "hyperliquid:11")] == [0.0, 10.0]
    assert (len(venue.streamed), len(venue.polled)) == (10, 2)


@pytest.mark.slow
@pytest.mark.parametrize("count", [150, *long([500])])
def test_hundreds_of_accounts_fit(count: int) -> None:
    """A minute is a tenth of a second here: of 500, the 490 that are looked at in turn take some 20
    of them, as computed."""

    async def story() -> None:
        minute, accounts, polled = 0.1, some(count), count - 10
        server = made_up(minute=minute)
        order_of = {
            address: server.exchange.place(address, **TERMS).order_id
            for address in accounts.values()
        }
        limits, pace = HyperliquidLimits(minute=minute), replace(PACE, fundings=3600.0)
        async with listening(server, accounts=accounts, limits=limits, pace=pace) as harness:
            begun = asyncio.get_running_loop().time()
            await harness.until(lambda: len(harness.heard_of) == count)
            took = asyncio.get_running_loop().time() - begun
            assert {int(order["venue_order_id"]) for order in harness.ledger.orders()} == set(  # type: ignore[arg-type]
                order_of.values()
            )
            assert (len(harness.venue.streamed), len(harness.venue.polled)) == (10, polled)
            assert harness.venue.delay_seconds == polled * 40 * minute / 960
            # The first window is spent at once: no look can come earlier than that, whatever the
            # machine.
            assert took > harness.venue.delay_seconds - 2 * minute
            assert server.violations.total() == 0
            assert server.most_weight <= 1200

    asyncio.run(story())


def test_who_asks_for_too_much_is_refused() -> None:
    async def story() -> None:
        async with made_up(weight=100) as server:
            http = Http(server.http_url, attempts=1)
            questions = HyperliquidEndpoints(http, RateLimiter(1000))
            for _ in range(5):
                await questions.open_orders(ADDRESS, "")
            with pytest.raises(VenueUnavailable, match="429"):
                await questions.open_orders(ADDRESS, "")
            assert server.violations["weight"] == 1
            await http.aclose()

    asyncio.run(story())


def test_rows_of_answers_are_charged() -> None:
    async def story() -> None:
        async with made_up() as server:
            order = server.exchange.place(ADDRESS, **{**TERMS, "quantity": "1000"})
            for _ in range(50):
                server.exchange.fill(order, 1)
            rate_limiter = RateLimiter(1000)
            http = Http(server.http_url, rate_limiter=rate_limiter)
            await HyperliquidEndpoints(http, rate_limiter).fills(ADDRESS, START)
            assert rate_limiter.used == 20 + 3
            await http.aclose()

    asyncio.run(story())
