"""Waits for new events of a log, whichever process records them.

A commit of this process ends a wait at once. A commit of another process is found by asking the
store for its last position. One thread queries for all waiting callers, and only while some wait.
"""

import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import suppress
from typing import TYPE_CHECKING

from orderledger.infrastructure.errors import StoreError
from orderledger.infrastructure.storage.recorder import LogRow
from orderledger.infrastructure.storage.store import Store, as_store_error, reaching
from orderledger.infrastructure.threads import to_thread

if TYPE_CHECKING:
    import asyncio

POLL_SECONDS = 0.05
"""Longest time until a commit of another process is noticed. A look takes a store some twenty
microseconds."""

ROWS_AT_ONCE = 1_000
"""Events in memory at a time: each may have a large payload of the venue."""


class Following:
    """Notices new events. Thread-safe: any number of threads and tasks may wait. `close` ends every
    wait."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._changed = threading.Condition()
        self._look_now = threading.Event()
        self._waiting = 0
        self._last = 0
        self._epoch = store.epoch.number
        self._failure: StoreError | None = None
        self._thread: threading.Thread | None = None
        self._tasks: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self.is_closed = False

    def notice(self) -> None:
        """Call after a commit of this process."""
        if self._waiting:
            self._look_now.set()

    def wait(self, after: int, timeout: float | None = None, *, epoch: int | None = None) -> int:
        """Wait until the log has an event after this position, and return its last position.
        `epoch`: in which the position was read; without it, it is of now.

        Returns the last known position when the time is over, or when the ledger is closed. Raises
        StoreError if the store cannot be asked, LogWentBack if the log has gone back since.
        """
        epoch = self._store.epoch.number if epoch is None else epoch
        with self._changed:
            self._begin()
            try:
                self._changed.wait_for(lambda: self._is_over(after, epoch), timeout)
            finally:
                self._waiting -= 1
            return self._result(epoch)

    async def await_events(
        self, after: int, timeout: float | None = None, *, epoch: int | None = None
    ) -> int:
        """The same without blocking the event loop."""
        import asyncio  # not above: most ledgers are used without it, and it takes long to load

        epoch = self._store.epoch.number if epoch is None else epoch
        waiter = (asyncio.get_running_loop(), asyncio.Event())
        with self._changed:
            self._tasks.add(waiter)
            self._begin()
        try:
            async with asyncio.timeout(timeout):
                while not self._is_over(after, epoch):
                    waiter[1].clear()
                    # a change between the two lines above has set the event in vain
                    if not self._is_over(after, epoch):
                        await waiter[1].wait()
        except TimeoutError:
            pass
        finally:
            with self._changed:
                self._tasks.discard(waiter)
                self._waiting -= 1
        return self._result(epoch)

    def batches(self, after: int, *, follow: bool = True) -> Generator[list[LogRow], None, None]:
        """The stored events after a position, in log order, some at a time. With `follow` it waits
        for new ones, and ends when the ledger is closed. Raises LogWentBack if the log goes back
        meanwhile."""
        epoch = self._store.epoch.number
        while rows := self._rows(after, follow=follow) or (follow and self._more(after, epoch)):
            self._store.epoch.check(epoch)
            yield rows
            after = rows[-1].position

    def _more(self, after: int, epoch: int) -> list[LogRow]:
        """Wait for the next events. None come once the ledger is closed."""
        while not self.is_closed:
            self.wait(after, epoch=epoch)
            self._store.epoch.check(epoch)
            if rows := self._rows(after, follow=True):
                return rows
        return []

    async def abatches(self, after: int) -> AsyncGenerator[list[LogRow], None]:
        """The same without blocking the event loop, and waiting for new events."""

        epoch = self._store.epoch.number
        while not self.is_closed:
            rows = await to_thread(self._rows, after, follow=True)
            self._store.epoch.check(epoch)
            if rows:
                yield rows
                after = rows[-1].position
            else:
                await self.await_events(after, epoch=epoch)

    def close(self) -> None:
        """End every wait."""
        with self._changed:
            self.is_closed = True
            self._notify_waiters()
        self._look_now.set()
        if self._thread is not None:
            self._thread.join()

    def _rows(self, after: int, *, follow: bool) -> list[LogRow]:
        """The next events. None if who follows the log meets a closed ledger."""
        try:
            with reaching(self._store.url or "the store"):
                return self._store.recorder.rows_after(after, ROWS_AT_ONCE)
        except StoreError:
            if follow and self.is_closed:
                return []
            raise

    def _is_over(self, after: int, epoch: int) -> bool:
        is_lost = self._store.epoch.number != epoch
        return is_lost or self._last > after or self.is_closed or self._failure is not None

    def _result(self, epoch: int) -> int:
        if not self.is_closed:
            self._store.epoch.check(epoch)
            if self._failure is not None:
                raise self._failure
        return self._last

    def _begin(self) -> None:
        """One more waits. The lock is held."""
        self._waiting += 1
        if self._waiting == 1:
            self._failure = None
        if self._thread is None and not self.is_closed:
            self._thread = threading.Thread(
                target=self._run, name="orderledger-following", daemon=True
            )
            self._thread.start()
        self._look_now.set()

    def _run(self) -> None:
        while not self.is_closed:
            self._look_now.wait(POLL_SECONDS if self._waiting else None)
            self._look_now.clear()
            if self._waiting:
                self._look()

    def _look(self) -> None:
        try:
            last, failure = self._store.recorder.last_position(), None
        except Exception as error:  # whoever waits gets it; the next wait asks again
            last, failure = self._last, as_store_error(error)
        epoch = self._store.epoch.number
        with self._changed:
            is_new = last != self._last or failure is not None or epoch != self._epoch
            self._epoch = epoch
            self._last, self._failure = last, failure
            if is_new:
                self._notify_waiters()

    def _notify_waiters(self) -> None:
        """Wake all that wait. The lock is held."""
        self._changed.notify_all()
        for loop, event in self._tasks:
            with suppress(RuntimeError):  # the loop was closed
                loop.call_soon_threadsafe(event.set)
