"""Order entry of a world: the local venue behind its lossy line, with calls that take virtual
time."""

import asyncio
import dataclasses
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from random import Random

from orderledger.infrastructure.messages.registry import Message
from orderledger.projections.view import Row
from orderledger.simulation.local import LocalVenue
from orderledger.simulation.local.order_entry import LocalOrderEntry
from orderledger.venues.base.absence import Absence
from orderledger.venues.base.order_entry import Sent

EXPIRES_SECONDS = 5.0
"""A late request may be on its way for much longer."""
LAG_SECONDS = 1.0

AHEAD_SECONDS = 2.0


def absence_at(venue: LocalVenue) -> Absence:
    """The bounds of this world's venue."""
    faults = venue._line.faults
    margin = faults.engine_seconds + faults.listed_after_seconds + LAG_SECONDS
    return Absence(expires_seconds=EXPIRES_SECONDS, margin_seconds=margin)


class WorldEntry(LocalOrderEntry):
    """Other tasks run before each call and until the venue's clock has come. `sent`: how often each
    order was handed over."""

    def __init__(
        self, venue: LocalVenue, sent: Counter[str], chance: Random, *, start: datetime, batch: int
    ) -> None:
        super().__init__(venue)
        self.abilities = dataclasses.replace(
            self.abilities,
            batch=batch,
            cancels_by_client_id=chance.random() < 0.7,
            absence=absence_at(venue),
        )
        self._sent = sent
        self._chance = chance
        self._start = start

    async def submit(self, order: Row) -> Sent:
        await self._pause()
        self._sent[order["client_order_id"]] += 1
        try:
            return await super().submit(order)
        finally:
            await self._pause()

    async def submit_many(self, orders: Sequence[Row]) -> Sequence[Sent | Exception]:
        """One after the other, so that a batch takes long."""
        results: list[Sent | Exception] = []
        for order in orders:
            try:
                results.append(await self.submit(order))
            except Exception as error:
                results.append(error)
        return results

    async def cancel(self, order: Row, request_id: str) -> Sent:
        await self._pause()
        return await super().cancel(order, request_id)

    async def replace(self, order: Row, request: Row) -> Sent:
        await self._pause()
        return await super().replace(order, request)

    async def order(self, account: str, order: Row) -> list[Message] | None:
        await self._pause()
        found = await super().order(account, order)
        await self._pause()
        return found

    async def _pause(self) -> None:
        """A call waits for its turn where the calls before have taken the venue's clock ahead of
        the machines'."""
        ahead = (self.venue.now - self._start).total_seconds() - asyncio.get_running_loop().time()
        await asyncio.sleep(max(0.0, ahead - AHEAD_SECONDS))
        await asyncio.sleep(self._chance.choice((0.0, 0.001, 0.02, 0.3)))
