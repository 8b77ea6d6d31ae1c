"""Accounts that are looked at in turn."""

import asyncio
import re
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from orderledger.infrastructure.venues.base.venue import Down, Up
from orderledger.simulation.servers import Faults
from tests.venues.hyperliquid.company import ADDRESS, CLOID, START, TERMS, listening, made_up, polling

FAR_FUTURE = 4_102_444_800_000


def test_a_look_tells_what_is_new_what_has_changed_and_what_went() -> None:
    async def story() -> None:
        async with listening(made_up(), limits=polling()) as desk:
            server = desk.server

            def counts(*names: str) -> list[int]:
                return [desk.venue.counts[name] for name in names]

            await desk.until(lambda: desk.kinds == ["Up"])
            order = server.truth.place(ADDRESS, client_id=CLOID, **TERMS)
            await desk.until(lambda: desk.is_order(status="new", order_type="limit"))
            assert counts("new", "changed", "gone") == [1, 0, 0]
            server.truth.fill(order, "0.5")
            await desk.until(lambda: desk.is_order(status="partially_filled", cum_quantity=Decimal("0.5")))
            await desk.until(lambda: counts("new", "changed", "gone") == [1, 1, 0])
            server.truth.cancel(order)
            await desk.until(lambda: desk.is_order(status="canceled", anomalies=["unknown_order"]))
            assert counts("new", "changed", "gone", "unexplained") == [1, 1, 1, 0]
            quiet = len(desk.told)
            polls = desk.venue.counts["polls"]
            await desk.until(lambda: desk.venue.counts["polls"] > polls + 2)
            assert len(desk.told) == quiet

    asyncio.run(story())


def test_a_modify_between_two_looks_is_a_replace() -> None:
    async def story() -> None:
        async with listening(made_up(), limits=polling()) as desk:
            order = desk.server.truth.place(ADDRESS, client_id=CLOID, **TERMS)
            await desk.until(lambda: desk.is_order(status="new"))
            desk.server.truth.fill(order, "0.5")
            new = desk.server.truth.modify(order, limit_price="2510", with_new_id=True)
            wanted = {"quantity": Decimal("1.2"), "limit_price": 2510, "venue_order_id": str(new.order_id)}
            await desk.until(lambda: desk.is_order(status="partially_filled", **wanted))
            assert desk.only_order()["anomalies"] == ["unknown_order"]

    asyncio.run(story())


def test_many_orders_that_went_at_once_are_explained_by_one_question() -> None:
    async def story() -> None:
        async with listening(made_up(), limits=polling()) as desk:
            orders = [desk.server.truth.place(ADDRESS, **TERMS) for _ in range(100)]
            await desk.until(lambda: len(desk.ledger.open_orders()) == 100)
            for order in orders:
                desk.server.truth.cancel(order)
            await desk.until(lambda: desk.ledger.open_orders() == [])
            assert desk.server.requests["historicalOrders"] >= 1
            assert desk.server.requests["orderStatus"] <= 120

    asyncio.run(story())


def test_fills_of_one_moment_that_come_between_two_looks_are_all_told_once() -> None:
    async def story() -> None:
        async with listening(made_up(), limits=polling()) as desk:
            order = desk.server.truth.place(ADDRESS, **TERMS)
            for number in range(12):
                desk.server.truth.fill(order, "0.1")
                polls = desk.venue.counts["polls"]
                if number % 3 == 0:
                    await desk.until(lambda polls=polls: desk.venue.counts["polls"] > polls)  # type: ignore[misc]
            await desk.until(lambda: desk.is_order(status="filled"))
            assert desk.kinds.count("fill") == 12

    asyncio.run(story())


def test_an_outage_is_down_since_the_last_good_look_and_nothing_is_missed() -> None:
    async def story() -> None:
        async with listening(made_up(), limits=polling()) as desk:
            order = desk.server.truth.place(ADDRESS, **TERMS)
            await desk.until(lambda: desk.is_order(status="new"))
            desk.server.refuse_connections(True)
            await desk.until(lambda: "Down" in desk.kinds)
            desk.server.truth.fill(order)
            desk.server.refuse_connections(False)
            await desk.until(lambda: desk.is_order(status="filled"))
            assert desk.kinds.count("Up") == 2

    asyncio.run(story())


