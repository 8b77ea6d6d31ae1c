"""Accounts that are looked at in turn: those for which there is no room on the websockets."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from orderledger.infrastructure.errors import VenueError
from orderledger.infrastructure.venues.base.transport import happens_within
from orderledger.infrastructure.venues.base.venue import Down, Up
from orderledger.infrastructure.venues.hyperliquid import payload_rows
from orderledger.infrastructure.venues.hyperliquid.message_context import Translated
from orderledger.infrastructure.venues.hyperliquid.rows import Row, Unreadable
from orderledger.infrastructure.venues.hyperliquid.venue_context import Surroundings
from orderledger.infrastructure.venues.hyperliquid.watching import Account

OVERLAP = timedelta(minutes=1)
EMPTY_ROUND = 0.05


class Rotation:
    """Looks at account after account, as fast as the budget of weight allows, until canceled, or `end` is called."""

    def __init__(self, accounts: Iterable[Account], around: Surroundings) -> None:
        self.accounts: deque[Account] = deque(accounts)
        self._around = around
        self._ending = asyncio.Event()

    def add(self, account: Account) -> None:
        """One more, to be looked at next."""
        self.accounts.appendleft(account)

    def end(self) -> None:
        """Look at no account any more."""
        self._ending.set()

    async def run(self) -> None:
        since = self._around.clock.now()
        while not self._ending.is_set():
            round_ends = asyncio.get_running_loop().time() + self._around.pace.round
            for _ in range(len(self.accounts)):
                account = self.accounts[0]
                self.accounts.rotate(-1)
                await self.look_at(account, since)
                if self._ending.is_set():
                    return
            now = asyncio.get_running_loop().time()
            await happens_within(self._ending, max(round_ends - now, 0.0) if self.accounts else EMPTY_ROUND)

    async def look_at(self, account: Account, since: datetime) -> None:
        """One look: at the open orders, at the fills since the last look, at the orders that went.

        Nothing is remembered of a look that failed: the next one sees it all.
        """
        at = self._around.clock.now()
        try:
            lists = [await self._around.questions.open_orders(account.address, name) for name in self._around.exchanges]
            fills = await self._around.questions.fills(account.address, account.fills_at or since)
            fundings = await self._fundings(account, since, at)
        except VenueError as error:
            await self._went_down(account, since, str(error))
            return
        await self._came_up(account, at)
        told = self._orders(account, lists)
        told.add(self._fills(account, fills, since, at))
        told.add(payload_rows.fundings(fundings, self._around.polled(account, None)))
        await self._around.say(account, told, at=at, frames=len(lists) + 1)
        await self._explain(account, at)

    async def _went_down(self, account: Account, since: datetime, reason: str) -> None:
        account.counts["failed_polls"] += 1
        account.fault = reason
        if account.is_up:
            account.is_up = False
            await self._around.outbox.tell(Down(accounts=(account.name,), at=account.well_at or since, reason=reason))

    async def _came_up(self, account: Account, at: datetime) -> None:
        account.well_at, account.fault = at, None
        account.counts["polls"] += 1
        if not account.is_up:
            account.is_up = True
            await self._around.outbox.tell(Up(accounts=(account.name,), at=at))

    async def _explain(self, account: Account, at: datetime) -> None:
        with contextlib.suppress(VenueError):  # the next look asks again
            told = await self._around.explain(account)
            await self._around.say(account, told, at=at)

    def _orders(self, account: Account, lists: Sequence[list[Any]]) -> Translated:
        """Not dated, as when they are pushed: the fills come with them."""
        told = Translated()
        for exchange, rows in zip(self._around.exchanges, lists, strict=True):
            news = account.news(exchange, rows)
            told.add(payload_rows.open_orders(news, account.legs, self._around.polled(account, None)))
        return told

    def _fills(self, account: Account, rows: list[Any], since: datetime, at: datetime) -> Translated:
        """The next look asks from the last of them on, itself included: others of the same moment may come later. A time that
        has not come yet would hide all that comes before it."""
        ends = (time if time <= at + OVERLAP else at - OVERLAP for time in _times(rows))
        account.fills_at = max([account.fills_at or since, *ends])
        return payload_rows.fills(account.unseen("fills", rows), account.legs, self._around.polled(account, None))

    async def _fundings(self, account: Account, since: datetime, at: datetime) -> list[Any]:
        """Now and then: they are due by the hour."""
        asked_at = account.fundings_at or since
        if at - asked_at < timedelta(seconds=self._around.pace.fundings):
            return []
        rows = await self._around.questions.fundings(account.address, asked_at - OVERLAP)
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
