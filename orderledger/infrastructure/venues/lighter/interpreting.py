"""From a payload to what is told of it: with the markets that it needs, the ledger's knowledge, and its faults set aside."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from orderledger.infrastructure.errors import VenueError
from orderledger.infrastructure.venues.lighter.context import Context
from orderledger.infrastructure.venues.lighter.markets import Markets
from orderledger.infrastructure.venues.lighter.rest import Rest
from orderledger.infrastructure.venues.lighter.settling import settled
from orderledger.infrastructure.venues.lighter.tokens import LighterAccount, hidden
from orderledger.infrastructure.venues.lighter.translate import markets_named, translated
from orderledger.infrastructure.venues.translation import Fault, Translation, complain, shown
from orderledger.infrastructure.venues.venue import Garbled, Records
from orderledger.infrastructure.wire.messages import Message

PAUSE = timedelta(minutes=1)
"""Frames do not wait again and again for markets that cannot be asked for."""

MOST_KEPT = 10_000
"""Rows that nobody listens to are forgotten, the oldest first."""


class Interpreter:
    """Translates for all accounts of the venue. `garbled` are faults that are yet to be told."""

    def __init__(self, rest: Rest, accounts: Mapping[str, LighterAccount], records: Records, markets: Markets) -> None:
        self.accounts = accounts
        self.markets = markets
        self.garbled: deque[Garbled] = deque(maxlen=MOST_KEPT)
        self._rest = rest
        self._records = records
        self._asked_for: set[int] = set()
        self._quiet_until = datetime.min.replace(tzinfo=UTC)

    async def load(self) -> None:
        """Learn the markets, if none is known: an instrument keeps the name under which it is first told."""
        if not self.markets.version:
            await self.learn()

    async def learn(self) -> None:
        """Ask for the markets."""
        self.markets = self.markets.learned(await self._rest.get("orderBookDetails", {}))

    async def told(self, account: str, document: Any, at: datetime) -> list[Message]:
        """The messages of one frame about the account."""
        translation = await self.read(account, document, at, is_answer=False)
        return settled(translation.messages, account, self._records, self.markets)

    async def read(self, account: str, document: Any, at: datetime, *, is_answer: bool = True) -> Translation:
        """The payload as it stands, its faults without secrets. A market that is not known is asked for, once."""
        unknown = {index for index in markets_named(document) if not self.markets.knows(index)} - self._asked_for
        if unknown and at >= self._quiet_until:
            try:
                await self.learn()
                self._asked_for |= unknown
            except VenueError:
                self._quiet_until = at + PAUSE
        index = self.accounts[account].account_index
        context = Context(account=account, account_index=index, markets=self.markets, heard_at=at)
        translation = translated(document, context)
        faults = shown(translation.faults, hidden)
        if is_answer:
            complain("lighter", faults)
        self._set_aside([account], faults, at, is_answer=is_answer)
        return replace(translation, faults=faults)

    def settle(self, account: str, messages: Sequence[Message]) -> list[Message]:
        """Messages of several payloads as one."""
        return settled(messages, account, self._records, self.markets)

    def set_aside(self, fault: Fault, at: datetime) -> None:
        """Remember a frame that could not be read, of whatever account it is."""
        self._set_aside(list(self.accounts), shown([fault], hidden), at, is_answer=False)

    def _set_aside(self, accounts: Sequence[str], faults: Sequence[Fault], at: datetime, *, is_answer: bool) -> None:
        for one in faults:
            told = Garbled(accounts=accounts, at=at, fault=one.fault, payload=one.payload, is_answer=is_answer)
            self.garbled.append(told)
