"""Between streams and whoever listens: a line of limited length, in which nothing is lost and
nothing overtakes."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager

import pytest

from orderledger import Ledger, Outcome, parse_document
from orderledger.infrastructure.messages.registry import Message
from orderledger.venues.base.delivery import MOST_WAITING, DeliveryQueue
from orderledger.venues.base.venue import Down, Messages
from orderledger.venues.collecting.counters import AccountCounters
from orderledger.venues.collecting.recorder import GROUP_LIMIT, QUEUE_LIMIT, FeedRecorder
from tests.scenarios import at
from tests.typed import fields

FRAME = 20
ACCOUNTS = [f"hyperliquid:{number}" for number in range(5)]


def acknowledged(account: str, first: int, count: int = FRAME) -> list[Message]:
    told = {
        "type": "acknowledged",
        "account": account,
        "at": at(1),
        "instrument": "BTC",
        "side": "buy",
    }
    return [
        parse_document({**told, "venue_order_id": f"{number}"})
        for number in range(first, first + count)
    ]


def ids(messages: Iterable[Message]) -> list[str]:
    return fields(messages, "venue_order_id")


def test_a_writer_that_filled_the_queue_waits_for_room_and_its_items_are_delivered() -> None:
    async def story() -> None:
        queue = DeliveryQueue(most=30)
        await asyncio.wait_for(queue.put_messages(ACCOUNTS[0], acknowledged(ACCOUNTS[0], 0)), 1)
        waiting = asyncio.ensure_future(
            queue.put_messages(ACCOUNTS[0], acknowledged(ACCOUNTS[0], 20))
        )
        given_up = asyncio.ensure_future(
            queue.put_messages(ACCOUNTS[0], acknowledged(ACCOUNTS[0], 40))
        )
        await asyncio.sleep(0.01)
        assert (waiting.done(), given_up.done(), queue.waiting) == (False, False, 60)
        given_up.cancel()
        async with aclosing(queue.events()) as told:
            first = await anext(told)
            assert isinstance(first, Messages) and (first.frames, ids(first.messages)) == (
                3,
                [str(n) for n in range(60)],
            )
        await asyncio.wait_for(waiting, 1)
        assert queue.waiting == 0

    asyncio.run(story())


def test_neighbours_about_one_account_leave_together_and_nothing_overtakes() -> None:
    async def story() -> list[object]:
        queue = DeliveryQueue()
        one, other = ACCOUNTS[:2]
        await queue.put_messages(one, acknowledged(one, 0, 1))
        await queue.put_messages(one, acknowledged(one, 1, 1))
        await queue.put_messages(other, acknowledged(other, 2, 1))
        await queue.put(Down(accounts=(one,), at=acknowledged(one, 0, 1)[0].at, reason="cut"))  # type: ignore[arg-type]
        await queue.put_messages(one, acknowledged(one, 3, 1))
        queue.is_listened_to = True
        await queue.close()
        async with aclosing(queue.events()) as told:
            return [
                ids(one.messages) if isinstance(one, Messages) else type(one).__name__
                async for one in told
            ]

    assert asyncio.run(story()) == [["0", "1"], ["2"], "Down", ["3"]]


class Stuck:
    """A ledger whose disk does not answer for a while."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.goes_on = threading.Event()

    def record_many(self, messages: Iterable[Message]) -> list[Outcome]:
        self.goes_on.wait()
        return self._ledger.record_many(messages)


@pytest.mark.slow
def test_while_the_ledger_is_stuck_no_more_is_heard_than_fits_on_the_way_to_it() -> None:
    async def feed(queue: DeliveryQueue, account: str, count: int) -> None:
        for first in range(0, count, FRAME):
            await queue.put_messages(account, acknowledged(account, first))
            heard[account] += FRAME

    heard: defaultdict[str, int] = defaultdict(int)

    async def story(ledger: Ledger) -> None:
        book = Stuck(ledger)
        async with carrying(book) as (queue, recorder):
            feeding = [asyncio.ensure_future(feed(queue, account, 2_000)) for account in ACCOUNTS]
            before = -1
            while before != (before := sum(heard.values())):
                await asyncio.sleep(0.05)
            on_the_way = queue.waiting + recorder.waiting
            assert before <= GROUP_LIMIT + QUEUE_LIMIT + 2 * (MOST_WAITING + len(ACCOUNTS) * FRAME)
            assert on_the_way <= QUEUE_LIMIT + 2 * (MOST_WAITING + len(ACCOUNTS) * FRAME)
            book.goes_on.set()
            await asyncio.gather(*feeding)
            await queue.wait_delivered()
            await recorder.drained()

    @asynccontextmanager
    async def carrying(book: Stuck) -> AsyncIterator[tuple[DeliveryQueue, FeedRecorder]]:
        queue, recorder = DeliveryQueue(), FeedRecorder(book, defaultdict(AccountCounters))  # type: ignore[arg-type]

        async def carry() -> None:
            async with aclosing(queue.events()) as told:
                async for one in told:
                    assert isinstance(one, Messages)
                    await recorder.put(one.account, one.messages)

        tasks = [asyncio.ensure_future(carry()), asyncio.ensure_future(recorder.run())]
        try:
            yield queue, recorder
        finally:
            book.goes_on.set()
            for task in tasks:
                task.cancel()

    with Ledger.open("memory://", update_views=False) as ledger:
        asyncio.run(story(ledger))
        told = [row for row in ledger.events() if row["name"] == "order_acknowledged.v1"]
    for account in ACCOUNTS:
        of_account = [row["payload"]["venue_order_id"] for row in told if row["account"] == account]
        assert of_account == [str(number) for number in range(2_000)]
