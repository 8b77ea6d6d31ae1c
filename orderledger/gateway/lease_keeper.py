"""Takes the leases of a gateway's accounts, renews them, and checks whether they still hold.

A lease ends for its holder before it ends for others: the holder counts from before it raised the
beat, and stops a margin early. Another process counts from when it saw the beat.
"""

import asyncio
from collections.abc import Callable, Iterable

from orderledger import Fenced
from orderledger.extend.runtime import threads
from orderledger.gateway.leases import Lease, Leases
from orderledger.gateway.process import elapsed, holder, is_dead, this_process

LOOKS_PER_TERM = 20
RENEWALS_PER_TERM = 4
MARGIN = 0.2
"""Share of the term that the holder gives up, because clocks run at different speeds."""


class LeaseKeeper:
    """The leases of this process. `seconds`: the term. `elapsed`: see `process.elapsed`. `epoch`
    changes when the log goes back, and the leases with it. Not thread-safe: it belongs to the
    gateway's event loop.
    """

    def __init__(
        self,
        leases: Leases,
        accounts: Iterable[str],
        name: str,
        seconds: float,
        elapsed: Callable[[], float] = elapsed,
        *,
        epoch: Callable[[], int],
    ) -> None:
        self.accounts = tuple(accounts)
        self.holder = holder(name)
        self.forced: set[str] = set()
        self._leases = leases
        self._seconds = seconds
        self._elapsed = elapsed
        self._epoch, self._taken_in = epoch, epoch()
        self._fences: dict[str, int] = {}
        self._holds_until: dict[str, float] = {}

    async def take(self, forced: Iterable[str] = ()) -> None:
        """Take all leases. Waits for those that others hold, or takes those in `forced` at once."""
        for account in self.accounts:
            await self._take(account, is_forced=account in set(forced))

    def fence(self, account: str) -> int:
        """The fence under which orders for the account may be sent. Raises Fenced if it is not
        certain that the lease still holds.
        """
        if self._taken_in != self._epoch():
            raise Fenced(
                account,
                "the log went back, and orders at the venue may be lost: reconcile, then start "
                "the gateway again",
            )
        fence = self._fences.get(account)
        if fence is None:
            raise Fenced(account, "this process has no lease")
        if self._elapsed() >= self._holds_until[account]:
            raise Fenced(
                account,
                "the lease was not renewed in time: this process was paused, or the store could "
                "not be reached",
            )
        return fence

    def renew(self) -> None:
        """Raise the beat of every lease. Blocking. A lease that another process took is lost for
        good."""
        for account, fence in list(self._fences.items()):
            began = self._elapsed()
            if self._leases.renew(account, fence):
                self._holds_until[account] = began + self._term
            else:
                self.lose(account)

    def lose(self, account: str) -> None:
        """Send nothing more for the account."""
        self._fences.pop(account, None)

    def release(self) -> None:
        """Release all leases, so that the next process need not wait. Blocking."""
        for account, fence in list(self._fences.items()):
            self.lose(account)
            self._leases.release(account, fence)

    @property
    def pause(self) -> float:
        """Seconds between two renewals."""
        return self._seconds / RENEWALS_PER_TERM

    @property
    def _term(self) -> float:
        return self._seconds * (1 - MARGIN)

    async def _take(self, account: str, *, is_forced: bool) -> None:
        seen = await threads.to_thread(self._leases.read, account)
        seen_at = self._elapsed()
        while True:
            if is_forced or _is_free(seen) or self._elapsed() - seen_at >= self._seconds:
                began = self._elapsed()
                fence = await threads.to_thread(
                    self._leases.take, account, self.holder, this_process(), seen=seen
                )
                if fence is not None:
                    self._fences[account], self._holds_until[account] = fence, began + self._term
                    if is_forced and not _is_free(seen):
                        self.forced.add(account)
                    return
            else:
                await asyncio.sleep(self._seconds / LOOKS_PER_TERM)
            now = await threads.to_thread(self._leases.read, account)
            if now != seen:
                seen, seen_at = now, self._elapsed()


def _is_free(lease: Lease | None) -> bool:
    return (
        lease is None
        or lease.holder is None
        or (lease.process is not None and is_dead(lease.process))
    )
