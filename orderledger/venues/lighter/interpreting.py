"""`Interpreter`: translates payloads with the markets they need and with the ledger's data."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from orderledger.venues.base.translation import Translation
from orderledger.venues.base.venue import Records
from orderledger.venues.errors import VenueError
from orderledger.venues.lighter.context import LighterContext
from orderledger.venues.lighter.markets import Markets
from orderledger.venues.lighter.rest import Rest
from orderledger.venues.lighter.settling import settled
from orderledger.venues.lighter.tokens import LighterAccount
from orderledger.venues.lighter.translate import markets_named, translated

PAUSE = timedelta(minutes=1)
"""Seconds between two queries of markets that could not be queried, or that are not listed."""


class Interpreter:
    """Translates for all accounts of the venue."""

    def __init__(
        self, rest: Rest, accounts: Mapping[str, LighterAccount], records: Records, markets: Markets
    ) -> None:
        self.accounts = accounts
        self.markets = markets
        self._rest = rest
        self._records = records
        self._asked_until: dict[int, datetime] = {}
        """By market: time until which a list without it is trusted."""
        self._quiet_until = datetime.min.replace(tzinfo=UTC)

    async def load(self) -> None:
        """Query the markets if none is known: an instrument keeps its first name."""
        if not self.markets.version:
            await self.learn()

    async def learn(self) -> None:
        """Query the markets."""
        self.markets = self.markets.learned(await self._rest.get("orderBookDetails", {}))

    async def translated(self, account: str, document: Any, at: datetime) -> Translation:
        """Translate one frame about the account, using the ledger's data."""
        return self.settle(account, await self.read(account, document, at))

    async def read(self, account: str, document: Any, at: datetime) -> Translation:
        """Translate a single payload. An unknown market is queried, and again after a while,
        because a list may lack it.
        """
        unknown = [market for market in markets_named(document) if not self.markets.knows(market)]
        if at >= self._quiet_until and any(
            at >= self._asked_until.get(market, at) for market in unknown
        ):
            try:
                await self.learn()
                self._asked_until |= dict.fromkeys(unknown, at + PAUSE)
            except VenueError:
                self._quiet_until = at + PAUSE
        index = self.accounts[account].account_index
        context = LighterContext(
            account=account, account_index=index, markets=self.markets, received_at=at
        )
        return translated(document, context)

    def settle(self, account: str, translated: Translation) -> Translation:
        """The translation of one or several payloads, using the ledger's data."""
        return replace(
            translated, messages=settled(translated.messages, account, self._records, self.markets)
        )
