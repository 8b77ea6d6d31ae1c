"""How often the gateway reads the clock of a venue."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from orderledger.extend.values import SystemClock
from orderledger.gateway.venue_clocks import VenueClocks
from orderledger.venues.base.venue_clock import VenueClock

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.mark.parametrize(("trip", "readings"), [(0.1, 2), (3.0, 3)])
def test_a_reading_that_took_long_is_soon_renewed(trip: float, readings: int) -> None:
    """It would delay the proof of an absence by as much."""
    seconds, read = [0.0], []

    async def ask() -> datetime:
        read.append(seconds[0])
        seconds[0] += trip if len(read) < 3 else 0.1
        return AT + timedelta(seconds=seconds[0])

    async def story() -> None:
        entry: Any = SimpleNamespace(clock=VenueClock(ask, elapsed=lambda: seconds[0]))
        clocks = VenueClocks({"sim:main": entry}, SystemClock())
        while seconds[0] < 44:
            await clocks.measure()
            seconds[0] += 1.0

    asyncio.run(story())
    assert len(read) == readings, read
