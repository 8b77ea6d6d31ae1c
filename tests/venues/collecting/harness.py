"""A collector over a memory ledger and one plain venue."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from orderledger import Fill, Ledger, Message, parse_document
from orderledger.infrastructure.clock import SteppingClock
from orderledger.venues.base.venue import FeedEvent, Up
from orderledger.venues.collecting.collector import Collector
from orderledger.venues.reconciliation.reconciler import Rules
from tests.scenarios import ACCOUNT, at
from tests.venues.reconciliation.plain_venue import PlainVenue

RULES = Rules(lookback=timedelta(hours=1), grace=timedelta(seconds=1), pause=0, opening_pause=0)


def acknowledge(name: str, second: float) -> Message:
    told = {
        "type": "acknowledged",
        "account": ACCOUNT,
        "venue_order_id": name,
        "instrument": "BTC-USD",
        "side": "buy",
    }
    return parse_document(
        {
            **told,
            "at": at(second),
            "reported": {"quantity": "10", "cum_quantity": "0", "limit_price": "100"},
        }
    )


def fill(order: str, name: str, quantity: str, second: float) -> Fill:
    return Fill(
        account=ACCOUNT, venue_order_id=order, fill_id=name, quantity=quantity, price="100",
        at=at(second),
        instrument="BTC-USD", side="buy",
    )  # fmt: skip


class Running:
    """A collector over a memory ledger and one plain venue, with a clock that the test sets."""

    def __init__(self) -> None:
        self.clock = SteppingClock(at(0), timedelta(microseconds=1))
        self.ledger = Ledger.open("memory://", clock=self.clock, update_views=False)
        self.venue = PlainVenue(self.clock)
        self.published: list[dict[str, Any]] = []
        self.collector = Collector(
            self.ledger,
            [self.venue],
            self.clock,
            rules=RULES,
            every=None,
            publish=self.published.append,
            retry_seconds=0.01,
        )

    async def hear(self, *told: FeedEvent | Exception) -> None:
        for one in told:
            self.venue.feed.put_nowait(one)
        await self.until(lambda: self.venue.feed.empty())

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(2_000):
            if condition():
                return
            await asyncio.sleep(0.005)
        raise AssertionError("it did not happen")

    async def reconciled(self, times: int) -> None:
        await self.until(lambda: self.collector.counters[ACCOUNT].reconciled >= times)


def run(story: Callable[[Running], Awaitable[None]]) -> Running:
    async def whole() -> Running:
        running = Running()
        stop = asyncio.Event()
        work = asyncio.ensure_future(running.collector.run(stop))
        telling = asyncio.ensure_future(story(running))
        await asyncio.wait([work, telling], return_when=asyncio.FIRST_COMPLETED)
        if telling.done():
            telling.result()
        stop.set()
        await work
        await telling
        return running

    return asyncio.run(whole())


UP = Up(accounts=[ACCOUNT], at=at(1))
