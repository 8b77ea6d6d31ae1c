"""Polls, in turn, the accounts that do not fit on the websockets."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from orderledger.venues.base.transport import happens_within
from orderledger.venues.base.venue import Down, Up
from orderledger.venues.errors import VenueError
from orderledger.venues.hyperliquid import payload_rows
from orderledger.venues.hyperliquid.message_context import Translated
from orderledger.venues.hyperliquid.rows import Row, Unreadable
from orderledger.venues.hyperliquid.venue_context import VenueContext
from orderledger.venues.hyperliquid.watching import WatchedAccount

OVERLAP = timedelta(minutes=1)
EMPTY_ROUND = 0.05


class Rotation:
    """A feed that queries account after account, as fast as the rate limit allows."""

    def __init__(self, accounts: Iterable[WatchedAccount], venue: VenueContext) -> None:
        self.accounts: deque[WatchedAccount] = deque(accounts)
        self._venue = venue
        self._ending = asyncio.Event()

    def add(self, account: WatchedAccount) -> None:
        """Poll one more account, and poll it next."""
        self.accounts.appendleft(account)

    async def disconnect(self) -> None:
        """Query no further account."""
        self._ending.set()

    def error_for(self, account: str) -> str | None:
        return next(
            (one.fault for one in self.accounts if one.name == account and not one.is_up), None
        )

    async def run(self) -> None:
        since = self._venue.clock.now()
        while not self._ending.is_set():
            round_ends = asyncio.get_running_loop().time() + self._venue.pace.round
            for _ in range(len(self.accounts)):
                account = self.accounts[0]
                self.accounts.rotate(-1)
                await self.look_at(account, since)
                if self._ending.is_set():
                    return
            now = asyncio.get_running_loop().time()
            await happens_within(
                self._ending, max(round_ends - now, 0.0) if self.accounts else EMPTY_ROUND
            )

    async def look_at(self, account: WatchedAccount, since: datetime) -> None:
        """Poll one account: its open orders, the fills since the last poll, and the orders that
        have disappeared.

        A failed poll changes nothing: the next one covers the same period.
        """
        at = self._venue.clock.now()
        try:
            lists = [
                await self._venue.endpoints.open_orders(account.address, name)
                for name in self._venue.exchanges
            ]
            fills = await self._venue.endpoints.fills(account.address, account.fills_at or since)
            fundings = await self._fundings(account, since, at)
        except VenueError as error:
            await self._went_down(account, since, str(error))
            return
        await self._came_up(account, at)
        translated = self._orders(account, lists)
        translated.add(self._fills(account, fills, since, at))
        translated.add(payload_rows.fundings(fundings, self._venue.polled(account, None)))
        await self._venue.deliver_all(account, translated, at=at, frames=len(lists) + 1)
        await self._explain(account, at)

    async def _went_down(self, account: WatchedAccount, since: datetime, reason: str) -> None:
        account.counts["failed_polls"] += 1
        account.fault = reason
        if account.is_up:
            account.is_up = False
            await self._venue.base.queue.put(
                Down(accounts=(account.name,), at=account.well_at or since, reason=reason)
            )

    async def _came_up(self, account: WatchedAccount, at: datetime) -> None:
        account.well_at, account.fault = at, None
        account.counts["polls"] += 1
        if not account.is_up:
            account.is_up = True
            await self._venue.base.queue.put(Up(accounts=(account.name,), at=at))

    async def _explain(self, account: WatchedAccount, at: datetime) -> None:
        with contextlib.suppress(VenueError):  # the next poll queries again
            translated = await self._venue.explain(account)
            await self._venue.deliver_all(account, translated, at=at)

    def _orders(self, account: WatchedAccount, lists: Sequence[list[Any]]) -> Translated:
        """Changed orders, without a time, as if they were pushed: their fills come in the same
        poll.
        """
        translated = Translated()
        for exchange, rows in zip(self._venue.exchanges, lists, strict=True):
            news = account.news(exchange, rows)
            translated.add(
                payload_rows.open_orders(news, account.legs, self._venue.polled(account, None))
            )
        return translated

    def _fills(
        self, account: WatchedAccount, rows: list[Any], since: datetime, at: datetime
    ) -> Translated:
        """The next poll begins at the time of the last fill, inclusive: others of that time may
        appear later. A future time is not used, because it would hide everything before it.
        """
        ends = (time if time <= at + OVERLAP else at - OVERLAP for time in _times(rows))
        account.fills_at = max([account.fills_at or since, *ends])
        news = account.unseen("fills", rows)
        return payload_rows.fills(rows, account.legs, self._venue.polled(account, None), news=news)

    async def _fundings(self, account: WatchedAccount, since: datetime, at: datetime) -> list[Any]:
        """Fundings and transfers, queried every `Pace.fundings`: fundings are due every hour."""
        asked_at = account.fundings_at or since
        if at - asked_at < timedelta(seconds=self._venue.pace.fundings):
            return []
        rows = await self._venue.endpoints.fundings(account.address, asked_at - OVERLAP)
        rows += await self._venue.endpoints.transfers(account.address, asked_at - OVERLAP)
        account.fundings_at = at
        return account.unseen("fundings", rows)


def _times(rows: Iterable[object]) -> list[datetime]:
    times = []
    for row in rows:
        try:
            moment = Row(row).moment("time")
        except Unreadable:
            continue
        if moment is not None:
            times.append(moment)
    return times
