"""`python -m tests.gateway.processes.trader DB URL ACCOUNT NAME [--force]`: trades through a
gateway until it is killed."""

import argparse
import asyncio
import sys
from contextlib import suppress
from itertools import count
from random import Random

from orderledger import Gateway, Ledger, LedgerError, Request
from orderledger.gateway import GatewaySettings
from tests.gateway.processes.http_venue import HttpEntry

LEASE_SECONDS = 1.0
SETTINGS = GatewaySettings.model_validate(
    {"lease_seconds": LEASE_SECONDS, "unresolved": "allow", "limits": [{"open_orders": 12}]}
)


async def trade(gateway: Gateway, account: str, name: str, *, pause: float = 0.0) -> None:
    chance = Random(name)
    for number in count(1):
        await asyncio.sleep(pause)
        request = Request(
            account=account,
            client_order_id=f"{name}-{number}",
            instrument="BTC-USD",
            side="buy",
            quantity="0.1",
            order_type="limit",
            limit_price=str(60000 + chance.randint(0, 99)),
            time_in_force="gtc",
        )
        with suppress(LedgerError):
            if chance.random() < 0.3:
                await gateway.submit_many(
                    [request, request.model_copy(update={"client_order_id": f"{name}-{number}b"})]
                )
            else:
                await gateway.submit(request)
        with suppress(LedgerError):
            await gateway.cancel(f"{name}-{max(1, number - chance.randint(0, 8))}", account=account)


async def main() -> None:
    parser = argparse.ArgumentParser()
    for word in ("db", "url", "account", "name"):
        parser.add_argument(word)
    parser.add_argument("--force", action="store_true")
    asked = parser.parse_args()
    forced = [asked.account] if asked.force else []
    with Ledger.open(asked.db) as ledger:
        entries = {asked.account: HttpEntry(asked.url)}
        async with Gateway(
            ledger, entries, limits=SETTINGS, name=asked.name, take_over=forced, answer_seconds=3.0
        ) as gateway:
            print("trades", flush=True)
            await trade(gateway, asked.account, asked.name)


if __name__ == "__main__":
    with suppress(LedgerError):
        asyncio.run(main())
    sys.exit(1)
