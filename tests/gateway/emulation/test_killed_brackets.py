"""A bot with open brackets is killed again and again. The venue counts what works there."""

import asyncio
import os
import sys
from collections import Counter, defaultdict
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from orderledger import (
    Canceled,
    Expired,
    Fill,
    Gateway,
    Ledger,
    Mark,
    Message,
    Rejected,
)
from orderledger.infrastructure.clock import SystemClock
from orderledger.simulation.market import Change, EntryRules, ExchangeSimulator, Kind
from orderledger.simulation.servers import Faults
from tests.gateway.desk import ACCOUNT, BTC, until
from tests.gateway.processes.bracket_trader import ENTRY, SETTINGS, TAKE_PROFIT
from tests.gateway.processes.http_venue import HttpEntry, HttpVenue
from tests.gateway.test_processes import REPOSITORY, recorded_in

KILLS = int(os.environ.get("ORDERLEDGER_BRACKET_KILLS", "10"))
ENDS = {Kind.CANCELED: Canceled, Kind.EXPIRED: Expired, Kind.REJECTED: Rejected}


class Judge:
    """Counts at the venue after each change: the children of an entry never work and fill more
    than the entry has filled. Reports what happens to the ledger."""

    def __init__(self, exchange: ExchangeSimulator) -> None:
        self._exchange = exchange
        self.broken: list[str] = []
        self.reports: list[Message] = []
        self.fills = 0
        exchange.subscribe(self.take)

    def take(self, change: Change) -> None:
        if change.account != ACCOUNT or change.order is None:
            return
        self._count(str(change.order.client_id).split("-tp")[0].split("-sl")[0])
        at = change.order.updated_at
        name = change.order.client_id
        who: dict[str, Any] = {"account": ACCOUNT, "client_order_id": name, "at": at}
        if change.fill is not None:
            self.fills += 1
            fill = change.fill
            self.reports.append(
                Fill(**who, fill_id=str(fill.fill_id), quantity=fill.quantity, price=fill.price)
            )
        elif change.kind in ENDS:
            self.reports.append(ENDS[change.kind](**who, reason="venue"))

    def _count(self, entry: str) -> None:
        filled: dict[bool, Decimal] = defaultdict(Decimal)
        working = Decimal()
        for order in self._exchange.orders(ACCOUNT):
            name = str(order.client_id)
            if name == entry or name.startswith((f"{entry}-tp", f"{entry}-sl")):
                is_child = name != entry
                filled[is_child] += order.filled
                if is_child and not order.status.is_ended:
                    working += order.left
        if working + filled[True] > filled[False]:
            self.broken.append(
                f"{entry}: {filled[False]} filled, {filled[True]} by its children, {working} works"
            )


class World:
    """The venue with its other traders, and the collector that records its reports."""

    def __init__(self, ledger: Ledger, exchange: ExchangeSimulator, seed: int) -> None:
        self._ledger = ledger
        self._exchange = exchange
        self._chance = Random(seed)
        self.judge = Judge(exchange)
        self.is_trading = True

    async def turn(self) -> None:
        while True:
            if self.is_trading:
                self.step()
            await asyncio.to_thread(self.collect)
            await asyncio.sleep(0.02)

    def step(self) -> None:
        """Others take entries and take-profits in parts; the mark wanders over the stop price."""
        chance, quantity = self._chance, self._chance.choice(("0.1", "0.2", "0.3"))
        side, at = chance.choice((("sell", ENTRY), ("buy", TAKE_PROFIT)))
        self._exchange.submit(
            "others",
            instrument=BTC,
            side=side,
            quantity=quantity,
            limit_price=at,
            time_in_force="ioc",
        )
        mark = chance.choice((60010, 60020, 60050, 59990, 59890))
        self.judge.reports.append(
            Mark(account=ACCOUNT, instrument=BTC, price=str(mark), at=datetime.now(UTC))
        )

    def collect(self) -> None:
        reports, self.judge.reports = self.judge.reports, []
        if reports:
            self._ledger.record_many(reports)


