"""Publishes each event of a log at least once, in the order of its stream, and continues where the
last run ended.

The log position of the last confirmed event is stored in the ledger, with the status of the
processes that work with it.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from orderledger.analytics.relay.sink import Sink, Unpublished, publications
from orderledger.extend.runtime import threads
from orderledger.extend.store import LogRow, collector_status

if TYPE_CHECKING:
    from orderledger import Ledger

SAVE_SECONDS = 1.0
"""Longest time between a confirmation and its note in the ledger. Events of this period are
published again after a kill.
"""

WAITS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds before each further attempt."""


class Relay:
    """Publishes the events of a ledger to one target, shown as `name` in the ledger's status."""

    def __init__(
        self,
        source: "Ledger",
        sink: Sink,
        name: str,
        *,
        report: Callable[[str], object] = lambda sentence: None,
    ) -> None:
        self._source = source
        self._sink = sink
        self._name = f"relay {name}"
        self._report = report
        self._statuses = collector_status.CollectorStatuses(source.internals.store.database)
        self._saved_at = 0.0
        self.position = 0
        self.published = 0

    async def run(self, *, after: int | None = None, is_once: bool = False) -> None:
        """Publish new events for ever, or with `is_once` up to the current end. `after`: begin
        after this log position, instead of where the last run ended.
        """
        self.position = self._noted() if after is None else after
        end = self._source.internals.store.recorder.last_position() if is_once else None
        try:
            known = await self._persist(self._sink.connect)
            if after is None:
                self.position = max(
                    self.position, min(known, self._source.internals.store.recorder.last_position())
                )
            if end is not None and self.position >= end:
                return
            async with aclosing(
                self._source.internals.following.abatches(self.position)
            ) as batches:
                async for rows in batches:
                    await self._publish(rows)
                    if end is not None and self.position >= end:
                        return
        finally:
            self._note()
            await self._sink.close()

    async def _publish(self, rows: list[LogRow]) -> None:
        batch = await threads.to_thread(publications, self._source.internals.store, rows)

        async def publish() -> int:
            await self._sink.publish(batch)
            return rows[-1].position

        self.position = await self._persist(publish)
        self.published += len(rows)
        if time.monotonic() - self._saved_at > SAVE_SECONDS:
            await threads.to_thread(self._note)

    async def _persist(self, attempt: Callable[[], Any]) -> int:
        """Repeat an attempt until the broker confirms. Reconnects between attempts."""
        failures = 0
        while True:
            try:
                if failures and attempt != self._sink.connect:
                    await self._sink.connect()
                found: int = await attempt()
            except Unpublished as fault:
                if not failures:
                    self._report(f"the broker does not confirm, trying again: {fault}")
                await self._sink.close()
                await asyncio.sleep(WAITS[min(failures, len(WAITS) - 1)])
                failures += 1
            else:
                if failures:
                    self._report("the broker confirms again")
                return found

    def _noted(self) -> int:
        noted = self._statuses.read().get(self._name, {}).get("position", 0)
        return min(int(noted), self._source.internals.store.recorder.last_position())

    def _note(self) -> None:
        self._statuses.write(self._name, {"position": self.position, "published": self.published})
        self._saved_at = time.monotonic()
