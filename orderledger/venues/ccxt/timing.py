"""ccxt's timestamps by the venue's clock. ccxt measures the difference to our clock once, when it
loads the markets; here it is kept, whatever our clock does meanwhile. Imports ccxt.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

from orderledger.venues.base.venue_clock import SECOND, VenueClock, elapsed
from orderledger.venues.ccxt.absence import EPOCH, MILLISECOND
from orderledger.venues.ccxt.calls import noted, present_call
from orderledger.venues.ccxt.importing import ccxt

ADJUSTS, DIFFERENCE = "adjustForTimeDifference", "timeDifference"
"""Options of ccxt: whether it measures the difference, and our clock minus the venue's, in
milliseconds."""
TIME_IN_SECONDS = frozenset({"kraken", "coinbase"})
"""Exchanges that state their time in whole seconds."""
COUNTING = frozenset({"kraken", "derive", "whitebit", "bullish"})
"""Exchanges that want a greater nonce with each request: a corrected clock may go back."""
ANSWER_SECONDS = 5.0


def timed(base: Any) -> Any:
    """A class of ccxt whose timestamps follow its `venue_clock`, if it has one."""

    async def fetch_time(self: Any, params: Any = None) -> Any:
        """Query the time, and note it. The reading begins after the wait for the rate limits, which
        would make the clock uncertain by as much."""
        began, clock = elapsed(), self.venue_clock
        with noted() as call:
            milliseconds = await base.fetch_time(self, params or {})
        if clock is not None and milliseconds is not None:
            sent = began if call.began is None else call.began
            clock.note(EPOCH + int(milliseconds) * MILLISECOND, resolution_of(self.id), sent)
        return milliseconds

    def nonce(self: Any) -> Any:
        """The time in milliseconds, by the venue's clock if it was read."""
        found = None if self.venue_clock is None else self.venue_clock.offset(EPOCH)
        if found is not None:
            self.options[DIFFERENCE] = self.milliseconds() - found[0] // MILLISECOND
        return base.nonce(self)

    async def fetch(
        self: Any, url: str, method: str = "GET", headers: Any = None, body: Any = None
    ) -> Any:
        """Read the venue's clock again if the venue refuses a timestamp. Raises TimeoutError when
        the call has no time left for an answer."""
        call = present_call()
        try:
            async with asyncio.timeout(None if call is None else call.seconds):
                return await base.fetch(self, url, method, headers, body)
        except ccxt.InvalidNonce:
            if self.venue_clock is not None and not self.is_reading_clock:
                await _read(self)
            raise

    async def load_markets(self: Any, *asked: Any, **more: Any) -> Any:
        """ccxt would send signed queries before it has measured."""
        await read_once(self)
        return await base.load_markets(self, *asked, **more)

    own = (fetch_time, nonce, fetch, load_markets)
    state = {"venue_clock": None, "is_reading_clock": False}
    return type(base.__name__, (base,), {**state, **{method.__name__: method for method in own}})


def adjusts_by_default(exchange: Any) -> bool:
    """Whether ccxt can correct the timestamps of this exchange, and nothing is lost by it."""
    return (
        DIFFERENCE in exchange.options
        and exchange.has.get("fetchTime") is True
        and exchange.id not in COUNTING
    )


def keep_time(exchange: Any) -> None:
    """Give the exchange a `venue_clock` if its option says that it adjusts."""
    if exchange.options.get(ADJUSTS) and adjusts_by_default(exchange):
        exchange.venue_clock = VenueClock(resolution=resolution_of(exchange.id))


def resolution_of(name: str) -> timedelta:
    """How precise the time of the exchange `name` is."""
    return SECOND if name in TIME_IN_SECONDS else MILLISECOND


async def read_once(exchange: Any) -> None:
    """Read the venue's clock unless it is known."""
    clock = getattr(exchange, "venue_clock", None)
    if clock is not None and not clock.is_known:
        await _read(exchange)


async def _read(exchange: Any) -> None:
    """Read the venue's clock. Without an answer it stays as it was, until the next reading."""
    exchange.is_reading_clock = True
    try:
        with noted(), suppress(Exception):
            async with asyncio.timeout(ANSWER_SECONDS):
                await exchange.fetch_time()
    finally:
        exchange.is_reading_clock = False
