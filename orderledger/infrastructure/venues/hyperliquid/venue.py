"""Hyperliquid as a venue of the ledger: the first accounts by websocket, as many as the venue allows, the others in turn.

Everything can be read of any address without a key, so that accounts of others are watched like our own.
"""

import asyncio
import random
import re
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from functools import partial

from orderledger.infrastructure.clock import Clock, SystemClock
from orderledger.infrastructure.messages.registry import Balance, Message
from orderledger.infrastructure.venues.base.networks import HYPERLIQUID
from orderledger.infrastructure.venues.base.transport import Backoff, Budget, Http, ended
from orderledger.infrastructure.venues.base.unread import Unread
from orderledger.infrastructure.venues.base.venue import Abilities, Answer, Listing, Records, Told
from orderledger.infrastructure.venues.hyperliquid.answers import Answers
from orderledger.infrastructure.venues.hyperliquid.legs_memory import Chains
from orderledger.infrastructure.venues.hyperliquid.limits import Limits, round_seconds
from orderledger.infrastructure.venues.hyperliquid.order_legs import Legs
from orderledger.infrastructure.venues.hyperliquid.polling import Rotation
from orderledger.infrastructure.venues.hyperliquid.questions import Questions
from orderledger.infrastructure.venues.hyperliquid.stream import Stream, TooManyUsers, subscriptions
from orderledger.infrastructure.venues.hyperliquid.venue_context import MAIN_EXCHANGE, Pace, Surroundings
from orderledger.infrastructure.venues.hyperliquid.vocabulary import AS_AT_THE_VENUE, CLOID, NAME, Symbols, cloid_for
from orderledger.infrastructure.venues.hyperliquid.watching import Account
from orderledger.projections.view import Row as OrderView

URL = HYPERLIQUID["mainnet"].url
TESTNET_URL = HYPERLIQUID["testnet"].url
ADDRESS = re.compile(r"0x[0-9a-f]{40}")

ABILITIES = Abilities(
    client_ids="a cloid of ours (`hyperliquid.cloid`) names one order; the venue documents no rule for one that is used again",
    fill_identity="block time, coin, trade id and side; without a trade id also order id, start position, size and price",
    has_fill_ids=True,
    streams=True,
    orders_reach_back="the last 2000 orders of an account, by count: minutes for a market maker",
    fills_reach_back="years, but no more than the last 10 000 fills of an account are promised",
)


