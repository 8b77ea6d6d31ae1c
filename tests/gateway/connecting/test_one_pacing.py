"""The objects that `connect` makes for one key share the venue's limits, counted at its server."""

import asyncio
import gc
from pathlib import Path

import pytest

import orderledger
from orderledger.venues.base.transport import RateLimiter
from orderledger.venues.base.transport.pacing import REQUESTS
from orderledger.venues.ccxt.pacing import ExchangePacing
from tests.gateway.connecting.harness import buy, served

ACCOUNT = "ccxt:fake"
MOST = 10
"""Requests a second."""
SECONDS = 0.5
"""The server counts in a shorter time: a request is on its way for some milliseconds."""
ATTEMPTS = 3
"""On a busy machine some are on their way for longer, and arrive together. With several pacings
all would, each time."""


async def busy(folder: Path) -> tuple[int, int, int]:
    """Orders, look-ups and the collector's queries at once. Returns the most requests in `SECONDS`
    that the server counted, how many pacings there were, and of how many objects."""
    earlier = {id(one): one for one in gc.get_objects() if isinstance(one, ExchangePacing)}
    async with served("ccxt", folder) as (made, path), orderledger.connect(path) as desk:
        await desk.gateway.submit(buy(made, ACCOUNT, "C-0", time_in_force="gtc"))
        paced = [
            one
            for one in gc.get_objects()
            if isinstance(one, ExchangePacing) and id(one) not in earlier
        ]
        pacings = {id(one.pacing): one.pacing for one in paced}
        (pacing, *_) = pacings.values()
        pacing.limits[REQUESTS] = RateLimiter(MOST, 1.0)
        made.server._asked.clear()
        row = await desk.ledger.order("C-0", account=ACCOUNT)
        names = [f"C-{number}" for number in range(1, 8)]
        await asyncio.gather(
            *(desk.gateway.submit(buy(made, ACCOUNT, one, time_in_force="gtc")) for one in names),
            *(desk.venues[ACCOUNT].open_orders(ACCOUNT) for _ in range(4)),
            *(desk.venues[ACCOUNT].order(ACCOUNT, row) for _ in range(4)),
        )
        return made.server.most_in(SECONDS), len(pacings), len(paced)


def test_entry_collector_and_look_ups_of_one_key_share_one_pacing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExchangePacing, "costs", lambda self, *_: {REQUESTS: 1})
    gc.collect()
    for attempt in range(ATTEMPTS):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        most, pacings, objects = asyncio.run(busy(folder))
        assert objects >= 2 and pacings == 1
        if most <= MOST:
            return
    pytest.fail(f"{most} requests within {SECONDS} s")
