"""The adapter on a websocket of a made-up venue: what is told, and what survives cuts, replays and
lies."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from orderledger.infrastructure.messages.registry import Fill
from orderledger.simulation.servers import Faults
from orderledger.venues.base.venue import Down, Messages, Up
from tests.venues.hyperliquid.harness import (
    ACCOUNT,
    ADDRESS,
    CLOID,
    PACE,
    START,
    TERMS,
    listening,
    made_up,
    up,
)

OURS = {**TERMS, "client_id": CLOID}


def test_an_account_is_up_before_it_is_heard_of() -> None:
    async def story() -> None:
        server = made_up()
        order = server.exchange.place(ADDRESS, **OURS)
        server.exchange.fill(order, "0.5")
        async with listening(server) as harness:
            await harness.until(
                lambda: harness.is_order(status="partially_filled", order_type="limit")
            )
            assert isinstance(harness.received[0], Up) and harness.received[0].accounts == (
                ACCOUNT,
            )
            assert {told.account for told in harness.received if isinstance(told, Messages)} == {
                ACCOUNT
            }
            assert harness.only_order()["anomalies"] == ["unknown_order"]

    asyncio.run(story())


def test_a_cut_after_a_fill_is_told_and_its_replay_is_no_second_fill() -> None:
    async def story() -> None:
        async with listening(made_up()) as harness:
            server = await up(harness)
            order = server.exchange.place(ADDRESS, **OURS)
            server.exchange.fill(order, "0.5")
            await harness.until(lambda: harness.is_order(status="partially_filled"))
            server.cut_all()
            await harness.until(lambda: harness.kinds.count("Up") == 2)
            (down,) = [told for told in harness.received if isinstance(told, Down)]
            assert down.accounts == (ACCOUNT,) and down.reason.startswith("1006")
            await harness.until(lambda: harness.kinds.count("fill") == 2)
            server.exchange.fill(order)
            await harness.until(
                lambda: harness.is_order(status="filled", cum_quantity=Decimal("1.2"))
            )
            assert len(harness.ledger.trades()) == 2
            fills = [
                m
                for told in harness.received
                if isinstance(told, Messages)
                for m in told.messages
                if isinstance(m, Fill)
            ]
            assert fills[0] == fills[1]

    asyncio.run(story())


def test_what_was_filled_while_the_line_was_down_comes_with_the_snapshot() -> None:
    async def story() -> None:
        async with listening(made_up()) as harness:
            server = await up(harness)
            order = server.exchange.place(ADDRESS, **OURS)
            await harness.until(lambda: harness.is_order(status="new"))
            server.refuse_connections(True)
            server.cut_all()
            await harness.until(lambda: "Down" in harness.kinds)
            server.exchange.fill(order)
            server.refuse_connections(False)
            await harness.until(lambda: harness.is_order(cum_quantity=Decimal("1.2")))

    asyncio.run(story())


def test_a_fill_may_come_before_its_order() -> None:
    async def story() -> None:
        async with listening(made_up()) as harness:
            server = await up(harness)
            server.keep("orderUpdates")
            server.keep("openOrders")
            order = server.exchange.place(ADDRESS, **OURS)
            server.exchange.fill(order, "0.5")
            await harness.until(
                lambda: harness.is_order(cum_quantity=Decimal("0.5"), acknowledged_at=None)
            )
            server.let_go("orderUpdates")
            server.let_go("openOrders")
            await harness.until(
                lambda: harness.is_order(
                    status="partially_filled", acknowledged_at=order.created_at
                )
            )
            assert harness.only_order()["anomalies"] == ["unknown_order"]

    asyncio.run(story())


@pytest.mark.parametrize("is_reversed", [False, True], ids=["canceled first", "open first"])
@pytest.mark.parametrize("has_lists", [False, True])
def test_a_modify_leaves_the_order_working_whichever_leg_comes_first(
    is_reversed: bool, has_lists: bool
) -> None:
    async def story() -> None:
        async with listening(made_up()) as harness:
            server = await up(harness)
            order = server.exchange.place(ADDRESS, **OURS)
            server.exchange.fill(order, "0.5")
            await harness.until(lambda: harness.is_order(status="partially_filled"))
            server.keep("orderUpdates")
            if not has_lists:
                server.keep("openOrders")
            new = server.exchange.modify(order, limit_price="2510", with_new_id=True)
            server.let_go("orderUpdates", is_reversed=is_reversed)
            await harness.until(lambda: harness.is_order(limit_price=2510))
            await asyncio.sleep(3 * PACE.hold)
            wanted = {
                "status": "partially_filled",
                "quantity": Decimal("1.2"),
                "venue_order_id": str(new.order_id),
            }
            assert harness.is_order(**wanted), harness.ledger.orders()
            server.exchange.fill(new)
            await harness.until(
                lambda: harness.is_order(status="filled", anomalies=["unknown_order"])
            )

    asyncio.run(story())


def test_a_cancel_is_told_after_a_while() -> None:
    async def story() -> None:
        async with listening(made_up()) as harness:
            server = await up(harness)
            server.exchange.cancel(server.exchange.place(ADDRESS, **OURS))
            await harness.until(lambda: harness.is_order(status="canceled", reason="canceled"))
            assert server.requests["orderStatus"] == 0

    asyncio.run(story())


@pytest.mark.parametrize("is_modified", [True, False])
def test_a_cut_right_after_a_cancel_makes_the_adapter_ask_what_it_was(is_modified: bool) -> None:
    async def story() -> None:
        async with listening(made_up(), pace=replace(PACE, hold=0.3)) as harness:
            server = await up(harness)
            order = server.exchange.place(ADDRESS, **OURS)
            await harness.until(lambda: harness.is_order(status="new"))
            for channel in ("openOrders", "userFills"):
                server.keep(channel)
            heard = harness.venue.counts["frames"]
            server.keep("orderUpdates")
            changed = (
                server.exchange.modify(order, limit_price="2510", with_new_id=True)
                if is_modified
                else server.exchange.cancel(order)
            )
            server.let_go_first("orderUpdates")
            await harness.until(lambda: harness.venue.counts["frames"] > heard)
            assert harness.is_order(status="new", limit_price=Decimal("2500.5"))
            server.most_connections = 0
            server.cut_all()
            if is_modified:
                await harness.until(
                    lambda: harness.is_order(
                        status="new", limit_price=2510, venue_order_id=str(changed.order_id)
                    )
                )
            else:
                await harness.until(lambda: harness.is_order(status="canceled"))
            assert server.requests["orderStatus"] > 0

    asyncio.run(story())


def test_filled_with_a_fill_missing_is_a_conflict_until_the_fills_are_asked_for() -> None:
    async def story() -> None:
        async with listening(made_up()) as harness:
            server = await up(harness)
            order = server.exchange.place(ADDRESS, **OURS)
            server.exchange.fill(order, "0.5")
            await harness.until(lambda: harness.is_order(status="partially_filled"))
            server.lose("userFills")
            server.exchange.fill(order)
            await harness.until(lambda: "status_conflict" in harness.only_order()["anomalies"])
            assert harness.is_order(is_open=True, cum_quantity=Decimal("0.5"))
            harness.ledger.record_many((await harness.venue.fills_since(ACCOUNT, START)).messages)
            assert harness.is_order(
                status="filled", cum_quantity=Decimal("1.2"), anomalies=["unknown_order"]
            )

    asyncio.run(story())


def test_an_order_that_the_venue_has_forgotten_is_unknown_and_its_fills_are_not() -> None:
    async def story() -> None:
        async with listening(made_up()) as harness:
            server = await up(harness)
            server.lose("userFills")
            server.lose("orderUpdates", 2)
            order = server.exchange.place(ADDRESS, **OURS)
            await harness.until(lambda: harness.is_order(status="new"))
            server.forget(order)
            server.exchange.fill(order)
            await harness.until(lambda: harness.venue.counts["unexplained"] == 1)
            assert await harness.venue.order(ACCOUNT, harness.only_order()) is None
            assert harness.is_order(status="new", cum_quantity=0)
            harness.ledger.record_many((await harness.venue.fills_since(ACCOUNT, START)).messages)
            assert harness.is_order(status="filled")

    asyncio.run(story())


def test_an_unknown_status_is_flagged_and_the_order_stays_open() -> None:
    async def story() -> None:
        async with listening(made_up()) as harness:
            server = await up(harness)
            order = server.exchange.place(ADDRESS, **OURS)
            server.push_status(order, "frobnicated")
            await harness.until(
                lambda: harness.is_order(
                    is_open=True, anomalies=["unknown_order", "unknown_status"]
                )
            )

    asyncio.run(story())


def test_an_order_that_left_the_list_without_a_word_is_asked_for() -> None:
    async def story() -> None:
        async with listening(made_up()) as harness:
            server = await up(harness)
            order = server.exchange.place(ADDRESS, **OURS)
            await harness.until(lambda: harness.is_order(status="new"))
            server.lose("orderUpdates")
            server.exchange.cancel(order, reason="marginCanceled")
            await harness.until(
                lambda: harness.is_order(status="canceled", reason="marginCanceled")
            )
            assert (harness.venue.counts["gone"], server.requests["orderStatus"]) == (1, 1)

    asyncio.run(story())


def test_an_order_that_left_the_list_is_asked_for_once_however_much_is_said_meanwhile() -> None:
    async def story() -> None:
        async with listening(made_up()) as harness:
            server = await up(harness)
            order = server.exchange.place(ADDRESS, **OURS)
            await harness.until(lambda: harness.is_order(status="new"))
            server.lose("orderUpdates")
            server.exchange.cancel(order)
            for _ in range(30):
                server.exchange.place(ADDRESS, **{**OURS, "client_id": None})
                await asyncio.sleep(0)
            await harness.until(
                lambda: (
                    len(harness.ledger.orders()) == 31 and len(harness.ledger.open_orders()) == 30
                )
            )
            assert server.requests["orderStatus"] == 1

    asyncio.run(story())


def test_fundings_come_by_their_own_channel() -> None:
    async def story() -> None:
        async with listening(made_up()) as harness:
            server = await up(harness)
            server.exchange.fill(server.exchange.place(ADDRESS, **OURS))
            server.exchange.fund(ADDRESS, "ETH", "-0.25")
            await harness.until(
                lambda: (
                    [row["funding"] for row in harness.ledger.pnl()] == [{"USDC": Decimal("-0.25")}]
                )
            )

    asyncio.run(story())


def test_the_legacy_channel_tells_orders_and_positions_and_a_position_once() -> None:
    async def story() -> None:
        async with listening(made_up(), is_legacy=True) as harness:
            server = await up(harness)
            order = server.exchange.place(ADDRESS, **OURS)
            server.exchange.fill(order, "0.5")
            await harness.until(
                lambda: harness.is_order(status="partially_filled", order_type="limit")
            )
            other = server.exchange.place(ADDRESS, **{**OURS, "client_id": None})
            await harness.until(lambda: len(harness.ledger.orders()) == 2)
            server.exchange.cancel(other)
            await harness.until(lambda: len(harness.ledger.open_orders()) == 1)
            assert harness.kinds.count("balance") == 1
            assert server.sockets[0].notes["subscriptions"][-1]["type"] == "webData2"

    asyncio.run(story())


def test_what_cannot_be_read_is_said_and_costs_the_other_rows_nothing() -> None:
    async def story() -> None:
        async with listening(made_up()) as harness:
            server = await up(harness)
            server.faults.plan_frames("malformed")
            server.exchange.place(ADDRESS, **OURS)
            await harness.until(lambda: len(harness.unreadable) == 1)
            server.push_frame(
                ADDRESS, "orderUpdates", [{"order": 1}, {"order": {}, "status": "open"}]
            )
            await harness.until(lambda: len(harness.unreadable) == 3)
            assert {told.accounts for told in harness.unreadable} == {(ACCOUNT,)}
            server.push_frame(ADDRESS, "userFills", {"user": "0x" + "bb" * 20, "fills": []})
            await harness.until(lambda: len(harness.unreadable) == 4)
            assert harness.unreadable[3].fault == "is not about this account"
            await harness.until(lambda: harness.is_order(status="new"))
            assert harness.venue.counts["unreadable"] == 4

    asyncio.run(story())


def test_frames_that_come_twice_or_late_change_nothing() -> None:
    async def story() -> None:
        faults = Faults(3, repeat=0.3, delay=0.2, delay_seconds=0.01)
        async with listening(made_up(faults=faults)) as harness:
            server = await up(harness)
            order = server.exchange.place(ADDRESS, **OURS)
            for quantity in ("0.1", "0.2", "0.3", "0.6"):
                server.exchange.fill(order, quantity)
            await harness.until(
                lambda: harness.is_order(
                    status="filled", cum_quantity=Decimal("1.2"), anomalies=["unknown_order"]
                )
            )
            assert len(harness.ledger.trades()) == 4
            assert harness.unreadable == []

    asyncio.run(story())
