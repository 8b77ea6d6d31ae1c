"""Publishes each event of a log at least once, in the order of its stream, and goes on where the
last run ended.

The log position of the last confirmed event is kept in the ledger, with the status of the processes
that work with it.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Any, Protocol

from orderledger.analytics.relay.sink import Sink, Unpublished, publications
from orderledger.extend.store import CollectorStatuses, Store
from orderledger.extend.store import LogRow as Row
from orderledger.extend.views import Following

SAVE_SECONDS = 1.0
"""Longest time between a confirmation and its note in the ledger: after a kill so much is published
again."""

WAITS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds before each further attempt."""


class Source(Protocol):
    """A ledger."""

    @property
    def store(self) -> Store: ...

    @property
    def following(self) -> Following: ...


class Relay:
    """Publishes the events of a ledger to one target, named `name` in the ledger's status."""

    def __init__(
        self,
        source: Source,
        sink: Sink,
        name: str,
        *,
        say: Callable[[str], object] = lambda sentence: None,
    ) -> None:
        self._source = source
        self._sink = sink
        self._name = f"relay {name}"
        self._say = say
        self._statuses = CollectorStatuses(source.store.database)
        self._saved_at = 0.0
        self.position = 0
        self.published = 0

    async def run(self, *, after: int | None = None, is_once: bool = False) -> None:
        """Publish what is new, for ever, or with `is_once` up to the present end. `after`: begin
        after this log position, wherever the last run ended."""
        self.position = self._noted() if after is None else after
        end = self._source.store.recorder.last_position() if is_once else None
        try:
            known = await self._persist(self._sink.connect)
            if after is None:
                self.position = max(
                    self.position, min(known, self._source.store.recorder.last_position())
                )
            if end is not None and self.position >= end:
                return
            async with aclosing(self._source.following.abatches(self.position)) as batches:
                async for rows in batches:
                    await self._publish(rows)
                    if end is not None and self.position >= end:
                        return
        finally:
            self._note()
            await self._sink.close()

    async def _publish(self, rows: list[Row]) -> None:
        told = await asyncio.to_thread(publications, self._source.store, rows)

        async def publish() -> int:
            await self._sink.publish(told)
            return rows[-1].position

        self.position = await self._persist(publish)
        self.published += len(rows)
        if time.monotonic() - self._saved_at > SAVE_SECONDS:
            await asyncio.to_thread(self._note)

    async def _persist(self, attempt: Callable[[], Any]) -> int:
        """Repeat an attempt until the broker confirms. Connects anew in between."""
        failures = 0
        while True:
            try:
                if failures and attempt != self._sink.connect:
                    await self._sink.connect()
                found: int = await attempt()
            except Unpublished as fault:
                if not failures:
                    self._say(f"the broker does not confirm, trying again: {fault}")
                await self._sink.close()
                await asyncio.sleep(WAITS[min(failures, len(WAITS) - 1)])
                failures += 1
            else:
                if failures:
                    self._say("the broker confirms again")
                return found

    def _noted(self) -> int:
        noted = self._statuses.read().get(self._name, {}).get("position", 0)
        return min(int(noted), self._source.store.recorder.last_position())

    def _note(self) -> None:
        self._statuses.write(self._name, {"position": self.position, "published": self.published})
        self._saved_at = time.monotonic()
