"""`python -m tests.gateway.processes.bracket_trader DB URL ACCOUNT NAME`: submits brackets through
a gateway until it is killed."""

import asyncio
import sys
from contextlib import suppress
from itertools import count

from orderledger import Gateway, Ledger, LedgerError, Request
from orderledger.gateway import GatewaySettings
from tests.gateway.processes.http_venue import HttpEntry

SETTINGS = GatewaySettings.model_validate(
    {"lease_seconds": 1.0, "unresolved": "allow", "trigger_mark_seconds": 2.0}
)
ENTRY, TAKE_PROFIT, STOP_LOSS = "60000", "60100", "59900"


async def trade(gateway: Gateway, account: str, name: str) -> None:
    for number in count(1):
        request = Request(
            account=account,
            client_order_id=f"{name}-{number}",
            instrument="BTC-USD",
            side="buy",
            quantity="0.4",
            order_type="limit",
            limit_price=ENTRY,
            time_in_force="gtc",
        )
        with suppress(LedgerError):
            await gateway.submit_bracket(request, take_profit=TAKE_PROFIT, stop_loss=STOP_LOSS)
        await asyncio.sleep(0.2)


async def main() -> None:
    db, url, account, name = sys.argv[1:5]
    with Ledger.open(db) as ledger:
        entries = {account: HttpEntry(url)}
        async with Gateway(
            ledger, entries, limits=SETTINGS, name=name, take_over=[account], answer_seconds=3.0
        ) as gateway:
            print("trades", flush=True)
            await trade(gateway, account, name)


if __name__ == "__main__":
    with suppress(LedgerError):
        asyncio.run(main())
    sys.exit(1)
