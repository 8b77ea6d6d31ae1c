"""The adapter asks a made-up Lighter over real HTTP: what is late, missing, refused, too much, or
market by market."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from orderledger.infrastructure.messages.registry import Absent
from orderledger.venues import VenueRefused, VenueUnavailable
from orderledger.venues.base.venue import Venue
from tests.venues.lighter.rows import ACCOUNT, order, read, request, shown, trade
from tests.venues.lighter.world import START, World


def test_all_open_orders_are_listed_and_nothing_else() -> None:
    async def story() -> None:
        world = World()
        kept, ended = world.place("1"), world.place("2")
        world.exchange.cancel(ended)
        async with world.open(listens=False):
            listing = await world.venue.open_orders(ACCOUNT)
            assert listing.venue_order_ids == {str(kept.order_id)}
            assert [(shown(one)["type"], shown(one)["source"]) for one in listing.messages] == [
                ("acknowledge", "venue_poll")
            ]

    asyncio.run(story())


def test_the_adapter_is_a_venue() -> None:
    async def story() -> None:
        world = World()
        async with world.open(listens=False):
            venue: Venue = world.venue
            assert (venue.name, list(venue.accounts), venue.abilities.has_fill_ids) == (
                "lighter",
                [ACCOUNT],
                True,
            )

    asyncio.run(story())


def test_a_list_is_as_old_as_rest_may_lag_so_that_a_young_order_is_not_missed_in_it() -> None:
    async def story() -> None:
        world = World(rest_lag=timedelta(seconds=3), venue={"rest_lag": timedelta(seconds=5)})
        async with world.open(listens=False):
            young = world.place("1")
            listing = await world.venue.open_orders(ACCOUNT)
            assert listing.venue_order_ids == frozenset()
            assert listing.at < young.created_at
            world.clock.set(young.created_at + timedelta(seconds=6))
            assert (await world.venue.open_orders(ACCOUNT)).venue_order_ids == {str(young.order_id)}

    asyncio.run(story())


def test_an_order_that_rest_does_not_know_yet_is_unknown_and_never_ended() -> None:
    async def story() -> None:
        world = World(rest_lag=timedelta(seconds=3))
        async with world.open(listens=False):
            world.ledger.record(request("C-1", 9001, at=START))
            world.place("9001")
            asked = world.ledger.order("C-1")
            assert await world.venue.order(ACCOUNT, asked) is None
            asked_at = world.clock.now()  # the answer is as old as REST may lag
            world.record(
                [Absent(account=ACCOUNT, client_order_id="C-1", at=asked_at - timedelta(seconds=5))]
            )
            assert [row["client_order_id"] for row in world.ledger.open_orders()] == ["C-1"]
            world.clock.set(world.clock.now() + timedelta(seconds=4))
            world.record(await world.venue.order(ACCOUNT, asked))
            seen = world.ledger.order("C-1")
            assert (seen["status"], seen["certainty"], seen["anomalies"]) == (
                "new",
                "confirmed",
                [],
            )

    asyncio.run(story())


@pytest.mark.parametrize("is_coarse", [False, True])
def test_an_order_of_ours_is_found_by_its_index_with_its_fills(is_coarse: bool) -> None:
    async def story() -> None:
        world = World(is_coarse=is_coarse)
        async with world.open(listens=False):
            world.ledger.record(request("C-1", 9001, at=START))
            placed = world.place("9001")
            world.exchange.fill(placed, "0.1")
            world.exchange.fill(placed, "0.2")
            world.exchange.cancel(placed, reason="canceled-reduce-only")
            world.record(await world.venue.order(ACCOUNT, world.ledger.order("C-1")))
            seen = world.ledger.order("C-1")
            assert (seen["status"], seen["cum_quantity"], seen["anomalies"]) == (
                "canceled",
                Decimal("0.3"),
                [],
            )
            again = world.record(await world.venue.order(ACCOUNT, seen))
            assert again == ["duplicate"]  # its fills are known: they are not asked for again

    asyncio.run(story())


@pytest.mark.slow
def test_an_order_made_elsewhere_is_found_by_the_id_of_the_venue_open_or_ended() -> None:
    async def story() -> None:
        world = World()
        placed = world.place("0")
        async with world.open():
            await world.up()
            await world.until(lambda: world.ledger.orders())
            known = world.ledger.order(str(placed.order_id))
            assert known["aliases"] == {}
            assert [
                shown(one)["type"] for one in await world.venue.order(ACCOUNT, known) or ()
            ] == ["status", "acknowledge"]
            for number in range(150):
                world.exchange.cancel(world.place(str(1000 + number)))
            world.exchange.cancel(placed)
            for number in range(150):
                world.exchange.cancel(world.place(str(2000 + number)))
            assert [
                shown(one)["type"] for one in await world.venue.order(ACCOUNT, known) or ()
            ] == ["cancel"]
            assert world.fake.requests["accountInactiveOrders"] == 2

    asyncio.run(story())


def test_what_no_order_made_is_nothing_to_ask_for() -> None:
    async def story() -> None:
        world = World()
        async with world.open(listens=False):
            taken = trade(
                type="deleverage", bid_id=0, bid_id_str="0", bid_client_id=0, bid_client_id_str="0"
            )
            world.ledger.record_many(read({"trades": [taken]}).messages)
            (known,) = world.ledger.orders()
            assert await world.venue.order(ACCOUNT, known) is None
            assert (
                world.fake.requests["accountInactiveOrders"] == world.fake.requests["trades"] == 0
            )

    asyncio.run(story())


def test_the_inactive_are_not_searched_beyond_the_time_of_the_request() -> None:
    async def story() -> None:
        world = World()
        for number in range(150):
            world.exchange.cancel(world.place(str(1000 + number)))
        async with world.open(listens=False):
            world.clock.set(START + timedelta(hours=1))
            world.ledger.record(request("C-1", 9001, at=world.clock.now()))
            assert await world.venue.order(ACCOUNT, world.ledger.order("C-1")) is None
            assert world.fake.requests["accountInactiveOrders"] == 1

    asyncio.run(story())


def test_fills_and_fundings_are_told_page_after_page_back_to_a_moment_oldest_first() -> None:
    async def story() -> None:
        world = World()
        for number in range(130):
            world.exchange.fill(world.place(str(number + 1)), "0.1")
        since = world.clock.now()
        for number in range(130):
            world.exchange.fill(world.place(str(number + 1001)), "0.1")
        world.exchange.fund(ACCOUNT, "ETH", "-0.25")
        async with world.open(listens=False):
            told = [
                shown(message)
                for message in (await world.venue.fills_since(ACCOUNT, since)).messages
            ]
            expected = [f"0:{fill.fill_id}:buy" for fill in world.exchange.fills(ACCOUNT, since)]
            assert [one["fill_id"] for one in told if one["type"] == "fill"] == expected
            assert [one["amount"] for one in told if one["type"] == "funding"] == ["-0.250000"]
            assert {one["source"] for one in told} == {"venue_poll"}

    asyncio.run(story())


def test_fills_of_one_moment_are_told_in_the_order_in_which_they_were_made() -> None:
    """Positions and P&L take them so."""

    async def story() -> None:
        world = World(step=timedelta(0))
        placed = world.place("1")
        for _ in range(3):
            world.exchange.fill(placed, "0.1")
        async with world.open(listens=False):
            _, *fills = (await world.venue.fills_since(ACCOUNT, START)).messages
            told = [shown(message)["fill_id"] for message in fills]
            assert told == ["0:19300000001:buy", "0:19300000002:buy", "0:19300000003:buy"]

    asyncio.run(story())


def test_a_trade_with_oneself_is_two_fills_of_two_orders() -> None:
    async def story() -> None:
        world = World()
        bid, ask = world.place("1"), world.place("2", side="sell")
        world.exchange.fill(bid, "0.1", fill_id=7)
        world.exchange.fill(ask, "0.1", fill_id=7, liquidity="taker")
        async with world.open(listens=False):
            world.record((await world.venue.fills_since(ACCOUNT, START)).messages)
            assert sorted(
                (row["fill_id"], row["venue_order_id"], row["liquidity"])
                for row in world.ledger.trades()
            ) == [
                ("0:7:buy", str(bid.order_id), "maker"),
                ("0:7:sell", str(ask.order_id), "taker"),
            ]

    asyncio.run(story())


def test_positions_and_money_are_told() -> None:
    async def story() -> None:
        world = World()
        world.exchange.fill(world.place("1", side="sell"), "0.5")
        world.exchange.fill(world.place("2", instrument="BTC", limit_price="60000"), "0.5")
        world.exchange.fill(
            world.place("3", instrument="BTC", side="sell", limit_price="60000"), "0.5"
        )
        async with world.open(listens=False):
            told = await world.venue.positions(ACCOUNT)
            assert [(one.instrument, one.quantity) for one in told] == [
                ("ETH", Decimal("-0.5")),
                ("USDC", Decimal(10_000)),
            ]

    asyncio.run(story())


def test_a_deployment_that_wants_to_be_asked_market_by_market_is() -> None:
    async def story() -> None:
        world = World(needs_market=True)
        eth, btc = world.place("1"), world.place("2", instrument="BTC", limit_price="60000")
        async with world.open(listens=False):
            await world.venue.open_orders(ACCOUNT)
            world.fake.list_market(9, "SOL")
            sol = world.place("3", instrument="SOL", limit_price="100")
            listing = await world.venue.open_orders(ACCOUNT)
            assert listing.venue_order_ids == {str(one.order_id) for one in (eth, btc, sol)}
            assert (
                world.fake.requests["accountActiveOrders"] == 1 + 3 + 4
            )  # refused once, then by three markets, then by four

    asyncio.run(story())


def test_a_refusal_that_is_not_the_venues_own_has_no_later_list_asked_for_market_by_market() -> (
    None
):
    """A page of the guard in front of it says nothing of what the venue wants."""

    async def story() -> None:
        world = World()
        order = world.place("1")
        async with world.open(listens=False):
            await world.venue.open_orders(ACCOUNT)
            world.fake.answers_instead = 403, "<html>Attention Required!</html>"
            asking = asyncio.create_task(world.venue.open_orders(ACCOUNT))
            while world.fake.requests["accountActiveOrders"] == 1 and not asking.done():
                await asyncio.sleep(0)
            world.fake.answers_instead = None
            with pytest.raises(VenueRefused, match="403"):
                await asking
            listing = await world.venue.open_orders(ACCOUNT)
            assert listing.venue_order_ids == {str(order.order_id)}
            assert world.fake.requests["accountActiveOrders"] == 3

    asyncio.run(story())


def test_a_list_that_lacks_a_market_is_no_list() -> None:
    async def story() -> None:
        world = World(needs_market=True, attempts=1)
        async with world.open(listens=False):
            await world.venue.open_orders(ACCOUNT)
            world.fake.faults.plan_answers(None, None, "server_error")
            with pytest.raises(VenueUnavailable):
                await world.venue.open_orders(ACCOUNT)

    asyncio.run(story())


def test_a_list_names_an_order_whose_row_cannot_be_read() -> None:
    async def story() -> None:
        world = World()
        world.fake.extra_rows = [order(order_id="5", status=7), order(order_id="6")]
        async with world.open(listens=False):
            listing = await world.venue.open_orders(ACCOUNT)
            assert (len(listing.messages), sorted(listing.venue_order_ids)) == (1, ["5", "6"])

    asyncio.run(story())
