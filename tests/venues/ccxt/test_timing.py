"""Our clock and the exchange's differ, or one of them is set meanwhile: trading goes on."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import ccxt.async_support
import pytest

from orderledger import Gateway, Ledger, Request
from orderledger.extend.values import SystemClock
from orderledger.venues import VenueError
from orderledger.venues.ccxt.exchange import connected
from orderledger.venues.ccxt.settings import CcxtSettings
from orderledger.venues.ccxt.timing import COUNTING
from tests.venues.ccxt.harness import ACCOUNT, Account

WIDE = 30
"""Seconds beyond every window."""
KEYS = {"apiKey": {"env": "ANY_KEY"}, "secret": {"env": "ANY_KEY"}}


class VenuesClock:
    """`ahead` of ours, in seconds."""

    ahead = 0.0

    def now(self) -> datetime:
        return SystemClock().now() + timedelta(seconds=self.ahead)


def play(
    story: Callable[[Account, VenuesClock], Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
    *,
    ahead: float = 0.0,
) -> None:
    async def whole() -> None:
        account, clock = Account("binanceusdm"), VenuesClock()
        account.ledger = Ledger.open("memory://")
        account.market.clock = clock
        account.server.checks_time_of_queries = True  # type: ignore[attr-defined]
        clock.ahead = ahead
        async with account.open(monkeypatch):
            await story(account, clock)

    asyncio.run(whole())


def trading(account: Account) -> Gateway:
    return Gateway(account.ledger, {ACCOUNT: account.entry}, venues={ACCOUNT: account.venue})


def request(account: Account, name: str) -> Request:
    terms = {**account.terms(), "order_type": "limit"}
    return Request(account=ACCOUNT, client_order_id=name, **terms)


def set_ours(exchange: Any, seconds: float) -> None:
    """Our clock as ccxt reads it is set forward, or back."""
    shown = type(exchange).milliseconds
    exchange.milliseconds = lambda: shown() + int(seconds * 1000)


@pytest.mark.parametrize("ahead", [-WIDE, -2.0, 0.0, 2.0, WIDE])
def test_a_clock_that_differs_stops_neither_orders_nor_queries(
    ahead: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(account: Account, clock: VenuesClock) -> None:
        assert (await account.entry.permissions()).can_trade
        async with trading(account) as gateway:
            one = await gateway.submit(request(account, "C-1"))
            assert one.state == "acknowledged", one
        assert len((await account.venue.open_orders(ACCOUNT)).venue_order_ids) == 1
        assert account.server.too_late == 0  # type: ignore[attr-defined]

    play(story, monkeypatch, ahead=ahead)


@pytest.mark.parametrize("seconds", [-WIDE, -2.0, 2.0, WIDE])
def test_orders_and_queries_go_on_when_our_clock_is_set(
    seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(account: Account, clock: VenuesClock) -> None:
        async with trading(account) as gateway:
            assert (await gateway.submit(request(account, "C-1"))).state == "acknowledged"
            await account.venue.open_orders(ACCOUNT)
            for exchange in (account.entry._exchange, account.venue.exchange):
                set_ours(exchange, seconds)
            one = await gateway.submit(request(account, "C-2"))
            assert one.state == "acknowledged", one
            listing = await account.venue.open_orders(ACCOUNT)
            assert len(listing.venue_order_ids) == 2
        assert account.server.too_late == 0  # type: ignore[attr-defined]

    play(story, monkeypatch)


@pytest.mark.parametrize("ahead", [-WIDE, -2.0, 2.0, WIDE])
def test_orders_and_queries_go_on_when_the_exchanges_clock_is_set(
    ahead: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first refused timestamp has the clock read again."""

    async def story(account: Account, clock: VenuesClock) -> None:
        async with trading(account) as gateway:
            assert (await gateway.submit(request(account, "C-1"))).state == "acknowledged"
            await account.venue.open_orders(ACCOUNT)
            clock.ahead = ahead
            first = await gateway.submit(request(account, "C-2"))
            is_within = ahead == 2.0  # the window of 5 seconds covers it
            assert first.state == ("acknowledged" if is_within else "rejected"), first
            second = await gateway.submit(request(account, "C-3"))
            assert second.state == "acknowledged", second
            with suppress(VenueError):  # the gateway may have queried already
                await account.venue.open_orders(ACCOUNT)
            assert (await account.venue.open_orders(ACCOUNT)).venue_order_ids

    play(story, monkeypatch)


def test_the_option_of_the_user_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(account: Account, clock: VenuesClock) -> None:
        options = {"adjustForTimeDifference": False}
        exchange = connected(account.settings(options=options))
        assert exchange.venue_clock is None
        await exchange.load_markets()
        assert exchange.options["timeDifference"] == 0
        await exchange.close()

    play(story, monkeypatch, ahead=2.0)


def test_which_exchanges_are_corrected(monkeypatch: pytest.MonkeyPatch) -> None:
    """All whose nonce ccxt corrects, but those that count their nonces."""
    monkeypatch.setenv("ANY_KEY", "c2VjcmV0")
    corrected = set()
    for name in ("binance", "binanceusdm", "bybit", "mexc", "htx", "kraken", "bitstamp"):
        settings = {"venue": "ccxt", "exchange": name, "account": ACCOUNT, "credentials": KEYS}
        exchange = connected(CcxtSettings.model_validate(settings))
        if exchange.options.get("adjustForTimeDifference"):
            assert exchange.venue_clock is not None
            corrected.add(name)
    assert corrected == {"binance", "binanceusdm", "bybit", "mexc", "htx"}
    assert set(ccxt.async_support.exchanges) >= COUNTING


def test_a_wait_for_the_rate_limits_does_not_make_the_clock_uncertain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The estimate is the middle of the bounds. With the wait in it, timestamps were ahead by half
    of it, and Binance refuses those that are a second ahead."""

    async def story(account: Account, clock: VenuesClock) -> None:
        assert account.entry.pacing is not None
        account.entry.pacing.hold(2.5, "the test")
        await account.venue.exchange.fetch_time()
        await account.entry.clock.measure()
        for read in (account.venue.exchange.venue_clock, account.entry.clock):
            found = read.offset(SystemClock().now())
            assert found is not None
            offset, bound = found
            assert abs(offset.total_seconds()) < 0.5 and bound.total_seconds() < 0.5

    play(story, monkeypatch)
