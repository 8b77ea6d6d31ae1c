"""Lighter as a venue of the ledger: accounts that are listened to and asked. It sends no orders and signs nothing."""

import random
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

from orderledger.infrastructure.clock import Clock, SystemClock
from orderledger.infrastructure.messages.registry import Balance, Message
from orderledger.infrastructure.venues.base.networks import LIGHTER
from orderledger.infrastructure.venues.base.transport import Backoff, Http
from orderledger.infrastructure.venues.base.unread import Unread
from orderledger.infrastructure.venues.base.venue import Abilities, Answer, Listing, NoRecords, Records, Told
from orderledger.infrastructure.venues.lighter.interpreting import Interpreter
from orderledger.infrastructure.venues.lighter.markets import Markets
from orderledger.infrastructure.venues.lighter.questions import Questions
from orderledger.infrastructure.venues.lighter.rest import STANDARD, Allowance, Rest, http_for
from orderledger.infrastructure.venues.lighter.stream import Stream
from orderledger.infrastructure.venues.lighter.tokens import LighterAccount, hidden
from orderledger.infrastructure.venues.lighter.vocabulary import VENUE
from orderledger.projections.view import Row

__all__ = ["MAINNET", "TESTNET", "LighterAccount", "LighterVenue"]

MAINNET = LIGHTER["mainnet"].url
TESTNET = LIGHTER["testnet"].url

ABILITIES = Abilities(
    client_ids="an index of ours names one order among those that are open; whether it may come again is not stated",
    fill_identity="market, trade id and side: a trade with oneself is two fills",
    has_fill_ids=True,
    streams=True,
    orders_reach_back="open orders without limit; ended ones page by page; by client order index a day, or 1000 orders",
    fills_reach_back="page by page, as far as the venue goes",
)


class LighterVenue:
    """Accounts at Lighter, by their names in the ledger.

    `websocket_url`: by default that of `url`. `markets`: what was kept of an earlier run, so that nothing has to be asked
    before the first frame. `http`: by default one within the `allowance`. `rest_lag`: how long an order may be missing from
    REST. `quiet_for`: after so many seconds without a frame the connection is given up.
    """

    name = VENUE
    abilities = ABILITIES

    def __init__(
        self,
        accounts: Mapping[str, LighterAccount],
        *,
        url: str = MAINNET,
        websocket_url: str | None = None,
        records: Records | None = None,
        markets: Markets | Mapping[Any, Any] | None = None,
        allowance: Allowance = STANDARD,
        http: Http | None = None,
        clock: Clock | None = None,
        chance: random.Random | None = None,
        backoff: Backoff | None = None,
        rest_lag: timedelta = timedelta(seconds=5),
        ping_every: float = 25.0,
        quiet_for: float = 150.0,
        confirm_within: timedelta = timedelta(seconds=30),
    ) -> None:
        now, chance = (clock or SystemClock()).now, chance or random.Random()
        self.accounts: Sequence[str] = tuple(accounts)
        self._rest = Rest(http or http_for(url, allowance, chance), allowance)
        self._interpreter = Interpreter(self._rest, dict(accounts), records or NoRecords(), Markets.of(markets or {}))
        self._unread = Unread(now, hidden)
        self._questions = Questions(self._rest, self._interpreter, self._unread, now, rest_lag)
        self._stream = Stream(
            websocket_url or LIGHTER.websocket_url(url),
            self._interpreter,
            now=now,
            backoff=backoff or Backoff(chance),
            ping_every=ping_every,
            quiet_for=quiet_for,
            confirm_within=confirm_within,
        )

    @property
    def markets(self) -> Markets:
        """The markets known now: worth keeping for the next run."""
        return self._interpreter.markets

    async def listen(self) -> AsyncGenerator[Told, None]:
        """Orders, trades and positions of all accounts, as the venue pushes them, until `aclose`."""
        with self._unread.told_to(self._stream.tell):
            async with aclosing(self._stream.events()) as heard:
                async for told in heard:
                    yield told

    async def hang_up(self) -> None:
        await self._stream.aclose()

    def fault_of(self, account: str) -> str | None:
        return self._stream.fault_of(account)

    async def open_orders(self, account: str) -> Listing:
        return await self._questions.open_orders(account)

    async def order(self, account: str, order: Row) -> Sequence[Message] | None:
        return await self._questions.order(account, order)

    async def fills_since(self, account: str, since: datetime) -> Answer:
        return await self._questions.fills_since(account, since)

    async def positions(self, account: str) -> Sequence[Balance]:
        return await self._questions.positions(account)

    def tells_position_of(self, instrument: str) -> bool:
        """Not of what is held at spot, e.g. `ETH/USDC`: that is a balance of two currencies."""
        return "/" not in instrument

    async def aclose(self) -> None:
        await self._stream.aclose()
        await self._rest.aclose()