def test_the_last_good_look_is_when_it_began() -> None:
    class Set:
        def __init__(self) -> None:
            self.at = START

        def now(self) -> datetime:
            return self.at

    async def story() -> None:
        clock = Set()
        async with listening(made_up(), limits=polling(), clock=clock) as desk:
            await desk.until(lambda: desk.kinds == ["Up"])
            desk.server.refuse_connections(True)
            clock.at = START + timedelta(hours=1)
            await desk.until(lambda: desk.kinds == ["Up", "Down"])
            assert [told.at for told in desk.told if isinstance(told, (Up, Down))] == [START, START]

    asyncio.run(story())


def test_storms_of_5xx_and_429_end_in_the_same_orders() -> None:
    async def story() -> None:
        faults = Faults(5, server_error=0.2, too_many_requests=0.2, lose_answer=0.1, malformed=0.1)
        async with listening(made_up(faults=faults), limits=polling(weight_per_minute=100_000)) as desk:
            order = desk.server.truth.place(ADDRESS, client_id=CLOID, **TERMS)
            for _ in range(3):
                desk.server.truth.fill(order, "0.2")
                polls = desk.venue.counts["polls"]
                await desk.until(lambda polls=polls: desk.venue.counts["polls"] > polls)  # type: ignore[misc]
            desk.server.truth.cancel(order)
            await desk.until(lambda: desk.is_order(status="canceled", cum_quantity=Decimal("0.6")))
            assert desk.only_order()["anomalies"] == ["unknown_order"]
            assert faults.done["server_error"] and faults.done["too_many_requests"]

    asyncio.run(story())


def test_a_row_that_cannot_be_read_is_said_once() -> None:
    async def story() -> None:
        server = made_up()
        async with listening(server, limits=polling()) as desk:
            order = server.truth.place(ADDRESS, **TERMS)
            server.spoiled[order.order_id] = {"side": "X"}
            server.truth.place(ADDRESS, **{**TERMS, "side": "sell"})
            await desk.until(lambda: len(desk.ledger.orders()) == 1 and desk.garbled)
            polls = desk.venue.counts["polls"]
            await desk.until(lambda: desk.venue.counts["polls"] > polls + 2)
            assert [told.fault for told in desk.garbled] == ["side is neither B nor A: X"]

    asyncio.run(story())


@pytest.mark.parametrize(("readable", "unreadable"), [('"tid":1,', '"tid":"?",'), ('"px":"2500.5"', '"px":"?"')])
def test_a_fill_that_cannot_be_read_is_said_once_and_told_when_it_can_be_read(readable: str, unreadable: str) -> None:
    async def story() -> None:
        server = made_up()
        server.rewritten = lambda text: text.replace(readable, unreadable)
        async with listening(server, limits=polling()) as desk:

            async def some_looks() -> None:
                polls = desk.venue.counts["polls"]
                await desk.until(lambda: desk.venue.counts["polls"] > polls + 2)

            server.truth.fill(server.truth.place(ADDRESS, **TERMS))
            await desk.until(lambda: desk.garbled)
            await some_looks()
            assert (len(desk.garbled), desk.venue.counts["garbled"], desk.kinds.count("fill")) == (1, 1, 0)
            server.rewritten = lambda text: text
            await desk.until(lambda: desk.is_order(cum_quantity=Decimal("1.2")))
            await some_looks()
            assert desk.kinds.count("fill") == 1

    asyncio.run(story())


def test_a_fill_of_a_far_future_hides_none_that_come_after_it() -> None:
    async def story() -> None:
        server = made_up()
        server.rewritten = lambda text: re.sub(r'"time":\d+(.*"tid":1,)', rf'"time":{FAR_FUTURE}\1', text)
        async with listening(server, limits=polling()) as desk:
            order = server.truth.place(ADDRESS, **TERMS)
            server.truth.fill(order, "0.5")
            await desk.until(lambda: desk.kinds.count("fill") == 1)
            server.truth.fill(order, "0.7")
            await desk.until(lambda: desk.is_order(cum_quantity=Decimal("1.2")))

    asyncio.run(story())


@pytest.mark.parametrize("row", ["7" * 5000, '"777"'])
def test_a_row_that_is_a_bare_number_is_no_order_when_it_goes(row: str) -> None:
    async def story() -> None:
        server = made_up()
        server.rewritten = lambda text: text.replace("[]", f"[{row}]")
        async with listening(server, limits=polling()) as desk:
            await desk.until(lambda: desk.garbled)
            server.rewritten = lambda text: text
            polls = desk.venue.counts["polls"]
            await desk.until(lambda: desk.venue.counts["polls"] > polls + 2)
            assert (desk.venue.counts["gone"], server.requests["orderStatus"]) == (0, 0)

    asyncio.run(story())
