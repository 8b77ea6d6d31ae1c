"""Long and short as two positions: each within its own limits, and nothing is sent for one that
nobody knows."""

import asyncio
from datetime import timedelta
from typing import Any

from orderledger import Ledger
from orderledger.infrastructure.messages.parsing import parse_document
from tests.gateway.desk import ACCOUNT, BTC, START, buy, sell, trading, venue_of

LIMITS = {"limits": [{"position_quantity": "1"}]}


def tell(ledger: Ledger, message_type: str, second: int, **fields: Any) -> None:
    at = (START + timedelta(seconds=second)).isoformat()
    ledger.record(
        parse_document(
            {"type": message_type, "account": ACCOUNT, "instrument": BTC, "at": at, **fields}
        )
    )


def filled(ledger: Ledger, second: int, side: str, quantity: str, **fields: Any) -> None:
    told = {
        "client_order_id": f"X-{second}",
        "fill_id": f"F-{second}",
        "side": side,
        "quantity": quantity,
        "price": "64000",
    }
    tell(ledger, "fill", second, **told, **fields)
    tell(ledger, "canceled", second + 1, client_order_id=f"X-{second}", instrument=None)


def mode(ledger: Ledger, word: str) -> None:
    tell(ledger, "instrument", -9, currency="USD", position_mode=word)


def test_a_long_and_a_short_position_are_limited_each_for_itself(ledger: Ledger) -> None:
    mode(ledger, "hedge")
    filled(ledger, -8, "buy", "0.9", position_side="long")
    filled(ledger, -5, "sell", "0.4", position_side="short")

    async def story() -> None:
        async with trading(ledger, venue_of(), LIMITS, conditions=["position_side"]) as gateway:
            assert (
                await gateway.submit(buy("C-1", quantity="0.2", position_side="long"))
            ).reason == "position_quantity"
            assert (
                await gateway.submit(
                    sell("C-2", quantity="0.5", price="66000", position_side="short")
                )
            ).state == "acknowledged"
            assert (
                await gateway.submit(
                    sell("C-3", quantity="0.2", price="66000", position_side="short")
                )
            ).reason == "position_quantity"
            closing = await gateway.submit(
                sell("C-4", quantity="0.9", price="66000", position_side="long")
            )
            assert closing.state == "acknowledged"

    asyncio.run(story())


def test_orders_for_a_position_that_nobody_knows_are_denied_unless_they_reduce_it(
    ledger: Ledger,
) -> None:
    mode(ledger, "hedge")
    filled(ledger, -8, "buy", "0.3")

    async def story() -> None:
        async with trading(ledger, venue_of(), conditions=["position_side"]) as gateway:
            assert (
                await gateway.submit(buy("C-1", position_side="long"))
            ).reason == "position_unknown"
            closing = await gateway.submit(
                sell("C-2", quantity="0.1", price="66000", position_side="long")
            )
            assert closing.state == "acknowledged"
            told = {
                "client_order_id": "X--8",
                "fill_id": "F--8",
                "side": "buy",
                "quantity": "0.3",
                "price": "64000",
            }
            tell(ledger, "fill", -8, **told, position_side="long")
            ledger.views.catch_up()
            assert (
                await gateway.submit(buy("C-3", quantity="0.1", position_side="long"))
            ).state == "acknowledged"

    asyncio.run(story())


def test_a_fill_without_a_side_stops_the_orders_of_an_instrument_at_once(ledger: Ledger) -> None:
    filled(ledger, -8, "buy", "0.3", position_side="long")

    async def story() -> None:
        async with trading(ledger, venue_of(), conditions=["position_side"]) as gateway:
            assert (
                await gateway.submit(buy("C-1", quantity="0.1", position_side="long"))
            ).state == "acknowledged"
            filled(ledger, 60, "buy", "0.3")
            assert (
                await gateway.submit(buy("C-2", quantity="0.1", position_side="long"))
            ).reason == "position_unknown"

    asyncio.run(story())


def test_an_order_names_a_side_where_there_are_two_and_none_where_there_is_one(
    ledger: Ledger,
) -> None:
    mode(ledger, "hedge")

    async def story() -> None:
        async with trading(ledger, venue_of(), conditions=["position_side"]) as gateway:
            assert (await gateway.submit(buy("C-1"))).reason == "position_unknown"
            tell(ledger, "instrument", 60, position_mode="net")
            ledger.views.catch_up()
            assert (
                await gateway.submit(buy("C-2", position_side="long"))
            ).reason == "position_side_conflict"
            assert (await gateway.submit(buy("C-3"))).state == "acknowledged"

    asyncio.run(story())


def test_a_fee_in_the_coin_leaves_the_position_that_limits_compare(ledger: Ledger) -> None:
    """Before the gateway starts and while it runs, and as soon as the definition says so."""
    tell(ledger, "instrument", -9, currency="USD")
    filled(ledger, -8, "buy", "0.5", fee="0.2", fee_currency="BTC")

    async def story() -> None:
        async with trading(ledger, venue_of(), LIMITS) as gateway:
            assert (await gateway.submit(buy("C-1", quantity="0.7"))).reason == "position_quantity"
            tell(ledger, "instrument", 1, kind="spot", base="BTC", quote="USD")
            filled(ledger, 60, "buy", "0.5", fee="0.2", fee_currency="BTC")
            assert (await gateway.submit(buy("C-2", quantity="0.5"))).reason == "position_quantity"
            assert (await gateway.submit(buy("C-3", quantity="0.4"))).state == "acknowledged"

    asyncio.run(story())
