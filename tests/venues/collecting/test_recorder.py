"""From feeds into the ledger: held back where there is too much, and nothing lost that was put."""

import asyncio
from collections import defaultdict

from orderledger import Ledger, parse_document
from orderledger.infrastructure.messages.registry import Message
from orderledger.venues.collecting.counters import AccountCounters
from orderledger.venues.collecting.recorder import QUEUE_LIMIT, FeedRecorder
from tests.scenarios import ACCOUNT, at

BATCH = QUEUE_LIMIT // 4


def acknowledged(first: int, count: int) -> list[Message]:
    told = {
        "type": "acknowledged",
        "account": ACCOUNT,
        "at": at(1),
        "instrument": "BTC-USD",
        "side": "buy",
    }
    return [
        parse_document({**told, "venue_order_id": f"V-{number}"})
        for number in range(first, first + count)
    ]


def test_a_feed_faster_than_the_store_is_held_back_and_recorded_in_its_order() -> None:
    async def story(ledger: Ledger) -> None:
        recorder = FeedRecorder(ledger, defaultdict(AccountCounters))
        for start in range(0, QUEUE_LIMIT - BATCH, BATCH):
            await recorder.put(ACCOUNT, acknowledged(start, BATCH))
        held_back = asyncio.ensure_future(
            recorder.put(ACCOUNT, acknowledged(QUEUE_LIMIT - BATCH, BATCH))
        )
        await asyncio.sleep(0)
        assert not held_back.done()
        held_back.cancel()
        recording = asyncio.ensure_future(recorder.run())
        await recorder.drained()
        assert recorder.waiting == 0
        recording.cancel()

    with Ledger.open("memory://", update_views=False) as ledger:
        asyncio.run(story(ledger))
        told = [
            row["payload"]["venue_order_id"]
            for row in ledger.events()
            if row["name"] == "order_acknowledged.v1"
        ]
    assert told == [f"V-{number}" for number in range(QUEUE_LIMIT)]