class Hyperliquid:
    """The accounts by the ledger's names, with their addresses; the first of them are streamed.

    `exchanges` are those of builders (HIP-3) to be listed besides the main one and spot, each at the price of one more
    question per look. `is_legacy` listens to `webData2` in place of `openOrders`. `records` is what the ledger knows.
    """

    name = NAME
    abilities = ABILITIES

    def __init__(
        self,
        accounts: Mapping[str, str],
        *,
        url: str = URL,
        websocket_url: str | None = None,
        limits: Limits | None = None,
        pace: Pace | None = None,
        exchanges: Sequence[str] = (),
        is_legacy: bool = False,
        symbols: Symbols = AS_AT_THE_VENUE,
        records: Records | None = None,
        clock: Clock | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self.accounts: Sequence[str] = tuple(accounts)
        self.limits = limits or Limits()
        self._watched = _watched(accounts, records)
        clock, backoff = clock or SystemClock(), backoff or Backoff(random.Random())
        budget = Budget(self.limits.weight, self.limits.minute)
        self._http = Http(url, budget=budget, backoff=backoff)
        self._around = Surroundings(
            websocket_url=websocket_url or HYPERLIQUID.websocket_url(url),
            questions=Questions(self._http, budget),
            clock=clock,
            limits=self.limits,
            pace=pace or Pace(),
            backoff=backoff,
            connections=Budget(self.limits.connections_per_minute, self.limits.minute),
            symbols=symbols,
            exchanges=(MAIN_EXCHANGE, *exchanges),
            is_legacy=is_legacy,
            unread=Unread(clock.now),
            records=records,
        )
        self._answers = Answers(self._around)
        watched, room = list(self._watched.values()), self._room_for_streams()
        self._streamed = {account.name: account for account in watched[:room]}
        self._rotation = Rotation(watched[room:], self._around)
        self._streams: dict[str, Stream] = {}
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def streamed(self) -> Sequence[str]:
        """The accounts that are listened to by websocket."""
        return tuple(self._streamed)

    @property
    def polled(self) -> Sequence[str]:
        """The accounts that are looked at in turn."""
        return tuple(name for name in self.accounts if name not in self._streamed)

    @property
    def delay_seconds(self) -> float:
        """How long a polled account waits for the next look, while nothing else is asked: what happened is known that late."""
        if not self.polled:
            return 0.0
        return max(self._around.pace.round, round_seconds(len(self.polled), len(self._around.exchanges), self.limits))

    def delay_of(self, account: str) -> float:
        """Of one account; nothing for one that is streamed."""
        return 0.0 if account in self._streamed else self.delay_seconds

    @property
    def counts(self) -> Counter[str]:
        """What all accounts have shown: new, changed, gone and unexplained orders, messages, frames, polls, faults."""
        return sum((account.counts for account in self._watched.values()), Counter())

    def counts_of(self, account: str) -> Counter[str]:
        return Counter(self._watched[account].counts)

    @staticmethod
    def alias_of(client_order_id: str) -> dict[str, str]:
        """The alias under which an order of ours is to be recorded before it is sent with that cloid."""
        return {CLOID: cloid_for(client_order_id)}

    async def listen(self) -> AsyncGenerator[Told, None]:
        """One listener at a time."""
        self._tasks = [asyncio.create_task(self._reported(self._rotation.run))]
        self._tasks += [asyncio.create_task(self._reported(partial(self._stream, one))) for one in self._streamed.values()]
        try:
            with self._around.unread.told_to(self._around.outbox.tell):
                async with aclosing(self._around.outbox.told()) as heard:
                    async for told in heard:
                        yield told
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._around.outbox.end_listening()
            for account in self._watched.values():
                account.is_up = False

    async def hang_up(self) -> None:
        """The look at a polled account that has begun is taken to its end, if that comes soon."""
        self._rotation.end()
        await asyncio.gather(*(stream.hang_up() for stream in self._streams.values()))
        await ended(self._tasks)
        await self._around.outbox.end()

    def fault_of(self, account: str) -> str | None:
        watched, stream = self._watched[account], self._streams.get(account)
        if watched.is_up:
            return None
        return (stream.fault if stream is not None else None) or watched.fault

    async def open_orders(self, account: str) -> Listing:
        return await self._answers.open_orders(self._watched[account])

    async def order(self, account: str, order: OrderView) -> Sequence[Message] | None:
        return await self._answers.order(self._watched[account], order)

    async def fills_since(self, account: str, since: datetime) -> Answer:
        return await self._answers.fills_since(self._watched[account], since)

    async def positions(self, account: str) -> Sequence[Balance]:
        return await self._answers.positions(self._watched[account])

    def tells_position_of(self, instrument: str) -> bool:
        """Not of what is held at spot (`@107`, `PURR/USDC`, `#250`), nor of a builder's exchange that is not listed."""
        exchange, is_of_builder, _ = instrument.partition(":")
        is_spot = instrument[:1] in ("@", "#") or "/" in instrument
        return not is_spot and (not is_of_builder or exchange in self._around.exchanges)

    async def aclose(self) -> None:
        await self._http.aclose()

    def _room_for_streams(self) -> int:
        """How many of the accounts can be streamed."""
        each = subscriptions("", self._around.exchanges, is_legacy=self._around.is_legacy)
        return self.limits.streams(len(self._watched), len(each))

    async def _stream(self, account: Account) -> None:
        """By websocket, as long as the venue has room for one account more."""
        stream = Stream(account, self._around)
        self._streams[account.name] = stream
        try:
            await stream.run()
        except TooManyUsers:
            del self._streams[account.name]
            self._streamed.pop(account.name, None)
            self._rotation.add(account)

    async def _reported(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception as error:
            await self._around.outbox.fail(error)


def _watched(accounts: Mapping[str, str], records: Records | None) -> dict[str, Account]:
    """The accounts by their names, whose orders know of one another's legs."""
    chains = Chains()
    watched = {name: Account(name, _address(text), Legs(name, records, chains)) for name, text in accounts.items()}
    if len({account.address for account in watched.values()}) < len(watched):
        raise ValueError("two accounts have the same address")
    return watched


def _address(text: str) -> str:
    address = text.lower()
    if not ADDRESS.fullmatch(address):
        raise ValueError(f"{text!r} is no address: 0x and 40 hexadecimal digits")
    return address
