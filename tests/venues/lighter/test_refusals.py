"""What a made-up Lighter refuses, or answers wrongly: storms, limits, tokens, calls that it has
not."""

import asyncio
import json
import logging
from datetime import timedelta

import pytest

from orderledger.simulation.servers import Faults
from orderledger.venues import VenueRefused, VenueUnavailable
from orderledger.venues.lighter.rest import PREMIUM, STANDARD, Allowance
from orderledger.venues.lighter.venue import LighterAccount, LighterVenue
from tests.venues.lighter.rows import ACCOUNT, INDEX, moment, request, shown, trade
from tests.venues.lighter.world import ROOMY, START, World


@pytest.mark.parametrize(
    "answer",
    [
        {"code": 200},
        {"code": 200, "accounts": []},
        [],
        "nothing",
        {"code": 23000, "message": "slow down"},
    ],
)
def test_no_answer_is_taken_for_an_empty_one(answer: object) -> None:
    async def story() -> None:
        world = World(attempts=1)
        async with world.open(listens=False):
            await world.venue.open_orders(ACCOUNT)
            world.fake.answers_instead = 200, json.dumps(answer)
            for question in (
                world.venue.open_orders(ACCOUNT),
                world.venue.positions(ACCOUNT),
                world.venue.fills_since(ACCOUNT, START),
            ):
                with pytest.raises(VenueUnavailable):
                    await question

    asyncio.run(story())


def test_pages_that_lead_in_a_circle_come_to_an_end() -> None:
    async def story() -> None:
        world = World()
        async with world.open(listens=False):
            await world.venue.open_orders(ACCOUNT)
            page = {
                "code": 200,
                "trades": [trade(timestamp=int(START.timestamp()) + 60)],
                "next_cursor": "c1",
            }
            world.fake.answers_instead = 200, json.dumps(page)
            with pytest.raises(VenueUnavailable, match="form a loop"):
                await world.venue.fills_since(ACCOUNT, moment(0))

    asyncio.run(story())


def test_without_a_token_nothing_is_asked() -> None:
    async def story() -> None:
        world = World()
        async with world.open(listens=False):
            await world.venue.open_orders(ACCOUNT)
            world.token = lambda: ""  # type: ignore[method-assign]
            venue = LighterVenue(
                {ACCOUNT: LighterAccount(account_index=INDEX, token=world.token)},
                url=world.fake.http_url,
            )
            with pytest.raises(VenueUnavailable, match="no token for account 1234"):
                await venue.positions(ACCOUNT)
            assert world.fake.requests["account"] == 0
            await venue.aclose()

    asyncio.run(story())


def test_a_storm_of_faults_is_weathered() -> None:
    async def story() -> None:
        faults = Faults(5, server_error=0.25, too_many_requests=0.2, lose_answer=0.1, malformed=0.1)
        world = World(faults=faults, attempts=30, allowance=ROOMY)
        placed = [world.place(str(number)) for number in range(1, 6)]
        async with world.open(listens=False):
            for _ in range(5):
                assert len((await world.venue.open_orders(ACCOUNT)).venue_order_ids) == len(placed)
                await world.venue.fills_since(ACCOUNT, START)
        assert (
            min(
                faults.done[name]
                for name in ("server_error", "too_many_requests", "lose_answer", "malformed")
            )
            > 0
        )

    asyncio.run(story())


@pytest.mark.parametrize("fault", ["server_error", "too_many_requests", "malformed", "lose_answer"])
def test_a_storm_that_does_not_end_is_said_to_be_one(fault: str) -> None:
    async def story() -> None:
        world = World(faults=Faults(**{fault: 1.0}), attempts=3)  # type: ignore[arg-type]
        async with world.open(listens=False):
            with pytest.raises(VenueUnavailable):
                await world.venue.open_orders(ACCOUNT)

    asyncio.run(story())


def test_what_the_venue_calls_too_many_requests_is_asked_again_later() -> None:
    async def story() -> None:
        world = World(requests_per_minute=2, window_seconds=0.15, attempts=40)
        async with world.open(listens=False):
            for _ in range(4):
                await world.venue.open_orders(ACCOUNT)
            assert world.fake.requests["accountActiveOrders"] > 4

    asyncio.run(story())


