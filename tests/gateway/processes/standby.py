"""`python -m tests.gateway.processes.standby DB URL ACCOUNT NAME [--foreign]`: waits for the lease
of an account, prints what it takes over, and trades until it is killed.

`--foreign`: as a process on another machine, which cannot see that the holder is dead and waits for
the end of its lease.
"""

import argparse
import asyncio
import json
import sys
from contextlib import suppress

from orderledger import Certainty, Gateway, Ledger, LedgerError
from orderledger.gateway import lease_keeper
from orderledger.gateway.book import Book
from tests.gateway.processes.http_venue import HttpEntry
from tests.gateway.processes.trader import SETTINGS, trade


class Standby(Gateway):
    """Prints `waits` when its state is loaded: from then on it only follows the log."""

    is_ready = False

    def _load(self, book: Book) -> None:
        super()._load(book)
        if not self.is_ready:
            self.is_ready = True
            print("waits", flush=True)


async def main() -> None:
    parser = argparse.ArgumentParser()
    for word in ("db", "url", "account", "name"):
        parser.add_argument(word)
    parser.add_argument("--foreign", action="store_true")
    asked = parser.parse_args()
    if asked.foreign:
        lease_keeper.__dict__["this_process"] = lambda: f"machine of {asked.name} 1 1"
    with Ledger.open(asked.db) as ledger:
        entries = {asked.account: HttpEntry(asked.url)}
        async with Standby(
            ledger, entries, limits=SETTINGS, name=asked.name, answer_seconds=3.0
        ) as gateway:
            orders = [order for _, order in gateway._book.open_orders()]
            taken = {
                "open": sorted(order.client_order_id or "" for order in orders),
                "doubtful": sum(order.certainty is Certainty.UNRESOLVED for order in orders),
                "cancels": len(gateway._wired.canceler.outstanding),
            }
            print(json.dumps(taken), flush=True)
            await trade(gateway, asked.account, asked.name, pause=0.05)


if __name__ == "__main__":
    with suppress(LedgerError):
        asyncio.run(main())
    sys.exit(1)
