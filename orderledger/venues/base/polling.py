"""`PolledVenue`: a venue whose orders are queried every few seconds, account by account."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from orderledger.venues.base.base_venue import BaseVenue, Feed
from orderledger.venues.base.translation import Fault, Translation, as_text
from orderledger.venues.base.transport import happens_within
from orderledger.venues.base.venue import Down, Listing, Up
from orderledger.venues.errors import VenueError


class PolledVenue(BaseVenue):
    """Implements `listen` and `open_orders` by one query for an account's orders.

    It is repeated every `poll_seconds` while orders are open, and every `idle_seconds` otherwise.
    """

    poll_seconds: float = 2.0
    idle_seconds: float = 15.0

    # For subclasses to implement.

    async def order_rows(self, account: str) -> list[Any]:
        """The rows of all open orders, and of those that ended lately. Raises VenueError."""
        raise NotImplementedError

    def translate_orders(self, account: str, rows: Sequence[Any]) -> Translation:
        """The messages of such rows, an order's fills before its status. `questions` are orders
        whose rows lack information: they are translated again at the next query.
        """
        raise NotImplementedError

    def key_of(self, row: Any) -> str:
        """The key that identifies the order of a row. A row without a readable id is its own
        key.
        """
        return as_text(row)

    def open_ids(self, rows: Sequence[Any]) -> frozenset[str]:
        """The venue's ids of all orders in the rows that are not known to have ended, unreadable
        rows included."""
        raise NotImplementedError

    def missing_in(self, rows: Sequence[Any]) -> str | None:
        """Why rows may be missing among these. None if they are complete. Otherwise the account is
        Down, and these rows are delivered.
        """
        return None

    # Built on these.

    def make_feeds(self) -> Iterable[Feed]:
        return [PollFeed(self, account) for account in self.accounts]

    async def open_orders(self, account: str) -> Listing:
        """Messages about all orders of the list, and the ids of those that are open."""
        at = self.now()
        rows = await self.order_rows(account)
        return await self.listing(
            account, self.translate_orders(account, rows), self.open_ids(rows), at
        )


class PollFeed:
    """Queries the orders of one account repeatedly, and delivers the rows that have changed.

    The account is Up after the first answer, and Down when a query fails, dated at the last
    successful query.
    """

    def __init__(self, venue: PolledVenue, account: str) -> None:
        self.account = account
        self.is_up = False
        self._venue = venue
        self._well_at: datetime = venue.now()
        self._error: str | None = None
        self._has_open = True
        self._rows: dict[str, Any] = {}
        """Each row as last delivered, by its key."""
        self._faults: Sequence[Fault] = ()
        """The unreadable parts of the last changed rows."""
        self._wake = asyncio.Event()
        self._is_ending = False

    async def run(self) -> None:
        while not self._is_ending:
            self._wake.clear()
            await self._query()
            is_busy = self._has_open or not self.is_up
            await happens_within(
                self._wake, self._venue.poll_seconds if is_busy else self._venue.idle_seconds
            )

    def query_soon(self) -> None:
        """Do not wait until the next query is due."""
        self._wake.set()

    async def disconnect(self) -> None:
        """The running query is the last."""
        self._is_ending = True
        self._wake.set()

    def error_for(self, account: str) -> str | None:
        return self._error if account == self.account else None

    async def _query(self) -> None:
        asked_at = self._venue.now()
        try:
            rows = await self._venue.order_rows(self.account)
        except VenueError as error:
            await self._went_down(str(error))
            return
        missing = self._venue.missing_in(rows)
        if missing is not None:
            await self._went_down(missing)
        elif not self.is_up:
            self.is_up, self._error = True, None
            await self._venue.queue.put(Up(accounts=[self.account], at=asked_at))
        if missing is None:
            self._well_at = asked_at
        self._has_open = bool(self._venue.open_ids(rows))
        translation = self._venue.translate_orders(self.account, self._changed(rows))
        for venue_order_id in translation.questions:
            self._rows.pop(venue_order_id, None)
            self._has_open = True
        known, self._faults = self._faults, translation.faults
        await self.deliver(
            replace(translation, faults=[one for one in translation.faults if one not in known])
        )

    async def deliver(self, translation: Translation) -> None:
        """Deliver messages and faults about this account."""
        await self._venue.deliver(self.account, translation.messages)
        await self._venue.deliver_faults([self.account], translation.faults, self._venue.now())

    async def _went_down(self, reason: str) -> None:
        """Deliver Down once, dated at the last successful query; before the first answer, at the
        start of listening.
        """
        was_down, self.is_up, self._error = self._error is not None, False, reason
        if not was_down:
            await self._venue.queue.put(
                Down(accounts=[self.account], at=self._well_at, reason=reason)
            )

    def _changed(self, rows: list[Any]) -> list[Any]:
        keyed = {self._venue.key_of(row): row for row in rows}
        changed = [row for key, row in keyed.items() if self._rows.get(key) != row]
        self._rows = keyed
        return changed
