"""Brakes of exchanges against servers that keep each exchange's rule: what the exchange cancels by
itself, the ledger learns."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orderledger import Gateway, Ledger
from orderledger.gateway import mass_canceling
from orderledger.infrastructure.clock import SystemClock
from orderledger.venues.reconciliation.reconciler import Reconciler
from orderledger.venues.reconciliation.rules import Rules
from tests.gateway.desk import until
from tests.gateway.test_processes import REPOSITORY
from tests.venues.ccxt.braked import ACCOUNT, SECONDS, SERVERS, SYMBOLS, entry, order, server, venue


@asynccontextmanager
async def killed(name: str, url: str, database: str) -> AsyncIterator[Any]:
    """A process with a gateway and a switch. It is killed at the end."""
    program = "tests.venues.ccxt.braked"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", program, name, url, database),
        cwd=REPOSITORY,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


@pytest.mark.slow
def test_a_process_is_killed_and_its_stops_trigger_and_fill_afterwards(tmp_path: Path) -> None:
    """One stop fills while nobody is there, and the other one afterwards."""
    name, terms = "binanceusdm", {"instrument": SYMBOLS["binanceusdm"], "limit_price": "2400"}

    async def story() -> None:
        database = f"sqlite:///{tmp_path}/ledger.db"
        async with server(name) as simulated:
            async with killed(name, simulated.http_url, database) as process:
                lines = [(await process.stdout.readline()).decode() for _ in range(2)]
                assert all(line.startswith("acknowledged") for line in lines), lines
            market, stops = simulated.exchange, simulated.conditional
            market.submit("some", side="buy", quantity="0.01", **terms)
            market.submit("others", side="sell", quantity="0.01", **terms)
            await until(lambda: {one.status for one in stops.orders} == {"TRIGGERED"}, 5)
            market.submit("some", side="buy", quantity="0.01", **terms)
            with Ledger.open(database) as ledger:
                reading = venue(name, simulated.http_url, ledger)
                rules = Rules(grace=timedelta(0))
                await Reconciler(ledger, reading, SystemClock(), rules).run(ACCOUNT)
                assert sorted(row["status"] for row in _rows(ledger)) == ["filled", "new"]
                market.submit("some", side="buy", quantity="0.01", **terms)
                await Reconciler(ledger, reading, SystemClock(), rules).run(ACCOUNT)
                assert [row["status"] for row in _rows(ledger)] == ["filled"] * 2
                assert {row["client_order_id"] for row in _rows(ledger)} == {"C0", "C1"}
                odd = {one["code"] for one in ledger.anomalies(open_only=True)}
                assert odd == set()
                await reading.aclose()

    asyncio.run(story())


def open_orders(simulated: Any) -> list[Any]:
    found: list[Any] = simulated.exchange.open_orders("main")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", SECONDS)
def test_the_switch_of_a_killed_gateway_fires_and_the_ledger_learns_it(
    name: str, tmp_path: Path
) -> None:
    async def story() -> None:
        database = f"sqlite:///{tmp_path}/ledger.db"
        async with server(name) as simulated:
            async with killed(name, simulated.http_url, database) as process:
                lines = [(await process.stdout.readline()).decode() for _ in range(2)]
                assert all(line.startswith("acknowledged") for line in lines), lines
                await until(lambda: simulated.countdowns.running, 5)
                await asyncio.sleep(1.2 * SECONDS[name])
                assert len(open_orders(simulated)) == 2, "it is renewed"
            await until(lambda: simulated.countdowns.fired, 1.5 * SECONDS[name])
            assert open_orders(simulated) == []
            with Ledger.open(database) as ledger:
                reading = venue(name, simulated.http_url, ledger)
                assert [row["is_open"] for row in ledger.orders()] == [True, True]
                rules = Rules(grace=timedelta(0))
                await Reconciler(ledger, reading, SystemClock(), rules).run(ACCOUNT)
                ledger.views.catch_up()
                assert [row["status"] for row in ledger.orders()] == ["canceled"] * 2
                await reading.aclose()

    asyncio.run(story())


@pytest.mark.parametrize("name", sorted(SERVERS.keys() - {"binanceusdm"}))
def test_the_exchange_s_cancel_all_cancels_everything_and_the_ledger_learns_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mass_canceling, "REPORT_SECONDS", 0.3)

    async def story() -> None:
        async with server(name) as simulated:
            with Ledger.open("memory://") as ledger:
                sending = entry(name, simulated.http_url)
                reading = venue(name, simulated.http_url, ledger)
                async with Gateway(
                    ledger, {ACCOUNT: sending}, venues={ACCOUNT: reading}
                ) as gateway:
                    for number in range(3):
                        sent = await gateway.submit(order(name, number))
                        assert sent.state == "acknowledged", sent
                    await gateway.cancel_all(account=ACCOUNT)
                    assert open_orders(simulated) == []
                    await until(
                        lambda: {row["status"] for row in _rows(ledger)} == {"canceled"}, 10
                    )
                await sending.aclose()
                await reading.aclose()

    asyncio.run(story())


def test_the_switch_of_okx_takes_its_range_and_covers_a_tag_alone() -> None:
    async def story() -> None:
        async with server("okx") as simulated:
            exchange = entry("okx", simulated.http_url)._exchange
            with pytest.raises(Exception, match="timeOut"):
                await exchange.cancel_all_orders_after(9_000)
            await exchange.cancel_all_orders_after(10_000, {"tag": "grid"})
            assert simulated.countdowns.running == ["grid"]
            for tag in ("grid", "other"):
                asked = ("ETH/USDT:USDT", "limit", "buy", "0.01", "2000", {"tag": tag})
                await exchange.create_order(*asked)
            simulated.cancel("grid")
            assert [simulated.tags[one.order_id] for one in open_orders(simulated)] == ["other"]
            await exchange.cancel_all_orders_after(0, {"tag": "grid"})
            assert simulated.countdowns.running == []
            await exchange.close()

    asyncio.run(story())


@pytest.mark.parametrize("name", ["kraken", "krakenfutures"])
def test_zero_switches_kraken_s_switch_off(name: str) -> None:
    async def story() -> None:
        async with server(name) as simulated:
            sending = entry(name, simulated.http_url)
            await sending.set_switch(5, SYMBOLS[name])
            assert simulated.countdowns.running == [""]
            await sending.set_switch(None, SYMBOLS[name])
            assert simulated.countdowns.running == []
            await sending.aclose()

    asyncio.run(story())


def _rows(ledger: Ledger) -> list[Any]:
    ledger.views.catch_up()
    return list(ledger.orders())
