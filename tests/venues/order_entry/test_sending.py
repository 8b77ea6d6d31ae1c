"""Orders are sent to each venue over real sockets. The number of orders at the venue is the
judge."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from orderledger.simulation.servers.faults import AnswerFault
from orderledger.venues import NotSent, Unanswered
from tests.venues.order_entry.kinds import KINDS
from tests.venues.order_entry.worlds import World

every_kind = pytest.mark.parametrize("name", KINDS)
PATIENCE_SECONDS = 60.0
Act = Callable[[World], Awaitable[None]]


@asynccontextmanager
async def world_of(name: str) -> AsyncIterator[World]:
    async with World(KINDS[name]).served() as world:
        yield world


def in_world(name: str, act: Act) -> None:
    async def run() -> None:
        async with world_of(name) as world:
            await act(world)

    asyncio.run(run())


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so():
            await asyncio.sleep(0.005)


@pytest.mark.slow
@every_kind
def test_an_order_is_taken_once_under_the_name_that_was_recorded_before(name: str) -> None:
    async def act(world: World) -> None:
        row = await world.submit()
        order = world.the_order()
        assert (order.client_id, order.quantity, order.limit_price) == (
            next(iter(row["aliases"].values())),
            Decimal(world.kind.quantity),
            Decimal(world.kind.price),
        )
        assert (row["status"], row["certainty"], row["anomalies"]) == (
            world.kind.accepts_with,
            "confirmed",
            [],
        )
        assert row["venue_order_id"] in (None, str(order.order_id))

    in_world(name, act)


@pytest.mark.slow
@every_kind
def test_the_names_of_an_order_are_always_the_same(name: str) -> None:
    async def act(world: World) -> None:
        row = world.order("an id with spaces, and $igns")
        other = world.order("another")
        again = world.kind.connect(world.server, world.account)
        assert again.prepare(row) == world.entry.prepare(row) == row["aliases"]
        assert row["aliases"] != other["aliases"]
        await again.aclose()

    in_world(name, act)


@every_kind
def test_a_refusal_by_the_venue_is_an_answer(name: str) -> None:
    async def act(world: World) -> None:
        world.kind.refuse(world)
        row = await world.submit()
        assert (row["status"], row["reason"]) == ("rejected", world.kind.refusal)
        assert world.at_venue() == []

    in_world(name, act)


@every_kind
@pytest.mark.parametrize("fault", ["lose_answer", "malformed"])
def test_a_lost_or_unreadable_answer_leaves_an_order_that_nobody_answered_for(
    name: str, fault: AnswerFault
) -> None:
    async def act(world: World) -> None:
        order = world.order()
        await world.warm_up()
        world.faults.plan_answers(fault)
        with pytest.raises(Unanswered):
            await world.entry.submit(order)
        assert len(world.at_venue()) == 1

    in_world(name, act)


@every_kind
@pytest.mark.parametrize("fault", ["server_error", "too_many_requests"])
def test_an_error_of_the_server_is_no_refusal(name: str, fault: AnswerFault) -> None:
    async def act(world: World) -> None:
        order = world.order()
        await world.warm_up()
        world.faults.plan_answers(fault)
        with pytest.raises(Unanswered):
            await world.entry.submit(order)
        assert world.at_venue() == []

    in_world(name, act)


@every_kind
@pytest.mark.parametrize(
    "answer", [(200, "<html>fine</html>"), (200, "[]"), (200, "{}"), (200, ""), (302, "{}")]
)
def test_a_nonsense_answer_is_none(name: str, answer: tuple[int, str]) -> None:
    async def act(world: World) -> None:
        order = world.order()
        await world.warm_up()
        world.server.answers_instead = answer
        with pytest.raises((Unanswered, NotSent)) as raised:
            await world.entry.submit(order)
        assert raised.type is Unanswered or str(raised.value).startswith(
            ("no_nonce", "no_instruments")
        )
        assert world.at_venue() == []

    in_world(name, act)


@every_kind
def test_a_connection_that_is_cut_before_the_order_is_taken_is_no_answer(name: str) -> None:
    async def act(world: World) -> None:
        order = world.order()
        await world.warm_up()
        world.server.refuse_connections(True)
        with pytest.raises((Unanswered, NotSent)) as raised:
            await world.entry.submit(order)
        assert raised.type is Unanswered or str(raised.value).startswith("no_nonce")
        assert world.at_venue() == []

    in_world(name, act)


@every_kind
def test_without_a_connection_nothing_was_sent(name: str) -> None:
    async def act(world: World) -> None:
        order = world.order()
        await world.server.stop()
        with pytest.raises(NotSent):
            await world.entry.submit(order)
        await world.server.start()
        assert world.at_venue() == []
        world.record(await world.entry.submit(order))
        assert len(world.at_venue()) == 1

    in_world(name, act)


@every_kind
def test_a_working_order_is_canceled(name: str) -> None:
    async def act(world: World) -> None:
        await world.submit()
        await adopt(world)
        assert await world.cancel() in ([], ["cancel"])
        await until(lambda: not world.working())
        assert world.the_order().status.value == "canceled"

    in_world(name, act)


@every_kind
def test_the_cancel_of_a_filled_order_does_not_undo_it(name: str) -> None:
    async def act(world: World) -> None:
        await world.submit()
        await adopt(world)
        world.exchange.fill(world.the_order())
        assert tuple(await world.cancel()) == world.kind.cancel_of_filled
        assert world.the_order().status.value == "filled"
        assert world.ledger.order("C-1")["status"] != "canceled"

    in_world(name, act)


@every_kind
def test_the_price_of_an_order_is_changed(name: str) -> None:
    async def act(world: World) -> None:
        await world.submit()
        await adopt(world)
        told = await world.replace(limit_price=world.kind.better_price)
        await until(lambda: world.the_order().limit_price == Decimal(world.kind.better_price))
        assert len(world.working()) == 1
        row = world.ledger.order("C-1")
        assert told == (["replace"] if world.kind.is_replace_told else [])
        expected = world.kind.better_price if world.kind.is_replace_told else world.kind.price
        assert (row["limit_price"], row["status"] in ("new", "pending_new")) == (
            Decimal(expected),
            True,
        )

    in_world(name, act)


@every_kind
def test_a_change_of_an_ended_order_changes_nothing(name: str) -> None:
    async def act(world: World) -> None:
        await world.submit()
        await adopt(world)
        world.exchange.cancel(world.the_order())
        assert await world.replace(limit_price=world.kind.better_price) in ([], ["reject_replace"])
        assert world.the_order().limit_price == Decimal(world.kind.price)
        assert world.working() == []

    in_world(name, act)


@every_kind
def test_several_orders_have_an_answer_each(name: str) -> None:
    async def act(world: World) -> None:
        most = max(world.entry.abilities.batch, 1)
        orders = [world.order(f"C-{number}") for number in range(min(most, 3))]
        told = await world.entry.submit_many(orders)
        assert len(told) == len(orders) == len(world.at_venue())
        assert not any(isinstance(one, Exception) for one in told)

    in_world(name, act)


@every_kind
def test_no_secret_is_in_errors_and_in_what_is_recorded(name: str) -> None:
    async def act(world: World) -> None:
        await world.warm_up()
        world.server.answers_instead = (500, f"you said {world.kind.secret}")
        with pytest.raises(Unanswered) as raised:
            await world.entry.submit(world.order("C-1"))
        assert world.kind.secret not in str(raised.value)
        await world.warm_up("C-2")
        world.server.answers_instead = (400, f"you said {world.kind.secret}")
        with pytest.raises(Unanswered, match="refusal_not_proved.*[*]{3}") as raised:
            await world.submit("C-3")
        assert world.kind.secret not in str(raised.value)
        await world.warm_up("C-4")
        world.server.answers_instead = (401, f"you said {world.kind.secret}")
        assert (await world.submit("C-5"))["status"] == "rejected"
        assert world.kind.secret not in str(world.ledger.history("C-5"))
        assert "***" in str(world.ledger.history("C-5"))

    in_world(name, act)


async def adopt(world: World) -> None:
    """Wait until the venue has decided about the order."""
    await until(lambda: world.the_order().status.value == "open")
