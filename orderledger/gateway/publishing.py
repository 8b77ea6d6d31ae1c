"""Publishes the state of a gateway for other processes. A failure here does not affect
sending.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from orderledger import Fenced
from orderledger.extend.runtime import EventLogger, threads
from orderledger.extend.values import Clock
from orderledger.gateway.breakers import Breakers
from orderledger.gateway.lease_keeper import LeaseKeeper
from orderledger.gateway.published import PUBLISH_SECONDS, GatewayStatuses
from orderledger.gateway.venue_clocks import VenueClocks
from orderledger.venues.base.pauses import pause_until
from orderledger.venues.base.transport import Pacing

CLOCK_SECONDS = 30.0
"""Seconds between two publications of a gateway without breakers."""
ROUNDS = round(CLOCK_SECONDS / PUBLISH_SECONDS)

log = EventLogger("orderledger.gateway")


class Publisher:
    """Publishes the breakers every `PUBLISH_SECONDS`, with the offsets of the venues' clocks.
    Without breakers, the offsets every `CLOCK_SECONDS`, and each new pause of a venue as soon as it
    is seen. `status`: of the ledger. `pacings`: by account. Belongs to the gateway's event loop."""

    def __init__(
        self,
        statuses: GatewayStatuses,
        breakers: Breakers,
        keeper: LeaseKeeper,
        clock: Clock,
        clocks: VenueClocks,
        status: Callable[[], dict[str, Any]],
        pacings: Mapping[str, Pacing],
    ) -> None:
        self._statuses = statuses
        self._breakers = breakers
        self._keeper = keeper
        self._clock = clock
        self._clocks = clocks
        self._status = status
        self._pacings = pacings
        self._paused: set[str] = set()

    async def run(self) -> None:
        """Publish until canceled."""
        while True:
            await self.publish(is_running=True)
            for _ in range(1 if self._breakers else ROUNDS):
                await asyncio.sleep(PUBLISH_SECONDS)
                if self._paused_now() - self._paused:
                    break

    def _paused_now(self) -> set[str]:
        """The accounts whose venue has asked for a long pause."""
        now = self._clock.now()
        return {name for name, one in self._pacings.items() if pause_until(one, now) is not None}

    async def publish(self, *, is_running: bool) -> None:
        """Publish the state now, and remove what an earlier gateway of these accounts published if
        there is nothing. Raises only cancellation.
        """
        try:
            status = await threads.to_thread(self._status)
            now = self._clock.now()
            shown = self._breakers.shown(now, status)
            accounts = [account for account in self._keeper.accounts if self._is_ours(account)]
            about = {"holder": self._keeper.holder, "at": now.isoformat(), "is_running": is_running}
            self._paused = self._paused_now()
            clocks = {account: self._clocks.shown(account, now) for account in accounts}
            given = {
                account: {
                    **about,
                    "breakers": shown.get(account, []),
                    "clock": clocks[account],
                    "paused_until": pause_until(self._pacings.get(account), now),
                }
                for account in accounts
                if account in shown or clocks[account] is not None or account in self._paused
            }
            if given:
                await threads.to_thread(self._statuses.write, given)
            without = [
                account
                for account in accounts
                if account not in given and account in status["gateways"]
            ]
            if without:
                await threads.to_thread(self._statuses.remove, without)
        except Exception as error:  # any error: orders are sent and halts are obeyed without it
            log.warning("the breakers cannot be published", error=str(error))

    def _is_ours(self, account: str) -> bool:
        """Whether this process holds the lease. It reports nothing about an account that another
        process holds.
        """
        try:
            self._keeper.fence(account)
        except Fenced:
            return False
        return True
