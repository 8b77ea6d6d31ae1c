"""The adapter listens to a made-up Lighter over a real socket: cut off, ended tokens, frames that
are none."""

import asyncio
import json
from datetime import timedelta
from decimal import Decimal

import pytest

from orderledger.infrastructure.messages.registry import Balance
from orderledger.simulation.servers import Faults
from orderledger.venues.base.venue import Down, Messages, UnreadablePayload
from tests.venues.lighter.rows import ACCOUNT, order
from tests.venues.lighter.world import ROOMY, START, World


def test_an_account_is_up_before_it_is_heard_of_and_lives_from_then_on() -> None:
    async def story() -> None:
        world = World()
        before = world.place("9001")
        async with world.open():
            await world.up()
            placed = world.place("9002", side="sell")
            world.exchange.fill(placed, "0.2", liquidity="taker")
            world.exchange.cancel(placed)
            world.exchange.fill(before)
            await world.until(
                lambda: len(world.ledger.trades()) == 2 and not world.ledger.open_orders()
            )
            assert world.kinds[:2] == ["Up", "acknowledged"]
            seen = world.ledger.order("9002")
            assert (seen["status"], seen["cum_quantity"], seen["fees"]) == (
                "canceled",
                Decimal("0.2"),
                {"USDC": "0.098"},
            )
            assert world.ledger.order("9001")["status"] == "filled"
            assert {row["source"] for row in world.ledger.trades()} == {"venue_push"}
            assert {name for row in world.ledger.orders() for name in row["anomalies"]} == {
                "unknown_order"
            }

    asyncio.run(story())


def test_after_a_cut_the_snapshot_tells_what_was_missed_and_nothing_counts_twice() -> None:
    async def story() -> None:
        world = World()
        first, second = world.place("9001"), world.place("9002")
        async with world.open():
            await world.up()
            world.exchange.fill(first, "0.1")
            await world.until(lambda: len(world.ledger.trades()) == 1)
            world.fake.refuse_connections(True)
            world.fake.cut_all()
            await world.until(lambda: isinstance(world.received[-1], Down))
            world.exchange.fill(first)  # nobody listens: the order ends
            world.exchange.fill(second, "0.3")
            world.fake.refuse_connections(False)
            await world.up(times=2)
            await world.until(lambda: len(world.ledger.trades()) == 3)
            assert world.ledger.order("9001")["status"] == "filled"
            assert world.ledger.order("9002")["status"] == "partially_filled"
            assert [row["fill_id"] for row in world.ledger.trades()] == [
                "0:19300000001:buy",
                "0:19300000002:buy",
                "0:19300000003:buy",
            ]
            down = next(told for told in world.received if isinstance(told, Down))
            assert (down.accounts, down.reason) == ([ACCOUNT], "1006: cut without a reason")

    asyncio.run(story())


def test_what_ended_during_a_cut_is_found_by_asking() -> None:
    async def story() -> None:
        world = World(allowance=ROOMY)
        doomed = world.place("9001")
        async with world.open():
            await world.up()
            await world.until(lambda: world.ledger.orders())
            world.fake.refuse_connections(True)
            world.fake.cut_all()
            await world.until(lambda: isinstance(world.received[-1], Down))
            world.exchange.fill(doomed, "0.1")
            world.exchange.cancel(doomed, reason="canceled-reduce-only")
            world.fake.refuse_connections(False)
            await world.up(times=2)
            await world.reconcile()
            seen = world.ledger.order("9001")
            assert (seen["status"], seen["cum_quantity"]) == ("canceled", Decimal("0.1"))
            assert set(await world.reconcile()) <= {"duplicate"}

    asyncio.run(story())


