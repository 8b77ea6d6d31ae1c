"""`python -m tests.soak.trading DB URL ACCOUNT NAME LEASE_SECONDS`: submits an order through a
gateway and cancels it, again and again, until it is killed. It takes the account over from an
earlier process.
"""

import asyncio
import sys
from itertools import count
from typing import Any

from orderledger import Gateway, Ledger, Request
from orderledger.gateway import GatewaySettings
from tests.gateway.processes.http_venue import HttpEntry

PAUSE = 0.2
SETTINGS: dict[str, Any] = {
    "unresolved": "allow",
    "limits": [{"open_orders": 12}],
    "breakers": [{"rejects_per_minute": 1_000}],
}


async def trade(db: str, url: str, account: str, name: str, lease: str) -> None:
    terms: dict[str, Any] = {"instrument": "BTC-USD", "side": "buy", "quantity": "0.1"}
    terms |= {"order_type": "limit", "limit_price": "60000", "time_in_force": "gtc"}
    with Ledger.open(db) as ledger:
        settings = GatewaySettings.model_validate({**SETTINGS, "lease_seconds": float(lease)})
        entries = {account: HttpEntry(url)}
        async with Gateway(
            ledger, entries, limits=settings, name=name, take_over=[account]
        ) as gateway:
            print("trades", flush=True)
            for number in count(1):
                own: dict[str, Any] = {"account": account, "client_order_id": f"{name}-{number}"}
                await gateway.submit(Request(**own, **terms))
                await asyncio.sleep(PAUSE)
                await gateway.cancel(own["client_order_id"], account=account)


if __name__ == "__main__":
    asyncio.run(trade(*sys.argv[1:]))
