"""`python -m tests.soak.trading DB URL ACCOUNT NAME LEASE_SECONDS`: submits an order through a
gateway and cancels it, again and again, until it is killed. It takes the account over from an
earlier process.
"""

import asyncio
import sys
from contextlib import suppress
from itertools import count
from typing import Any

from orderledger import Fenced, Gateway, Ledger, Request
from orderledger.gateway import GatewaySettings
from tests.gateway.processes.http_venue import HttpEntry

PAUSE = 0.2
SETTINGS: dict[str, Any] = {
    "unresolved": "allow",
    "limits": [{"open_orders": 12}],
    "breakers": [{"rejects_per_minute": 1_000}],
}


async def trade(db: str, url: str, account: str, name: str, lease: str) -> None:
    """A gateway that loses its lease, as on a machine under load, begins again."""
    settings = GatewaySettings.model_validate({**SETTINGS, "lease_seconds": float(lease)})
    numbers = count(1)
    with Ledger.open(db) as ledger:
        while True:
            entries = {account: HttpEntry(url)}
            with suppress(Fenced):
                async with Gateway(
                    ledger, entries, limits=settings, name=name, take_over=[account]
                ) as gateway:
                    print("trades", flush=True)
                    for number in numbers:
                        await order(gateway, account, f"{name}-{number}")
            await entries[account].aclose()


async def order(gateway: Gateway, account: str, name: str) -> None:
    terms: dict[str, Any] = {"instrument": "BTC-USD", "side": "buy", "quantity": "0.1"}
    terms |= {"order_type": "limit", "limit_price": "60000", "time_in_force": "gtc"}
    await gateway.submit(Request(account=account, client_order_id=name, **terms))
    await asyncio.sleep(PAUSE)
    await gateway.cancel(name, account=account)


if __name__ == "__main__":
    asyncio.run(trade(*sys.argv[1:]))