def test_a_frame_that_is_none_is_told_and_the_connection_goes_on() -> None:
    async def story() -> None:
        world = World()
        async with world.open():
            await world.up()
            world.fake.faults.plan_frames("malformed")
            world.place("9001")  # its frame ends in the middle
            world.place("9002")
            await world.until(lambda: world.ledger.orders())
            assert [row["aliases"] for row in world.ledger.orders()] == [
                {"lighter.client_order_index": "9002"}
            ]
            (fault,) = (told for told in world.received if isinstance(told, UnreadablePayload))
            assert fault.accounts == [ACCOUNT] and fault.payload.startswith(
                '{"type":"update/account_all_orders"'
            )
            assert world.fake.connections == 1

    asyncio.run(story())


def test_a_row_that_cannot_be_read_is_told_and_costs_the_others_nothing() -> None:
    async def story() -> None:
        world = World()
        world.fake.extra_rows = [
            order(order_id="5", filled_base_amount="some"),
            order(order_id="6"),
        ]
        world.place("9002")
        async with world.open():
            await world.up()
            await world.until(lambda: len(world.ledger.orders()) == 2)
            (fault,) = (told for told in world.received if isinstance(told, UnreadablePayload))
            assert (fault.fault, json.loads(fault.payload)["order_id"]) == (
                "filled_base_amount is not a decimal number",
                "5",
            )

    asyncio.run(story())


def test_an_unknown_status_leaves_its_order_open_and_the_others_alone() -> None:
    async def story() -> None:
        world = World()
        melted, other = world.place("9001"), world.place("9002")
        world.fake.words[melted.order_id] = "melted"
        async with world.open():
            await world.up()
            await world.until(lambda: len(world.ledger.orders()) == 2)
            world.exchange.cancel(other)
            await world.until(lambda: world.ledger.order("9002")["status"] == "canceled")
            (seen,) = world.ledger.open_orders()
            assert (seen["venue_order_id"], seen["anomalies"]) == (
                str(melted.order_id),
                ["unknown_order", "unknown_status"],
            )

    asyncio.run(story())


def test_conditional_and_grouped_orders_wait_accepted_and_work_when_they_are_triggered() -> None:
    async def story() -> None:
        world = World()
        parent = world.place("1")
        stop = world.place(
            "2",
            side="sell",
            order_type="stop_limit",
            stop_price="2400",
            limit_price="2390",
            parent_id=parent.order_id,
        )
        take = world.place(
            "3",
            side="sell",
            order_type="take_profit_limit",
            stop_price="2600",
            limit_price="2600",
            parent_id=parent.order_id,
        )
        async with world.open():
            await world.up()
            await world.until(lambda: len(world.ledger.orders()) == 3)
            assert [
                (row["status"], row["order_type"], row["stop_price"])
                for row in world.ledger.orders()
            ] == [
                ("new", "limit", None),
                ("new", "stop_limit", Decimal(2400)),
                ("new", "take_profit_limit", Decimal(2600)),
            ]
            world.exchange.fill(parent)
            world.exchange.trigger(stop)
            world.exchange.fill(stop, liquidity="taker")
            world.exchange.cancel(take, reason="canceled-oco")
            await world.until(lambda: not world.ledger.open_orders())
            assert [row["status"] for row in world.ledger.orders()] == [
                "filled",
                "filled",
                "canceled",
            ]
            (end,) = (
                event for event in world.ledger.history("3") if event["name"] == "order_canceled.v1"
            )
            assert end["payload"]["reason"] == "canceled-oco"

    asyncio.run(story())


def test_a_position_that_is_left_out_of_a_frame_is_flat() -> None:
    async def story() -> None:
        world = World()
        async with world.open():
            await world.up()
            world.exchange.fill(world.place("1"), "0.5")
            world.exchange.fill(world.place("2", side="sell"), "0.5")
            await world.until(lambda: world.kinds.count("balance") == 2)
            heard = [
                message
                for told in world.received
                if isinstance(told, Messages)
                for message in told.messages
            ]
            told = [
                (message.instrument, message.quantity)
                for message in heard
                if isinstance(message, Balance)
            ]
            assert told == [("ETH", Decimal("0.5")), ("ETH", Decimal(0))]

    asyncio.run(story())


