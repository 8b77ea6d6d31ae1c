"""Tracker 1 rebuilt: limit, market, stop and batch orders at Lighter.
`python -m examples.lighter.bot orderledger.toml`."""

import asyncio
import sys
from decimal import Decimal
from typing import Any

import orderledger
from orderledger import Request

ACCOUNT = "lighter:fake"
ETH = {"account": ACCOUNT, "instrument": "ETH", "quantity": "0.1", "strategy": "four-kinds"}
PRICE, AWAY = Decimal(2500), Decimal(50)


def four_kinds(number: int) -> list[list[Request]]:
    """The orders of one round. Those of one list are one batch, and one transaction at Lighter."""
    name = f"R{number:04}"
    limit = order(f"{name}-limit", "buy", limit_price=PRICE - AWAY)
    # A market order and a stop state the worst price that you accept.
    market = order(f"{name}-market", "buy", order_type="market", limit_price=PRICE + AWAY)
    stop = order(
        f"{name}-stop",
        "sell",
        order_type="stop",
        stop_price=PRICE - 2 * AWAY,
        limit_price=PRICE - 3 * AWAY,
        reduce_only=True,
    )
    ladder = [
        order(f"{name}-batch{step}", "buy", limit_price=PRICE - AWAY - step) for step in range(3)
    ]
    return [[limit], [market], [stop], ladder]


def order(name: str, side: str, **terms: Any) -> Request:
    return Request(**{**ETH, "client_order_id": name, "side": side, "order_type": "limit", **terms})


async def trade(settings: str) -> None:
    async with orderledger.connect(settings) as desk:
        rows = await desk.ledger.orders(strategy="four-kinds")
        unknown = [row for row in rows if row["certainty"] == "unresolved"]
        print(f"starts with {len(rows)} orders, {len(unknown)} unresolved", flush=True)
        tracked = {}  # the in-memory tracker, beside the ledger
        number = 1 + max((int(str(row["client_order_id"])[1:5]) for row in rows), default=0)
        while True:
            for batch in four_kinds(number):
                for sent in await desk.gateway.submit_many(batch):
                    tracked[sent.client_order_id] = sent.state
                    print(sent.client_order_id, sent.state, sent.reason or "", flush=True)
            print("in memory:", len(tracked), "orders", flush=True)
            number += 1
            await asyncio.sleep(0.5)


if __name__ == "__main__":
    asyncio.run(trade(sys.argv[1]))
