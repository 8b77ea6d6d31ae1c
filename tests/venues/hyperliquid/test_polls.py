"""Accounts that are looked at in turn."""

import asyncio
import re
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest

from orderledger.simulation.servers import Faults
from orderledger.venues.base.venue import Down, Up
from tests.venues.hyperliquid.harness import (
    ADDRESS,
    CLOID,
    START,
    TERMS,
    listening,
    made_up,
    polling,
)

FAR_FUTURE = 4_102_444_800_000


def test_a_look_tells_what_is_new_what_has_changed_and_what_went() -> None:
    async def story() -> None:
        async with listening(made_up(), limits=polling()) as harness:
            server = harness.server

            def counts(*names: str) -> list[int]:
                return [harness.venue.counts[name] for name in names]

            await harness.until(lambda: harness.kinds == ["Up"])
            order = server.exchange.place(ADDRESS, client_id=CLOID, **TERMS)
            await harness.until(lambda: harness.is_order(status="new", order_type="limit"))
            assert counts("new", "changed", "gone") == [1, 0, 0]
            server.exchange.fill(order, "0.5")
            await harness.until(
                lambda: harness.is_order(status="partially_filled", cum_quantity=Decimal("0.5"))
            )
            await harness.until(lambda: counts("new", "changed", "gone") == [1, 1, 0])
            server.exchange.cancel(order)
            await harness.until(
                lambda: harness.is_order(status="canceled", anomalies=["unknown_order"])
            )
            assert counts("new", "changed", "gone", "unexplained") == [1, 1, 1, 0]
            quiet = len(harness.received)
            polls = harness.venue.counts["polls"]
            await harness.until(lambda: harness.venue.counts["polls"] > polls + 2)
            assert len(harness.received) == quiet

    asyncio.run(story())


def test_a_modify_between_two_looks_is_a_replace() -> None:
    async def story() -> None:
        async with listening(made_up(), limits=polling()) as harness:
            order = harness.server.exchange.place(ADDRESS, client_id=CLOID, **TERMS)
            await harness.until(lambda: harness.is_order(status="new"))
            harness.server.exchange.fill(order, "0.5")
            new = harness.server.exchange.modify(order, limit_price="2510", with_new_id=True)
            wanted = {
                "quantity": Decimal("1.2"),
                "limit_price": 2510,
                "venue_order_id": str(new.order_id),
            }
            await harness.until(lambda: harness.is_order(status="partially_filled", **wanted))
            assert harness.only_order()["anomalies"] == ["unknown_order"]

    asyncio.run(story())


def test_many_orders_that_went_at_once_are_explained_by_one_question() -> None:
    async def story() -> None:
        async with listening(made_up(), limits=polling()) as harness:
            orders = [harness.server.exchange.place(ADDRESS, **TERMS) for _ in range(100)]
            await harness.until(lambda: len(harness.ledger.open_orders()) == 100)
            for order in orders:
                harness.server.exchange.cancel(order)
            await harness.until(lambda: harness.ledger.open_orders() == [])
            assert harness.server.requests["historicalOrders"] >= 1
            assert harness.server.requests["orderStatus"] <= 120

    asyncio.run(story())


def test_fills_of_one_moment_that_come_between_two_looks_are_all_told_once() -> None:
    async def story() -> None:
        async with listening(made_up(), limits=polling()) as harness:
            order = harness.server.exchange.place(ADDRESS, **TERMS)
            for number in range(12):
                harness.server.exchange.fill(order, "0.1")
                polls = harness.venue.counts["polls"]
                if number % 3 == 0:
                    await harness.until(
                        partial(lambda polls: harness.venue.counts["polls"] > polls, polls)
                    )
            await harness.until(lambda: harness.is_order(status="filled"))
            assert harness.kinds.count("fill") == 12

    asyncio.run(story())


def test_an_outage_is_down_since_the_last_good_look_and_nothing_is_missed() -> None:
    async def story() -> None:
        async with listening(made_up(), limits=polling()) as harness:
            order = harness.server.exchange.place(ADDRESS, **TERMS)
            await harness.until(lambda: harness.is_order(status="new"))
            harness.server.refuse_connections(True)
            await harness.until(lambda: "Down" in harness.kinds)
            harness.server.exchange.fill(order)
            harness.server.refuse_connections(False)
            await harness.until(lambda: harness.is_order(status="filled"))
            assert harness.kinds.count("Up") == 2

    asyncio.run(story())


