"""An `AsyncLedger` behind the methods of `Ledger`: the tests of one are then tests of both.

A thread runs its event loop. Each call waits for the coroutine there; an asynchronous iterator is
read item by item. Private attributes, `internals` and methods that
are coroutines of `Ledger` are those of the ledger behind it.
"""

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, cast

from orderledger import AsyncLedger, Ledger
from orderledger.async_ledger import METHODS, NAMESPACES, OWN_THREAD, public_methods


class WaitingLedger:
    """Looks like the `Ledger` behind an `AsyncLedger`."""

    def __init__(self, of: Any, behind: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._of, self._behind, self._loop = of, behind, loop

    def __getattr__(self, name: str) -> Any:
        is_method = name in METHODS or name in public_methods(type(self._behind))
        if name in NAMESPACES and isinstance(self._of, AsyncLedger):
            return WaitingLedger(getattr(self._of, name), getattr(self._behind, name), self._loop)
        is_coroutine = inspect.iscoroutinefunction(inspect.unwrap(getattr(self._behind, name)))
        if name[:1] == "_" or name in OWN_THREAD or is_coroutine or not is_method:
            return getattr(self._behind, name)
        return lambda *arguments, **named: self._waited(getattr(self._of, name), arguments, named)

    def _waited(self, method: Any, arguments: Any, named: Any) -> Any:
        async def call() -> Any:
            made = method(*arguments, **named)
            return await made if isinstance(made, Coroutine) else made

        made = asyncio.run_coroutine_threadsafe(call(), self._loop).result()
        if isinstance(made, AsyncIterator):
            return self._read(made)
        if isinstance(made, asyncio.Future):
            return self._settled(made)
        return made

    def _read(self, items: Any) -> Iterator[Any]:
        try:
            while True:
                try:
                    item = asyncio.run_coroutine_threadsafe(anext(items), self._loop).result()
                except StopAsyncIteration:
                    return
                yield item
        finally:
            asyncio.run_coroutine_threadsafe(items.aclose(), self._loop).result()

    def _settled(self, future: "asyncio.Future[Any]") -> "Future[Any]":
        async def wait() -> Any:
            return await future

        return asyncio.run_coroutine_threadsafe(wait(), self._loop)


@contextmanager
def waiting(ledger: Ledger) -> Iterator[Ledger]:
    """The methods of `AsyncLedger` for this ledger, in the form of `Ledger`."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    around = AsyncLedger(ledger)
    try:
        yield cast(Ledger, WaitingLedger(around, ledger, loop))
    finally:
        asyncio.run_coroutine_threadsafe(around.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
