"""How long an order is in doubt at simulated exchanges whose answers are lost.

100 orders are sent in 50 seconds. Of all requests, queries too, a fifth has a fault: 4 % never
arrive, 4 % have no answer, 4 % are refused with a 5xx, 3 % are done and have a 5xx, 2 % arrive 2
seconds late, 2 % are answered after up to 40 seconds. The least time of an order that never arrived
is what its exchange's rule asks for (docs/reference/absence.md): 20 s at Binance, 9 s at Kraken.
`BENCH_SEED` sets the seed of the faults."""

import asyncio
import os
import statistics
import time
from typing import Any

import pytest
from measuring import Bench, Figure

from orderledger import Gateway, Ledger, Request
from orderledger.gateway import GatewaySettings
from tests.venues.ccxt.harness import ACCOUNT, Account

FAULTS = {
    "lose_request": 0.04,
    "lose_answer": 0.04,
    "server_error": 0.04,
    "done_and_error": 0.03,
    "late_request": 0.02,
    "delay": 0.02,
}
ORDERS, PAUSE_SECONDS, PATIENCE_SECONDS = 100, 0.5, 60.0
LOOK_SECONDS = 0.05
Doubts = dict[str, list[float]]


def main() -> None:
    bench = Bench((__doc__ or "").splitlines()[0])
    for name in ("binanceusdm", "kraken"):
        if bench.wants(name):
            orders = ORDERS // 4 if bench.is_quick else ORDERS
            for kind, seconds in asyncio.run(_doubts(name, orders)).items():
                for case, value in (("median", statistics.median), ("longest", max)):
                    figure = f"{name}: {kind}, {case} of {len(seconds)}"
                    bench.add(Figure(figure, "memory", value(seconds) if seconds else 0.0, "s"))
    bench.close()


async def _doubts(name: str, orders: int) -> Doubts:
    """The seconds of each doubt: of orders that were found, and of those that never arrived."""
    account, environment = Account(name), pytest.MonkeyPatch()
    account.ledger = Ledger.open("memory://")
    account.faults.delay_seconds, account.faults.late_seconds = 40.0, 2.0
    async with account.open(environment):
        await account.entry._load_markets()
        await account.venue.open_orders(ACCOUNT)
        account.faults.chance.seed(int(os.environ.get("BENCH_SEED", "7")))
        account.faults.change(**FAULTS)
        settings = GatewaySettings(unresolved="allow")
        entries, venues = {ACCOUNT: account.entry}, {ACCOUNT: account.venue}
        async with Gateway(
            account.ledger, entries, venues=venues, limits=settings, answer_seconds=5.0
        ) as gateway:
            sending = asyncio.create_task(_send(gateway, account, orders))
            found = await _watched(account.ledger, sending)
            await sending
    environment.undo()
    return found


async def _send(gateway: Gateway, account: Account, orders: int) -> None:
    for number in range(orders):
        terms: dict[str, Any] = {**account.terms(), "order_type": "limit"}
        gateway.submit_soon(Request(account=ACCOUNT, client_order_id=f"C-{number}", **terms))
        await asyncio.sleep(PAUSE_SECONDS)


async def _watched(ledger: Ledger, sending: "asyncio.Task[None]") -> Doubts:
    """Watch until all orders were sent, and none is in doubt."""
    found: Doubts = {"found": [], "never arrived": []}
    began: dict[str, float] = {}
    ends_at = time.monotonic() + ORDERS * PAUSE_SECONDS + PATIENCE_SECONDS
    while (began or not sending.done()) and time.monotonic() < ends_at:
        await asyncio.sleep(LOOK_SECONDS)
        for order in ledger.orders():
            name, now = order["client_order_id"], time.monotonic()
            if order["certainty"] == "unresolved" and order["is_open"]:
                began.setdefault(name, now)
            elif name in began:
                kind = "never arrived" if order["reason"] == "never_arrived" else "found"
                found[kind].append(now - began.pop(name))
    return found


if __name__ == "__main__":
    main()