def test_the_last_good_look_is_when_it_began() -> None:
    class Set:
        def __init__(self) -> None:
            self.at = START

        def now(self) -> datetime:
            return self.at

    async def story() -> None:
        clock = Set()
        async with listening(made_up(), limits=polling(), clock=clock) as harness:
            await harness.until(lambda: harness.kinds == ["Up"])
            harness.server.refuse_connections(True)
            clock.at = START + timedelta(hours=1)
            await harness.until(lambda: harness.kinds == ["Up", "Down"])
            assert [told.at for told in harness.received if isinstance(told, (Up, Down))] == [
                START,
                START,
            ]

    asyncio.run(story())


def test_storms_of_5xx_and_429_end_in_the_same_orders() -> None:
    async def story() -> None:
        faults = Faults(5, server_error=0.2, too_many_requests=0.2, lose_answer=0.1, malformed=0.1)
        async with listening(
            made_up(faults=faults), limits=polling(weight_per_minute=100_000)
        ) as harness:
            order = harness.server.exchange.place(ADDRESS, client_id=CLOID, **TERMS)
            for _ in range(3):
                harness.server.exchange.fill(order, "0.2")
                polls = harness.venue.counts["polls"]
                await harness.until(
                    partial(lambda polls: harness.venue.counts["polls"] > polls, polls)
                )
            harness.server.exchange.cancel(order)
            await harness.until(
                lambda: harness.is_order(status="canceled", cum_quantity=Decimal("0.6"))
            )
            assert harness.only_order()["anomalies"] == ["unknown_order"]
            assert faults.done["server_error"] and faults.done["too_many_requests"]

    asyncio.run(story())


def test_a_row_that_cannot_be_read_is_said_once() -> None:
    async def story() -> None:
        server = made_up()
        async with listening(server, limits=polling()) as harness:
            order = server.exchange.place(ADDRESS, **TERMS)
            server.spoiled[order.order_id] = {"side": "X"}
            server.exchange.place(ADDRESS, **{**TERMS, "side": "sell"})
            await harness.until(lambda: len(harness.ledger.orders()) == 1 and harness.unreadable)
            polls = harness.venue.counts["polls"]
            await harness.until(lambda: harness.venue.counts["polls"] > polls + 2)
            assert [told.fault for told in harness.unreadable] == ["side is not B or A: X"]

    asyncio.run(story())


@pytest.mark.parametrize(
    ("readable", "unreadable"), [('"tid":1,', '"tid":"?",'), ('"px":"2500.5"', '"px":"?"')]
)
def test_a_fill_that_cannot_be_read_is_said_once_and_told_when_it_can_be_read(
    readable: str, unreadable: str
) -> None:
    async def story() -> None:
        server = made_up()
        server.rewritten = lambda text: text.replace(readable, unreadable)
        async with listening(server, limits=polling()) as harness:

            async def some_looks() -> None:
                polls = harness.venue.counts["polls"]
                await harness.until(lambda: harness.venue.counts["polls"] > polls + 2)

            server.exchange.fill(server.exchange.place(ADDRESS, **TERMS))
            await harness.until(lambda: harness.unreadable)
            await some_looks()
            assert (
                len(harness.unreadable),
                harness.venue.counts["unreadable"],
                harness.kinds.count("fill"),
            ) == (1, 1, 0)
            server.rewritten = lambda text: text
            await harness.until(lambda: harness.is_order(cum_quantity=Decimal("1.2")))
            await some_looks()
            assert harness.kinds.count("fill") == 1

    asyncio.run(story())


def test_a_fill_of_a_far_future_hides_none_that_come_after_it() -> None:
    async def story() -> None:
        server = made_up()
        server.rewritten = lambda text: re.sub(
            r'"time":\d+(.*"tid":1,)', rf'"time":{FAR_FUTURE}\1', text
        )
        async with listening(server, limits=polling()) as harness:
            order = server.exchange.place(ADDRESS, **TERMS)
            server.exchange.fill(order, "0.5")
            await harness.until(lambda: harness.kinds.count("fill") == 1)
            server.exchange.fill(order, "0.7")
            await harness.until(lambda: harness.is_order(cum_quantity=Decimal("1.2")))

    asyncio.run(story())


@pytest.mark.parametrize("row", ["7" * 5000, '"777"'])
def test_a_row_that_is_a_bare_number_is_no_order_when_it_goes(row: str) -> None:
    async def story() -> None:
        server = made_up()
        server.rewritten = lambda text: text.replace("[]", f"[{row}]")
        async with listening(server, limits=polling()) as harness:
            await harness.until(lambda: harness.unreadable)
            server.rewritten = lambda text: text
            polls = harness.venue.counts["polls"]
            await harness.until(lambda: harness.venue.counts["polls"] > polls + 2)
            assert (harness.venue.counts["gone"], server.requests["orderStatus"]) == (0, 0)

    asyncio.run(story())
