"""A process that starts later waits for the end of a pause that an earlier one was asked for."""

import asyncio
import json
import time
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

import orderledger
from orderledger import Gateway, Ledger
from orderledger.infrastructure.clock import SystemClock
from orderledger.simulation.ccxt.binance import quotas
from orderledger.simulation.local.order_entry import LocalOrderEntry
from orderledger.venues.base import pauses
from orderledger.venues.base.pauses import pause_until
from orderledger.venues.base.transport import Pacing, RateLimiter
from tests.gateway.connecting.harness import served
from tests.gateway.desk import ACCOUNT, in_a_loop, until, venue_of
from tests.venues.collecting.processes import Process


class Paced(LocalOrderEntry):
    """Paces its requests itself. Each process has its own pacing."""

    def __init__(self) -> None:
        super().__init__(venue_of())
        self.pacing = Pacing({"": RateLimiter(100, 1.0)})


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orderledger.gateway.publishing.PUBLISH_SECONDS", 0.05)


def published(ledger: Ledger) -> object:
    return ledger.status()["gateways"].get(ACCOUNT, {}).get("paused_until")


@in_a_loop
async def test_a_gateway_waits_for_the_end_of_a_pause_of_an_earlier_one(ledger: Ledger) -> None:
    async with Gateway(ledger, {ACCOUNT: (first := Paced())}):
        first.pacing.hold(60.0, "the venue banned this address 10.1.2.3")
        await until(lambda: published(ledger) is not None)
        assert "10.1.2.3" not in json.dumps(ledger.status()), "nothing of the answer is kept"
    assert published(ledger) is not None, "it outlives the process"
    async with Gateway(ledger, {ACCOUNT: (second := Paced())}):
        assert 50 < second.pacing.held_seconds <= 60


@in_a_loop
async def test_a_pause_that_is_over_or_short_holds_nothing(ledger: Ledger) -> None:
    async with Gateway(ledger, {ACCOUNT: (first := Paced())}):
        first.pacing.hold(pauses.SHORTEST_SECONDS - 0.5, "the venue answered 429")
    assert published(ledger) is None
    now = SystemClock().now()
    assert pause_until(first.pacing, now + timedelta(hours=1)) is None
    async with Gateway(ledger, {ACCOUNT: (second := Paced())}):
        assert second.pacing.held_seconds == 0


@pytest.mark.slow
@in_a_loop
async def test_connect_sends_nothing_before_the_end_of_a_pause(tmp_path: Path) -> None:
    account = "ccxt:fake"
    async with served("ccxt", tmp_path) as (made, path):
        async with orderledger.connect(path) as desk:
            pacing = desk.gateway._pacings[account]
            pacing.hold(7.0, "the venue banned this address")
            ends_at = time.monotonic() + 7.0
        pacing._held_until = 0.0
        made.server._asked.clear()
        async with orderledger.connect(path):
            assert min(at for at, _ in made.server._asked) >= ends_at - 0.1


def published_by_collectors(ledger: Ledger) -> list[object]:
    return [
        one["accounts"].get("ccxt:fake", {}).get("paused_until")
        for one in ledger.status()["collectors"].values()
    ]


@pytest.mark.slow
@in_a_loop
async def test_a_collector_that_is_killed_in_a_ban_asks_nothing_more_in_it(
    tmp_path: Path, orderledger_command: Path
) -> None:
    async with served("ccxt", tmp_path) as (made, path):
        made.server.quotas = quotas()
        with Ledger.open(tmp_path / "orders.db") as ledger:
            banned = await Process.start(orderledger_command, "collect", path)
            await until(lambda: is_up(ledger))
            made.server.quotas.ban(45.0)
            await until(lambda: any(published_by_collectors(ledger)))
            await banned.close()
            asked, too_early = len(made.server._asked), made.server.quotas.too_early
            for _ in range(2):
                again = await Process.start(orderledger_command, "collect", path)
                await until(partial(has_begun_after, ledger, began(ledger)))
                await asyncio.sleep(2.0)
                assert any(published_by_collectors(ledger)), "the second hands it on to the third"
                await again.close()
        assert (len(made.server._asked), made.server.quotas.too_early) == (asked, too_early)


def began(ledger: Ledger) -> set[object]:
    return {one.get("began_at") for one in ledger.status()["collectors"].values()}


def has_begun_after(ledger: Ledger, before: set[object]) -> bool:
    return began(ledger) != before


def is_up(ledger: Ledger) -> bool:
    return any(
        feed["is_up"]
        for one in ledger.status()["collectors"].values()
        for feed in one["accounts"].values()
    )
