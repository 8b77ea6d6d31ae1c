"""Publishes the breakers of a gateway for other processes. A failure here does not affect
sending.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from orderledger import Fenced
from orderledger.extend.runtime import EventLogger
from orderledger.extend.values import Clock
from orderledger.gateway.breakers import Breakers
from orderledger.gateway.lease_keeper import LeaseKeeper
from orderledger.gateway.published import PUBLISH_SECONDS, GatewayStatuses

log = EventLogger("orderledger.gateway")


class Publisher:
    """Publishes every `PUBLISH_SECONDS`, and at the end. `status`: of the ledger. Belongs to the
    gateway's event loop."""

    def __init__(
        self,
        statuses: GatewayStatuses,
        breakers: Breakers,
        keeper: LeaseKeeper,
        clock: Clock,
        status: Callable[[], dict[str, Any]],
    ) -> None:
        self._statuses = statuses
        self._breakers = breakers
        self._keeper = keeper
        self._clock = clock
        self._status = status

    async def run(self) -> None:
        """Publish until canceled. Without breakers, only remove what an earlier gateway of these
        accounts published."""
        while await self.publish(is_running=True):
            await asyncio.sleep(PUBLISH_SECONDS)

    async def publish(self, *, is_running: bool) -> bool:
        """Publish the state now. Returns False if there is nothing to publish again. Raises only
        cancellation.
        """
        try:
            if not (self._breakers or is_running):
                return False
            status = await asyncio.to_thread(self._status)
            now = self._clock.now()
            shown = self._breakers.shown(now, status)
            accounts = [account for account in self._keeper.accounts if self._is_ours(account)]
            about = {"holder": self._keeper.holder, "at": now.isoformat(), "is_running": is_running}
            given = {
                account: {**about, "breakers": shown[account]}
                for account in accounts
                if account in shown
            }
            if given:
                await asyncio.to_thread(self._statuses.write, given)
            without = [
                account
                for account in accounts
                if account not in shown and account in status["gateways"]
            ]
            if without:
                await asyncio.to_thread(self._statuses.remove, without)
            return bool(shown)
        except Exception as error:  # any error: orders are sent and halts are obeyed without it
            log.warning("the breakers cannot be published", error=str(error))
            return True

    def _is_ours(self, account: str) -> bool:
        """Whether this process holds the lease. It reports nothing about an account that another
        process holds.
        """
        try:
            self._keeper.fence(account)
        except Fenced:
            return False
        return True
