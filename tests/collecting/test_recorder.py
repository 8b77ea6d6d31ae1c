"""From feeds into the ledger: held back where there is too much, and nothing lost that was put."""

import asyncio
from collections import defaultdict

from orderledger import Ledger, parse_document
from orderledger.infrastructure.collecting.counters import AccountCounters
from orderledger.infrastructure.collecting.recorder import QUEUE_LIMIT, Recorder
from orderledger.infrastructure.collecting.views import Views
from orderledger.infrastructure.wire.messages import Message
from tests.scenarios import ACCOUNT, at

BATCH = QUEUE_LIMIT // 4


def acknowledged(first: int, count: int) -> list[Message]:
    told = {"type": "acknowledge", "account": ACCOUNT, "at": at(1), "instrument": "BTC-USD", "side": "buy"}
    return [parse_document({**told, "venue_order_id": f"V-{number}"}) for number in range(first, first + count)]


def test_a_feed_that_is_faster_than_the_store_is_held_back_and_what_it_said_is_recorded_in_its_order() -> None:
    async def story(ledger: Ledger) -> None:
        recorder = Recorder(ledger, defaultdict(AccountCounters))
        for start in range(0, QUEUE_LIMIT - BATCH, BATCH):
            await recorder.put(ACCOUNT, acknowledged(start, BATCH))
        held_back = asyncio.ensure_future(recorder.put(ACCOUNT, acknowledged(QUEUE_LIMIT - BATCH, BATCH)))
        await asyncio.sleep(0)
        assert not held_back.done() and recorder.is_busy
        held_back.cancel()
        recording = asyncio.ensure_future(recorder.run())
        await recorder.drained()
        assert (recorder.waiting, recorder.is_busy) == (0, False)
        recording.cancel()

    with Ledger.open("memory://", follow=False) as ledger:
        asyncio.run(story(ledger))
        told = [row["payload"]["venue_order_id"] for row in ledger.events() if row["name"] == "order_acknowledged.v1"]
    assert told == [f"V-{number}" for number in range(QUEUE_LIMIT)]


def test_views_wait_while_the_recorder_is_busy_and_a_fault_of_theirs_is_not_the_end() -> None:
    async def story() -> list[str]:
        done: list[str] = []
        busy = iter([True, True, False, False])

        def follow() -> None:
            done.append("followed")
            if len(done) == 1:
                raise ValueError("a view that cannot be made")

        def is_busy() -> bool:
            done.append("asked")
            return next(busy, False)

        keeping = asyncio.ensure_future(Views(follow, is_busy=is_busy, retry_seconds=0.01).keep())
        while done.count("followed") < 3 and not keeping.done():
            await asyncio.sleep(0.01)
        keeping.cancel()
        return done

    assert asyncio.run(story())[:6] == ["followed", "asked", "asked", "asked", "followed", "asked"]
