"""An answer does not overtake what was said of the same legs before."""

import asyncio
from contextlib import aclosing
from decimal import Decimal
from typing import Any

from orderledger import Ledger, parse_document
from orderledger.venues.base.venue import Messages, Up
from tests.venues.hyperliquid.harness import ACCOUNT, ADDRESS, CLOID, START, adapter, made_up

TERMS: dict[str, Any] = {
    "client_id": CLOID,
    "instrument": "ETH",
    "side": "buy",
    "quantity": "1.2",
    "limit_price": "2500.5",
}
TURNS = 40


def test_the_quantity_of_a_modified_order_is_told_last_by_who_knows_most_of_its_earlier_legs() -> (
    None
):
    """After a restart the stream tells of the new leg, and its frame of fills is spoiled. Who asks
    for them knows better: were that recorded first, the smaller quantity would stand."""

    async def story() -> None:
        server = made_up()
        server.faults.plan_frames(None, None, None, None, "malformed")
        async with server:
            with Ledger.open("memory://") as ledger:
                order = server.exchange.place(ADDRESS, **TERMS)
                server.exchange.fill(order, "0.5")
                names = {
                    "venue_order_id": str(order.order_id),
                    "aliases": {"hyperliquid.cloid": CLOID},
                }
                known = {
                    "type": "acknowledged",
                    "account": ACCOUNT,
                    "at": order.created_at,
                    "instrument": "ETH",
                    "side": "buy",
                }
                ledger.record(parse_document({**known, **names, "reported": {"quantity": "1.2"}}))
                server.exchange.modify(order, limit_price="2510", with_new_id=True)
                venue = adapter(server, ledger)

                async def ask() -> None:
                    ledger.record_many((await venue.fills_since(ACCOUNT, START)).messages)

                async with aclosing(venue.listen()) as heard:
                    asking: asyncio.Task[None] | None = None
                    async for told in heard:
                        if isinstance(told, Up):
                            await turns()
                            asking = asyncio.create_task(ask())
                            await turns()
                        elif isinstance(told, Messages):
                            ledger.record_many(told.messages)
                            break
                    assert asking is not None and ledger.orders()[0]["quantity"] == Decimal("0.7")
                await asking
                await venue.aclose()
                (row,) = ledger.orders()
                assert (row["quantity"], row["cum_quantity"], row["limit_price"]) == (
                    Decimal("1.2"),
                    Decimal("0.5"),
                    2510,
                )

    asyncio.run(story())


async def turns() -> None:
    """Time enough for whatever waits for nobody."""
    for _ in range(TURNS):
        await asyncio.sleep(0.005)


def test_who_asks_about_an_order_is_told_of_its_legs_also_what_was_told_to_somebody_before() -> (
    None
):
    """Who was told before may have had no use for it."""

    async def story() -> None:
        async with made_up() as server:
            with Ledger.open("memory://") as ledger:
                names = [str((order := server.exchange.place(ADDRESS, **TERMS)).order_id)]
                for price in ("2510", "2520"):
                    order = server.exchange.modify(order, limit_price=price, with_new_id=True)
                    names.append(str(order.order_id))
                venue = adapter(server, ledger)
                row: dict[str, Any] = {
                    "client_order_id": None,
                    "aliases": {"hyperliquid.cloid": CLOID},
                    "venue_order_ids": names,
                }
                for _ in range(2):
                    answer = await venue.order(ACCOUNT, row) or ()
                    assert (
                        [
                            told.venue_order_id  # type: ignore[attr-defined]
                            for told in answer
                            if told.type == "replaced"
                        ]
                        == names[1:]
                    )
                await venue.aclose()

    asyncio.run(story())
