"""From a payload to what is told of it: with the markets that it needs, and the ledger's knowledge."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from orderledger.infrastructure.errors import VenueError
from orderledger.infrastructure.messages.registry import Message
from orderledger.infrastructure.venues.base.translation import Translation
from orderledger.infrastructure.venues.base.venue import Records
from orderledger.infrastructure.venues.lighter.context import Context
from orderledger.infrastructure.venues.lighter.markets import Markets
from orderledger.infrastructure.venues.lighter.rest import Rest
from orderledger.infrastructure.venues.lighter.settling import settled
from orderledger.infrastructure.venues.lighter.tokens import LighterAccount
from orderledger.infrastructure.venues.lighter.translate import markets_named, translated

PAUSE = timedelta(minutes=1)
"""Frames do not wait again and again for markets that cannot be asked for, or that nobody lists."""


class Interpreter:
    """Translates for all accounts of the venue."""

    def __init__(self, rest: Rest, accounts: Mapping[str, LighterAccount], records: Records, markets: Markets) -> None:
        self.accounts = accounts
        self.markets = markets
        self._rest = rest
        self._records = records
        self._asked_until: dict[int, datetime] = {}
        """By market: that long a list that lacked it is believed."""
        self._quiet_until = datetime.min.replace(tzinfo=UTC)

    async def load(self) -> None:
        """Learn the markets, if none is known: an instrument keeps the name under which it is first told."""
        if not self.markets.version:
            await self.learn()

    async def learn(self) -> None:
        """Ask for the markets."""
        self.markets = self.markets.learned(await self._rest.get("orderBookDetails", {}))

    async def told(self, account: str, document: Any, at: datetime) -> Translation:
        """One frame about the account, beside what the ledger knows."""
        translation = await self.read(account, document, at)
        return replace(translation, messages=self.settle(account, translation.messages))

    async def read(self, account: str, document: Any, at: datetime) -> Translation:
        """The payload as it stands. A market that is not known is asked for, and again after a while: one list may lack it."""
        unknown = [market for market in markets_named(document) if not self.markets.knows(market)]
        if at >= self._quiet_until and any(at >= self._asked_until.get(market, at) for market in unknown):
            try:
                await self.learn()
                self._asked_until |= dict.fromkeys(unknown, at + PAUSE)
            except VenueError:
                self._quiet_until = at + PAUSE
        index = self.accounts[account].account_index
        context = Context(account=account, account_index=index, markets=self.markets, heard_at=at)
        return translated(document, context)

    def settle(self, account: str, messages: Sequence[Message]) -> list[Message]:
        """Messages of several payloads as one."""
        return settled(messages, account, self._records, self.markets)
