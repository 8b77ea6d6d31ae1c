"""The adapter on a websocket of a made-up venue: what is told, and what survives cuts, replays and lies."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from orderledger.infrastructure.messages.registry import Fill
from orderledger.infrastructure.venues.base.venue import Down, Heard, Up
from orderledger.simulation.servers import Faults
from tests.venues.hyperliquid.company import ACCOUNT, ADDRESS, CLOID, PACE, START, TERMS, listening, made_up, up

OURS = {**TERMS, "client_id": CLOID}


def test_an_account_is_up_before_it_is_heard_of() -> None:
    async def story() -> None:
        server = made_up()
        order = server.truth.place(ADDRESS, **OURS)
        server.truth.fill(order, "0.5")
        async with listening(server) as desk:
            await desk.until(lambda: desk.is_order(status="partially_filled", order_type="limit"))
            assert isinstance(desk.told[0], Up) and desk.told[0].accounts == (ACCOUNT,)
            assert {told.account for told in desk.told if isinstance(told, Heard)} == {ACCOUNT}
            assert desk.only_order()["anomalies"] == ["unknown_order"]

    asyncio.run(story())


def test_a_cut_after_a_fill_is_told_and_its_replay_is_no_second_fill() -> None:
    async def story() -> None:
        async with listening(made_up()) as desk:
            server = await up(desk)
            order = server.truth.place(ADDRESS, **OURS)
            server.truth.fill(order, "0.5")
            await desk.until(lambda: desk.is_order(status="partially_filled"))
            server.cut_all()
            await desk.until(lambda: desk.kinds.count("Up") == 2)
            (down,) = [told for told in desk.told if isinstance(told, Down)]
            assert down.accounts == (ACCOUNT,) and down.reason.startswith("1006")
            await desk.until(lambda: desk.kinds.count("fill") == 2)
            server.truth.fill(order)
            await desk.until(lambda: desk.is_order(status="filled", cum_quantity=Decimal("1.2")))
            assert len(desk.ledger.trades()) == 2
            fills = [m for told in desk.told if isinstance(told, Heard) for m in told.messages if isinstance(m, Fill)]
            assert fills[0] == fills[1]

    asyncio.run(story())


def test_what_was_filled_while_the_line_was_down_comes_with_the_snapshot() -> None:
    async def story() -> None:
        async with listening(made_up()) as desk:
            server = await up(desk)
            order = server.truth.place(ADDRESS, **OURS)
            await desk.until(lambda: desk.is_order(status="new"))
            server.refuse_connections(True)
            server.cut_all()
            await desk.until(lambda: "Down" in desk.kinds)
            server.truth.fill(order)
            server.refuse_connections(False)
            await desk.until(lambda: desk.is_order(cum_quantity=Decimal("1.2")))

    asyncio.run(story())


def test_a_fill_may_come_before_its_order() -> None:
    async def story() -> None:
        async with listening(made_up()) as desk:
            server = await up(desk)
            server.keep("orderUpdates")
            server.keep("openOrders")
            order = server.truth.place(ADDRESS, **OURS)
            server.truth.fill(order, "0.5")
            await desk.until(lambda: desk.is_order(cum_quantity=Decimal("0.5"), acknowledged_at=None))
            server.let_go("orderUpdates")
            server.let_go("openOrders")
            await desk.until(lambda: desk.is_order(status="partially_filled", acknowledged_at=order.created_at))
            assert desk.only_order()["anomalies"] == ["unknown_order"]

    asyncio.run(story())


@pytest.mark.parametrize("is_reversed", [False, True], ids=["canceled first", "open first"])
@pytest.mark.parametrize("has_lists", [False, True])
def test_a_modify_leaves_the_order_working_whichever_leg_comes_first(is_reversed: bool, has_lists: bool) -> None:
    async def story() -> None:
        async with listening(made_up()) as desk:
            server = await up(desk)
            order = server.truth.place(ADDRESS, **OURS)
            server.truth.fill(order, "0.5")
            await desk.until(lambda: desk.is_order(status="partially_filled"))
            server.keep("orderUpdates")
            if not has_lists:
                server.keep("openOrders")
            new = server.truth.modify(order, limit_price="2510", with_new_id=True)
            server.let_go("orderUpdates", is_reversed=is_reversed)
            await desk.until(lambda: desk.is_order(limit_price=2510))
            await asyncio.sleep(3 * PACE.hold)
            wanted = {"status": "partially_filled", "quantity": Decimal("1.2"), "venue_order_id": str(new.order_id)}
            assert desk.is_order(**wanted), desk.ledger.orders()
            server.truth.fill(new)
            await desk.until(lambda: desk.is_order(status="filled", anomalies=["unknown_order"]))

    asyncio.run(story())


def test_a_cancel_is_told_after_a_while() -> None:
    async def story() -> None:
        async with listening(made_up()) as desk:
            server = await up(desk)
            server.truth.cancel(server.truth.place(ADDRESS, **OURS))
            await desk.until(lambda: desk.is_order(status="canceled", reason="canceled"))
            assert server.requests["orderStatus"] == 0

    asyncio.run(story())


@pytest.mark.parametrize("is_modified", [True, False])
def test_a_cut_right_after_a_cancel_makes_the_adapter_ask_what_it_was(is_modified: bool) -> None:
    async def story() -> None:
        async with listening(made_up(), pace=replace(PACE, hold=0.3)) as desk:
            server = await up(desk)
            order = server.truth.place(ADDRESS, **OURS)
            await desk.until(lambda: desk.is_order(status="new"))
            for channel in ("openOrders", "userFills"):
                server.keep(channel)
            heard = desk.venue.counts["frames"]
            server.keep("orderUpdates")
            changed = (
                server.truth.modify(order, limit_price="2510", with_new_id=True) if is_modified else server.truth.cancel(order)
            )
            server.let_go_first("orderUpdates")
            await desk.until(lambda: desk.venue.counts["frames"] > heard)
            assert desk.is_order(status="new", limit_price=Decimal("2500.5"))
            server.most_connections = 0
            server.cut_all()
            if is_modified:
                await desk.until(lambda: desk.is_order(status="new", limit_price=2510, venue_order_id=str(changed.order_id)))
            else:
                await desk.until(lambda: desk.is_order(status="canceled"))
            assert server.requests["orderStatus"] > 0

    asyncio.run(story())


def test_filled_with_a_fill_missing_is_a_conflict_until_the_fills_are_asked_for() -> None:
    async def story() -> None:
        async with listening(made_up()) as desk:
            server = await up(desk)
            order = server.truth.place(ADDRESS, **OURS)
            server.truth.fill(order, "0.5")
            await desk.until(lambda: desk.is_order(status="partially_filled"))
            server.lose("userFills")
            server.truth.fill(order)
            await desk.until(lambda: "status_conflict" in desk.only_order()["anomalies"])
            assert desk.is_order(is_open=True, cum_quantity=Decimal("0.5"))
            desk.ledger.record_many((await desk.venue.fills_since(ACCOUNT, START)).messages)
            assert desk.is_order(status="filled", cum_quantity=Decimal("1.2"), anomalies=["unknown_order"])

    asyncio.run(story())


def test_an_order_that_the_venue_has_forgotten_is_unknown_and_its_fills_are_not() -> None:
    async def story() -> None:
        async with listening(made_up()) as desk:
            server = await up(desk)
            server.lose("userFills")
            server.lose("orderUpdates", 2)
            order = server.truth.place(ADDRESS, **OURS)
            await desk.until(lambda: desk.is_order(status="new"))
            server.forget(order)
            server.truth.fill(order)
            await desk.until(lambda: desk.venue.counts["unexplained"] == 1)
            assert await desk.venue.order(ACCOUNT, desk.only_order()) is None
            assert desk.is_order(status="new", cum_quantity=0)
            desk.ledger.record_many((await desk.venue.fills_since(ACCOUNT, START)).messages)
            assert desk.is_order(status="filled")

    asyncio.run(story())


def test_an_unknown_status_is_flagged_and_the_order_stays_open() -> None:
    async def story() -> None:
        async with listening(made_up()) as desk:
            server = await up(desk)
            order = server.truth.place(ADDRESS, **OURS)
            server.say_status(order, "frobnicated")
            await desk.until(lambda: desk.is_order(is_open=True, anomalies=["unknown_order", "unknown_status"]))

    asyncio.run(story())


def test_an_order_that_left_the_list_without_a_word_is_asked_for() -> None:
    async def story() -> None:
        async with listening(made_up()) as desk:
            server = await up(desk)
            order = server.truth.place(ADDRESS, **OURS)
            await desk.until(lambda: desk.is_order(status="new"))
            server.lose("orderUpdates")
            server.truth.cancel(order, reason="marginCanceled")
            await desk.until(lambda: desk.is_order(status="canceled", reason="marginCanceled"))
            assert (desk.venue.counts["gone"], server.requests["orderStatus"]) == (1, 1)

    asyncio.run(story())


def test_an_order_that_left_the_list_is_asked_for_once_however_much_is_said_meanwhile() -> None:
    async def story() -> None:
        async with listening(made_up()) as desk:
            server = await up(desk)
            order = server.truth.place(ADDRESS, **OURS)
            await desk.until(lambda: desk.is_order(status="new"))
            server.lose("orderUpdates")
            server.truth.cancel(order)
            for _ in range(30):
                server.truth.place(ADDRESS, **{**OURS, "client_id": None})
                await asyncio.sleep(0)
            await desk.until(lambda: len(desk.ledger.orders()) == 31 and len(desk.ledger.open_orders()) == 30)
            assert server.requests["orderStatus"] == 1

    asyncio.run(story())


def test_fundings_come_by_their_own_channel() -> None:
    async def story() -> None:
        async with listening(made_up()) as desk:
            server = await up(desk)
            server.truth.fill(server.truth.place(ADDRESS, **OURS))
            server.truth.fund(ADDRESS, "ETH", "-0.25")
            await desk.until(lambda: [row["funding"] for row in desk.ledger.pnl()] == [{"USDC": Decimal("-0.25")}])

    asyncio.run(story())


def test_the_legacy_channel_tells_orders_and_positions_and_a_position_once() -> None:
    async def story() -> None:
        async with listening(made_up(), is_legacy=True) as desk:
            server = await up(desk)
            order = server.truth.place(ADDRESS, **OURS)
            server.truth.fill(order, "0.5")
            await desk.until(lambda: desk.is_order(status="partially_filled", order_type="limit"))
            other = server.truth.place(ADDRESS, **{**OURS, "client_id": None})
            await desk.until(lambda: len(desk.ledger.orders()) == 2)
            server.truth.cancel(other)
            await desk.until(lambda: len(desk.ledger.open_orders()) == 1)
            assert desk.kinds.count("balance") == 1
            assert server.sockets[0].notes["subscriptions"][-1]["type"] == "webData2"

    asyncio.run(story())


def test_what_cannot_be_read_is_said_and_costs_the_other_rows_nothing() -> None:
    async def story() -> None:
        async with listening(made_up()) as desk:
            server = await up(desk)
            server.faults.plan_frames("malformed")
            server.truth.place(ADDRESS, **OURS)
            await desk.until(lambda: len(desk.garbled) == 1)
            server.say(ADDRESS, "orderUpdates", [{"order": 1}, {"order": {}, "status": "open"}])
            await desk.until(lambda: len(desk.garbled) == 3)
            assert {told.accounts for told in desk.garbled} == {(ACCOUNT,)}
            server.say(ADDRESS, "userFills", {"user": "0x" + "bb" * 20, "fills": []})
            await desk.until(lambda: len(desk.garbled) == 4)
            assert desk.garbled[3].fault == "is not about this account"
            await desk.until(lambda: desk.is_order(status="new"))
            assert desk.venue.counts["garbled"] == 4

    asyncio.run(story())


def test_frames_that_come_twice_or_late_change_nothing() -> None:
    async def story() -> None:
        faults = Faults(3, repeat=0.3, delay=0.2, delay_seconds=0.01)
        async with listening(made_up(faults=faults)) as desk:
            server = await up(desk)
            order = server.truth.place(ADDRESS, **OURS)
            for quantity in ("0.1", "0.2", "0.3", "0.6"):
                server.truth.fill(order, quantity)
            await desk.until(lambda: desk.is_order(status="filled", cum_quantity=Decimal("1.2"), anomalies=["unknown_order"]))
            assert len(desk.ledger.trades()) == 4
            assert desk.garbled == []

    asyncio.run(story())
