"""`WatchFeed`: ccxt.pro's pushes, in addition to the queries.

ccxt reports neither when a subscription is confirmed nor what was missed. So the queries decide
whether an account is up, and they run again after each new connection: a push only brings news
sooner.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from orderledger.venues.base.polling import PollFeed
from orderledger.venues.base.translation import Translation
from orderledger.venues.base.transport import Backoff
from orderledger.venues.ccxt.exchange import shown

MOST_WAITING = 1_000
"""Limit in updates. Beyond it a push is dropped, and the orders and trades are queried."""
SETTLED_SECONDS = 1.0
"""A subscription counts as active after this long: earlier events are queried."""


class WatchFeed:
    """Watches orders or trades by calling one method of ccxt repeatedly.

    Its rows are translated at once: ccxt changes them at the next update. An update between two
    calls would wait for the next one, so nothing is awaited between them, and a second task
    delivers.
    """

    def __init__(
        self,
        exchange: Any,
        poll: PollFeed,
        method: str,
        translate: Callable[[list[Any]], Translation],
        backoff: Backoff,
        *,
        settled_seconds: float,
    ) -> None:
        self._exchange = exchange
        self._settled_seconds = settled_seconds
        self._poll = poll
        self._method = method
        self._translate = translate
        self._backoff = backoff
        self._waiting: asyncio.Queue[Translation | None] = asyncio.Queue(MOST_WAITING)
        self._error: str | None = None
        self._watching: asyncio.Task[None] | None = None

    async def run(self) -> None:
        self._watching = asyncio.create_task(self._watch())
        self._watching.add_done_callback(lambda _: self._put(None))
        try:
            while (translation := await self._waiting.get()) is not None:
                if self._poll.is_up:
                    await self._poll.deliver(translation)
                else:
                    self._poll.query_soon()
        finally:
            self._watching.cancel()

    async def disconnect(self) -> None:
        """Stop watching. Received updates are delivered."""
        if self._watching is not None:
            self._watching.cancel()

    def error_for(self, account: str) -> str | None:
        return self._error

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            settled = loop.call_later(self._settled_seconds, self._settled)
            try:
                while True:
                    rows = await getattr(self._exchange, self._method)()
                    self._put(self._translate(list(rows)))
            except Exception as error:  # error of ccxt, or of its parsers
                self._error = f"{self._method}: {shown(error)}"
            finally:
                settled.cancel()
            self._poll.query_soon()
            await asyncio.sleep(self._backoff.next())

    def _settled(self) -> None:
        self._error = None
        self._backoff.reset()
        self._poll.query_soon()

    def _put(self, translation: Translation | None) -> None:
        if translation is None and self._waiting.full():
            self._waiting.get_nowait()
        try:
            self._waiting.put_nowait(translation)
        except asyncio.QueueFull:
            self._poll.query_soon()