def test_a_liquidation_has_its_reason() -> None:
    async def story() -> None:
        world = World()
        async with world.open():
            await world.up()
            world.exchange.fill(world.place("1"), "0.5")
            made = world.exchange.liquidate(ACCOUNT, "ETH", "0.5", "2000")
            await world.until(lambda: len(world.ledger.trades()) == 2)
            names = [
                event
                for event in world.ledger.history(str(made.order_id))
                if event["name"] == "fill_recorded.v1"
            ]
            assert [event["payload"]["reason"] for event in names] == ["liquidation"]

    asyncio.run(story())


def test_a_market_that_is_new_gets_its_name_before_its_first_order_is_told() -> None:
    async def story() -> None:
        world = World()
        async with world.open():
            await world.up()
            world.fake.list_market(9, "SOL")
            world.place("1", instrument="SOL")
            world.place("2", instrument="lighter:market:11")
            await world.until(lambda: len(world.ledger.orders()) == 2)
            assert [row["instrument"] for row in world.ledger.orders()] == [
                "SOL",
                "lighter:market:11",
            ]
            assert world.venue.markets.instrument(9) == "SOL"

    asyncio.run(story())


def test_an_order_of_a_market_that_cannot_be_asked_for_is_told_all_the_same() -> None:
    async def story() -> None:
        world = World(attempts=1)
        async with world.open():
            await world.up()
            asked = world.fake.requests["orderBookDetails"]
            world.fake.faults.plan_answers("server_error")
            for number in (1, 2, 3):
                world.place(str(number), instrument="lighter:market:11")
            await world.until(lambda: len(world.ledger.orders()) == 3)
            assert (
                world.fake.requests["orderBookDetails"] == asked + 1
            )  # once, and then not for a minute

    asyncio.run(story())


def test_a_market_hidden_by_lists_gets_its_name_later_and_earlier_reports_stay() -> None:
    async def story() -> None:
        world = World()
        async with world.open():
            await world.up()
            first = world.place("1", instrument="lighter:market:11")
            await world.until(lambda: world.ledger.orders())
            world.fake.list_market(11, "SOL")
            world.clock.set(START + timedelta(minutes=2))
            world.place("2", instrument="SOL")
            world.exchange.fill(first)
            await world.until(lambda: world.ledger.trades() and len(world.ledger.orders()) == 2)
            assert [row["instrument"] for row in world.ledger.orders()] == [
                "lighter:market:11",
                "SOL",
            ]
            assert [row["instrument"] for row in world.ledger.trades()] == ["lighter:market:11"]

    asyncio.run(story())


def test_a_market_that_no_list_names_is_not_asked_for_with_every_frame() -> None:
    async def story() -> None:
        world = World()
        async with world.open():
            await world.up()
            asked = world.fake.requests["orderBookDetails"]
            for number in (1, 2, 3):
                world.place(str(number), instrument="lighter:market:11")
            await world.until(lambda: len(world.ledger.orders()) == 3)
            assert world.fake.requests["orderBookDetails"] == asked + 1

    asyncio.run(story())


@pytest.mark.slow
def test_frames_that_are_lost_repeated_and_late_end_in_the_truth() -> None:
    faults = Faults(
        3, drop=0.03, repeat=0.1, reorder=0.1, delay=0.1, malformed=0.03, delay_seconds=0.002
    )

    async def story() -> None:
        world = World(faults=faults, allowance=ROOMY)
        async with world.open():
            await world.up()
            for number in range(1, 41):
                placed = world.place(str(number), side="sell" if number % 3 else "buy")
                world.exchange.fill(placed, "0.1")
                if number % 2:
                    world.exchange.fill(placed)
                elif number % 4:
                    world.exchange.cancel(placed)
                await asyncio.sleep(0.002)
            await world.until(
                lambda: faults.done["drop"] and world.kinds.count("Up") > world.kinds.count("Down")
            )
            faults.heal()
            await world.reconcile()
            assert set(await world.reconcile()) <= {"duplicate"}
            world.assert_true()

    asyncio.run(story())
    assert faults.done["repeat"] and faults.done["reorder"] and faults.done["malformed"]