def test_no_more_is_asked_than_is_allowed() -> None:
    async def story() -> None:
        world = World(allowance=Allowance(per_minute=3), attempts=1)
        async with world.open(listens=False):
            await world.venue.open_orders(ACCOUNT)
            await world.venue.open_orders(ACCOUNT)
            waiting = asyncio.create_task(world.venue.open_orders(ACCOUNT))
            await asyncio.sleep(0.1)
            assert not waiting.done() and world.fake.most_in(60) == 3
            waiting.cancel()

    asyncio.run(story())


def test_a_premium_account_pays_by_weight() -> None:
    assert [STANDARD.weight(call) for call in ("trades", "account")] == [1, 1]
    weights = {
        call: PREMIUM.weight(call)
        for call in ("trades", "accountInactiveOrders", "account", "accountActiveOrders")
    }
    assert weights == {
        "trades": 600,
        "accountInactiveOrders": 100,
        "account": 300,
        "accountActiveOrders": 300,
    }
    assert (STANDARD.per_minute, PREMIUM.per_minute) == (60, 24_000)


def test_every_question_has_a_token_of_its_own_and_one_that_has_ended_is_asked_for_once_more() -> (
    None
):
    async def story() -> None:
        world = World()
        async with world.open(listens=False):
            await world.venue.open_orders(ACCOUNT)
            await world.venue.positions(ACCOUNT)
            assert len(world.tokens) == 2
            world.fake.refused_tokens.add(next_token(world))
            assert (await world.venue.open_orders(ACCOUNT)).venue_order_ids == frozenset()
            assert len(world.tokens) == 4

    asyncio.run(story())


def test_a_token_that_stays_refused_is_not_asked_for_a_third_time_and_is_in_no_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story() -> None:
        world = World(token_life=timedelta(hours=-1))
        async with world.open(listens=False):
            with pytest.raises(VenueRefused) as refused:
                await world.venue.positions(ACCOUNT)
            assert len(world.tokens) == 2
            assert "20013" in str(refused.value) and "invalid auth token" in str(refused.value)
            for token in world.tokens:
                assert token not in str(refused.value) and token not in caplog.text

    with caplog.at_level(logging.DEBUG):
        asyncio.run(story())


def test_an_account_that_is_none_is_refused() -> None:
    async def story() -> None:
        world = World()
        async with world.open(listens=False):
            world.fake.forget(ACCOUNT)
            with pytest.raises(VenueRefused, match="21100"):
                await world.venue.open_orders(ACCOUNT)
            assert world.fake.requests["accountActiveOrders"] == 1

    asyncio.run(story())


def test_a_deployment_without_a_lookup_by_index_is_asked_for_the_lists() -> None:
    async def story() -> None:
        world = World()
        world.fake.lacks = {"accountOrders", "positionFunding"}
        world.place("9001")
        async with world.open(listens=False):
            world.ledger.record(request("C-1", 9001, at=START))
            told = await world.venue.order(ACCOUNT, world.ledger.order("C-1"))
            assert [shown(message)["type"] for message in told or ()] == ["status", "acknowledge"]
            assert (await world.venue.fills_since(ACCOUNT, START)).messages == []

    asyncio.run(story())


def next_token(world: World) -> str:
    """The token that will be given next, were the clock to stand still for the rest of this
    second."""
    given = len(world.tokens)
    ends_at = world.token().partition(":")[0]
    del world.tokens[given:]
    return f"{ends_at}:1234:2:{given:040x}"


def test_a_call_that_was_there_before_and_is_not_found_is_no_answer_without_fundings() -> None:
    """As while a gateway is set up anew: certified without them, they would never be asked for
    again."""

    async def story() -> None:
        world = World()
        async with world.open(listens=False):
            await world.venue.fills_since(ACCOUNT, START)
            world.exchange.fund(ACCOUNT, "ETH", "-0.5")
            world.fake.lacks = {"positionFunding"}
            with pytest.raises(VenueRefused, match="404"):
                await world.venue.fills_since(ACCOUNT, START)
            world.fake.lacks = set()
            (funding,) = (await world.venue.fills_since(ACCOUNT, START)).messages
            assert shown(funding)["type"] == "funding"

    asyncio.run(story())