async def killed_bots(url: str, venue: HttpVenue, seed: int) -> None:
    chance = Random(seed)
    for number in range(KILLS):
        command = [sys.executable, "-m", "tests.gateway.processes.bracket_trader"]
        process = await asyncio.create_subprocess_exec(
            *command,
            *(url, venue.http_url, ACCOUNT, f"P{number}"),
            cwd=REPOSITORY,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert process.stdout is not None
        with suppress(TimeoutError):
            async with asyncio.timeout(20):
                await process.stdout.readline()
        await asyncio.sleep(chance.uniform(0.05, 2.0))
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@pytest.mark.slow
def test_children_never_work_more_than_their_parent_has_filled_through_kills(
    durable_store_url: str,
) -> None:
    async def story(ledger: Ledger) -> None:
        exchange = ExchangeSimulator(
            clock=SystemClock(), accounts=[ACCOUNT], rules=EntryRules(client_ids="any")
        )
        exchange.submit("others", instrument=BTC, side="buy", quantity="1000", limit_price="59000")
        world = World(ledger, exchange, 1)
        faults = Faults(1, lose_answer=0.02, delay=0.1, delay_seconds=0.1)
        async with HttpVenue(exchange, ACCOUNT, recorded_in(durable_store_url), faults) as venue:
            turning = asyncio.create_task(world.turn())
            await killed_bots(durable_store_url, venue, 1)
            faults.heal()
            entry = HttpEntry(venue.http_url)
            async with Gateway(
                ledger, {ACCOUNT: entry}, limits=SETTINGS, take_over=[ACCOUNT]
            ) as gateway:
                await until(lambda: not _unclear(ledger), 63.0)
                for row in ledger.open_orders():
                    if "parent" not in (row["links"] or {}):
                        await gateway.cancel(row["client_order_id"] or "")
                world.is_trading = False
                try:
                    await until(lambda: _protected(exchange), 20)
                except TimeoutError:
                    raise AssertionError(_state(ledger, exchange)) from None
                finally:
                    turning.cancel()
            await entry.aclose()
            doubled = {name: times for name, times in venue.arrived.items() if times > 1}
            odd = Counter(one["code"] for one in ledger.anomalies(open_only=True))
            print(
                f"{len(venue.arrived)} orders, {world.judge.fills} fills, {KILLS} kills, "
                f"{len(doubled)} doubled, {len(venue.unrecorded)} unrecorded, "
                f"{len(world.judge.broken)} times over the parent, anomalies {dict(odd)}"
            )
            assert world.judge.fills > KILLS
            assert world.judge.broken == []
            assert venue.unrecorded == []
            assert doubled == {}
            assert set(odd) <= {"late_report"}  # e.g. a cancel overtook an answer

    with Ledger.open(durable_store_url) as ledger:
        asyncio.run(story(ledger))


def _unclear(ledger: Ledger) -> list[str]:
    return [
        row["client_order_id"] or ""
        for row in ledger.open_orders()
        if row["certainty"] == "unresolved" or row["pending"]
    ]


def _state(ledger: Ledger, exchange: ExchangeSimulator) -> str:
    """What is open here and there, for a failure."""
    there = {str(order.client_id): str(order.left) for order in exchange.open_orders(ACCOUNT)}
    filled = {
        str(order.client_id): str(order.filled)
        for order in exchange.orders(ACCOUNT)
        if order.filled
    }
    here = {
        row["client_order_id"]: (row["status"], row["reason"], str(row["cum_quantity"]))
        for row in ledger.orders()
    }
    position = exchange.position(ACCOUNT, BTC).quantity
    return f"position {position}, works {there}\nfilled {filled}\nhere {here}"


def _protected(exchange: ExchangeSimulator) -> bool:
    """Whether the take-profits at the venue work exactly what the entries have left open."""
    works = sum(
        (order.left for order in exchange.open_orders(ACCOUNT) if "-tp" in str(order.client_id)),
        Decimal(),
    )
    return works == exchange.position(ACCOUNT, BTC).quantity
