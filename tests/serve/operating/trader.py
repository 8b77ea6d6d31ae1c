"""`python -m tests.serve.operating.trader DB FAILURES`: a gateway with breakers; so many of its
orders fail. Runs until killed."""

import asyncio
import sys
from datetime import UTC, datetime
from typing import Any

from orderledger import Gateway, Ledger, Request
from orderledger.gateway import GatewaySettings
from orderledger.simulation.local import CALM, LocalVenue
from orderledger.simulation.local.order_entry import LocalOrderEntry

ACCOUNT, BTC = "sim:main", "BTC-USD"
BREAKERS: list[dict[str, Any]] = [
    {"sending_failures": 3, "cancels_orders": True},
    {"instrument": BTC, "rejects_per_minute": 5, "daily_loss": "1000"},
    {"strategy": "grid", "open_break": True, "drawdown": "250.50"},
]


def order(name: str) -> Request:
    terms: dict[str, Any] = {
        "instrument": BTC,
        "side": "buy",
        "quantity": "0.5",
        "order_type": "limit",
        "limit_price": "60000",
    }
    return Request(account=ACCOUNT, client_order_id=name, **terms)


async def trade(ledger: Ledger, failures: int) -> None:
    venue = LocalVenue(
        1, start=datetime.now(UTC), account=ACCOUNT, faults=CALM, flow_interval_seconds=None
    )
    settings = GatewaySettings.model_validate({"unresolved": "allow", "breakers": BREAKERS})
    async with Gateway(ledger, {ACCOUNT: LocalOrderEntry(venue)}, limits=settings) as gateway:
        for number in range(failures):
            venue.lose_next_answer("request_lost")
            print((await gateway.submit(order(f"C-{number}"))).state, flush=True)
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with Ledger.open(sys.argv[1]) as ledger:
        asyncio.run(trade(ledger, int(sys.argv[2])))
