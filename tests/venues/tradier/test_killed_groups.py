"""A process is killed at each step around the sending of a group. The next one finds what the venue
has, and sends nothing twice."""

import asyncio
import sys

import pytest

from orderledger import Gateway, Ledger
from orderledger.gateway import GatewaySettings
from orderledger.infrastructure.clock import SystemClock
from orderledger.simulation.market import ExchangeSimulator
from orderledger.simulation.tradier.server import TradierServer
from orderledger.venues.base.registry import adapter as adapter_of
from orderledger.venues.collecting.records import records_of
from tests.gateway.desk import until
from tests.gateway.test_processes import REPOSITORY
from tests.venues.tradier.group_desk import entry_of, request
from tests.venues.tradier.group_trader import STEPS
from tests.venues.tradier.harness import adapter, run
from tests.venues.tradier.payloads import ACCOUNT, NUMBER, Book
from tests.venues.tradier.test_native_groups import BRACKET

SETTINGS = GatewaySettings.model_validate({"lease_seconds": 1.0})


async def killed(url: str, fake: TradierServer, step: str) -> None:
    command = [sys.executable, "-m", "tests.venues.tradier.group_trader"]
    process = await asyncio.create_subprocess_exec(
        *command, url, fake.url, fake.token, step, cwd=REPOSITORY
    )
    async with asyncio.timeout(60):
        assert await process.wait() == -9


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_a_group_is_found_by_the_next_process_and_never_sent_twice(
    durable_store_url: str, step: str
) -> None:
    async def story() -> None:
        exchange = ExchangeSimulator(
            clock=SystemClock(), accounts=[NUMBER], first_order_id=900101, currency="USD"
        )
        async with TradierServer(exchange) as fake:
            await killed(durable_store_url, fake, step)
            entry = entry_of(fake)
            with (
                Ledger.open(durable_store_url) as ledger,
                records_of(durable_store_url, ledger, [adapter_of("tradier")]) as records,
            ):
                venue = adapter(fake, Book(ledger), records=records, stream_url=None)
                async with Gateway(
                    ledger,
                    {ACCOUNT: entry},
                    limits=SETTINGS,
                    venues={ACCOUNT: venue},
                    take_over=[ACCOUNT],
                ) as gateway:
                    await _check(ledger, gateway, exchange, step)
                await entry.aclose()
                await venue.aclose()

    run(story())


async def _check(ledger: Ledger, gateway: Gateway, exchange: ExchangeSimulator, step: str) -> None:
    rows = [row for row in ledger.orders() if row["client_order_id"] in BRACKET]
    parents = [one for one in exchange.orders(NUMBER) if one.parent_id is None]
    assert gateway.held() == []
    if step == "prepared":
        assert (rows, parents) == ([], [])
        return
    if step == "recorded":
        assert parents == []
        await until(lambda: all(ledger.order(name)["absent_at"] for name in BRACKET))
        assert {row["certainty"] for row in ledger.orders()} == {"unresolved"}
    else:
        (parent,) = parents
        legs = [str(leg.order_id) for leg in exchange.children(parent.order_id)]
        if step == "answered":  # the ids come by the collector, or when the order is queried
            await gateway.cancel("E-1")
        await until(lambda: _ids(ledger) == legs or step == "answered")
        assert {row["certainty"] for row in ledger.orders()} == {"confirmed"}
    sent = await gateway.submit_bracket(request("E-1"), take_profit="510", stop_loss="490")
    assert {one.state for one in sent} == {"refused"}
    assert [one for one in exchange.orders(NUMBER) if one.parent_id is None] == parents


def _ids(ledger: Ledger) -> list[str | None]:
    return [ledger.order(name)["venue_order_id"] for name in BRACKET]
