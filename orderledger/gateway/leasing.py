"""Takes the leases of a gateway when it starts, and keeps them while it runs."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from orderledger import Sender, StoreError
from orderledger.extend.runtime import EventLogger, threads
from orderledger.gateway.book import Book
from orderledger.gateway.parts import GatewayParts

WATCH_SECONDS = 0.25
"""Seconds between two reads of the log."""

log = EventLogger("orderledger.gateway")


class Leasing:
    """`load`: loads the book. `forced`: accounts to take from another process at once."""

    def __init__(
        self, parts: GatewayParts, load: Callable[[Book], None], forced: Iterable[str]
    ) -> None:
        self._parts = parts
        self._keeper = parts.keeper
        self._load = load
        self._forced = frozenset(forced)

    async def take(self) -> None:
        """Wait for the leases. Meanwhile the state is loaded and follows the log: after a takeover
        only the last events are to be read, however long the day was.
        """
        is_taken = asyncio.Event()
        following = asyncio.create_task(self._follow_until(is_taken))
        try:
            await self._keeper.take(self._forced)
        finally:
            is_taken.set()
            await following

    async def _follow_until(self, is_taken: asyncio.Event) -> None:
        await threads.to_thread(self._load, self._parts.book)
        while not is_taken.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(WATCH_SECONDS):
                    await is_taken.wait()
            with suppress(StoreError):  # it is read again, and at the latest after the takeover
                await threads.to_thread(self._parts.book.catch_up)

    async def record_senders(self) -> None:
        """Record who sends for the accounts from now on."""
        for account in self._keeper.accounts:
            is_forced = account in self._keeper.forced
            fence = self._keeper.fence(account)
            changed = Sender(
                account=account,
                at=self._parts.clock.now(),
                holder=self._keeper.holder,
                fence=fence,
                is_forced=is_forced,
            )
            await self._parts.ledger.recording.arecord_together([changed], fence=fence)

    async def keep(self) -> None:
        """Renew the leases until canceled."""
        while True:
            await asyncio.sleep(self._keeper.pause)
            try:
                await threads.to_thread(self._keeper.renew)
            except Exception as error:  # without a renewal the leases end, and nothing is sent
                log.warning("leases cannot be renewed", error=str(error))
