"""The clocks of the venues: when a request expires, and whether it has."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from orderledger.extend.runtime import EventLogger
from orderledger.extend.values import Clock
from orderledger.venues.base.absence import EXPIRED
from orderledger.venues.base.order_entry import OrderEntry
from orderledger.venues.base.venue_clock import VenueClock
from orderledger.venues.errors import NotSent, VenueError

MEASURE_SECONDS = 30.0
"""Age at which a reading of a venue's clock is renewed."""
LONG_TRIP, LONG_TRIP_SECONDS = 0.5, 5.0
"""A reading that took longer than the first is renewed at the second age: it delays proofs."""
RETRY_SECONDS = 1.0
ANSWER_SECONDS = 5.0
"""A slower answer says little about the clock."""
MILLISECOND = timedelta(milliseconds=1)

log = EventLogger("orderledger.gateway")


class VenueClocks:
    """The clocks of the venues of a gateway, by account. `clock`: our own."""

    def __init__(self, entries: Mapping[str, OrderEntry], clock: Clock) -> None:
        self._entries = entries
        self._clock = clock
        self._failed: set[str] = set()

    def of(self, account: str) -> VenueClock | None:
        """The venue's clock. None if the order entry does not measure it."""
        found: VenueClock | None = getattr(self._entries[account], "clock", None)
        return found

    def expiry_of_change(self, account: str, order_type: str | None) -> datetime | None:
        """As `expires_at`, for a request to change an order."""
        absence = self._entries[account].abilities.absence
        is_sent = absence is not None and absence.is_on_changes
        return self.expires_at(account, order_type) if is_sent else None

    def expires_at(self, account: str, order_type: str | None, waiting: int = 0) -> datetime | None:
        """The expiry for a request that is recorded now, by the venue's clock. None if the venue
        has no expiry. `waiting`: requests that are sent before it, at the venue's rate."""
        abilities = self._entries[account].abilities
        absence, rate = abilities.absence, abilities.orders_per_second
        if absence is None or not absence.covers(order_type):
            return None
        seconds = absence.expires_seconds + (waiting / rate if rate else 0.0)
        at = self._now(account) + timedelta(seconds=seconds)
        return at - timedelta(microseconds=at.microsecond % 1000)

    def expired(self, account: str, expires_at: datetime | None) -> NotSent | None:
        """Why a request is not sent: the venue would certainly refuse it as too late."""
        clock = self.of(account)
        now = None if clock is None else clock.at_least()
        if expires_at is None or now is None or now < expires_at:
            return None
        return NotSent(
            EXPIRED,
            f"it was recorded with the expiry {expires_at.isoformat()}, which the venue's clock "
            "has passed",
        )

    def shown(self, account: str, now: datetime) -> dict[str, Any] | None:
        """The offset of the venue's clock from ours, for other processes. None if it is not known.
        `now`: by our clock."""
        clock = self.of(account)
        found = None if clock is None else clock.offset(now)
        if found is None:
            return None
        offset, bound = found
        return {
            "offset_seconds": f"{offset.total_seconds():.3f}",
            "within_seconds": f"{bound.total_seconds():.3f}",
        }

    async def measure(self) -> None:
        """Read the clocks whose last reading is old."""
        await asyncio.gather(*(self._measure(account) for account in self._entries))

    async def run(self) -> None:
        """Measure until canceled."""
        while True:
            await self.measure()
            await asyncio.sleep(RETRY_SECONDS)

    async def _measure(self, account: str) -> None:
        clock = self.of(account)
        if clock is None:
            return
        most = MEASURE_SECONDS if clock.trip_seconds <= LONG_TRIP else LONG_TRIP_SECONDS
        if clock.is_known and (clock.age_seconds or 0.0) < most:
            return
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await clock.measure()
            self._failed.discard(account)
        except (VenueError, TimeoutError) as error:
            self._warn(account, error)
        except Exception as error:  # an unreadable answer: the clock stays as it was
            self._warn(account, error)

    def _warn(self, account: str, error: Exception) -> None:
        """Report the first failure of several."""
        if account not in self._failed:
            self._failed.add(account)
            log.warning("the venue's clock cannot be read", account=account, error=str(error))

    def _now(self, account: str) -> datetime:
        """The latest time that the venue's clock can show, or ours while it is not known."""
        clock = self.of(account)
        found = None if clock is None else clock.at_most()
        return self._clock.now() if found is None else found
